/* base/settings.c: what a program sets for the whole process. */
#include "base/settings.h"

#include <stdatomic.h>

static atomic_uint passes_off;

void lm__set_passes_off(unsigned bits)
{
    atomic_store(&passes_off, bits);
}

unsigned lm__passes_off(void)
{
    return atomic_load(&passes_off);
}
