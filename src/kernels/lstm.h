/* kernels/lstm.h: what the ops lstm and lstm_backward and their kernels share. */
#ifndef LM_KERNELS_LSTM_H
#define LM_KERNELS_LSTM_H

#include "kernels/kernel.h"

/* Gates lie one behind the other in Keras's order: input, forget, candidate, output, `units` columns each. */
enum { LM__LSTM_GATES = 4 };

/* What lstm puts out beside the states h: the gates after their functions, the cells' states, and the states h that
 * came into each step. For the way back only; a forward pass alone leaves them out. */
enum { LM__LSTM_STATES, LM__LSTM_AFTER_GATES, LM__LSTM_CELLS, LM__LSTM_BEFORE, LM__LSTM_OUTPUTS };

typedef struct lm__lstm_dims {
    int64_t batch, steps, inputs, units;
} lm__lstm_dims;

static inline lm__lstm_dims lm__lstm_dims_of(const lm__problem *p)      /* of lstm */
{
    const lm__desc *x = &p->in[0], *kernel = &p->in[1];
    return (lm__lstm_dims){x->dims[0], x->dims[1], x->dims[2], kernel->dims[1] / LM__LSTM_GATES};
}

static inline lm__lstm_dims lm__lstm_backward_dims_of(const lm__problem *p)
{
    const lm__desc *cells = &p->in[2];
    return (lm__lstm_dims){cells->dims[0], cells->dims[1], 0, cells->dims[2]};
}

#endif
