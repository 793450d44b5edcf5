/* graph/build.c: the inside of every builder: check, infer, append. */
#include "base/alloc.h"
#include "graph/graph.h"
#include <string.h>

static lm_graph *graph_of(lm_graph *graph, int nin, lm_value *const *in)
{
    for (int i = 0; i < nin; i++)
        if (!lm__bad(in[i])) return in[i]->node->graph;
    return graph;
}

static lm_status check_inputs(const lm_graph *graph, const lm__op *op, int nin, lm_value *const *in)
{
    if (nin < op->min_inputs || nin > op->max_inputs || nin > LM__MAX_INPUTS)
        return lm__fail(LM_INVALID, "got %d inputs, takes %d to %d", nin, op->min_inputs, op->max_inputs);
    for (int i = 0; i < nin; i++) {
        if (!in[i]) return lm__fail(LM_INVALID, "input %d is NULL", i);
        if (!in[i]->node) return lm__fail(LM_INVALID, "input %d could not be built", i);
        if (in[i]->node->graph != graph)
            return lm__fail(LM_INVALID, "input %d belongs to another graph than input 0; pass it as an input", i);
    }
    return LM_OK;
}

static lm_status check_bodies(const lm_graph *graph, lm_graph *const *body)
{
    for (int i = 0; body && i < 2; i++) {
        if (!body[i]) continue;
        LM_TRY(lm__object_check(body[i], &lm__graph_type, "body"));
        if (body[i]->dims != graph->dims) return lm__fail(LM_INTERNAL, "a body must share its graph's dimensions");
        if (body[i]->nstates)
            return lm__fail(LM_UNSUPPORTED,
                            "the body reads variable \"%s\" itself; read it outside and pass the value "
                            "in",
                            body[i]->states[0].variable->name);
    }
    return LM_OK;
}

lm_status lm__infer_run(lm__infer *f, lm_graph *graph, const lm__op *op, const void *attr, int nin,
                        lm_value *const *in, lm_graph *const *body)
{
    memset(f, 0, sizeof *f);
    f->graph = graph;
    f->dims = graph->dims;
    f->op = op;
    f->nin = nin;
    f->in = in;
    f->attr = attr;
    f->body = body;
    f->nout = op->outputs;
    lm__dims_failed(graph->dims);
    lm_status status = op->infer(f);
    if (lm__dims_failed(graph->dims)) return lm__no_memory(sizeof *f);
    LM_TRY(status);
    for (int i = 0; i < f->nout; i++) {
        const lm__shape *s = &f->shape[i];
        bool good = s->rank >= 0 && s->rank <= LM_MAX_RANK && (unsigned)f->dtype[i] < LM_DTYPE_COUNT;
        for (int d = 0; good && d < s->rank; d++) good = s->dim[d] != LM__DIM_BAD && s->dim[d] != LM_ANY;
        char text[200];
        if (good && lm__shape_product(graph->dims, s) != LM__DIM_BAD) continue;
        if (lm__dims_failed(graph->dims)) return lm__no_memory(sizeof *f);
        return lm__fail(LM_INVALID, "the result has no possible shape: %s (negative or too large)",
                        s->rank < 0 || s->rank > LM_MAX_RANK
                                ? "rank out of range"
                                : lm__shape_print(graph->dims, s, text, sizeof text));
    }
    return LM_OK;
}

/* Makes the node; the caller links it. */
static lm_status make(lm_graph *graph, const lm__infer *f, lm__node **out)
{
    lm__node *node = lm__arena_alloc(graph->arena, sizeof *node);
    if (!node) return lm__no_memory(sizeof *node);
    if (f->nin) node->in = lm__arena_alloc(graph->arena, (size_t)f->nin * sizeof *node->in);
    if (f->nout) node->out = lm__arena_alloc(graph->arena, (size_t)f->nout * sizeof *node->out);
    if ((f->nin && !node->in) || (f->nout && !node->out)) return lm__no_memory(sizeof *node->out);
    LM_TRY(lm__attr_copy(graph, f->op, f->attr, &node->attr));
    for (int i = 0; f->body && i < 2; i++) {
        if (f->body[i]) LM_TRY(lm__graph_keep(graph, f->body[i]));
        node->body[i] = f->body[i];
    }
    node->graph = graph;
    node->op = f->op;
    node->nin = f->nin;
    node->nout = f->nout;
    node->scope = graph->scope;
    for (int i = 0; i < f->nin; i++) node->in[i] = f->in[i];
    for (int i = 0; i < f->nout; i++)
        node->out[i] = (lm_value){.node = node, .index = i, .dtype = f->dtype[i], .shape = f->shape[i]};
    *out = node;
    return LM_OK;
}

static void link_node(lm_graph *graph, lm__node *node)
{
    node->id = graph->next_id++;
    node->next = graph->before;
    node->prev = graph->before ? graph->before->prev : graph->last;
    *(node->prev ? &node->prev->next : &graph->first) = node;
    *(node->next ? &node->next->prev : &graph->last) = node;
}

static lm_status build(lm_graph *graph, const lm__op *op, const void *attr, int nin, lm_value *const *in,
                       lm_graph *const *body, lm__node **out)
{
    lm__infer infer;
    LM_TRY(check_inputs(graph, op, nin, in));
    LM_TRY(check_bodies(graph, body));
    LM_TRY(lm__infer_run(&infer, graph, op, attr, nin, in, body));
    LM_TRY(make(graph, &infer, out));
    if (op == graph->table->input) {
        if (lm__grow(&graph->inputs, (size_t)graph->ninputs, &graph->inputs_capacity, sizeof *graph->inputs) != 0)
            return lm__no_memory((size_t)(graph->ninputs + 1) * sizeof *graph->inputs);
        graph->inputs[graph->ninputs++] = &(*out)->out[0];
    }
    link_node(graph, *out);
    return LM_OK;
}

lm__node *lm__apply_node(lm_graph *graph, const lm__op *op, const void *attr, int nin, lm_value *const *in,
                         lm_graph *const *body)
{
    lm__node *node;
    graph = graph_of(graph, nin, in);
    if (!graph) lm__fail(LM_INVALID, "%s: its inputs are NULL or could not be built", op ? op->name : "op");
    if (!graph || graph->object.status != LM_OK) return NULL;
    if (build(graph, op, attr, nin, in, body, &node) == LM_OK) return node;
    lm__fail_in("%s", op->name);
    lm__graph_fail(graph, 0, NULL);
    return NULL;
}

lm_value *lm__apply(lm_graph *graph, const lm__op *op, const void *attr, int nin, lm_value *const *in)
{
    lm__node *node = lm__apply_node(graph, op, attr, nin, in, NULL);
    if (node) return node->out;
    graph = graph_of(graph, nin, in);
    if (graph) return &graph->poison;
    for (int i = 0; i < nin; i++)
        if (in[i]) return in[i]; /* a poisoned value: its graph carries the error */
    return lm__graph_fail(NULL, 0, NULL);
}

lm_value *lm__apply1(const lm__op *op, const void *attr, lm_value *x)
{
    return lm__apply(NULL, op, attr, 1, (lm_value *[]){x});
}

lm_value *lm__apply2(const lm__op *op, const void *attr, lm_value *x, lm_value *y)
{
    return lm__apply(NULL, op, attr, 2, (lm_value *[]){x, y});
}

lm_value *lm__apply3(const lm__op *op, const void *attr, lm_value *x, lm_value *y, lm_value *z)
{
    return lm__apply(NULL, op, attr, 3, (lm_value *[]){x, y, z});
}
