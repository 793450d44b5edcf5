/* nn/activations/gelu.c: y = x times the normal distribution function: x / 2 (1 + erf(x / sqrt 2)) */
#include "nn/activations/activation.h"
#include <lamina/ops.h>

lm_value *lm__activation_gelu(lm_value *x)
{
    return lm_op_gelu(x, false);
}
