/* ops/mod.c: z = x - y floor(x / y).   dz/dx = 1, dz/dy = -floor(x / y) */
#include "ops/support.h"

#ifdef LM_HEADER
/* x - y * floor(x / y) with broadcasting: the remainder with the sign of y, as NumPy. Floats: NaN for y = 0;
 * integers: 0. x, y: the same numeric type. */
lm_value *lm_op_mod(lm_value *x, lm_value *y);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *x = v->in[0], *y = v->in[1];
    if (v->needs[0]) v->grad_in[0] = g;
    if (v->needs[1]) v->grad_in[1] = lm_op_negative(lm_op_multiply(g, lm_op_floor_divide(x, y)));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = 1, .high = 5},
            {.rank = 2, .dims = {3, 4}, .low = 0.6, .high = 2}}},
    {.nin = 2,
     .in = {{.dtype = LM_I32, .rank = 3, .dims = {2, 3, 4}, .low = -9, .high = 9},
            {.dtype = LM_I32, .rank = 2, .dims = {3, 1}, .low = -2, .high = 4}}},
    {0},
};

LM_ROWS_NUMBERS(mod)

const lm__op lm__op_mod = {
    .name = "mod",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_mod(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_mod, NULL, x, y);
}
