/* kernels/simd/rows_chain.c: rows for several ops in a row, so that what lies between them stays in registers.
 * Measured on Adam's update of weights in the second-level cache, AVX-512: three of these rows take half the time of
 * the twelve that they stand for. */
#include "kernels/simd/rows.h"
#include "kernels/simd/math.h"
#include <math.h>

#if defined(__clang__)
#define NO_CARRY _Pragma("clang loop vectorize(assume_safety)")
#else
#define NO_CARRY _Pragma("GCC ivdep")
#endif

/* x, y, z: elements of the arguments 0, 1, 2; s, t: arguments that are one number. */
#define CHAIN(name, arguments, s_from, t_from, expression)                                                       \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const float *xs = in[0], *ys = in[arguments > 1 ? 1 : 0], *zs = in[arguments > 2 ? 2 : 0];               \
        const float s = *(const float *)in[s_from], t = *(const float *)in[t_from];                              \
        float *to = out;                                                                                         \
        (void)imm, (void)s, (void)t;                                                                             \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const float x = xs[i], y = ys[i], z = zs[i];                                                         \
            (void)y, (void)z;                                                                                    \
            to[i] = expression;                                                                                  \
        }                                                                                                        \
    }

#if defined(LM_LEVEL_v4)
/* An estimate of 14 bits and one step of Newton's: half the time of the processor's own root, right to the last bit
 * or next to it. Zero and infinity are their own roots. */
INLINE vf root(vf x)
{
    vf r = (vf)_mm512_rsqrt14_ps((__m512)x), y = x * r;
    y += (x - y * y) * (r * splat(0.5f));
    return (vf)_mm512_mask_mov_ps((__m512)y, _mm512_fpclass_ps_mask((__m512)x, 0x2e), (__m512)x);
}

static void adam_step(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *xs = in[0], *ys = in[1], *zs = in[2];
    const vf s = splat(*(const float *)in[3]), t = splat(*(const float *)in[4]);
    float *to = out;
    size_t i = 0;
    (void)imm;
    for (; i + VW <= n; i += VW) store(to + i, load(xs + i) - load(ys + i) * s / (root(load(zs + i)) + t));
    if (i == n) return;
    int64_t rest = (int64_t)(n - i);
    vf y = load_part(ys + i, rest) * s / (root(load_part(zs + i, rest)) + t);
    store_part(to + i, load_part(xs + i, rest) - y, rest);
}
#else
CHAIN(adam_step, 3, 3, 4, x - y * s / (sqrtf(z) + t))
#endif
CHAIN(toward_square, 2, 2, 2, x + (y * y - x) * s)
CHAIN(toward, 2, 2, 2, x + (y - x) * s)
CHAIN(blend, 2, 2, 3, x * s + y * t)
CHAIN(minus_scaled, 2, 2, 2, x - y * s)
CHAIN(plus_scaled, 2, 2, 2, x + y * s)
CHAIN(keep_above, 2, 2, 3, x > s ? y : t)
CHAIN(scaled_plus, 3, 0, 0, x * y + z)
CHAIN(moved_scaled, 3, 0, 0, (x - y) * z)
CHAIN(scaled_twice, 3, 0, 0, x * y * z)
CHAIN(sum_of_three, 3, 0, 0, x + y + z)

/* Leaky relu, and its gradient. */
static void sloped(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *xs = in[0], *ys = in[1];
    const float s = *(const float *)in[2], t = *(const float *)in[3], u = *(const float *)in[4];
    float *to = out;
    (void)imm;
    NO_CARRY for (size_t i = 0; i < n; i++)
    {
        const float x = xs[i], y = ys[i];
        to[i] = x * (y > s ? t : u);
    }
}

/* c: elements of argument 0, a bool. */
#define CHAIN_IF(name, expression)                                                                               \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const uint8_t *cs = in[0];                                                                               \
        const float *xs = in[1];                                                                                 \
        const float s = *(const float *)in[2], t = *(const float *)in[3];                                        \
        float *to = out;                                                                                         \
        (void)imm;                                                                                               \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const float x = xs[i];                                                                               \
            const uint8_t c = cs[i];                                                                             \
            to[i] = expression;                                                                                  \
        }                                                                                                        \
    }
CHAIN_IF(scaled_if, c ? x * s : t)
CHAIN_IF(if_scaled, (c ? x : s) * t)

/* Batch normalisation, with what follows it: (x - mean) factor + shift, plus `more`. */
#define CHAIN_NORMAL(name, more_from, expression)                                                                \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const float *xs = in[0], *means = in[1], *factors = in[2], *shifts = in[3], *mores = in[more_from];      \
        float *to = out;                                                                                         \
        (void)imm;                                                                                               \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const float y = (xs[i] - means[i]) * factors[i] + shifts[i], more = mores[i];                        \
            (void)more;                                                                                          \
            to[i] = expression;                                                                                  \
        }                                                                                                        \
    }
CHAIN_NORMAL(normalized, 0, y)
CHAIN_NORMAL(normalized_relu, 0, y < 0 ? 0 : y)
CHAIN_NORMAL(normalized_sum_relu, 4, y + more < 0 ? 0 : y + more)

/* The gradient of relu behind x y + z, from the gradient w. */
static void where_relu(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *xs = in[0], *ys = in[1], *zs = in[2], s = *(const float *)in[3], *ws = in[4];
    float *to = out;
    (void)imm;
    NO_CARRY for (size_t i = 0; i < n; i++)
    {
        const float h = xs[i] * ys[i] + zs[i], w = ws[i];
        to[i] = (h < 0 ? 0 : h) > s ? w : s;
    }
}

/* 1 - e^-x */
static void one_minus_exp(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *x = in[0];
    float *to = out;
    size_t i = 0;
    (void)imm;
    for (; i + VW <= n; i += VW) store(to + i, -v_expm1(-load(x + i)));
    if (i < n) store_part(to + i, -v_expm1(-load_part(x + i, (int64_t)(n - i))), (int64_t)(n - i));
}

/* Longer ones first: the first that fits is taken. */
const lm__simd_chain LM_SIMD(chains)[] = {
    {"subtract(0,divide(multiply(1,$3),add(sqrt(2),$4)))", 5, adam_step},
    {"multiply(0,where(greater(1,$2),$3,$4))", 5, sloped},
    {"where(greater(relu(add(multiply(0,1),2)),$3),4,$3)", 5, where_relu},
    {"relu(add(add(multiply(subtract(0,1),2),3),4))", 5, normalized_sum_relu},
    {"relu(add(multiply(subtract(0,1),2),3))", 4, normalized_relu},
    {"where(#0,multiply(1,$2),$3)", 4, scaled_if},
    {"multiply(where(#0,1,$2),$3)", 4, if_scaled},
    {"add(0,multiply(subtract(square(1),0),$2))", 3, toward_square},
    {"add(0,multiply(subtract(1,0),$2))", 3, toward},
    {"add(multiply(0,$2),multiply(1,$3))", 4, blend},
    {"add(multiply(subtract(0,1),2),3)", 4, normalized},
    {"negative(expm1(negative(0)))", 1, one_minus_exp},
    {"subtract(0,multiply(1,$2))", 3, minus_scaled},
    {"add(0,multiply(1,$2))", 3, plus_scaled},
    {"where(greater(0,$2),1,$3)", 4, keep_above},
    {"add(multiply(0,1),2)", 3, scaled_plus},
    {"multiply(subtract(0,1),2)", 3, moved_scaled},
    {"multiply(multiply(0,1),2)", 3, scaled_twice},
    {"add(add(0,1),2)", 3, sum_of_three},
    {NULL, 0, NULL},
};
