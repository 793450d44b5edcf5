/* nn/policy.h: Keras's dtype policies: which type a layer's weights have and in which it computes. */
#ifndef LM_NN_POLICY_H
#define LM_NN_POLICY_H

#include <lamina/tensor.h>

typedef struct lm__policy {
    const char *name;
    lm_dtype variable, compute;         /* of the weights; of what the layer takes, computes and gives */
} lm__policy;

/* The policy of that name; NULL: the one in force (lm_set_dtype_policy). LM_INVALID lists those there are, or says
 * why not. */
lm_status lm__policy_find(const char *name, const lm__policy **out);

#endif
