/* nn/match.h: bringing targets and predictions to one rank and type, as Keras does; shared by losses and metrics. */
#ifndef LM_NN_MATCH_H
#define LM_NN_MATCH_H

#include "graph/graph.h"

/* Targets matched to predictions: of one rank and type; or, with integer_targets, int64 class indices without the
 * last axis. LM_INVALID names both shapes and the likely fix. */
lm_status lm__match_targets(lm_value **y_true, lm_value **y_pred, bool integer_targets);

/* Keras's squeeze_or_expand_to_same_rank: ranks that differ by one, where the larger ends in 1. */
void lm__same_rank(lm_value **a, lm_value **b);
lm_value *lm__add_last(lm_value *v);            /* with a last axis of size 1       */
lm_value *lm__cast_to(lm_value *x, lm_dtype dtype);
/* The same for indices: NaN and infinity, which a cast to an integer makes 0, become its largest number. */
lm_value *lm__index_of(lm_value *x, lm_dtype dtype);
/* What leaves a model: half floats become float32. */
lm_value *lm__cast_out(lm_value *x);

#endif
