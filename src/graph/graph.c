/* graph/graph.c: graphs as objects: life, inputs, outputs, errors. */
#include "graph/graph.h"
#include "base/alloc.h"
#include "graph/special.h"
#include <string.h>

static void destroy(void *object)
{
    lm_graph *g = object;
    for (int i = 0; i < g->nstates; i++) lm_free(g->states[i].variable);
    for (size_t i = 0; i < g->nobjects; i++) lm_free(g->objects[i]);
    lm__free(g->states);
    lm__free(g->objects);
    lm__free(g->inputs);
    lm__free(g->outputs);
    lm__dims_free(g->dims);
    lm__arena_free(g->arena);
}

static lm_graph nowhere = {.object = LM__POISON(&lm__graph_type), .scope = ""};
const lm__type lm__graph_type = {.name = "graph", .destroy = destroy, .poisoned = &nowhere.object};

lm_graph *lm__graph_new(const lm__op_table *table, lm__dims *dims)
{
    lm_graph *g = lm__object_new(&lm__graph_type, sizeof *g);
    if (lm_failed(g)) return g;
    g->table = table;
    g->scope = "";
    g->arena = lm__arena_new();
    g->dims = dims ? lm__dims_retain(dims) : lm__dims_new();
    if (g->arena && g->dims) return g;
    lm_free(g);
    lm__no_memory(sizeof *g);
    return lm__object_poison(&lm__graph_type);
}

lm_value *lm__graph_fail(lm_graph *graph, int n, lm_value *const *values)
{
    for (int i = 0; i < n; i++) {
        if (lm__bad(values[i])) continue;
        graph = values[i]->node->graph;
        break;
    }
    if (!lm__object_is(graph, &lm__graph_type)) return &nowhere.poison;
    if (graph->object.status == LM_OK && graph->scope[0]) lm__fail_in("%s", graph->scope);
    lm__object_fail(graph, 0);
    return &graph->poison;
}

const char *lm__graph_scope(lm_graph *graph, const char *scope)
{
    const char *previous = graph->scope;
    if (graph->object.status != LM_OK) return previous;
    const char *copy = scope[0] ? lm__arena_strdup(graph->arena, scope) : "";
    if (copy) {
        graph->scope = copy;
    } else {
        lm__no_memory(strlen(scope) + 1);
        lm__graph_fail(graph, 0, NULL);
    }
    return previous;
}

lm_status lm__graph_keep(lm_graph *graph, void *object)
{
    if (lm__grow(&graph->objects, graph->nobjects, &graph->objects_capacity, sizeof *graph->objects) != 0)
        return lm__no_memory((graph->nobjects + 1) * sizeof *graph->objects);
    graph->objects[graph->nobjects++] = lm_retain(object);
    return LM_OK;
}

lm_status lm__graph_output(lm_graph *graph, lm_value *value)
{
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    lm_status status = LM_OK;
    if (lm__bad(value) || value->node->graph != graph)
        LM_GO(failed, lm__fail(LM_INVALID, "an output must be a value of the graph"));
    if (lm__grow(&graph->outputs, (size_t)graph->noutputs, &graph->outputs_capacity, sizeof *graph->outputs) != 0)
        LM_GO(failed, lm__no_memory((size_t)(graph->noutputs + 1) * sizeof *graph->outputs));
    graph->outputs[graph->noutputs++] = value;
    return LM_OK;
failed:
    lm__graph_fail(graph, 0, NULL);
    return status;
}

lm_value *lm__graph_input(lm_graph *graph, const char *name, lm_dtype dtype, const lm__shape *shape)
{
    lm__input_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.name = name;
    attr.dtype = dtype;
    attr.shape = *shape;
    return lm__apply(graph, graph->table ? graph->table->input : NULL, &attr, 0, NULL);
}

lm_value *lm__graph_constant(lm_graph *graph, lm_tensor *tensor)
{
    lm__constant_attr attr = {tensor};
    if (lm__object_check(tensor, &lm__tensor_type, "constant") != LM_OK) return lm__graph_fail(graph, 0, NULL);
    return lm__apply(graph, graph->table ? graph->table->constant : NULL, &attr, 0, NULL);
}

const lm__op *lm__op_find(const lm__op_table *table, const char *name)
{
    for (int i = 0; table->ops[i]; i++)
        if (strcmp(table->ops[i]->name, name) == 0) return table->ops[i];
    return NULL;
}
