/* graph/gradient.c: reverse mode, graph to graph.
 *
 * Values that depend on `wrt` through float paths are marked; then the nodes are walked from the last to the first,
 * each turning the gradients of its outputs into those of its inputs. What is built is ordinary nodes, so it can be
 * differentiated again. */
#include "base/alloc.h"
#include "graph/graph.h"

typedef struct slot {
    lm_value *grad;                     /* summed up so far, NULL: nothing */
    bool needs;                         /* depends on wrt */
} slot;

typedef struct tape {
    lm_graph *graph;
    lm__node *last;                     /* what was last before the gradient began */
    slot *slots;                        /* of every output of every node */
    size_t *first;                      /* by node id: its output 0 in slots */
} tape;

static slot *slot_of(const tape *t, const lm_value *v)
{
    return &t->slots[t->first[v->node->id] + (size_t)v->index];
}

static lm_status check(const lm_graph *graph, const char *what, int n, lm_value *const *values)
{
    for (int i = 0; i < n; i++) {
        if (lm__bad(values[i]) || values[i]->node->graph != graph)
            return lm__fail(LM_INVALID, "gradients: %s %d is not a value of the graph", what, i);
        if (!lm__is_float(values[i]->dtype))
            return lm__fail(LM_INVALID, "gradients: %s %d is %s; only floats have gradients", what, i,
                            lm_dtype_name(values[i]->dtype));
    }
    return LM_OK;
}

/* Room for all outputs, and marks on what depends on wrt. */
static lm_status open_tape(tape *t, int n, lm_value *const *wrt)
{
    size_t count = 0;
    t->last = t->graph->before ? t->graph->before->prev : t->graph->last;
    t->first = lm__calloc((size_t)t->graph->next_id, sizeof *t->first);
    if (!t->first) return lm__no_memory((size_t)t->graph->next_id * sizeof *t->first);
    for (const lm__node *node = t->graph->first; node; node = node->next) {
        t->first[node->id] = count;
        count += (size_t)node->nout;
    }
    t->slots = lm__calloc(count, sizeof *t->slots);
    if (!t->slots) return lm__no_memory(count * sizeof *t->slots);
    for (int i = 0; i < n; i++) slot_of(t, wrt[i])->needs = true;
    for (const lm__node *node = t->graph->first; node; node = node->next) {
        bool any = false;
        if (node->op->flags & LM__OP_NO_GRADIENT) continue;
        for (int i = 0; i < node->nin; i++) any |= slot_of(t, node->in[i])->needs;
        for (int i = 0; any && i < node->nout; i++)
            if (lm__is_float(node->out[i].dtype)) slot_of(t, &node->out[i])->needs = true;
    }
    return LM_OK;
}

static lm_status accumulate(tape *t, lm_value *at, lm_value *grad)
{
    slot *s = slot_of(t, at);
    s->grad = s->grad ? t->graph->table->add(s->grad, grad) : grad;
    return lm__bad(s->grad) ? lm__object_check(t->graph, &lm__graph_type, "graph") : LM_OK;
}

/* The gradient that an op gave for an input, brought to the input's shape. */
static lm_status fit(tape *t, const lm__node *node, int i, lm_value **grad)
{
    const lm_value *x = node->in[i];
    if (lm__bad(*grad)) return lm__object_check(t->graph, &lm__graph_type, "graph");
    int equal = lm__shape_equal(t->graph->dims, &(*grad)->shape, &x->shape);
    if (node->op->kind == LM__OP_MAP && equal != 1) {
        *grad = t->graph->table->sum_to(*grad, &x->shape);
        return lm__bad(*grad) ? lm__object_check(t->graph, &lm__graph_type, "graph") : LM_OK;
    }
    if ((*grad)->dtype == x->dtype && equal != 0) return LM_OK;
    char have[160], want[160];
    lm__shape_print(t->graph->dims, &(*grad)->shape, have, sizeof have);
    lm__shape_print(t->graph->dims, &x->shape, want, sizeof want);
    return lm__fail(LM_INTERNAL, "the gradient of input %d is %s %s, the input %s %s", i,
                    lm_dtype_name((*grad)->dtype), have, lm_dtype_name(x->dtype), want);
}

static lm_status step_back(tape *t, lm__node *node)
{
    lm_value *grad_out[LM__MAX_OUTPUTS], *grad_in[LM__MAX_INPUTS] = {NULL};
    bool needs[LM__MAX_INPUTS], any_in = false, any_out = false;
    for (int i = 0; i < node->nout; i++) {
        grad_out[i] = slot_of(t, &node->out[i])->grad;
        any_out |= grad_out[i] != NULL;
    }
    for (int i = 0; i < node->nin; i++) {
        needs[i] = lm__is_float(node->in[i]->dtype) && slot_of(t, node->in[i])->needs;
        any_in |= needs[i];
    }
    if (!any_in || !any_out || (node->op->flags & LM__OP_NO_GRADIENT)) return LM_OK;
    if (!node->op->gradient) return lm__fail(LM_UNSUPPORTED, "has no gradient");
    lm__vjp vjp = {t->graph, node, node->in, grad_out, needs, grad_in};
    LM_TRY(node->op->gradient(&vjp));
    LM_TRY(lm__object_check(t->graph, &lm__graph_type, "graph"));
    for (int i = 0; i < node->nin; i++) {
        if (!needs[i] || !grad_in[i]) continue;
        LM_TRY(fit(t, node, i, &grad_in[i]));
        LM_TRY(accumulate(t, node->in[i], grad_in[i]));
    }
    return LM_OK;
}

/* Walks back; what is built for a node is said to be of its layer. */
static lm_status walk(tape *t)
{
    const char *scope = t->graph->scope;
    lm_status status = LM_OK;
    for (lm__node *node = t->last; node && status == LM_OK; node = node->prev) {
        t->graph->scope = node->scope;
        status = step_back(t, node);
        if (status != LM_OK && t->graph->object.status == LM_OK) {
            lm__fail_in("gradient of %s", node->op->name);
            lm__graph_fail(t->graph, 0, NULL);
        }
    }
    t->graph->scope = scope;
    return status;
}

lm_status lm__graph_vjp(lm_graph *graph, int nout, lm_value *const *out, lm_value *const *upstream, int n,
                        lm_value *const *wrt, lm_value **grads)
{
    tape t = {.graph = graph};
    lm_status status;
    for (int i = 0; i < n; i++) grads[i] = &graph->poison;
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    LM_GO(done, check(graph, "output", nout, out));
    LM_GO(done, check(graph, "wrt", n, wrt));
    LM_GO(done, open_tape(&t, n, wrt));
    for (int i = 0; i < nout; i++) {
        if (!slot_of(&t, out[i])->needs) continue;
        lm_value *seed = upstream ? upstream[i] : NULL;
        if (!seed) seed = graph->table->fill(graph, out[i]->dtype, &out[i]->shape, 1);
        if (lm__bad(seed)) LM_GO(done, lm__object_check(graph, &lm__graph_type, "graph"));
        LM_GO(done, accumulate(&t, out[i], seed));
    }
    LM_GO(done, walk(&t));
    for (int i = 0; i < n; i++) grads[i] = slot_of(&t, wrt[i])->grad;
done:
    lm__free(t.first);
    lm__free(t.slots);
    if (status != LM_OK) lm__graph_fail(graph, 0, NULL);
    return status;
}

lm_status lm__graph_gradients(lm_graph *graph, lm_value *loss, int n, lm_value *const *wrt, lm_value **grads)
{
    LM_TRY(lm__graph_vjp(graph, 1, &loss, NULL, n, wrt, grads));
    for (int i = 0; i < n; i++) {
        if (!grads[i]) grads[i] = graph->table->fill(graph, wrt[i]->dtype, &wrt[i]->shape, 0);
    }
    return lm__object_check(graph, &lm__graph_type, "graph");
}
