/* ops/recurrent.h: builders that recurrent ops share. */
#ifndef LM_OPS_RECURRENT_H
#define LM_OPS_RECURRENT_H

#include "ops/plain.h"

/* The gradient of lstm's sums (batch, steps, 4 units) from its gates, cells and dy, the gradient of its states; *sum
 * becomes its sum over batch and steps. */
lm_value *lm__lstm_backward(lm_value *recurrent, lm_value *gates, lm_value *cells, lm_value *dy, lm_value **sum);

#endif
