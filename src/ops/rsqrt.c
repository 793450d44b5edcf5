/* ops/rsqrt.c: y = 1 / sqrt(x).   dy/dx = -y^3 / 2 */
#include "ops/support.h"

#ifdef LM_HEADER
/* 1 / sqrt(x): infinite at 0, NaN below. x: a float type. */
lm_value *lm_op_rsqrt(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *y = lm__out(v, 0);
    v->grad_in[0] = lm_op_multiply(lm_op_multiply(g, lm__like(g, -0.5)), lm_op_multiply(y, lm_op_square(y)));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(rsqrt)

const lm__op lm__op_rsqrt = {
    .name = "rsqrt",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_rsqrt(lm_value *x)
{
    return lm__apply1(&lm__op_rsqrt, NULL, x);
}
