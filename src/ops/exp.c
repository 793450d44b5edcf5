/* ops/exp.c: y = e^x.   dy/dx = e^x = y */
#include "ops/support.h"

#ifdef LM_HEADER
/* e^x, element by element. x: a float type; the result has x's type and shape. */
lm_value *lm_op_exp(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm_op_multiply(v->grad_out[0], lm__out(v, 0));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -2, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(exp)

const lm__op lm__op_exp = {
    .name = "exp",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_exp(lm_value *x)
{
    return lm__apply1(&lm__op_exp, NULL, x);
}
