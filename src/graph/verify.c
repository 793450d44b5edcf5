/* graph/verify.c: whether a graph keeps the rules. */
#include "base/alloc.h"
#include "graph/graph.h"

typedef struct verifier {
    lm_graph *graph;
    bool *seen;                         /* by node id: stands before the node at hand */
} verifier;

/* A value of the graph whose node has been passed. */
static bool good(const verifier *v, const lm_value *value)
{
    if (lm__bad(value) || value->node->graph != v->graph) return false;
    const lm__node *node = value->node;
    return node->id >= 0 && node->id < v->graph->next_id && v->seen[node->id] && value->index >= 0 &&
           value->index < node->nout && value == &node->out[value->index];
}

static lm_status check_node(const verifier *v, const lm__node *node)
{
    lm__infer infer;
    if (node->graph != v->graph) return lm__fail(LM_INTERNAL, "belongs to another graph");
    if (node->id < 0 || node->id >= v->graph->next_id || v->seen[node->id])
        return lm__fail(LM_INTERNAL, "its id is out of range or taken");
    if (node->next ? node->next->prev != node : v->graph->last != node) return lm__fail(LM_INTERNAL, "broken links");
    if (node->nin < node->op->min_inputs || node->nin > node->op->max_inputs)
        return lm__fail(LM_INTERNAL, "has %d inputs", node->nin);
    for (int i = 0; i < node->nin; i++)
        if (!good(v, node->in[i])) return lm__fail(LM_INTERNAL, "input %d is no value made before it", i);
    for (int i = 0; i < 2; i++) {
        if (!node->body[i]) continue;
        if (node->body[i]->dims != v->graph->dims)
            return lm__fail(LM_INTERNAL, "body %d has dimensions of its own", i);
        LM_TRY(lm__graph_verify(node->body[i]));
    }
    LM_TRY(lm__infer_run(&infer, v->graph, node->op, node->attr, node->nin, node->in,
                         node->body[0] ? node->body : NULL));
    if (infer.nout != node->nout) return lm__fail(LM_INTERNAL, "has %d outputs, not %d", node->nout, infer.nout);
    for (int i = 0; i < node->nout; i++) {
        const lm_value *out = &node->out[i];
        if (out->node != node || out->index != i) return lm__fail(LM_INTERNAL, "output %d is not its own", i);
        if (out->dtype != infer.dtype[i]) return lm__fail(LM_INTERNAL, "output %d is not of the type inferred", i);
        if (lm__shape_equal(v->graph->dims, &out->shape, &infer.shape[i]) != 1)
            return lm__fail(LM_INTERNAL, "output %d is not of the shape inferred", i);
    }
    return LM_OK;
}

static lm_status check_lists(const verifier *v)
{
    const lm_graph *g = v->graph;
    for (int i = 0; i < g->ninputs; i++)
        if (!good(v, g->inputs[i]) || g->inputs[i]->node->op != g->table->input)
            return lm__fail(LM_INTERNAL, "graph: input %d is not an input node's", i);
    for (int i = 0; i < g->noutputs; i++)
        if (!good(v, g->outputs[i])) return lm__fail(LM_INTERNAL, "graph: output %d is not a value of it", i);
    for (int i = 0; i < g->nstates; i++)
        if (!good(v, g->states[i].initial) || !good(v, g->states[i].current))
            return lm__fail(LM_INTERNAL, "graph: state %d (\"%s\") is not a value of it", i,
                            g->states[i].variable->name);
    return LM_OK;
}

lm_status lm__graph_verify(const lm_graph *graph)
{
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    verifier v = {.graph = (lm_graph *)graph}; /* inference asks for one that can be changed, and does not */
    v.seen = lm__calloc((size_t)graph->next_id, sizeof *v.seen);
    if (!v.seen) return lm__no_memory((size_t)graph->next_id);
    lm_status status = LM_OK;
    for (const lm__node *node = graph->first; node && status == LM_OK; node = node->next) {
        status = check_node(&v, node);
        if (status != LM_OK) status = lm__fail_in("graph: node %%%d (%s)", node->id, node->op->name);
        else v.seen[node->id] = true;
    }
    if (status == LM_OK) status = check_lists(&v);
    lm__free(v.seen);
    return status;
}
