/* ops/floor.c: y = the largest whole number <= x.   dy/dx = 0 */
#include "ops/support.h"

#ifdef LM_HEADER
/* x rounded down to a whole number. x: a float type. */
lm_value *lm_op_floor(lm_value *x);
#endif

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -3, .high = 3}}},
    {0},
};

LM_ROWS_FLOATS(floor)

const lm__op lm__op_floor = {
    .name = "floor",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = lm__infer_map_same,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_floor(lm_value *x)
{
    return lm__apply1(&lm__op_floor, NULL, x);
}
