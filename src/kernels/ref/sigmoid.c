#ifndef T
#define LM_REF_FILE "kernels/ref/sigmoid.c"
#include "kernels/ref/floats.h"
#else
/* The exponential is at most 1: neither side overflows, and the left tail keeps its digits. */
static T REF(logistic)(T x)
{
    const T e = FN(exp)(-FN(fabs)(x));
    return (x < 0 ? e : 1) / (1 + e);
}
REF_ROW1(sigmoid, REF(logistic)(x))
#endif
