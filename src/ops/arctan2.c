/* ops/arctan2.c: z = the angle of the point (y, x).   dz/dx = y / (x^2 + y^2), dz/dy = -x / (x^2 + y^2) */
#include "ops/support.h"

#ifdef LM_HEADER
/* The angle of the point (y, x), in (-pi, pi]: arctan(x / y) in the right quadrant. x, y: the same float type. */
lm_value *lm_op_arctan2(lm_value *x, lm_value *y);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *x = v->in[0], *y = v->in[1];
    lm_value *scaled = lm_op_divide(v->grad_out[0], lm_op_add(lm_op_square(x), lm_op_square(y)));
    if (v->needs[0]) v->grad_in[0] = lm_op_multiply(scaled, y);
    if (v->needs[1]) v->grad_in[1] = lm_op_negative(lm_op_multiply(scaled, x));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2},
            {.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2}}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 3, 4}, .low = 0.5, .high = 2},
            {.rank = 2, .dims = {3, 1}, .low = 0.5, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(arctan2)

const lm__op lm__op_arctan2 = {
    .name = "arctan2",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_arctan2(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_arctan2, NULL, x, y);
}
