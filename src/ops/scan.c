/* ops/scan.c: c[k+1], y[t] = body(c[k], x[t], w, t): a loop whose number of steps is known when it runs.
 *
 * Gradient: a scan in the other direction. From the carries that came into each step (the history) its body computes
 * the forward body again and pulls the gradients of the carries and of the step's outputs back through it; those of
 * the invariants are summed up in carries of their own. It is made of ordinary ops and so can be differentiated
 * again. */
#include "ops/control.h"

#ifdef LM_HEADER
/* A loop over the first axis of `sequences`, or of `length` steps. The values carried begin as `carries`; at each
 * step `body` is given, as values of the graph `g`, in this order: the carries as they are, one slice of each
 * sequence (without its first axis), the invariants, and the position as an int64 scalar; it sets out[] to the
 * carries' next values, then `outputs` results of the step. It is called once, when the loop is built, and sees no
 * other values than these. reverse: from the last position to the first.
 * out[] receives the carries after the last step, then the steps' results stacked along a new first axis, at the
 * positions of their steps. Example: running sums of x, (T, 3):
 *     static lm_status add(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
 *     {
 *         out[0] = out[1] = lm_op_add(in[0], in[1]);
 *         return LM_OK;
 *     }
 *     lm_op_scan(result, .carries = {zero}, .sequences = {x}, .outputs = 1, .body = add);  -> result[1]: (T, 3) */
enum { LM_SCAN_MAX = 16 };
typedef struct lm_op_scan_args {
    size_t size;
    lm_value *carries[LM_SCAN_MAX], *sequences[LM_SCAN_MAX], *invariants[LM_SCAN_MAX];
    int outputs;
    int64_t length;
    bool reverse;
    lm_status (*body)(void *user, lm_graph *g, lm_value *const *in, lm_value **out);
    void *user;
} lm_op_scan_args;
lm_status lm_op_scan_new(lm_value **out, const lm_op_scan_args *args);
#define lm_op_scan(out, ...)                                                                                     \
    LM__WITH(lm_op_scan_args, LM__LIST(.length = LM_ANY), lm_op_scan_new((out), &lm__a), __VA_ARGS__)
#endif

static const lm__attr attrs[] = {
    LM__ATTR(lm__scan_attr, length, LM__ATTR_SHAPE),     LM__ATTR(lm__scan_attr, carries, LM__ATTR_INT),
    LM__ATTR(lm__scan_attr, sequences, LM__ATTR_INT),    LM__ATTR(lm__scan_attr, invariants, LM__ATTR_INT),
    LM__ATTR(lm__scan_attr, outputs, LM__ATTR_INT),      LM__ATTR(lm__scan_attr, reverse, LM__ATTR_BOOL),
    {0},
};

/* --- inference ---------------------------------------------------------------------------------------------- */

static lm_status check_counts(const lm__infer *f, const lm__scan_attr *a)
{
    const lm_graph *body = f->body ? f->body[0] : NULL;
    if (!body) return lm__fail(LM_INVALID, "it has no body");
    if (f->nin != a->carries + a->sequences + a->invariants || body->ninputs != f->nin + 1 ||
        body->noutputs != a->carries + a->outputs)
        return lm__fail(LM_INVALID, "its body has %d inputs and %d outputs, not %d and %lld", body->ninputs,
                        body->noutputs, f->nin + 1, (long long)(a->carries + a->outputs));
    if (2 * a->carries + a->outputs > LM__MAX_OUTPUTS)
        return lm__fail(LM_UNSUPPORTED, "%lld carries and %lld outputs are too many", (long long)a->carries,
                        (long long)a->outputs);
    return LM_OK;
}

static lm_status check_types(const lm__infer *f, const lm__scan_attr *a)
{
    const lm_graph *body = f->body[0];
    for (int i = 0; i < f->nin; i++) {
        bool slice = i >= a->carries && i < a->carries + a->sequences;
        LM_TRY(lm__body_accepts(f, body, i, f->in[i], slice));
        if (slice && lm__dim_equal(f->dims, f->in[i]->shape.dim[0], a->length.dim[0]) == 0)
            return lm__op_invalid(f, "sequence %d has another length than the others, or than `length`",
                                  i - (int)a->carries);
    }
    for (int i = 0; i < a->carries; i++) {
        const lm_value *next = body->outputs[i], *carry = f->in[i];
        if (next->dtype != carry->dtype || lm__shape_equal(f->dims, &next->shape, &carry->shape) == 0) {
            char text[160];
            return lm__op_invalid(f, "carry %d would become %s %s in a step; its type and shape must stay", i,
                                  lm_dtype_name(next->dtype),
                                  lm__shape_print(f->dims, &next->shape, text, sizeof text));
        }
    }
    return LM_OK;
}

static lm_status set_stacked(lm__infer *f, int i, const lm_value *x)
{
    const lm__scan_attr *a = f->attr;
    if (x->shape.rank == LM_MAX_RANK) return lm__op_invalid(f, "a result of rank %d cannot be stacked", LM_MAX_RANK);
    f->dtype[i] = x->dtype;
    f->shape[i].rank = x->shape.rank + 1;
    f->shape[i].dim[0] = a->length.dim[0];
    for (int d = 0; d < x->shape.rank; d++) f->shape[i].dim[d + 1] = x->shape.dim[d];
    return LM_OK;
}

static lm_status infer(lm__infer *f)
{
    const lm__scan_attr *a = f->attr;
    int carries = (int)a->carries, outputs = (int)a->outputs;
    LM_TRY(check_counts(f, a));
    LM_TRY(check_types(f, a));
    f->nout = 2 * carries + outputs;
    for (int i = 0; i < carries; i++) {
        f->dtype[i] = f->in[i]->dtype;
        f->shape[i] = f->in[i]->shape;
        LM_TRY(set_stacked(f, carries + outputs + i, f->in[i]));
    }
    for (int i = 0; i < outputs; i++) LM_TRY(set_stacked(f, carries + i, f->body[0]->outputs[carries + i]));
    return LM_OK;
}

/* --- gradient ----------------------------------------------------------------------------------------------- */

/* The reverse scan under construction. Its carries: the gradients of the forward carries that are floats, then the
 * sums for the invariants that need one. Its sequences: the history, the forward sequences, the gradients of the step
 * outputs, those of the history. Its step outputs: the gradients of the sequences that need one. */
typedef struct back {
    lm__vjp *v;
    const lm__scan_attr *a;
    lm_graph *body;
    lm_value *in[LM__MAX_INPUTS];       /* of the new node */
    int nin;
    int carries, sequences, outputs;    /* of the new node, so far */
    lm_value *next[LM__MAX_OUTPUTS];    /* the body's outputs: carries; `grads` of the sequences follow */
    lm_value *wrt[LM__MAX_INPUTS], *grads[LM__MAX_INPUTS];
    int from[LM__MAX_INPUTS];           /* which forward input wrt[i] is */
    int nwrt;
    int flow[LM__MAX_INPUTS]; /* forward input -> carry of the new node or, for sequences, its step output; -1 */
} back;

/* One more input of the node and of its body; returns the body's. */
static lm_value *take(back *b, lm_value *x, bool slice)
{
    if (lm__bad(x)) return &b->body->poison;
    if (b->nin == LM__MAX_INPUTS - 1) {
        lm__fail(LM_UNSUPPORTED, "it would take more than %d inputs", LM__MAX_INPUTS);
        return lm__graph_fail(b->body, 0, NULL);
    }
    b->in[b->nin++] = x;
    return lm__body_input(b->body, x, slice);
}

/* The carries: gradients of carries and of invariants, all of them zero at first but where something comes from
 * behind. */
static void take_carries(back *b, lm_value **upstream, lm_value **sums)
{
    int ncarries = (int)b->a->carries, first = ncarries + (int)b->a->sequences;
    for (int i = 0; i < b->v->node->nin; i++) {
        lm_value *x = b->v->in[i], *start = i < ncarries ? b->v->grad_out[i] : NULL;
        b->flow[i] = -1;
        if (!lm__is_float(x->dtype) || (i >= ncarries && (i < first || !b->v->needs[i]))) continue;
        if (!start) start = lm__fill(b->v->graph, x->dtype, &x->shape, 0);
        lm_value *inside = take(b, start, false);
        *(i < ncarries ? &upstream[i] : &sums[i]) = inside;
        b->flow[i] = b->carries++;
    }
}

static void add_wrt(back *b, int i, lm_value *inside)
{
    b->from[b->nwrt] = i;
    b->wrt[b->nwrt++] = inside;
}

/* The forward body's inputs, as inputs of the new body. */
static void take_forward(back *b, lm_value **upstream, lm_value **history_grads, lm_value **forward)
{
    const lm__scan_attr *a = b->a;
    const lm__node *node = b->v->node;
    int carries = (int)a->carries, sequences = (int)a->sequences, outputs = (int)a->outputs;
    for (int i = 0; i < carries; i++) {
        forward[i] = take(b, &node->out[carries + outputs + i], true);
        if (upstream[i]) add_wrt(b, i, forward[i]);
    }
    for (int i = carries; i < carries + sequences; i++) {
        forward[i] = take(b, node->in[i], true);
        if (b->v->needs[i]) add_wrt(b, i, forward[i]);
    }
    for (int i = 0; i < outputs; i++)
        if (b->v->grad_out[carries + i]) upstream[carries + i] = take(b, b->v->grad_out[carries + i], true);
    for (int i = 0; i < carries; i++) {
        lm_value *grad = b->v->grad_out[carries + outputs + i];
        if (grad) history_grads[i] = take(b, grad, true);
    }
    b->sequences = b->nin - b->carries;
    for (int i = carries + sequences; i < node->nin; i++) {
        forward[i] = take(b, node->in[i], false);
        if (b->v->needs[i]) add_wrt(b, i, forward[i]);
    }
    const lm__shape scalar = {0};
    forward[node->nin] = lm__graph_input(b->body, "", LM_I64, &scalar);
}

/* The body's outputs from the gradients of one step. */
static lm_status finish_body(back *b, lm_value *const *sums, lm_value *const *history_grads)
{
    int carries = (int)b->a->carries, last = carries + (int)b->a->sequences;
    for (int k = 0; k < b->nwrt; k++) {
        int i = b->from[k];
        if (i >= carries && i < last) {
            b->flow[i] = b->outputs;
            b->next[b->carries + b->outputs++] = b->grads[k];
        } else if (i < carries) {
            b->next[b->flow[i]] = history_grads[i] ? lm_op_add(b->grads[k], history_grads[i]) : b->grads[k];
        } else {
            b->next[b->flow[i]] = lm_op_add(sums[i], b->grads[k]);
        }
    }
    for (int i = 0; i < b->carries + b->outputs; i++) LM_TRY(lm__graph_output(b->body, b->next[i]));
    lm__graph_prune(b->body);
    return lm__object_check(b->body, &lm__graph_type, "body");
}

static lm_status build_body(back *b)
{
    lm_value *upstream[LM__MAX_OUTPUTS] = {NULL}, *sums[LM__MAX_INPUTS] = {NULL};
    lm_value *history_grads[LM__MAX_OUTPUTS] = {NULL}, *forward[LM__MAX_INPUTS] = {NULL};
    take_carries(b, upstream, sums);
    take_forward(b, upstream, history_grads, forward);
    LM_TRY(lm__object_check(b->v->graph, &lm__graph_type, "graph"));
    LM_TRY(lm__object_check(b->body, &lm__graph_type, "body"));
    if (b->nwrt > LM__MAX_OUTPUTS) return lm__fail(LM_UNSUPPORTED, "it would have %d outputs", b->nwrt);
    LM_TRY(lm__body_vjp(b->body, b->v->node->body[0], forward, upstream, b->nwrt, b->wrt, b->grads));
    return finish_body(b, sums, history_grads);
}

static lm_status apply_back(back *b)
{
    lm__scan_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.length = b->a->length;
    attr.carries = b->carries;
    attr.outputs = b->outputs;
    attr.reverse = !b->a->reverse;
    attr.sequences = lm__body_drop_unused(b->body, b->carries, b->sequences, b->in, &b->nin);
    int first = b->carries + (int)attr.sequences;
    attr.invariants = lm__body_drop_unused(b->body, first, b->nin - first, b->in, &b->nin);
    lm__node *node =
        lm__apply_node(b->v->graph, b->v->node->op, &attr, b->nin, b->in, (lm_graph *[]){b->body, NULL});
    if (!node) return lm__object_check(b->v->graph, &lm__graph_type, "graph");
    for (int i = 0; i < b->v->node->nin; i++) {
        bool sequence = i >= b->a->carries && i < b->a->carries + b->a->sequences;
        if (b->flow[i] >= 0) b->v->grad_in[i] = &node->out[b->flow[i] + (sequence ? b->carries : 0)];
    }
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    back b = {.v = v, .a = v->node->attr, .body = lm__body_new(v->graph)};
    lm_status status;
    LM_GO(done, lm__object_check(b.body, &lm__graph_type, "body"));
    LM_GO(done, build_body(&b));
    LM_GO(done, apply_back(&b));
done:
    lm_free(b.body);
    return status;
}

const lm__op lm__op_scan = {
    .name = "scan",
    .kind = LM__OP_CONTROL,
    .max_inputs = LM__MAX_INPUTS - 1,
    .outputs = 0,
    .attr_size = sizeof(lm__scan_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
};

/* --- building ----------------------------------------------------------------------------------------------- */

/* The values that the caller named, in the node's order; the graph is theirs. */
static lm_status gather(const lm_op_scan_args *args, lm__scan_attr *attr, lm_value **in, lm_graph **graph)
{
    lm_value *const *lists[] = {args->carries, args->sequences, args->invariants};
    int64_t *counts[] = {&attr->carries, &attr->sequences, &attr->invariants};
    int n = 0;
    for (int k = 0; k < 3; k++) {
        *counts[k] = lm__count(lists[k], LM_SCAN_MAX);
        for (int i = 0; i < *counts[k]; i++) {
            lm_value *x = in[n++] = lists[k][i];
            if (lm__bad(x)) return lm__fail(LM_INVALID, "scan: input %d could not be built", n - 1);
            *graph = x->node->graph;
        }
    }
    if (n == 0) return lm__fail(LM_INVALID, "scan: needs at least one carry or sequence");
    if (!args->body) return lm__fail(LM_INVALID, "scan: .body is missing");
    if (args->outputs < 0 || 2 * attr->carries + args->outputs > LM__MAX_OUTPUTS)
        return lm__fail(LM_INVALID, "scan: %d outputs and %lld carries (at most %d with carries counted twice)",
                        args->outputs, (long long)attr->carries, LM__MAX_OUTPUTS);
    attr->outputs = args->outputs;
    attr->reverse = args->reverse;
    attr->length.rank = 1;
    attr->length.dim[0] = args->length;
    if (args->length >= 0) return LM_OK;
    if (attr->sequences == 0 || args->sequences[0]->shape.rank == 0)
        return lm__fail(LM_INVALID, "scan: without a sequence to run over, .length must be given");
    attr->length.dim[0] = args->sequences[0]->shape.dim[0];
    return LM_OK;
}

static lm_status make_body(const lm_op_scan_args *args, const lm__scan_attr *attr, lm_value *const *in,
                           lm_graph *body)
{
    const lm__shape scalar = {0};
    int carries = (int)attr->carries, sequences = (int)attr->sequences,
        n = carries + sequences + (int)attr->invariants;
    for (int i = 0; i < n; i++) lm__body_input(body, in[i], i >= carries && i < carries + sequences);
    lm__graph_input(body, "", LM_I64, &scalar);
    return lm__body_fill(body, args->body, args->user, carries + args->outputs);
}

lm_status lm_op_scan_new(lm_value **out, const lm_op_scan_args *args)
{
    lm__scan_attr attr;
    lm_value *in[3 * LM_SCAN_MAX];
    lm_graph *graph = NULL, *body = NULL;
    lm_status status;
    memset(&attr, 0, sizeof attr);
    LM_TRY(lm__op_args("scan", args));
    LM_GO(failed, gather(args, &attr, in, &graph));
    if (!out) LM_GO(failed, lm__fail(LM_INVALID, "scan: there is no array for the results"));
    int n = (int)(attr.carries + attr.sequences + attr.invariants), results = (int)attr.carries + args->outputs;
    LM_GO(failed, lm__object_check(graph, &lm__graph_type, "graph"));
    body = lm__body_new(graph);
    status = make_body(args, &attr, in, body);
    if (status != LM_OK) LM_GO(failed, lm__fail_in("scan: body"));
    lm__node *node = lm__apply_node(graph, &lm__op_scan, &attr, n, in, (lm_graph *[]){body, NULL});
    if (!node) LM_GO(failed, lm__object_check(graph, &lm__graph_type, "graph"));
    for (int i = 0; i < results; i++) out[i] = &node->out[i];
    lm_free(body);
    return LM_OK;
failed:
    lm_free(body);
    lm_value *poison = lm__graph_fail(graph, 0, NULL);
    int all =
        lm__count(args->carries, LM_SCAN_MAX) + (args->outputs < LM__MAX_OUTPUTS ? args->outputs : LM__MAX_OUTPUTS);
    for (int i = 0; out && i < all; i++) out[i] = poison;
    return status;
}
