/* nn/activations/sigmoid.c: y = 1 / (1 + e^-x) */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_sigmoid(lm_value *x)
{
    return lm_op_sigmoid(x);
}
