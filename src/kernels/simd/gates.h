/* kernels/simd/gates.h: sigmoid and tanh for the gates of recurrent layers, within a few units in the last place like
 * those of math.h but in about half the time: results below 2^-126 do not matter here, and dividing is multiplying by
 * a reciprocal. Only for files in this folder. */
#ifndef LM_KERNELS_SIMD_GATES_H
#define LM_KERNELS_SIMD_GATES_H

#include "kernels/simd/math.h"

/* 1 / x for 2^-126 <= x <= 2^126. */
INLINE vf reciprocal(vf x)
{
#if defined(LM_LEVEL_v4)
    vf r = (vf)_mm512_rcp14_ps((__m512)x);
    return r + r * (1.0f - x * r);
#else
    return 1.0f / x;
#endif
}

/* 1 / (1 + e^-x); beyond 87 it is as good as 1 or 0. */
INLINE vf gate_sigmoid(vf x)
{
    vf n;
    vf r = reduce_exp(vmax(splat(-87.0f), vmin(splat(87.0f), -x)), &n);
    vf q = splat(0.00138145837f);                       /* as in v_exp */
    q = q * r + 0.00836872403f;
    q = q * r + 0.041668389f;
    q = q * r + 0.166665211f;
    q = q * r + 0.49999994f;
    return reciprocal(1.0f + times_power(q * r * r + r + 1.0f, n));
}

/* -t / (2 + t) with t = e^-2|x| - 1, and the sign of x: t keeps its digits near 0. */
INLINE vf gate_tanh(vf x)
{
    vf n;
    vf r = reduce_exp(-2.0f * vmin(splat(20.0f), V_ABS(x)), &n);
    vf q = splat(0.000198458787f);                      /* as in v_expm1 */
    q = q * r + 0.00139406382f;
    q = q * r + 0.00833338965f;
    q = q * r + 0.0416663624f;
    q = q * r + 0.166666657f;
    q = q * r + 0.5f;
    vf scale = times_power(splat(1.0f), n), t = scale * (q * r * r + r) + (scale - 1.0f);
    return (vf)((vi)(-t * reciprocal(2.0f + t)) | V_SIGN(x));
}

#endif
