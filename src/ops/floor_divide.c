/* ops/floor_divide.c: z = floor(x / y) as NumPy does it */
#include "ops/support.h"

#ifdef LM_HEADER
/* floor(x / y) with broadcasting, as NumPy: exact where x / y rounds up to a whole number. Integers: division by 0
 * gives 0. x, y: the same numeric type. */
lm_value *lm_op_floor_divide(lm_value *x, lm_value *y);
#endif

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = 1, .high = 5},
            {.rank = 2, .dims = {3, 4}, .low = 0.6, .high = 2}}},
    {.nin = 2,
     .in = {{.dtype = LM_I32, .rank = 3, .dims = {2, 3, 4}, .low = -9, .high = 9},
            {.dtype = LM_I32, .rank = 2, .dims = {3, 1}, .low = -2, .high = 4}}},
    {0},
};

LM_ROWS_NUMBERS(floor_divide)

const lm__op lm__op_floor_divide = {
    .name = "floor_divide",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = lm__infer_map_same,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_floor_divide(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_floor_divide, NULL, x, y);
}
