/* nn/activations/gelu.c: y = x times the normal distribution function: x / 2 (1 + erf(x / sqrt 2)) */
#include "nn/activations/activation.h"
#include "ops/support.h"
#include <math.h>

/* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
lm_value *lm__gelu_approximate(lm_value *x)
{
    /* Beyond 10 tanh is 1 in every type; without the limit the cube overflows, and its gradient times 0 is NaN. */
    lm_value *near = lm_op_clip(x, -10, 10);
    lm_value *cube = lm_op_multiply(lm_op_multiply(lm_op_square(near), near), lm__like(x, 0.044715));
    lm_value *angle = lm_op_multiply(lm_op_add(near, cube), lm__like(x, sqrt(2 / M_PI)));
    lm_value *tail = lm_op_add(lm_op_tanh(angle), lm__like(x, 1));
    return lm_op_multiply(lm_op_multiply(x, lm__like(x, 0.5)), tail);
}

lm_value *lm__activation_gelu(lm_value *x)
{
    lm_value *tail = lm_op_add(lm_op_erf(lm_op_multiply(x, lm__like(x, M_SQRT1_2))), lm__like(x, 1));
    return lm_op_multiply(lm_op_multiply(x, lm__like(x, 0.5)), tail);
}
