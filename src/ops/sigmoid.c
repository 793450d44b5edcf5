/* ops/sigmoid.c: y = 1 / (1 + e^-x), without overflow on either side.   dy/dx = y (1 - y) */
#include "ops/support.h"

#ifdef LM_HEADER
/* 1 / (1 + e^-x). x: a float type. */
lm_value *lm_op_sigmoid(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *y = lm__out(v, 0);
    v->grad_in[0] = lm_op_multiply(g, lm_op_multiply(y, lm_op_subtract(lm__like(y, 1), y)));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -4, .high = 4}}},
    {0},
};

LM_ROWS_FLOATS(sigmoid)

const lm__op lm__op_sigmoid = {
    .name = "sigmoid",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_sigmoid(lm_value *x)
{
    return lm__apply1(&lm__op_sigmoid, NULL, x);
}
