/* nn/activations/hard_sigmoid.c: y = min(max(x + 3, 0), 6) / 6 */
#include "nn/activations/activation.h"
#include "ops/support.h"

lm_value *lm__activation_hard_sigmoid(lm_value *x)
{
    /* At a tie the gradient goes to the first argument: 0 at both ends, as Keras has it. */
    lm_value *limited = lm_op_minimum(lm__like(x, 6), lm_op_relu(lm_op_add(x, lm__like(x, 3))));
    return lm_op_multiply(limited, lm__like(x, 1.0 / 6));
}
