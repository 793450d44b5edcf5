/* nn/activations/exponential.c: y = e^x */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_exponential(lm_value *x)
{
    return lm_op_exp(x);
}
