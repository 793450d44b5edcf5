/* nn/activations/softmax.c: y = e^x over its sum along the last axis */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_softmax(lm_value *x)
{
    return lm_op_softmax(x, -1);
}
