/* kernels/simd/rows_math.c: rows of elementary functions in float32. The last, partial vector goes through the same
 * code, so a value does not depend on its place. */
#include "kernels/simd/math.h"
#include "kernels/simd/rows.h"

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

#define ENTRY(name) {#name, LM_F32, LM_F32, row_##name}
const lm__simd_row_entry LM_SIMD(rows_math)[] = {
    ENTRY(exp),     ENTRY(expm1),    ENTRY(log), ENTRY(log1p), ENTRY(tanh),
    ENTRY(sigmoid), ENTRY(softplus), ENTRY(erf), {0},
};
