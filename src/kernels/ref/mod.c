#ifndef T
#define LM_REF_FILE "kernels/ref/mod.c"
#include "kernels/ref/numbers.h"
#else
/* The remainder of C, moved to the sign of y. Integers: 0 where y is 0, and no overflow. */
static T REF(remainder)(T x, T y)
{
#if REF_REAL
    const T rest = FN(fmod)(x, y);
    if (rest == 0) return FN(copysign)(0, y);
#else
    if (y == 0 || (y < 0 && (T)(y + 1) == 0)) return 0;
    const T rest = (T)(x % y);
    if (rest == 0) return 0;
#endif
    return (T)((rest < 0) != (y < 0) ? rest + y : rest);
}
REF_ROW2(mod, REF(remainder)(x, y))
#endif
