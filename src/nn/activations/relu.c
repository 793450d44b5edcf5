/* nn/activations/relu.c: y = max(x, 0) */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_relu(lm_value *x)
{
    return lm_op_relu(x);
}
