/* base/runtime.c: the process-wide calls of runtime.h (the allocator's are in alloc.c). */
#include <lamina/runtime.h>

#include "base/cpu.h"
#include "base/team.h"

const char *lm_version(void)
{
    return LAMINA_VERSION;
}

lm_status lm_set_threads(int threads)
{
    return lm__team_resize(threads);
}

int lm_threads(void)
{
    return lm__team_threads();
}

const char *lm_isa(void)
{
    return lm__isa_name(lm__isa_level());
}
