#ifndef T
#define LM_REF_FILE "kernels/ref/floor_divide.c"
#include "kernels/ref/numbers.h"
#else
/* Floats: the exact remainder first, so that what is left divides evenly. Integers: 0 where y is 0, and no overflow.
 * */
static T REF(floor_quotient)(T x, T y)
{
#if REF_REAL
    if (y == 0) return x / y;
    const T rest = FN(fmod)(x, y);
    const T quotient = (x - rest) / y - (rest != 0 && (rest < 0) != (y < 0));
    return quotient == 0 ? FN(copysign)(0, x / y) : FN(rint)(quotient);
#else
    if (y == 0) return 0;
    if (y < 0 && (T)(y + 1) == 0) return (T)(-(W)x);
    const T quotient = (T)(x / y);
    return (T)(quotient - (x % y != 0 && (x < 0) != (y < 0)));
#endif
}
REF_ROW2(floor_divide, REF(floor_quotient)(x, y))
#endif
