/* kernels/simd/math.h: elementary functions on vectors of floats, within about two units in the last place, with C's
 * results for infinities, NaN, zeros and subnormal numbers. Only for files in this folder.
 *
 * The polynomials are minimax fits of our own (weighted least squares, Lawson's iteration, in 40 digits), with the
 * largest relative error given beside each. */
#ifndef LM_KERNELS_SIMD_MATH_H
#define LM_KERNELS_SIMD_MATH_H

#include "kernels/simd/vec.h"

#define V_INF splat(__builtin_inff())
#define V_NAN splat(__builtin_nanf(""))
#define V_ABS(x) ((vf)((vi)(x) & 0x7FFFFFFF))
#define V_SIGN(x) ((vi)(x) & (int32_t)0x80000000)

/* 2^n for -126 <= n <= 127. Bits are shifted and added without sign: NaN may have brought any. */
INLINE vf power_of_two(vi n) { return (vf)(((vu)n + 127) << 23); }

/* x = n ln 2 + r with |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to a whole number. */
INLINE vf reduce_exp(vf x, vf *n)
{
    const vf shift = splat(12582912.0f);
    vf whole = x * 1.44269504f + shift - shift;
    *n = whole;
    x = x - whole * 0.693359375f;
    return x - whole * -2.12194440e-4f;
}

/* p 2^n for |n| < 256, perhaps infinite or 0 */
INLINE vf times_power(vf p, vf n)
{
#if defined(LM_LEVEL_v4)
    return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    vi all = __builtin_convertvector(n, vi), half = all >> 1;   /* in two steps: 2^n alone may be out of range */
    return p * power_of_two(half) * power_of_two((vi)((vu)all - (vu)half));
#endif
}

INLINE vf v_exp(vf x)
{
    vf n;
    x = vmax(splat(-104.0f), vmin(splat(89.0f), x));    /* beyond: 0 and infinity all the same; NaN stays */
    vf r = reduce_exp(x, &n);
    vf q = splat(0.00138145837f);                       /* 3e-9 of e^r */
    q = q * r + 0.00836872403f;
    q = q * r + 0.041668389f;
    q = q * r + 0.166665211f;
    q = q * r + 0.49999994f;
    return times_power(q * r * r + r + 1.0f, n);
}

INLINE vf v_expm1(vf x)
{
    vf n;
    vf limited = vmax(splat(-18.0f), vmin(splat(87.0f), x));
    vf r = reduce_exp(limited, &n);
    vf q = splat(0.000198458787f);                      /* 2e-9 of e^r - 1 */
    q = q * r + 0.00139406382f;
    q = q * r + 0.00833338965f;
    q = q * r + 0.0416663624f;
    q = q * r + 0.166666657f;
    q = q * r + 0.5f;
    vf p = q * r * r + r, scale = times_power(splat(1.0f), n);
    vf y = scale * p + (scale - 1.0f);
    y = choose(n == 0, p, y);
    return choose(x > 87.0f, v_exp(x), choose(x == 0, x, y));
}

/* log(x 2^-less) for x a positive normal number, as a multiple of ln 2 and a rest, which the caller may correct
 * before the sum. */
INLINE vf log_parts(vf x, vf less, vf *high)
{
    vi e = (vi)((vu)x - 0x3F3504F3u) >> 23;             /* the fraction in [sqrt(1/2), sqrt(2)) */
    vf f = (vf)((vu)x - ((vu)e << 23)) - 1.0f;
    vf p = splat(0.067466408f);                         /* 3e-9 of log(1 + f) */
    p = p * f + -0.116756521f;
    p = p * f + 0.11888162f;
    p = p * f + -0.124055892f;
    p = p * f + 0.142195523f;
    p = p * f + -0.166679963f;
    p = p * f + 0.200021192f;
    p = p * f + -0.250000089f;
    p = p * f + 0.333333135f;
    vf whole = __builtin_convertvector(e, vf) - less, square = f * f;
    *high = whole * 0.693359375f;
    return f + (square * f * p + whole * -2.12194440e-4f - 0.5f * square);
}

INLINE vf v_log(vf x)
{
    vi small = x < 0x1p-126f;
    vf high, y = log_parts(choose(small, x * 0x1p25f, x), choose(small, splat(25.0f), splat(0.0f)), &high);
    y = y + high;
    y = choose(x < V_INF, y, x);                        /* infinity and NaN */
    y = choose(x == 0, -V_INF, y);
    return choose(x < 0, V_NAN, y);
}

/* log(1 + x): what rounding 1 + x lost is put back. */
INLINE vf v_log1p(vf x)
{
    vf w = x + 1.0f, high;
    vf y = log_parts(w, splat(0.0f), &high);
    /* the lost part is exact in this order for |x| below and above 1 */
    vf lost = choose(V_ABS(x) < 1.0f, x - (w - 1.0f), 1.0f - (w - x));
    y = high + (y + lost / w);
    y = choose(V_ABS(x) < 0x1p-12f, x - 0.5f * x * x, y);
    y = choose(x < V_INF, y, x);
    y = choose(x == -1.0f, -V_INF, y);
    return choose(x < -1.0f, V_NAN, y);
}

INLINE vf v_tanh(vf x)
{
    vf a = V_ABS(x), t = x * x;
    vf p = splat(0.00214463728f);                       /* 2e-9 */
    p = p * t + -0.00817916915f;
    p = p * t + 0.0217013936f;
    p = p * t + -0.0539468825f;
    p = p * t + 0.133332074f;
    p = p * t + -0.333333313f;
    vf near = x + x * (t * p);
    vf far = 1.0f - 2.0f / (v_exp(2.0f * vmin(splat(10.0f), a)) + 1.0f);
    far = (vf)((vi)far | V_SIGN(x));
    return choose(x == x, choose(a < 0.625f, near, far), x);
}

INLINE vf v_sigmoid(vf x)
{
    vf e = v_exp(-V_ABS(x));
    return choose(x < 0, e, splat(1.0f)) / (1.0f + e);
}

/* max(x, 0) + log(1 + e^-|x|); of v_log1p only what a number from 0 to 1 needs. What rounding lost is divided by w by
 * a straight line, which meets 1 / w at 1, where the loss counts. */
INLINE vf v_softplus(vf x)
{
    vf e = v_exp(-V_ABS(x)), w = e + 1.0f, high, y = log_parts(w, splat(0.0f), &high);
    y = high + (y + (e - (w - 1.0f)) * (1.5f - 0.5f * w));
    return choose(x == x, vmax(x, splat(0.0f)) + y, x);
}

INLINE vf v_erf(vf x)
{
    vf a = V_ABS(x), t = x * x;
    vf p = splat(7.85385491e-05f);                      /* 1e-9 for |x| < 1 */
    p = p * t + -0.000801019138f;
    p = p * t + 0.00518832728f;
    p = p * t + -0.026853811f;
    p = p * t + 0.112835854f;
    p = p * t + -0.37612626f;
    p = p * t + 0.12837911f;
    vf near = x + x * p;
    vf b = vmin(splat(4.0f), a);                        /* erf(4) rounds to 1 */
    vf q = splat(2.1697575e-05f);                       /* -log(erfc): 1e-8 of erf in [1, 4] */
    q = q * b + -0.000441472162f;
    q = q * b + 0.00420528231f;
    q = q * b + -0.0252103321f;
    q = q * b + 0.108422086f;
    q = q * b + 0.633216381f;
    q = q * b + 1.12958026f;
    q = q * b + -0.000188466467f;
    vf far = (vf)((vi)(1.0f - v_exp(-q)) | V_SIGN(x));
    return choose(x == x, choose(a < 1.0f, near, far), x);
}

#endif
