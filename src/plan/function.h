/* plan/function.h: the inside of lm_function: a graph, and its plans by concrete sizes. */
#ifndef LM_PLAN_FUNCTION_H
#define LM_PLAN_FUNCTION_H

#include "plan/plan.h"

enum { LM__FUNCTION_PLANS = 16 };       /* kept, least recently used dropped */

extern const lm__type lm__function_type;

/* As lm_function_new over all of the graph's inputs and outputs in their order; takes over a reference to the
 * graph. */
lm_function *lm__function_new(lm_graph *graph, const lm__plan_options *options);

/* Runs on raw memory; `symbols` binds the graph's symbols (as lm__dim_bind). Makes the plan at the first use of these
 * sizes; afterwards no allocation. Thread-safe as lm_function_run. */
lm_status lm__function_call(lm_function *function, const int64_t *symbols, const void *const *inputs,
                            void *const *outputs);

/* As lm__function_call, but the results come in new tensors: outputs[j], poisoned on failure. */
lm_status lm__function_call_new(lm_function *function, const int64_t *symbols, const void *const *inputs,
                                lm_tensor **outputs);

/* The inside of lm_function_new and lm_function_run: from listed values, and on tensors. */
lm_function *lm__function_of(const lm_function_args *args);
lm_status lm__function_run(lm_function *function, lm_tensor *const *inputs, lm_tensor **outputs);

/* What a run on tensors gives the graph: checked sizes of its symbols (LM__FUNCTION_SYMBOLS) and memory of its inputs
 * (LM__MAX_INPUTS). */
enum { LM__FUNCTION_SYMBOLS = 64 };
lm_status lm__function_bind(const lm_graph *graph, lm_tensor *const *inputs, int64_t *symbols, const void **memory);

/* A function that could not be made, with the thread's last error; its runs give `outputs` poisoned tensors. */
lm_function *lm__function_poison(int outputs);
/* How many results a run gives, also for a function that failed. */
int lm__function_outputs(const lm_function *function);

/* Keeps others out as a run would, for somebody who runs the plan in a context of his own. */
typedef struct lm__function_hold {
    const lm__plan *plan;               /* borrowed, until lm__function_leave */
    void *entry;
} lm__function_hold;
lm_status lm__function_enter(lm_function *function, const int64_t *symbols, lm__function_hold *out);
void lm__function_leave(lm_function *function, const lm__function_hold *hold);

/* The plan for these sizes (made if need be), borrowed: valid until it falls out of the cache. */
lm_status lm__function_plan(lm_function *function, const int64_t *symbols, const lm__plan **out);
const lm_graph *lm__function_graph(const lm_function *function);

#endif
