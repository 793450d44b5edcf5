#ifndef T
#define LM_REF_FILE "kernels/ref/size.c"
#include "kernels/ref/numbers.h"
#else
/* *y = size */
void REF(size)(double size, void *out)
{
    *(T *)out = (T)size;
}
#endif
