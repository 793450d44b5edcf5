/* ops/control.c: making sub-graphs. */
#include "ops/control.h"

lm_graph *lm__body_new(lm_graph *graph)
{
    lm_graph *body = lm__graph_new(graph->table, graph->dims);
    if (lm_failed(body)) return body;
    /* Random ops without a stream of their own take one by their place: bodies count their nodes from 0. */
    body->place = (graph->place ^ (uint64_t)(graph->next_id + 1)) * 0xD1B54A32D192ED03u;
    lm__graph_scope(body, graph->scope);
    return body;
}

lm_value *lm__body_input(lm_graph *body, const lm_value *x, bool slice)
{
    lm__shape shape = x->shape;
    if (slice && shape.rank == 0) {
        lm__fail(LM_INVALID, "a sequence must have a first axis, its steps; it is a scalar");
        return lm__graph_fail(body, 0, NULL);
    }
    if (slice) shape = lm__shape_of(shape.rank - 1, x->shape.dim + 1);
    return lm__graph_input(body, "", x->dtype, &shape);
}

lm_status lm__body_fill(lm_graph *body, lm__body_fn *make, void *user, int outputs)
{
    lm_value *out[LM__MAX_OUTPUTS] = {NULL};
    LM_TRY(lm__object_check(body, &lm__graph_type, "body"));
    lm_status status = make(user, body, body->inputs, out);
    LM_TRY(lm__object_check(body, &lm__graph_type, "body"));
    LM_TRY(status);
    for (int i = 0; i < outputs; i++) {
        if (lm__bad(out[i]) || out[i]->node->graph != body)
            return lm__fail(LM_INVALID,
                            "output %d of the body is %s; the body must set all its %d outputs to values of "
                            "its own graph",
                            i, out[i] ? "not of its graph" : "not set", outputs);
        LM_TRY(lm__graph_output(body, out[i]));
    }
    return LM_OK;
}

lm_status lm__body_accepts(const lm__infer *f, const lm_graph *body, int i, const lm_value *x, bool slice)
{
    const lm_value *want = body->inputs[i];
    char have_text[160], want_text[160];
    if (slice && x->shape.rank == 0) return lm__op_invalid(f, "a sequence must have a first axis, its steps");
    lm__shape shape = slice ? lm__shape_of(x->shape.rank - 1, x->shape.dim + 1) : x->shape;
    if (want->dtype == x->dtype && lm__shape_equal(f->dims, &want->shape, &shape) != 0) return LM_OK;
    return lm__op_invalid(f, "input %d of the body is %s %s, what comes is %s %s", i, lm_dtype_name(want->dtype),
                          lm__shape_print(f->dims, &want->shape, want_text, sizeof want_text),
                          lm_dtype_name(x->dtype), lm__shape_print(f->dims, &shape, have_text, sizeof have_text));
}

lm_status lm__body_vjp(lm_graph *body, const lm_graph *forward, lm_value *const *in, lm_value *const *upstream, int n,
                       lm_value *const *wrt, lm_value **grads)
{
    lm_value *out[LM__MAX_OUTPUTS], *from[LM__MAX_OUTPUTS], *with[LM__MAX_OUTPUTS];
    int m = 0;
    LM_TRY(lm__graph_inline(body, forward, in, out));
    for (int i = 0; i < forward->noutputs; i++) {
        if (!upstream[i]) continue;
        from[m] = out[i];
        with[m++] = upstream[i];
    }
    LM_TRY(lm__graph_vjp(body, m, from, with, n, wrt, grads));
    for (int i = 0; i < n; i++)
        if (!grads[i]) grads[i] = lm__fill(body, wrt[i]->dtype, &wrt[i]->shape, 0);
    return lm__object_check(body, &lm__graph_type, "body");
}

static bool used(const lm_graph *body, const lm_value *value)
{
    for (const lm__node *node = body->first; node; node = node->next)
        for (int i = 0; i < node->nin; i++)
            if (node->in[i] == value) return true;
    for (int i = 0; i < body->noutputs; i++)
        if (body->outputs[i] == value) return true;
    return false;
}

int lm__body_drop_unused(lm_graph *body, int first, int count, lm_value **in, int *nin)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        int at = first + kept;
        if (used(body, body->inputs[at])) {
            kept++;
            continue;
        }
        lm__graph_remove(body->inputs[at]->node);
        body->ninputs--;
        memmove(&body->inputs[at], &body->inputs[at + 1], (size_t)(body->ninputs - at) * sizeof *body->inputs);
        (*nin)--;
        memmove(&in[at], &in[at + 1], (size_t)(*nin - at) * sizeof *in);
    }
    return kept;
}

int lm__count(lm_value *const *values, int most)
{
    int n = 0;
    while (n < most && values[n]) n++;
    return n;
}
