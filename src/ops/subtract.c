/* ops/subtract.c: z = x - y.   dz/dx = 1, dz/dy = -1 */
#include "ops/support.h"

#ifdef LM_HEADER
/* x - y with broadcasting. x, y: the same numeric type. */
lm_value *lm_op_subtract(lm_value *x, lm_value *y);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0];
    if (v->needs[0]) v->grad_in[0] = g;
    if (v->needs[1]) v->grad_in[1] = lm_op_negative(g);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 2, .dims = {3, 4}}, {.rank = 2, .dims = {3, 4}}}},
    {.nin = 2, .in = {{.rank = 3, .dims = {2, 3, 4}}, {.rank = 2, .dims = {3, 1}}}},
    {0},
};

LM_ROWS_NUMBERS(subtract)

const lm__op lm__op_subtract = {
    .name = "subtract",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_subtract(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_subtract, NULL, x, y);
}
