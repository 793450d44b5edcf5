/* ops/divide.c: z = x / y.   dz/dx = 1 / y, dz/dy = -z / y */
#include "ops/support.h"

#ifdef LM_HEADER
/* x / y with broadcasting. x, y: the same float type (for integers: lm_op_cast first, or lm_op_floor_divide). */
lm_value *lm_op_divide(lm_value *x, lm_value *y);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *y = v->in[1];
    if (v->needs[0]) v->grad_in[0] = lm_op_divide(g, y);
    if (v->needs[1]) v->grad_in[1] = lm_op_negative(lm_op_divide(lm_op_multiply(g, lm__out(v, 0)), y));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = -1, .high = 1},
            {.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2}}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 3, 4}, .low = -1, .high = 1},
            {.rank = 2, .dims = {3, 1}, .low = 0.5, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(divide)

const lm__op lm__op_divide = {
    .name = "divide",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_divide(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_divide, NULL, x, y);
}
