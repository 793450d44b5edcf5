/* ops/equal.c: z = whether x = y */
#include "ops/support.h"

#ifdef LM_HEADER
/* Whether x = y, as bool, with broadcasting; false where either is NaN. x, y: the same type. */
lm_value *lm_op_equal(lm_value *x, lm_value *y);
#endif

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 2, .dims = {3, 4}}, {.rank = 2, .dims = {3, 4}}}},
    {.nin = 2,
     .in = {{.dtype = LM_I32, .rank = 3, .dims = {2, 3, 4}, .low = 0, .high = 3},
            {.dtype = LM_I32, .rank = 2, .dims = {3, 1}, .low = 0, .high = 3}}},
    {0},
};

LM_ROWS_ALL(equal)

const lm__op lm__op_equal = {
    .name = "equal",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT | LM__OP_COMMUTES,
    .infer = lm__infer_map_compare,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_equal(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_equal, NULL, x, y);
}
