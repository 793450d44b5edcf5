/* graph/clone.c: copies of graphs, as graphs of their own with symbols bound, or into another graph. */
#include "base/alloc.h"
#include "graph/graph.h"
#include <string.h>

typedef struct copier {
    const lm_graph *from;
    lm_graph *to;
    const int64_t *symbols;             /* NULL: none bound */
    lm_value *const *in;                /* inline: what stands for the inputs; NULL: clone */
    lm_value **at;                      /* by node id: the copies of its outputs (an array), NULL: not copied */
    const char *scope, *scope_copy;     /* the last scope, in both arenas */
} copier;

static lm_value *copy_of(const copier *c, const lm_value *v)
{
    return c->at[v->node->id] + v->index;
}

/* Marks in live[] what reaches an output, a state's last version, or an effect. Inputs stay in any case. */
static void mark(bool *live, const lm_graph *g)
{
    for (int i = 0; i < g->ninputs; i++) live[g->inputs[i]->node->id] = true;
    for (int i = 0; i < g->noutputs; i++) live[g->outputs[i]->node->id] = true;
    for (int i = 0; i < g->nstates; i++) {
        live[g->states[i].initial->node->id] = true;
        live[g->states[i].current->node->id] = true;
    }
    for (const lm__node *node = g->last; node; node = node->prev) {
        if (node->op->flags & LM__OP_EFFECT) live[node->id] = true;
        for (int i = 0; live[node->id] && i < node->nin; i++) live[node->in[i]->node->id] = true;
    }
}

/* The attributes with their symbols bound, in memory that is the caller's to free; NULL: they have none. */
static lm_status bind_attr(const copier *c, const lm__node *node, void **out)
{
    bool any = false;
    *out = NULL;
    for (const lm__attr *f = node->op->attrs; f && f->name; f++) any |= f->kind == LM__ATTR_SHAPE;
    if (!any || !c->symbols) return LM_OK;
    char *attr = lm__alloc(node->op->attr_size);
    if (!attr) return lm__no_memory(node->op->attr_size);
    memcpy(attr, node->attr, node->op->attr_size);
    for (const lm__attr *f = node->op->attrs; f->name; f++) {
        if (f->kind != LM__ATTR_SHAPE) continue;
        lm__shape *shape = (lm__shape *)(attr + f->offset);
        for (int i = 0; i < shape->rank; i++) shape->dim[i] = lm__dim_bind(c->to->dims, shape->dim[i], c->symbols);
    }
    *out = attr;
    return LM_OK;
}

static lm_status clone_into(const lm_graph *graph, const int64_t *symbols, lm__dims *dims, lm_graph **out);

/* The bodies: cloned with bound symbols, or shared (they are not changed once a node has them). */
static lm_status copy_bodies(const copier *c, const lm__node *node, lm_graph *body[2])
{
    body[0] = body[1] = NULL;
    for (int i = 0; i < 2; i++) {
        if (!node->body[i]) continue;
        if (c->in) body[i] = lm_retain(node->body[i]);
        else LM_TRY(clone_into(node->body[i], c->symbols, c->to->dims, &body[i]));
    }
    return LM_OK;
}

static lm_status copy_scope(copier *c, const char *scope)
{
    if (scope != c->scope) {
        c->scope_copy = scope[0] ? lm__arena_strdup(c->to->arena, scope) : "";
        if (!c->scope_copy) return lm__no_memory(strlen(scope) + 1);
        c->scope = scope;
    }
    c->to->scope = c->scope_copy;
    return LM_OK;
}

static lm_status copy_node(copier *c, const lm__node *node)
{
    lm_value *in[LM__MAX_INPUTS];
    lm_graph *body[2] = {NULL, NULL};
    void *bound = NULL;
    lm_status status;
    for (int i = 0; i < node->nin; i++) in[i] = copy_of(c, node->in[i]);
    if (!c->in || node->scope[0]) LM_TRY(copy_scope(c, node->scope));
    LM_GO(done, copy_bodies(c, node, body));
    LM_GO(done, bind_attr(c, node, &bound));
    lm__node *copy = lm__apply_node(c->to, node->op, bound ? bound : node->attr, node->nin, in,
                                    body[0] ? body : NULL);
    if (!copy) LM_GO(done, lm__object_check(c->to, &lm__graph_type, "graph"));
    c->at[node->id] = copy->out;
    if (!c->in) copy->id = node->id;
done:
    lm_free(body[0]);
    lm_free(body[1]);
    lm__free(bound);
    return status;
}

static lm_status copy_nodes(copier *c)
{
    bool *live = lm__calloc((size_t)c->from->next_id, sizeof *live);
    lm_status status = LM_OK;
    if (!live) return lm__no_memory((size_t)c->from->next_id);
    mark(live, c->from);
    for (const lm__node *node = c->from->first; node && status == LM_OK; node = node->next)
        if (live[node->id] && !c->at[node->id]) status = copy_node(c, node);
    lm__free(live);
    return status;
}

static lm_status copy_states(const copier *c)
{
    const lm_graph *from = c->from;
    lm_graph *to = c->to;
    for (int i = 0; i < from->nstates; i++) {
        const lm__state *s = &from->states[i];
        if (lm__grow(&to->states, (size_t)i, &to->states_capacity, sizeof *to->states) != 0)
            return lm__no_memory((size_t)(i + 1) * sizeof *to->states);
        to->states[i] = (lm__state){lm_retain(s->variable), copy_of(c, s->initial), copy_of(c, s->current)};
        to->nstates++;
    }
    return LM_OK;
}

static lm_status clone_into(const lm_graph *graph, const int64_t *symbols, lm__dims *dims, lm_graph **out)
{
    copier c = {.from = graph, .symbols = symbols};
    lm_status status;
    *out = NULL;
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    c.to = lm__graph_new(graph->table, dims);
    LM_GO(failed, lm__object_check(c.to, &lm__graph_type, "graph"));
    c.at = lm__calloc((size_t)graph->next_id, sizeof *c.at);
    if (!c.at) LM_GO(failed, lm__no_memory((size_t)graph->next_id * sizeof *c.at));
    LM_GO(failed, copy_nodes(&c));
    LM_GO(failed, copy_states(&c));
    for (int i = 0; i < graph->noutputs; i++) LM_GO(failed, lm__graph_output(c.to, copy_of(&c, graph->outputs[i])));
    c.to->next_id = graph->next_id;
    c.to->scope = "";
    lm__free(c.at);
    *out = c.to;
    return LM_OK;
failed:
    lm__free(c.at);
    lm_free(c.to);
    return status;
}

lm_status lm__graph_clone(const lm_graph *graph, const int64_t *symbols, lm_graph **out)
{
    *out = NULL;
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    lm__dims *dims = lm__dims_copy(graph->dims);
    if (!dims) return lm__no_memory(sizeof *graph);
    lm_status status = clone_into(graph, symbols, dims, out);
    lm__dims_free(dims);
    return status;
}

static lm_status check_inputs(const lm_graph *graph, const lm_graph *body, lm_value *const *in)
{
    if (body->dims != graph->dims) return lm__fail(LM_INTERNAL, "a body must share its graph's dimensions");
    for (int i = 0; i < body->ninputs; i++) {
        const lm_value *want = body->inputs[i];
        if (lm__bad(in[i]) || in[i]->node->graph != graph)
            return lm__fail(LM_INVALID, "input %d of the body is not a value of the graph", i);
        if (in[i]->dtype != want->dtype || lm__shape_equal(graph->dims, &in[i]->shape, &want->shape) == 0)
            return lm__fail(LM_INVALID, "input %d of the body has another type or shape", i);
    }
    return LM_OK;
}

lm_status lm__graph_inline(lm_graph *graph, const lm_graph *body, lm_value *const *in, lm_value **out)
{
    copier c = {.from = body, .to = graph, .in = in};
    const char *scope = graph->scope;
    lm_status status;
    for (int i = 0; i < body->noutputs; i++) out[i] = &graph->poison;
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    LM_GO(done, lm__object_check(body, &lm__graph_type, "body"));
    LM_GO(done, check_inputs(graph, body, in));
    c.at = lm__calloc((size_t)body->next_id, sizeof *c.at);
    if (!c.at) LM_GO(done, lm__no_memory((size_t)body->next_id * sizeof *c.at));
    for (int i = 0; i < body->ninputs; i++) c.at[body->inputs[i]->node->id] = in[i];
    LM_GO(done, copy_nodes(&c));
    for (int i = 0; i < body->noutputs; i++) out[i] = copy_of(&c, body->outputs[i]);
done:
    graph->scope = scope;
    lm__free(c.at);
    if (status != LM_OK) lm__graph_fail(graph, 0, NULL);
    return status;
}
