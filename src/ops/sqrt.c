/* ops/sqrt.c: y = sqrt(x).   dy/dx = 1 / (2 y), infinite at 0 */
#include "ops/support.h"

#ifdef LM_HEADER
/* The square root; NaN below 0. x: a float type. */
lm_value *lm_op_sqrt(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *y = lm__out(v, 0);
    v->grad_in[0] = lm_op_divide(lm_op_multiply(g, lm__like(g, 0.5)), y);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(sqrt)

const lm__op lm__op_sqrt = {
    .name = "sqrt",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_sqrt(lm_value *x)
{
    return lm__apply1(&lm__op_sqrt, NULL, x);
}
