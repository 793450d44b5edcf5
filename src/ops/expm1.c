/* ops/expm1.c: y = e^x - 1, exact for small x.   dy/dx = y + 1 */
#include "ops/support.h"

#ifdef LM_HEADER
/* e^x - 1, exact for small x. x: a float type. */
lm_value *lm_op_expm1(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *y = lm__out(v, 0);
    v->grad_in[0] = lm_op_multiply(g, lm_op_add(y, lm__like(y, 1)));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -2, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(expm1)

const lm__op lm__op_expm1 = {
    .name = "expm1",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_expm1(lm_value *x)
{
    return lm__apply1(&lm__op_expm1, NULL, x);
}
