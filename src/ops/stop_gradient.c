/* ops/stop_gradient.c: y = x, through which no gradient flows */
#include "ops/support.h"

#ifdef LM_HEADER
/* x, taken as a constant by gradients. Any type. */
lm_value *lm_op_stop_gradient(lm_value *x);
#endif

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}},
    {0},
};

const lm__op lm__op_stop_gradient = {
    .name = "stop_gradient",
    .kind = LM__OP_VIEW,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = lm__infer_same,
    .samples = samples,
};

lm_value *lm_op_stop_gradient(lm_value *x)
{
    return lm__apply1(&lm__op_stop_gradient, NULL, x);
}
