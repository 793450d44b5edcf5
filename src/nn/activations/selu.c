/* nn/activations/selu.c: y = scale x where x >= 0, else scale alpha (e^x - 1) */
#include "nn/activations/activation.h"
#include "ops/support.h"

lm_value *lm__activation_selu(lm_value *x)
{
    /* The constants that keep mean 0 and variance 1 (Klambauer et al., Self-Normalizing Neural Networks, 2017). */
    return lm_op_multiply(lm__elu(x, 1.6732632423543772), lm__like(x, 1.0507009873554805));
}
