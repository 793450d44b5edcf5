/* ops/multiply.c: z = x y.   dz/dx = y, dz/dy = x */
#include "ops/support.h"

#ifdef LM_HEADER
/* x * y with broadcasting. x, y: the same numeric type. */
lm_value *lm_op_multiply(lm_value *x, lm_value *y);
#endif

static lm_status gradient(lm__vjp *v)
{
    if (v->needs[0]) v->grad_in[0] = lm_op_multiply(v->grad_out[0], v->in[1]);
    if (v->needs[1]) v->grad_in[1] = lm_op_multiply(v->grad_out[0], v->in[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 2, .dims = {3, 4}}, {.rank = 2, .dims = {3, 4}}}},
    {.nin = 2, .in = {{.rank = 3, .dims = {2, 3, 4}}, {.rank = 2, .dims = {3, 1}}}},
    {0},
};

LM_ROWS_NUMBERS(multiply)

const lm__op lm__op_multiply = {
    .name = "multiply",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .flags = LM__OP_COMMUTES,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_multiply(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_multiply, NULL, x, y);
}
