/* nn/merge.h: what the layers that make one array of several share: Add, Multiply, …, Concatenate. */
#ifndef LM_NN_MERGE_H
#define LM_NN_MERGE_H

#include "nn/layer.h"

typedef lm_value *lm__merge_fn(lm_value *a, lm_value *b);

/* For build: LM_INVALID unless the inputs can be broadcast together, sizes of 1 being repeated. Inputs of lower rank
 * get sizes of 1 behind the batch, as in Keras. */
lm_status lm__merge_build(lm_layer *layer, const lm__shape *input, uint64_t seed);
/* merge(merge(in[0], in[1]), in[2]) …, in the order in which they came. */
lm_value *lm__merge(const lm__layer_call *call, lm__merge_fn *merge);

#endif
