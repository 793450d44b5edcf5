/* nn/activations/softsign.c: y = x / (1 + |x|) */
#include "nn/activations/activation.h"
#include "ops/support.h"

lm_value *lm__activation_softsign(lm_value *x)
{
    return lm_op_divide(x, lm_op_add(lm_op_absolute(x), lm__like(x, 1)));
}
