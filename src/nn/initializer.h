/* nn/initializer.h: the inside of initializers: the numbers a variable begins with. */
#ifndef LM_NN_INITIALIZER_H
#define LM_NN_INITIALIZER_H

#include "nn/config.h"
#include "tensor/tensor.h"

struct lm_initializer {
    lm__configured base;
};

typedef struct lm__initializer_class {
    lm__class base;
    /* Fills a float tensor; element i depends only on (seed, stream, i). */
    lm_status (*fill)(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream);
} lm__initializer_class;

extern const lm__type lm__initializer_type;
extern const lm__class *const lm__initializer_classes[];

lm_initializer *lm__initializer_new(const lm__initializer_class *class, const void *args);
lm_status lm__initializer_fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream);
/* By Keras's name, "glorot_uniform". New reference, poisoned if unknown. */
lm_initializer *lm__initializer_named(const char *name);

/* Keras's fans: (in, out) of a matrix; a convolution kernel's receptive field times its channels; a vector's
 * length. */
void lm__fans(const lm_tensor *t, double *in, double *out);

#endif
