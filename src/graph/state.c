/* graph/state.c: variables, and their versions within a graph. */
#include "base/alloc.h"
#include "graph/graph.h"
#include "graph/special.h"

static void destroy(void *object)
{
    lm_variable *v = object;
    lm__free(v->name);
    lm_free(v->value);
}

static lm_variable nowhere = {.object = LM__POISON(&lm__variable_type)};
const lm__type lm__variable_type = {
    .name = "variable", .destroy = destroy, .poisoned = &nowhere.object, .bytes = sizeof(lm_variable)};

lm_variable *lm__variable_over(const char *name, lm_tensor *value, bool trainable)
{
    lm_variable *v = NULL;
    if (lm__object_check(value, &lm__tensor_type, "variable") == LM_OK) {
        v = lm__object_new(&lm__variable_type, sizeof *v);
        if (lm_failed(v)) v = NULL;
    }
    if (v) v->name = lm__strdup(name);
    if (v && v->name) {
        v->value = value, v->trainable = trainable;
        return v;
    }
    if (v) lm__no_memory(0);
    lm_free(v), lm_free(value);
    return lm__object_poison(&lm__variable_type);
}

/* The variable's entry, made with its node at the first use. */
static lm_status state_of(lm_graph *graph, lm_variable *variable, lm__state **out)
{
    for (int i = 0; i < graph->nstates; i++) {
        if (graph->states[i].variable != variable) continue;
        *out = &graph->states[i];
        return LM_OK;
    }
    if (lm__grow(&graph->states, (size_t)graph->nstates, &graph->states_capacity, sizeof *graph->states) != 0)
        return lm__no_memory((size_t)(graph->nstates + 1) * sizeof *graph->states);
    lm__variable_attr attr = {variable};
    lm_value *value = lm__apply(graph, graph->table->variable, &attr, 0, NULL);
    if (lm__bad(value)) return lm__object_check(graph, &lm__graph_type, "graph");
    *out = &graph->states[graph->nstates++];
    **out = (lm__state){lm_retain(variable), value, value};
    return LM_OK;
}

lm_value *lm__graph_read(lm_graph *graph, lm_variable *variable)
{
    lm__state *state;
    if (lm__object_check(graph, &lm__graph_type, "graph") != LM_OK) return lm__graph_fail(graph, 0, NULL);
    if (lm__object_check(variable, &lm__variable_type, "variable") != LM_OK ||
        state_of(graph, variable, &state) != LM_OK)
        return lm__graph_fail(graph, 0, NULL);
    return state->current;
}

static lm_status assign(lm_graph *graph, lm_variable *variable, lm_value *value)
{
    lm__state *state;
    LM_TRY(lm__object_check(variable, &lm__variable_type, "variable"));
    if (lm__bad(value) || value->node->graph != graph)
        return lm__fail(LM_INVALID, "variable \"%s\": the value assigned is not of this graph", variable->name);
    LM_TRY(state_of(graph, variable, &state));
    const lm_value *old = state->initial;
    if (value->dtype != old->dtype || lm__shape_equal(graph->dims, &value->shape, &old->shape) != 1) {
        char have[160], want[160];
        return lm__fail(LM_INVALID, "variable \"%s\" is %s %s, the value assigned %s %s", variable->name,
                        lm_dtype_name(old->dtype), lm__shape_print(graph->dims, &old->shape, want, sizeof want),
                        lm_dtype_name(value->dtype), lm__shape_print(graph->dims, &value->shape, have, sizeof have));
    }
    state->current = value;
    return LM_OK;
}

lm_status lm__graph_assign(lm_graph *graph, lm_variable *variable, lm_value *value)
{
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    lm_status status = assign(graph, variable, value);
    if (status != LM_OK) lm__graph_fail(graph, 0, NULL);
    return status;
}

lm_status lm__graph_commit(lm_graph *graph, lm_value *guard)
{
    LM_TRY(lm__object_check(graph, &lm__graph_type, "graph"));
    for (int i = 0; i < graph->nstates; i++) {
        const lm__state *s = &graph->states[i];
        if (s->current == s->initial) continue;
        lm__variable_attr attr = {s->variable};
        lm_value *in[] = {s->initial, s->current, guard};
        if (!lm__apply_node(graph, graph->table->store, &attr, guard ? 3 : 2, in, NULL))
            return lm__object_check(graph, &lm__graph_type, "graph");
    }
    return LM_OK;
}
