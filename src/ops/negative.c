/* ops/negative.c: y = -x.   dy/dx = -1 */
#include "ops/support.h"

#ifdef LM_HEADER
/* -x. x: a numeric type; unsigned integers wrap around. */
lm_value *lm_op_negative(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0];
    v->grad_in[0] = lm_op_negative(g);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}},
    {0},
};

LM_ROWS_NUMBERS(negative)

const lm__op lm__op_negative = {
    .name = "negative",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_negative(lm_value *x)
{
    return lm__apply1(&lm__op_negative, NULL, x);
}
