/* ops/control.h: what ops with sub-graphs share. Their layout is described in graph/control.h. */
#ifndef LM_OPS_CONTROL_H
#define LM_OPS_CONTROL_H

#include "graph/control.h"
#include "ops/support.h"

/* Sub-graphs under construction; `in` and `out` are values of the body. */
typedef lm_status lm__body_fn(void *user, lm_graph *body, lm_value *const *in, lm_value **out);

/* An empty body of `graph`, sharing its dimensions and in its layer. New reference, perhaps poisoned. */
lm_graph *lm__body_new(lm_graph *graph);

/* One more input of a body: of x's type and shape, or (`slice`) without its first axis. */
lm_value *lm__body_input(lm_graph *body, const lm_value *x, bool slice);

/* Lets `make` build what follows the body's inputs, and takes its `outputs` results as the body's. */
lm_status lm__body_fill(lm_graph *body, lm__body_fn *make, void *user, int outputs);

/* Input i of a body must be of x's type and shape (slice: without its first axis). */
lm_status lm__body_accepts(const lm__infer *infer, const lm_graph *body, int i, const lm_value *x, bool slice);

/* What a gradient body does: `forward` again on `in`, then the gradients of those of its outputs that have an
 * upstream[i] (NULL: none), for the n values `wrt` of the body. Zeros where nothing flows. */
lm_status lm__body_vjp(lm_graph *body, const lm_graph *forward, lm_value *const *in, lm_value *const *upstream, int n,
                       lm_value *const *wrt, lm_value **grads);

/* Takes the inputs first … first + count - 1 that the body does not use out of it, and out of `in` (of *nin values)
 * in the same places; returns how many stay. */
int lm__body_drop_unused(lm_graph *body, int first, int count, lm_value **in, int *nin);

/* For public builders: how many values stand before the first NULL (at most `most`). */
int lm__count(lm_value *const *values, int most);

#endif
