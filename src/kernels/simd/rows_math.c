/* kernels/simd/rows_math.c: rows of elementary functions in float32. The last, partial vector goes through the same
 * code, so a value does not depend on its place. */
#include "kernels/simd/math.h"
#include "kernels/simd/rows.h"
#include "kernels/simd/span.h"

#define ROW(name)                                                                                                \
    static void row_##name(size_t n, const void *const *in, void *out, const double *imm)                        \
    {                                                                                                            \
        const float *x = in[0];                                                                                  \
        float *y = out;                                                                                          \
        size_t i = 0;                                                                                            \
        (void)imm;                                                                                               \
        for (; i + VW <= n; i += VW) store(y + i, v_##name(load(x + i)));                                        \
        if (i < n) store_part(y + i, v_##name(load_part(x + i, (int64_t)(n - i))), (int64_t)(n - i));            \
    }
ROW(exp)
ROW(expm1)
ROW(log)
ROW(log1p)
ROW(tanh)
ROW(sigmoid)
ROW(softplus)
ROW(erf)

/* gelu and its gradient; imm 1: by tanh. */
INLINE vf v_gelu(vf x, const int approximate)
{
    if (!approximate) return 0.5f * x * (1.0f + v_erf(x * 0.70710678f));
    return x / (1.0f + v_exp(x * (x * x * -0.0713548163f - 1.59576912f)));
}

INLINE vf v_gelu_slope(vf x, const int approximate)
{
    if (!approximate) {
        vf bell = v_exp(x * x * -0.5f) * 0.398942280f;
        return 0.5f + 0.5f * v_erf(x * 0.70710678f) + x * bell;
    }
    vf near = vmax(splat(-10.0f), vmin(splat(10.0f), x)), square = near * near;
    vf s = 1.0f / (1.0f + v_exp(near * (square * -0.0713548163f - 1.59576912f)));
    return s + near * s * (1.0f - s) * (square * 0.214064449f + 1.59576912f);
}

INLINE void each_gelu(int64_t n, const float *x, float *y, const int approximate)
{
#define GELU(i, part) put(y + i, v_gelu(take(x + i, part), approximate), part);
    EACH_VECTOR(n, GELU)
}

INLINE void each_gelu_backward(int64_t n, const float *x, const float *dy, float *dx, const int approximate)
{
#define GELU_BACKWARD(i, part)                                                                                   \
    put(dx + i, take(dy + i, part) * v_gelu_slope(take(x + i, part), approximate), part);
    EACH_VECTOR(n, GELU_BACKWARD)
}

static void row_gelu(size_t n, const void *const *in, void *out, const double *imm)
{
    if (imm[0] != 0) each_gelu((int64_t)n, in[0], out, 1);
    else each_gelu((int64_t)n, in[0], out, 0);
}

static void row_gelu_backward(size_t n, const void *const *in, void *out, const double *imm)
{
    if (imm[0] != 0) each_gelu_backward((int64_t)n, in[0], in[1], out, 1);
    else each_gelu_backward((int64_t)n, in[0], in[1], out, 0);
}

#define ENTRY(name) {#name, LM_F32, LM_F32, row_##name}
const lm__simd_row_entry LM_SIMD(rows_math)[] = {
    ENTRY(exp),     ENTRY(expm1),    ENTRY(log), ENTRY(log1p), ENTRY(tanh),
    ENTRY(sigmoid), ENTRY(softplus), ENTRY(erf), ENTRY(gelu), ENTRY(gelu_backward), {0},
};
