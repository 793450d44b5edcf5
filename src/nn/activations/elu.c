/* nn/activations/elu.c: y = x where x >= 0, else alpha (e^x - 1); the slope at 0 is 1, as Keras has it */
#include "nn/activations/activation.h"
#include "ops/support.h"

lm_value *lm__elu(lm_value *x, double alpha)
{
    /* The branch that is not taken must stay finite: an infinite exponential times a gradient of 0 would be NaN. */
    lm_value *zero = lm__like(x, 0);
    lm_value *below = lm_op_multiply(lm_op_expm1(lm_op_minimum(x, zero)), lm__like(x, alpha));
    return lm_op_where(lm_op_less(x, zero), below, x);
}

lm_value *lm__activation_elu(lm_value *x)
{
    return lm__elu(x, 1);
}
