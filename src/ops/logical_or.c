/* ops/logical_or.c: z = x or y */
#include "ops/support.h"

#ifdef LM_HEADER
/* x or y, with broadcasting. x, y: bool (from numbers: lm_op_not_equal to 0). */
lm_value *lm_op_logical_or(lm_value *x, lm_value *y);
#endif

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.dtype = LM_BOOL, .rank = 2, .dims = {3, 4}, .low = 0, .high = 2},
            {.dtype = LM_BOOL, .rank = 1, .dims = {4}, .low = 0, .high = 2}}},
    {0},
};

LM_ROWS_BOOL(logical_or)

const lm__op lm__op_logical_or = {
    .name = "logical_or",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT | LM__OP_COMMUTES,
    .infer = lm__infer_map_same,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_logical_or(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_logical_or, NULL, x, y);
}
