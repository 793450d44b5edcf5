/* plan/bound.h: what a computation needs whatever the plan: its products, and the bytes that must be moved. What is
 * counted stands in lamina/profile.h. */
#ifndef LM_PLAN_BOUND_H
#define LM_PLAN_BOUND_H

#include "plan/alone.h"
#include "plan/plan.h"

typedef struct lm__bound {
    double products;                    /* seconds */
    double moved, moving;               /* bytes, and seconds for them */
} lm__bound;

/* Of a graph with its symbols bound. Makes a plan of its own, whose ops are not fused. The team should be held. */
lm_status lm__bound_measure(const lm_graph *graph, const int64_t *symbols, lm__bandwidths *known, lm__bound *out);

/* Seconds of the products and convolutions of a step by themselves, once; those in the bodies of a control op, each
 * as often as it is run. 0: it has none. */
typedef struct lm__product_times lm__product_times;
lm_status lm__product_times_new(lm__product_times **out);
void lm__product_times_free(lm__product_times *times);
lm_status lm__product_time(lm__product_times *times, const lm__plan *plan, int step, double *seconds);

#endif
