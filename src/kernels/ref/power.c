#ifndef T
#define LM_REF_FILE "kernels/ref/power.c"
#include "kernels/ref/numbers.h"
#else
#if !REF_REAL
/* By squaring, modulo 2^64; a negative power of anything but 1 and -1 is 0. */
static T REF(integer_power)(T x, T y)
{
    if (y < 0) return (T)(x == 1 ? 1 : x >= 0 || (T)(x + 1) != 0 ? 0 : y % 2 == 0 ? 1 : -1);
    uint64_t result = 1, square = (uint64_t)x;
    for (uint64_t rest = (uint64_t)y; rest; rest >>= 1, square *= square)
        if (rest & 1) result *= square;
    return (T)result;
}
REF_ROW2(power, REF(integer_power)(x, y))
#else
REF_ROW2(power, FN(pow)(x, y))
#endif
#endif
