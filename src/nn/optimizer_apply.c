/* nn/optimizer_apply.c: one update of all variables as ops: clip, decay, rule, moving average. What depends on the
 * step alone is scalar and shared by all variables; the rest is element by element, so that a plan makes one pass of
 * each. */
#include "nn/match.h"
#include "nn/optimizer.h"
#include "ops/support.h"

#include <math.h>

static const lm__optimizer_args *args_of(const lm_optimizer *self)
{
    return self->base.args;
}

lm_value *lm__update_scalar(const lm__update *u, double value)
{
    return lm__like(u->value, value);
}

lm_value *lm__update_slot(const lm__update *u, int slot)
{
    return lm__graph_read(u->graph, u->slot[slot]);
}

void lm__update_set(const lm__update *u, int slot, lm_value *next)
{
    lm__graph_assign(u->graph, u->slot[slot], next);
}

static lm_value *norm_squared(lm_value *g)
{
    return lm_op_sum(lm_op_square(g));
}

/* g · c / max(‖g‖, c) */
static lm_value *clip_norm(lm_value *g, double c)
{
    lm_value *norm = lm_op_sqrt(norm_squared(g)), *limit = lm__like(g, c);
    return lm_op_multiply(g, lm_op_divide(limit, lm_op_maximum(norm, limit)));
}

/* c · min(1 / ‖all‖, 1 / c), the factor of every gradient. */
static lm_value *global_factor(int n, lm_value *const *g, double c)
{
    lm_value *sum = norm_squared(g[0]);
    for (int i = 1; i < n; i++) sum = lm_op_add(sum, norm_squared(g[i]));
    lm_value *inverse = lm_op_minimum(lm_op_rsqrt(sum), lm__like(sum, 1 / c));
    return lm_op_multiply(inverse, lm__like(sum, c));
}

static lm_value *clipped(const lm__optimizer_args *a, lm_value *g, lm_value *factor)
{
    if (!isnan(a->clipnorm) && a->clipnorm > 0) return clip_norm(g, a->clipnorm);
    if (!isnan(a->clipvalue) && a->clipvalue > 0) return lm_op_clip(g, -a->clipvalue, a->clipvalue);
    return factor ? lm_op_multiply(g, factor) : g;
}

/* a = k·a + (1-k)·p, where k is 0 at the first step; p = a at every ema_overwrite_frequency-th. */
static lm_value *averaged(const lm_optimizer *self, const lm__update *u, int i, lm_value *iteration, lm_value *next)
{
    const lm__optimizer_args *a = args_of(self);
    lm_value *first = lm_op_equal(iteration, lm__like(iteration, 0));
    lm_value *keep = lm_op_where(first, lm__update_scalar(u, 0), lm__update_scalar(u, a->ema_momentum));
    lm_value *old = lm__graph_read(u->graph, self->average[i]);
    lm_value *fresh = lm_op_multiply(next, lm_op_subtract(lm__update_scalar(u, 1), keep));
    lm_value *average = lm_op_add(lm_op_multiply(old, keep), fresh);
    lm__graph_assign(u->graph, self->average[i], average);
    if (!a->ema_overwrite_frequency) return next;
    lm_value *every = lm__like(iteration, (double)a->ema_overwrite_frequency);
    lm_value *count = lm_op_add(iteration, lm__like(iteration, 1));
    lm_value *due = lm_op_equal(lm_op_mod(count, every), lm__like(iteration, 0));
    return lm_op_where(due, average, next);
}

static lm_status update_one(lm_optimizer *self, lm__update *u, int i, lm_value *iteration)
{
    const lm__optimizer_class *class = (const lm__optimizer_class *)self->base.class;
    const lm__optimizer_args *a = args_of(self);
    u->variable = self->variable[i];
    u->slot = self->slot + i * self->nslots;
    u->value = lm__graph_read(u->graph, u->variable);
    if (!isnan(a->weight_decay)) {
        lm_value *decay = lm_op_multiply(u->rate, lm__update_scalar(u, a->weight_decay));
        u->value = lm_op_subtract(u->value, lm_op_multiply(u->value, decay));
    }
    lm_value *next = class->update(self, u);
    if (a->use_ema) next = averaged(self, u, i, iteration, next);
    return lm__graph_assign(u->graph, u->variable, next);
}

lm_status lm__optimizer_apply(lm_optimizer *self, lm_graph *graph, lm_value *const *gradients)
{
    const lm__optimizer_args *a = args_of(self);
    lm_value *iteration = lm__graph_read(graph, self->iteration), *factor = NULL;
    lm_value *next = lm_op_add(iteration, lm__like(iteration, 1));
    if (self->nvariables && !isnan(a->global_clipnorm) && a->global_clipnorm > 0)
        factor = global_factor(self->nvariables, gradients, a->global_clipnorm);
    for (int i = 0; i < self->nvariables; i++) {
        lm_dtype dtype = self->variable[i]->value->dtype;
        lm__update u = {.graph = graph, .gradient = clipped(a, gradients[i], factor)};
        u.rate = lm__cast_to(lm__graph_read(graph, self->learning_rate), dtype);
        u.step = lm__cast_to(next, dtype);
        LM_TRY(update_one(self, &u, i, iteration));
    }
    return lm__graph_assign(graph, self->iteration, next);
}

static lm_status check_variables(const lm_optimizer *self, int n, lm_variable *const *variables)
{
    for (int i = 0; i < n && i < self->nvariables; i++)
        if (variables[i] != self->variable[i])
            return lm__fail(LM_INVALID, "variable %d, \"%s\", is another one than the optimizer has trained so far; "
                                        "each set of variables needs an optimizer of its own", i, variables[i]->name);
    if (n == self->nvariables) return LM_OK;
    return lm__fail(LM_INVALID, "the optimizer trains %d variables, but %d came; each set of variables needs an "
                                "optimizer of its own", self->nvariables, n);
}

lm_status lm__optimizer_step(lm_optimizer *self, lm_graph *graph, int n, lm_variable *const *variables,
                             lm_value *const *gradients)
{
    if (self->variable) LM_TRY(check_variables(self, n, variables));
    else LM_TRY(lm__optimizer_build(self, n, variables));
    const char *outer = lm__graph_scope(graph, "optimizer");
    lm_status status = lm__optimizer_apply(self, graph, gradients);
    lm__graph_scope(graph, outer);
    return status;
}
