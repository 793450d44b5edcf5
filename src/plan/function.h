/* plan/function.h: the inside of lm_function: a graph, and its plans by concrete sizes. */
#ifndef LM_PLAN_FUNCTION_H
#define LM_PLAN_FUNCTION_H

#include "plan/plan.h"

enum { LM__FUNCTION_PLANS = 16 };       /* kept, least recently used dropped */

extern const lm__type lm__function_type;

/* As lm_function_new over all of the graph's inputs and outputs in their order; takes over a reference to the graph. */
lm_function *lm__function_new(lm_graph *graph, const lm__plan_options *options);

/* Runs on raw memory; `symbols` binds the graph's symbols (as lm__dim_bind). Makes the plan at the first use of these
 * sizes; afterwards no allocation. Thread-safe as lm_function_run. */
lm_status lm__function_call(lm_function *function, const int64_t *symbols, const void *const *inputs,
                            void *const *outputs);

/* The plan for these sizes (made if need be), borrowed: valid until it falls out of the cache. */
lm_status lm__function_plan(lm_function *function, const int64_t *symbols, const lm__plan **out);
const lm_graph *lm__function_graph(const lm_function *function);

#endif
