/* ops/if.c: y = predicate ? then(x) : otherwise(x), only one of the two being computed.
 *
 * Gradient: an `if` with the same predicate, whose bodies compute the taken body again and pull the gradients back.
 * */
#include "ops/control.h"

#ifdef LM_HEADER
/* One of two computations, chosen when it runs by `predicate`, a bool scalar. Each is built once, on a graph `g` of
 * its own that is given the captures as in[] and sees no other values; it sets `outputs` results, which must be of
 * the same types and shapes for both. out[] receives the results. */
enum { LM_IF_MAX = 32 };
typedef struct lm_op_if_args {
    size_t size;
    lm_value *predicate;
    lm_value *captures[LM_IF_MAX];
    int outputs;
    lm_status (*then)(void *user, lm_graph *g, lm_value *const *in, lm_value **out);
    lm_status (*otherwise)(void *user, lm_graph *g, lm_value *const *in, lm_value **out);
    void *user;
} lm_op_if_args;
lm_status lm_op_if_new(lm_value **out, const lm_op_if_args *args);
#define lm_op_if(out, ...)                                                                                       \
    LM__WITH(lm_op_if_args, LM__LIST(.outputs = 1), lm_op_if_new((out), &lm__a), __VA_ARGS__)
#endif

static lm_status check_body(const lm__infer *f, int which)
{
    const lm_graph *body = f->body ? f->body[which] : NULL;
    if (!body) return lm__fail(LM_INVALID, "body %d is missing", which);
    if (body->ninputs != f->nin - 1)
        return lm__fail(LM_INVALID, "body %d has %d inputs, not %d", which, body->ninputs, f->nin - 1);
    for (int i = 1; i < f->nin; i++) LM_TRY(lm__body_accepts(f, body, i - 1, f->in[i], false));
    return LM_OK;
}

static lm_status infer(lm__infer *f)
{
    LM_TRY(check_body(f, 0));
    LM_TRY(check_body(f, 1));
    if (f->in[0]->dtype != LM_BOOL || f->in[0]->shape.rank != 0)
        return lm__op_invalid(f, "the predicate must be a bool scalar");
    const lm_graph *a = f->body[0], *b = f->body[1];
    if (a->noutputs != b->noutputs || a->noutputs > LM__MAX_OUTPUTS)
        return lm__op_invalid(f, "its bodies have %d and %d results", a->noutputs, b->noutputs);
    f->nout = a->noutputs;
    for (int i = 0; i < f->nout; i++) {
        const lm_value *x = a->outputs[i], *y = b->outputs[i];
        if (x->dtype != y->dtype || lm__shape_equal(f->dims, &x->shape, &y->shape) == 0) {
            char xt[160], yt[160];
            return lm__op_invalid(f, "result %d is %s %s in one body and %s %s in the other", i,
                                  lm_dtype_name(x->dtype), lm__shape_print(f->dims, &x->shape, xt, sizeof xt),
                                  lm_dtype_name(y->dtype), lm__shape_print(f->dims, &y->shape, yt, sizeof yt));
        }
        f->dtype[i] = x->dtype;
        f->shape[i] = x->shape;
    }
    return LM_OK;
}

/* --- gradient ----------------------------------------------------------------------------------------------- */

/* A body of the gradient: inputs the captures, then the gradients of the outputs that have one. */
static lm_status back_body(const lm__vjp *v, const lm_graph *forward, lm_graph *body)
{
    lm_value *in[LM__MAX_INPUTS], *upstream[LM__MAX_OUTPUTS] = {NULL};
    lm_value *wrt[LM__MAX_INPUTS], *grads[LM__MAX_INPUTS];
    int n = 0, captures = v->node->nin - 1;
    for (int i = 0; i < captures; i++) in[i] = lm__body_input(body, v->in[i + 1], false);
    for (int i = 0; i < v->node->nout; i++)
        if (v->grad_out[i]) upstream[i] = lm__body_input(body, v->grad_out[i], false);
    LM_TRY(lm__object_check(body, &lm__graph_type, "body"));
    for (int i = 0; i < captures; i++)
        if (v->needs[i + 1]) wrt[n++] = in[i];
    LM_TRY(lm__body_vjp(body, forward, in, upstream, n, wrt, grads));
    for (int i = 0; i < n; i++) LM_TRY(lm__graph_output(body, grads[i]));
    lm__graph_prune(body);
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    lm_graph *body[2] = {lm__body_new(v->graph), lm__body_new(v->graph)};
    lm_value *in[LM__MAX_INPUTS];
    lm_status status;
    int nin = 0;
    for (int i = 0; i < 2; i++) LM_GO(done, lm__object_check(body[i], &lm__graph_type, "body"));
    for (int i = 0; i < v->node->nin; i++) in[nin++] = v->in[i];
    for (int i = 0; i < v->node->nout; i++) {
        if (!v->grad_out[i]) continue;
        if (nin == LM__MAX_INPUTS) LM_GO(done, lm__fail(LM_UNSUPPORTED, "it would take more than %d inputs", nin));
        in[nin++] = v->grad_out[i];
    }
    for (int i = 0; i < 2; i++) LM_GO(done, back_body(v, v->node->body[i], body[i]));
    lm__node *node = lm__apply_node(v->graph, v->node->op, NULL, nin, in, body);
    if (!node) LM_GO(done, lm__object_check(v->graph, &lm__graph_type, "graph"));
    for (int i = 1, k = 0; i < v->node->nin; i++)
        if (v->needs[i]) v->grad_in[i] = &node->out[k++];
done:
    lm_free(body[0]);
    lm_free(body[1]);
    return status;
}

const lm__op lm__op_if = {
    .name = "if",
    .kind = LM__OP_CONTROL,
    .min_inputs = 1,
    .max_inputs = LM__MAX_INPUTS,
    .outputs = 0,
    .infer = infer,
    .gradient = gradient,
};

/* --- building ----------------------------------------------------------------------------------------------- */

static lm_status check_args(const lm_op_if_args *args, int n, lm_value **in, lm_graph **graph)
{
    in[0] = args->predicate;
    for (int i = 0; i < n; i++) in[i + 1] = args->captures[i];
    for (int i = 0; i <= n; i++) {
        if (lm__bad(in[i]))
            return lm__fail(LM_INVALID, "if: %s could not be built", i ? "a capture" : "the predicate");
        *graph = in[i]->node->graph;
    }
    if (!args->then || !args->otherwise) return lm__fail(LM_INVALID, "if: .then and .otherwise must both be given");
    if (args->outputs < 1 || args->outputs > LM__MAX_OUTPUTS)
        return lm__fail(LM_INVALID, "if: %d outputs (1 to %d)", args->outputs, LM__MAX_OUTPUTS);
    return LM_OK;
}

lm_status lm_op_if_new(lm_value **out, const lm_op_if_args *args)
{
    lm_value *in[LM_IF_MAX + 1];
    lm_graph *graph = NULL, *body[2] = {NULL, NULL};
    lm_status status;
    LM_TRY(lm__op_args("if", args));
    int n = lm__count(args->captures, LM_IF_MAX);
    LM_GO(failed, check_args(args, n, in, &graph));
    if (!out) LM_GO(failed, lm__fail(LM_INVALID, "if: there is no array for the results"));
    LM_GO(failed, lm__object_check(graph, &lm__graph_type, "graph"));
    for (int i = 0; i < 2; i++) {
        body[i] = lm__body_new(graph);
        for (int k = 0; k < n; k++) lm__body_input(body[i], in[k + 1], false);
        status = lm__body_fill(body[i], i ? args->otherwise : args->then, args->user, args->outputs);
        if (status != LM_OK) LM_GO(failed, lm__fail_in(i ? "if: .otherwise" : "if: .then"));
    }
    lm__node *node = lm__apply_node(graph, &lm__op_if, NULL, n + 1, in, body);
    if (!node) LM_GO(failed, lm__object_check(graph, &lm__graph_type, "graph"));
    for (int i = 0; i < args->outputs; i++) out[i] = &node->out[i];
    lm_free(body[0]);
    lm_free(body[1]);
    return LM_OK;
failed:
    lm_free(body[0]);
    lm_free(body[1]);
    lm_value *poison = lm__graph_fail(graph, 0, NULL);
    for (int i = 0; out && i < args->outputs && i < LM__MAX_OUTPUTS; i++) out[i] = poison;
    return status;
}
