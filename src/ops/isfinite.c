/* ops/isfinite.c: y = whether x is neither infinite nor NaN */
#include "ops/support.h"

#ifdef LM_HEADER
/* Whether x is neither infinite nor NaN, as bool. x: a numeric type; integers always are. */
lm_value *lm_op_isfinite(lm_value *x);
#endif

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}},
    {0},
};

LM_ROWS_NUMBERS(isfinite)

const lm__op lm__op_isfinite = {
    .name = "isfinite",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = lm__infer_map_compare,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_isfinite(lm_value *x)
{
    return lm__apply1(&lm__op_isfinite, NULL, x);
}
