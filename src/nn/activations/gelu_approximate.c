/* nn/activations/gelu_approximate.c: y = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): what Keras computes by
 * gelu(x, approximate=True), under the name that KerasHub gives it. */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_gelu_approximate(lm_value *x)
{
    return lm_op_gelu(x, true);
}
