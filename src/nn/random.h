/* nn/random.h: random numbers for initial weights: element i depends only on (seed, stream, i). */
#ifndef LM_NN_RANDOM_H
#define LM_NN_RANDOM_H

#include "tensor/tensor.h"

/* Uniform in [low, high). */
void lm__fill_uniform(lm_tensor *t, uint64_t seed, uint64_t stream, double low, double high);
/* Normal; truncated: values beyond two standard deviations are drawn again. */
void lm__fill_normal(lm_tensor *t, uint64_t seed, uint64_t stream, double mean, double stddev, bool truncated);
/* Keras's VarianceScaling: variance = scale / fan ("in", "out" or their mean), uniform or truncated normal. */
typedef enum lm__fan { LM__FAN_IN, LM__FAN_AVERAGE } lm__fan;
void lm__fill_scaled(lm_tensor *t, uint64_t seed, uint64_t stream, double scale, lm__fan fan, bool normal);

#endif
