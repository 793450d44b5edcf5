/* ops/relu.c: y = max(x, 0).   dy/dx = 1 where y > 0, else 0 */
#include "ops/support.h"

#ifdef LM_HEADER
/* max(x, 0); NaN stays NaN. x: a numeric type. */
lm_value *lm_op_relu(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *y = lm__out(v, 0);
    v->grad_in[0] = lm_op_where(lm_op_greater(y, lm__like(y, 0)), g, lm__like(g, 0));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}},
    {0},
};

LM_ROWS_NUMBERS(relu)

const lm__op lm__op_relu = {
    .name = "relu",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_relu(lm_value *x)
{
    return lm__apply1(&lm__op_relu, NULL, x);
}
