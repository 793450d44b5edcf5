/* nn/activations/leaky_relu.c: y = x where x > 0, else slope x. As a product, so that the gradient is one of the same
 * kind, dx = dy · (1 or slope): a plan has one row for both. */
#include "nn/activations/activation.h"
#include "ops/support.h"

lm_value *lm__leaky_relu(lm_value *x, double slope)
{
    return lm_op_multiply(x, lm_op_where(lm_op_greater(x, lm__like(x, 0)), lm__like(x, 1), lm__like(x, slope)));
}

lm_value *lm__activation_leaky_relu(lm_value *x)
{
    return lm__leaky_relu(x, 0.2);
}
