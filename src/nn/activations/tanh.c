/* nn/activations/tanh.c: y = tanh x */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_tanh(lm_value *x)
{
    return lm_op_tanh(x);
}
