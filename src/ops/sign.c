/* ops/sign.c: y = -1, 0 or 1.   dy/dx = 0 */
#include "ops/support.h"

#ifdef LM_HEADER
/* The sign of x as -1, 0 or 1; NaN stays NaN. x: a numeric type. */
lm_value *lm_op_sign(lm_value *x);
#endif

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}},
    {0},
};

LM_ROWS_NUMBERS(sign)

const lm__op lm__op_sign = {
    .name = "sign",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = lm__infer_map_same,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_sign(lm_value *x)
{
    return lm__apply1(&lm__op_sign, NULL, x);
}
