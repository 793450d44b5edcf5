/* plan/sweep.c: the walk that passes are made of; see pass.h. */
#include "plan/pass.h"
#include <string.h>

lm_status lm__sweep_begin(lm__sweep *s, lm_graph *graph)
{
    memset(s, 0, sizeof *s);
    s->graph = graph;
    s->ids = graph->next_id;
    s->arena = lm__arena_new();
    if (s->arena) s->to = lm__arena_alloc(s->arena, sizeof *s->to * (size_t)s->ids);
    if (s->to) return LM_OK;
    lm__arena_free(s->arena);
    s->arena = NULL;
    return lm__no_memory(sizeof *s->to * (unsigned long long)s->ids);
}

lm_value *lm__sweep_value(const lm__sweep *s, lm_value *value)
{
    while (value->node->id < s->ids && s->to[value->node->id] && s->to[value->node->id][value->index])
        value = s->to[value->node->id][value->index];
    return value;
}

void lm__sweep_enter(lm__sweep *s, lm__node *node)
{
    for (int i = 0; i < node->nin; i++) node->in[i] = lm__sweep_value(s, node->in[i]);
    s->graph->before = node;
    s->graph->scope = node->scope;
}

lm_status lm__sweep_replace(lm__sweep *s, lm_value *old, lm_value *by)
{
    LM_TRY(lm__object_check(s->graph, &lm__graph_type, "plan"));    /* where building `by` failed */
    lm_value ***to = &s->to[old->node->id];
    if (!*to) *to = lm__arena_alloc(s->arena, sizeof **to * (size_t)old->node->nout);
    if (!*to) return lm__no_memory(sizeof **to * (unsigned long long)old->node->nout);
    (*to)[old->index] = by;
    return LM_OK;
}

lm_status lm__sweep_end(lm__sweep *s, lm_status status)
{
    lm_graph *g = s->graph;
    g->before = NULL;
    g->scope = "";
    if (status == LM_OK) status = lm__object_check(g, &lm__graph_type, "plan");
    if (status == LM_OK) {
        for (int i = 0; i < g->noutputs; i++) g->outputs[i] = lm__sweep_value(s, g->outputs[i]);
        for (int i = 0; i < g->nstates; i++) {
            if (g->states[i].initial) g->states[i].initial = lm__sweep_value(s, g->states[i].initial);
            if (g->states[i].current) g->states[i].current = lm__sweep_value(s, g->states[i].current);
        }
        lm__graph_prune(g);
    }
    lm__arena_free(s->arena);
    return status;
}

bool lm__same_shape(const lm_value *a, const lm_value *b)
{
    if (a->shape.rank != b->shape.rank) return false;
    for (int d = 0; d < a->shape.rank; d++)
        if (a->shape.dim[d] != b->shape.dim[d]) return false;
    return true;
}

void lm__count_readers(lm_graph *graph)
{
    for (lm__node *n = graph->first; n; n = n->next) {
        n->mark = 0;
        for (int i = 0; i < n->nin; i++) n->in[i]->node->mark++;
    }
    for (int i = 0; i < graph->noutputs; i++) graph->outputs[i]->node->mark++;
}
