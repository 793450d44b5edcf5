/* nn/activations/linear.c: y = x */
#include "nn/activations/activation.h"

lm_value *lm__activation_linear(lm_value *x)
{
    return x;
}
