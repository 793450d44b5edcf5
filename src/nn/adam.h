/* nn/adam.h: the rule that Adam and AdamW share. */
#ifndef LM_NN_ADAM_H
#define LM_NN_ADAM_H

#include "nn/optimizer.h"

typedef struct lm__adam {
    double beta_1, beta_2, epsilon;
    bool amsgrad;
} lm__adam;

int lm__adam_slots(const lm__adam *a, const char *names[LM__OPTIMIZER_SLOTS]);
lm_value *lm__adam_update(const lm__adam *a, const lm__update *u);

#endif
