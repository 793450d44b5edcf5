/* plan/mapping.h: makes the op "map" out of nodes of map ops. */
#ifndef LM_PLAN_MAPPING_H
#define LM_PLAN_MAPPING_H

#include "graph/graph.h"

/* Nodes whose outputs have one shape, in an order that can be executed; `results` are outputs of theirs. */
typedef struct lm__map_group {
    lm__node *const *nodes;
    int nnodes;
    lm_value *const *results;
    int nresults;
    lm__node *const *sums;              /* sum and mean of outputs of theirs: outputs behind the results */
    int nsums;
    lm_value *guard;                    /* bool scalar, or NULL */
} lm__map_group;

/* A new node "map", placed where the graph places new nodes: output r is results[r]. `fast`: with the vectorised
 * rows. LM_UNSUPPORTED where an op has no row for its types; limits of lm__map must hold. */
lm_status lm__mapping_make(lm_graph *graph, const lm__map_group *group, bool fast, lm__node **out);

/* Whether a map may take this node over as one of its sums; *keep: how many elements it has. */
bool lm__mapping_sums(const lm__node *node, int64_t *keep);

#endif
