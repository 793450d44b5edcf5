/* nn/activations/activation.h: activations by Keras's names, as compositions of ops. One file each, and one line in
 * activations.def. */
#ifndef LM_NN_ACTIVATION_H
#define LM_NN_ACTIVATION_H

#include "base/status.h"
#include <lamina/declare.h>

/* The activation of x, element by element except for softmax and log_softmax; x: a float. */
typedef lm_value *lm__activation_fn(lm_value *x);

typedef struct lm__activation {
    const char *name;                   /* Keras's */
    lm__activation_fn *apply;
} lm__activation;

/* The activation of that name or alias; LM_NOT_FOUND names the nearest. */
lm_status lm__activation_find(const char *name, const lm__activation **out);

#define LM_ACTIVATION(name) lm__activation_fn lm__activation_##name;
#define LM_ALIAS(alias, name)
#include "nn/activations/activations.def"
#undef LM_ACTIVATION
#undef LM_ALIAS

/* With their parameters, for the layers of the same names. The activations: slope 0.2, alpha 1. */
lm_value *lm__leaky_relu(lm_value *x, double slope);
lm_value *lm__elu(lm_value *x, double alpha);
#endif
