/* plan/pass.h: the passes, and what they share. A pass rewrites a graph whose symbols are bound and leaves it
 * valid. */
#ifndef LM_PLAN_PASS_H
#define LM_PLAN_PASS_H

#include "base/arena.h"
#include "graph/graph.h"

lm_status lm__pass_legalise(lm_graph *graph, bool fast);    /* always on: half floats through float32 */
lm_status lm__pass_simplify(lm_graph *graph);
lm_status lm__pass_fold(lm_graph *graph);
lm_status lm__pass_cse(lm_graph *graph);
lm_status lm__pass_share(lm_graph *graph);
lm_status lm__pass_scale(lm_graph *graph);                  /* with epilogue */
lm_status lm__pass_epilogue(lm_graph *graph, bool fast);
lm_status lm__pass_pool(lm_graph *graph, bool fast);        /* with epilogue */
lm_status lm__pass_narrow(lm_graph *graph);               /* needs fast kernels */
lm_status lm__pass_fuse(lm_graph *graph, bool fast);
lm_status lm__pass_product(lm_graph *graph);            /* after lm__pass_maps, with fast */
lm_status lm__pass_maps(lm_graph *graph, bool fast);    /* always on: what is left of map ops, one instruction each */

/* --- a sweep ---------------------------------------------------------------------------------------------------- */
/* Passes go once over the nodes in order. For each they first bring its inputs up to date, then perhaps name values
 * that take the place of its outputs; users are changed when the sweep reaches them, so a pass is linear. New nodes
 * go before the node at hand and are not visited. */
typedef struct lm__sweep {
    lm_graph *graph;
    lm__arena *arena;                   /* freed with the sweep */
    lm_value ***to;                     /* by node id, then output */
    int ids;
} lm__sweep;

lm_status lm__sweep_begin(lm__sweep *sweep, lm_graph *graph);
/* Brings the node's inputs up to date and makes it the place of new nodes. */
void lm__sweep_enter(lm__sweep *sweep, lm__node *node);
lm_value *lm__sweep_value(const lm__sweep *sweep, lm_value *value);
lm_status lm__sweep_replace(lm__sweep *sweep, lm_value *old, lm_value *by);
/* Brings outputs and states up to date, prunes, and frees; `status` is handed through, a recorded failure of the
 * graph takes its place if it is LM_OK. */
lm_status lm__sweep_end(lm__sweep *sweep, lm_status status);

/* Sets every node's mark to the number of uses of its outputs. */
void lm__count_readers(lm_graph *graph);

/* --- looking at values ------------------------------------------------------------------------------------------ */
/* Whether every element is known to be one number that a double holds: fill, a constant of one element, and views
 * and broadcasts of them. */
bool lm__value_uniform(const lm_value *value, double *number);
static inline bool lm__value_is(const lm_value *value, double number)
{
    double n;
    return lm__value_uniform(value, &n) && n == number;
}
bool lm__same_shape(const lm_value *a, const lm_value *b);      /* numbers only */

#endif
