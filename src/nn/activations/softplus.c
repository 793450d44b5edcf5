/* nn/activations/softplus.c: y = ln(1 + e^x) */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_softplus(lm_value *x)
{
    return lm_op_softplus(x);
}
