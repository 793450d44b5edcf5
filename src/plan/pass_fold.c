/* plan/pass_fold.c: what depends on constants alone is computed when the plan is made.
 *
 * The constant part of the graph is copied into a graph of its own and run once; what the rest of the graph reads
 * of it comes back as constants. */
#include "base/alloc.h"
#include "plan/internal.h"
#include "plan/pass.h"

/* Larger results stay computations: their memory would be held for the life of the plan. */
enum { LARGEST = 1 << 20, LARGEST_ALONE = 1 << 10 };

typedef struct folding {
    lm_graph *graph, *part;             /* part: the constant nodes */
    lm__sweep sweep;
    lm_value **copy;                    /* by node id: output 0 of the node's copy in part, NULL: not constant */
    lm_value **wanted;                  /* values that part returns */
    int nwanted;
    bool *is_wanted;                    /* by node id */
} folding;

static bool is_constant(const folding *f, const lm__node *n)
{
    lm__desc d;
    if (n->op == f->graph->table->constant) return true;
    if (n->op->kind == LM__OP_SPECIAL || n->op->kind == LM__OP_CONTROL || n->nout != 1) return false;
    if (n->op->flags & (LM__OP_RANDOM | LM__OP_EFFECT) || lm__desc_of(&n->out[0], &d) != LM_OK) return false;
    if (lm__desc_bytes(&d) > (n->nin ? LARGEST : LARGEST_ALONE)) return false;
    for (int i = 0; i < n->nin; i++)
        if (n->in[i]->node->id >= f->sweep.ids || !f->copy[n->in[i]->node->id]) return false;
    return true;
}

static lm_status copy_node(folding *f, lm__node *n)
{
    lm_value *in[LM__MAX_INPUTS];
    for (int i = 0; i < n->nin; i++) in[i] = f->copy[n->in[i]->node->id];
    lm__node *copy = lm__apply_node(f->part, n->op, n->attr, n->nin, in, NULL);
    if (!copy) return lm_last_status();
    f->copy[n->id] = &copy->out[0];
    return LM_OK;
}

/* Constants themselves need no run. */
static lm_status want(folding *f, lm_value *v)
{
    if (v->node->id >= f->sweep.ids || !f->copy[v->node->id]) return LM_OK;
    if (f->is_wanted[v->node->id] || v->node->op == f->graph->table->constant) return LM_OK;
    f->is_wanted[v->node->id] = true;
    f->wanted[f->nwanted++] = v;
    return lm__graph_output(f->part, f->copy[v->node->id]);
}

static lm_status collect(folding *f)
{
    for (lm__node *n = f->graph->first; n; n = n->next)
        if (is_constant(f, n)) LM_TRY(copy_node(f, n));
    for (lm__node *n = f->graph->first; n; n = n->next)
        for (int i = 0; !f->copy[n->id] && i < n->nin; i++) LM_TRY(want(f, n->in[i]));
    for (int i = 0; i < f->graph->noutputs; i++) LM_TRY(want(f, f->graph->outputs[i]));
    return LM_OK;
}

static lm_status compute(folding *f, lm_tensor **results, void **memory)
{
    const lm__plan_options plain = {.passes_off = ~0u};
    lm__plan *plan = NULL;
    lm__context *context = NULL;
    lm_status status;
    for (int i = 0; i < f->nwanted; i++) {
        lm__desc d;
        LM_TRY(lm__desc_of(f->wanted[i], &d));
        results[i] = lm__tensor_raw(d.dtype, d.rank, d.dims);
        LM_TRY(lm__object_check(results[i], &lm__tensor_type, "constant"));
        memory[i] = results[i]->data;
    }
    LM_GO(end, lm__plan_new(f->part, NULL, &plain, &plan));
    LM_GO(end, lm__context_new(plan, &context));
    LM_GO(end, lm__context_run(context, NULL, memory));
end:
    lm__context_free(context);
    lm__plan_free(plan);
    return status;
}

static lm_status fold(folding *f)
{
    lm__arena *arena = f->sweep.arena;
    size_t ids = (size_t)f->sweep.ids;
    lm_status status;
    f->copy = lm__arena_alloc(arena, sizeof *f->copy * ids);
    f->wanted = lm__arena_alloc(arena, sizeof *f->wanted * ids);
    f->is_wanted = lm__arena_alloc(arena, sizeof *f->is_wanted * ids);
    if (!f->copy || !f->wanted || !f->is_wanted) return lm__no_memory(sizeof *f->copy * ids);
    LM_TRY(collect(f));
    if (f->nwanted == 0) return LM_OK;
    lm_tensor **results = lm__arena_alloc(arena, sizeof *results * (size_t)f->nwanted);
    void **memory = lm__arena_alloc(arena, sizeof *memory * (size_t)f->nwanted);
    if (!results || !memory) return lm__no_memory(sizeof *results * (size_t)f->nwanted);
    LM_GO(end, compute(f, results, memory));
    f->graph->before = f->graph->first;
    for (int i = 0; i < f->nwanted; i++)
        LM_GO(end, lm__sweep_replace(&f->sweep, f->wanted[i], lm__graph_constant(f->graph, results[i])));
    for (lm__node *n = f->graph->first; n; n = n->next) lm__sweep_enter(&f->sweep, n);
end:
    for (int i = 0; i < f->nwanted; i++) lm_free(results[i]);
    return status;
}

lm_status lm__pass_fold(lm_graph *graph)
{
    folding f = {.graph = graph};
    LM_TRY(lm__sweep_begin(&f.sweep, graph));
    f.part = lm__graph_new(graph->table, graph->dims);
    lm_status status = lm__object_check(f.part, &lm__graph_type, "fold");
    if (status == LM_OK) status = fold(&f);
    status = lm__sweep_end(&f.sweep, status);
    lm_free(f.part);
    return status;
}
