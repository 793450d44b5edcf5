/* nn/activations/silu.c: y = x / (1 + e^-x) */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_silu(lm_value *x)
{
    return lm_op_multiply(x, lm_op_sigmoid(x));
}
