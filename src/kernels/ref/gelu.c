#ifndef T
#define LM_REF_FILE "kernels/ref/gelu.c"
#include "kernels/ref/floats.h"
#else
/* x times the normal distribution function, exactly or (imm 1) by tanh; as a multiple of erfc, and of the logistic
 * function, which lose nothing far below 0. */
static T REF_NAME(gelu)(T x, int approximate)
{
    if (!approximate) return (T)0.5 * x * FN(erfc)(x * (T)-0.70710678118654752440);
    const T u = x * ((T)1.5957691216057307117 + (T)0.071354816272600247 * x * x);
    return x / (1 + FN(exp)(-u));
}

REF_ROW1(gelu, REF_NAME(gelu)(x, imm[0] != 0))
#endif
