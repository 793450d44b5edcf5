/* nn/activations/log_softmax.c: y = x minus the logarithm of the sum of e^x along the last axis */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_log_softmax(lm_value *x)
{
    return lm_op_log_softmax(x, -1);
}
