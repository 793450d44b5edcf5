/* plan/pass_maps.c: map ops that no chain took up become chains of one. */
#include "plan/mapping.h"
#include "plan/pass.h"

lm_status lm__pass_maps(lm_graph *graph, bool fast)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        if (n->op->kind != LM__OP_MAP) continue;
        lm_value *result = &n->out[0];
        lm__node *map;
        lm__map_group group = {.nodes = &n, .nnodes = 1, .results = &result, .nresults = 1};
        LM_GO(end, lm__mapping_make(graph, &group, fast, &map));
        LM_GO(end, lm__sweep_replace(&sweep, result, &map->out[0]));
    }
end:
    return lm__sweep_end(&sweep, status);
}
