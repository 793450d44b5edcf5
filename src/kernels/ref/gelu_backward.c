#ifndef T
#define LM_REF_FILE "kernels/ref/gelu_backward.c"
#include "kernels/ref/floats.h"
#else
/* The slope of gelu: P(x) + x p(x) with the normal distribution function and density; or (imm 1) by the logistic
 * function s of u, twice the angle of tanh: s + x s (1 - s) du/dx. Beyond 10 it is 0 or 1. */
static T REF_NAME(gelu_slope)(T x, int approximate)
{
    if (!approximate)
        return (T)0.5 * FN(erfc)(x * (T)-0.70710678118654752440) +
               x * FN(exp)(x * x * (T)-0.5) * (T)0.39894228040143267794;
    const T near = x > 10 ? 10 : x < -10 ? -10 : x;
    const T u = near * ((T)1.5957691216057307117 + (T)0.071354816272600247 * near * near);
    const T s = 1 / (1 + FN(exp)(-u)), slope = (T)1.5957691216057307117 + (T)0.21406444881780074 * near * near;
    return s + near * s * (1 - s) * slope;
}

REF_ROW2(gelu_backward, y * REF_NAME(gelu_slope)(x, imm[0] != 0))
#endif
