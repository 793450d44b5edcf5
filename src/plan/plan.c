/* plan/plan.c: the stages of planning, in order. */
#include "base/alloc.h"
#include "base/team.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include "plan/tune.h"

static lm_status check_symbols(const lm_graph *graph)
{
    lm__desc desc;
    for (lm__node *n = graph->first; n; n = n->next)
        for (int i = 0; i < n->nout; i++) LM_TRY(lm__desc_of(&n->out[i], &desc));
    return LM_OK;
}

/* Stores say all there is to say about variables: the graph's list of last versions would only keep values alive. */
static void drop_states(lm_graph *graph)
{
    for (int i = 0; i < graph->nstates; i++) lm_free(graph->states[i].variable);
    graph->nstates = 0;
    lm__graph_prune(graph);
}

/* Simplified twice: folding makes numbers known, and what is simplified then becomes equal. */
static lm_status run_passes(const lm__plan *p)
{
    static const struct {
        int index;
        lm_status (*run)(lm_graph *graph);
    } passes[] = {
        {LM__PASS_INDEX_simplify, lm__pass_simplify}, {LM__PASS_INDEX_fold, lm__pass_fold},
        {LM__PASS_INDEX_simplify, lm__pass_simplify}, {LM__PASS_INDEX_cse, lm__pass_cse},
        {LM__PASS_INDEX_share, lm__pass_share},
    };
    bool fast = lm__plan_runs(p, LM__PASS_INDEX_fast);
    LM_TRY(lm__pass_legalise(p->graph, fast));
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++)
        if (lm__plan_runs(p, passes[i].index)) LM_TRY(passes[i].run(p->graph));
    if (lm__plan_runs(p, LM__PASS_INDEX_epilogue)) {
        LM_TRY(lm__pass_scale(p->graph));
        LM_TRY(lm__pass_epilogue(p->graph, fast));
        LM_TRY(lm__pass_pool(p->graph, fast));
    }
    if (fast && lm__plan_runs(p, LM__PASS_INDEX_narrow)) LM_TRY(lm__pass_narrow(p->graph));
    if (lm__plan_runs(p, LM__PASS_INDEX_fuse)) LM_TRY(lm__pass_fuse(p->graph, fast));
    LM_TRY(lm__pass_maps(p->graph, fast));
    return fast && lm__plan_runs(p, LM__PASS_INDEX_product) ? lm__pass_product(p->graph) : LM_OK;
}

lm_status lm__plan_new(const lm_graph *graph, const int64_t *symbols, const lm__plan_options *options, lm__plan **out)
{
    lm__plan *p = lm__calloc(1, sizeof *p);
    lm_status status = LM_OK;
    *out = NULL;
    if (!p) return lm__no_memory(sizeof *p);
    if (options) p->options = *options;
    if (p->options.watch) p->options.passes_off = ~0u;
    p->threads = lm__team_threads();
    p->isa = lm__plan_runs(p, LM__PASS_INDEX_fast) ? lm__isa_level() : LM__ISA_BASELINE;
    p->arena = lm__arena_new();
    if (!p->arena) LM_GO(fail, lm__no_memory(sizeof *p));
    LM_GO(fail, lm__graph_clone(graph, symbols, &p->graph));
    drop_states(p->graph);
    LM_GO(fail, check_symbols(p->graph));
    LM_GO(fail, run_passes(p));
    LM_GO(fail, lm__plan_lower(p));
    LM_GO(fail, lm__plan_choose(p));
    LM_GO(fail, lm__plan_place(p));
    LM_GO(fail, lm__plan_wire(p));
    if (p->options.tune) lm__tune_save();
    *out = p;
    return LM_OK;
fail:
    lm__plan_free(p);
    return status;
}

void lm__plan_free(lm__plan *plan)
{
    if (!plan) return;
    for (int i = 0; i < plan->nsteps; i++) {
        const lm__step *s = &plan->steps[i];
        if (s->kernel && s->kernel->release && s->state) s->kernel->release(s->state);
    }
    lm__free(plan->steps);
    lm__free(plan->buffers);
    lm_free(plan->graph);
    lm__arena_free(plan->arena);
    lm__free(plan);
}

size_t lm__plan_bytes(const lm__plan *plan)
{
    return plan->arena_bytes + plan->packed_bytes + plan->kept_bytes + plan->constant_bytes + plan->child_bytes;
}

int lm__plan_steps(const lm__plan *plan) { return plan->nsteps; }

double lm__plan_flops(const lm__plan *plan) { return plan->flops; }
