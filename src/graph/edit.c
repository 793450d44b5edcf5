/* graph/edit.c: what passes do to graphs. */
#include "graph/graph.h"

void lm__graph_replace(lm_graph *graph, lm_value *old, lm_value *new_value)
{
    for (lm__node *node = graph->first; node; node = node->next)
        for (int i = 0; i < node->nin; i++)
            if (node->in[i] == old) node->in[i] = new_value;
    for (int i = 0; i < graph->noutputs; i++)
        if (graph->outputs[i] == old) graph->outputs[i] = new_value;
    for (int i = 0; i < graph->nstates; i++) {
        if (graph->states[i].initial == old) graph->states[i].initial = new_value;
        if (graph->states[i].current == old) graph->states[i].current = new_value;
    }
}

void lm__graph_remove(lm__node *node)
{
    lm_graph *graph = node->graph;
    *(node->prev ? &node->prev->next : &graph->first) = node->next;
    *(node->next ? &node->next->prev : &graph->last) = node->prev;
    if (graph->before == node) graph->before = node->next;
    node->prev = node->next = NULL;
}

int lm__graph_prune(lm_graph *graph)
{
    int removed = 0;
    for (lm__node *node = graph->first; node; node = node->next) node->mark = (node->op->flags & LM__OP_EFFECT) != 0;
    for (int i = 0; i < graph->ninputs; i++) graph->inputs[i]->node->mark = 1;
    for (int i = 0; i < graph->noutputs; i++) graph->outputs[i]->node->mark = 1;
    for (int i = 0; i < graph->nstates; i++) {
        graph->states[i].initial->node->mark = 1;
        graph->states[i].current->node->mark = 1;
    }
    for (lm__node *node = graph->last, *prev; node; node = prev) {
        prev = node->prev;
        for (int i = 0; node->mark && i < node->nin; i++) node->in[i]->node->mark = 1;
        if (node->mark) continue;
        lm__graph_remove(node);
        removed++;
    }
    return removed;
}
