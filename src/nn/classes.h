/* nn/classes.h: class indices against scores, for losses and metrics. */
#ifndef LM_NN_CLASSES_H
#define LM_NN_CLASSES_H

#include "graph/graph.h"

/* scores[…, classes[…]]: classes int64 of scores' shape without the last axis. NaN where the index is no class. */
lm_value *lm__pick_class(lm_value *scores, lm_value *classes);

/* Whether fewer than k scores are greater than the one of the class: equal scores all count as in, as in
 * TensorFlow. */
lm_value *lm__in_top_k(lm_value *classes, lm_value *scores, int64_t k);

#endif
