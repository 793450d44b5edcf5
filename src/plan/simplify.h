/* plan/simplify.h: rules of the pass simplify that have files of their own: what may stand in the node's place, or
 * NULL. */
#ifndef LM_PLAN_SIMPLIFY_H
#define LM_PLAN_SIMPLIFY_H

#include "graph/graph.h"

lm_value *lm__simplify_sum(const lm__node *n);      /* of sum and mean */

#endif
