/* ops/logical_not.c: y = not x */
#include "ops/support.h"

#ifdef LM_HEADER
/* not x. x: bool. */
lm_value *lm_op_logical_not(lm_value *x);
#endif

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.dtype = LM_BOOL, .rank = 2, .dims = {3, 4}, .low = 0, .high = 2}}},
    {0},
};

LM_ROWS_BOOL(logical_not)

const lm__op lm__op_logical_not = {
    .name = "logical_not",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = lm__infer_map_same,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_logical_not(lm_value *x)
{
    return lm__apply1(&lm__op_logical_not, NULL, x);
}
