/* plan/pass_fuse.c: element-by-element ops over one shape become one pass over memory.
 *
 * Every node, and every group of nodes that becomes one map, is a unit with a time; a unit's inputs are made at
 * earlier times, its users run later. Two groups may become one if some time lies after all their inputs and before
 * all their users; keeping to that is what keeps the graph free of cycles, and it costs no search. Nodes are visited
 * last to first, each joining its users, so that what only the backward pass needs is computed there.
 *
 * In the end updates of variables run as soon as they may (fuse_times.c).
 *
 * A group all of whose results are stored in variables under one guard takes over the guard. */
#include "plan/fuse.h"
#include "plan/mapping.h"
#include "plan/pass.h"
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 16, ROUNDS = 6 };

static lm_status count_nodes(lm__fuse *f)
{
    int uses = 0;
    for (lm__node *n = f->graph->first; n; n = n->next) {
        n->mark = f->n++;
        uses += n->nin;
    }
    size_t n = (size_t)f->n;
    f->node = lm__arena_alloc(f->arena, sizeof *f->node * n);
    f->unit = lm__arena_alloc(f->arena, sizeof *f->unit * n);
    f->time = lm__arena_alloc(f->arena, sizeof *f->time * n);
    f->size = lm__arena_alloc(f->arena, sizeof *f->size * n);
    f->next = lm__arena_alloc(f->arena, sizeof *f->next * n);
    f->sums = lm__arena_alloc(f->arena, sizeof *f->sums * n);
    f->keep = lm__arena_alloc(f->arena, sizeof *f->keep * n);
    f->user_start = lm__arena_alloc(f->arena, sizeof *f->user_start * (n + 2));
    f->user = lm__arena_alloc(f->arena, sizeof *f->user * (size_t)uses);
    f->is_output = lm__arena_alloc(f->arena, sizeof *f->is_output * n);
    if (!f->node || !f->unit || !f->time || !f->size || !f->next || !f->sums || !f->keep || !f->user_start ||
        !f->user || !f->is_output)
        return lm__no_memory(sizeof *f->node * n);
    return LM_OK;
}

static void list_nodes(lm__fuse *f)
{
    int i = 0, *start = f->user_start + 2;  /* counts, then sums, shifted so that filling ends with the starts */
    for (lm__node *n = f->graph->first; n; n = n->next, i++) {
        f->node[i] = n;
        f->unit[i] = f->next[i] = i;
        f->size[i] = 1;
        f->time[i] = i * LM__FUSE_STEP;
        f->keep[i] = 0;
        if (f->fast && lm__mapping_sums(n, &f->keep[i])) f->sums[i] = 1;
        for (int k = 0; k < n->nin; k++)
            start[n->in[k]->node->mark]++;
    }
    for (i = 1; i <= f->n; i++) f->user_start[i + 1] += f->user_start[i];
    for (i = 0; i < f->n; i++)
        for (int k = 0; k < f->node[i]->nin; k++) f->user[f->user_start[f->node[i]->in[k]->node->mark + 1]++] = i;
    for (i = 0; i < f->graph->noutputs; i++) f->is_output[f->graph->outputs[i]->node->mark] = true;
}

/* --- joining ---------------------------------------------------------------------------------------------------- */

static bool add_operand(lm__fuse_near *w, lm_value *v)
{
    for (int i = 0; i < w->operands; i++)
        if (w->operand[i] == v) return true;
    if (w->operands == LM__MAP_MAX_OPERANDS) return false;
    w->operand[w->operands++] = v;
    return true;
}

bool lm__fuse_around(const lm__fuse *f, int a, int b, lm__fuse_near *w)
{
    int m = a;
    do {
        const lm__node *n = f->node[m];
        for (int k = 0; k < n->nin; k++) {
            int from = n->in[k]->node->mark, u = f->unit[from];
            /* A sum is known only behind the last element. */
            if ((u == a || u == b) && lm__fuse_is_sum(f, from)) return false;
            if (u == a || u == b) continue;
            if (f->time[u] > w->after) w->after = f->time[u];
            if (!add_operand(w, n->in[k])) return false;
        }
        bool used = f->is_output[m];
        for (int k = f->user_start[m]; k < f->user_start[m + 1]; k++) {
            int u = f->unit[f->user[k]];
            if (u == a || u == b) continue;
            used = true;
            if (f->time[u] < w->before) w->before = f->time[u];
        }
        w->results += used || lm__fuse_is_sum(f, m);
        m = f->next[m];
    } while (m != a);
    return w->results <= LM__MAP_MAX_OPERANDS;
}

static bool join(lm__fuse *f, int a, int b)
{
    lm__fuse_near w = {.after = -1, .before = INT64_MAX};
    if (f->size[a] + f->size[b] > LM__MAP_MAX_STEPS || f->sums[a] + f->sums[b] > LM__MAP_MAX_SUMS) return false;
    if (f->sums[a] && f->sums[b] && f->keep[a] != f->keep[b]) return false;
    if (!lm__fuse_around(f, a, b, &w) || !lm__fuse_around(f, b, a, &w)) return false;
    int64_t time = f->time[a] > f->time[b] ? f->time[a] : f->time[b];
    if (time >= w.before) time = w.before - 1;
    if (time <= w.after) time = w.after + 1;
    if (time >= w.before) return false;
    int m = b;
    do {
        f->unit[m] = a;
        m = f->next[m];
    } while (m != b);
    int swap = f->next[a];
    f->next[a] = f->next[b];
    f->next[b] = swap;
    f->size[a] += f->size[b];
    f->sums[a] += f->sums[b];
    if (f->sums[b]) f->keep[a] = f->keep[b];
    f->time[a] = time;
    return true;
}

/* Lets node i join the groups of its users, the earliest first. */
static void join_users(lm__fuse *f, int i)
{
    int candidates[CANDIDATES], n = 0;
    for (int k = f->user_start[i]; k < f->user_start[i + 1] && n < CANDIDATES; k++) {
        int u = f->user[k], unit = f->unit[u], at = 0;
        bool along = lm__fuse_is_map(f, u) && lm__same_shape(f->node[u]->out, f->node[i]->out);
        if (!lm__fuse_is_sum(f, u) && !along) continue;
        while (at < n && candidates[at] != unit) at++;
        if (at < n) continue;
        for (at = n++; at > 0 && f->time[candidates[at - 1]] > f->time[unit]; at--)
            candidates[at] = candidates[at - 1];
        candidates[at] = unit;
    }
    for (int k = 0; k < n; k++)
        if (f->unit[i] != candidates[k]) join(f, f->unit[i], candidates[k]);
}

/* --- the new order ---------------------------------------------------------------------------------------------- */

static int by_index(const void *a, const void *b)
{
    int x = (*(lm__node *const *)a)->mark, y = (*(lm__node *const *)b)->mark;
    return x < y ? -1 : x > y;
}

static void append(lm_graph *g, lm__node *n)
{
    n->prev = g->last;
    n->next = NULL;
    *(g->last ? &g->last->next : &g->first) = n;
    g->last = n;
}

/* Whether anything outside unit a needs the node. */
static bool is_used(const lm__fuse *f, int a, const lm__node *n)
{
    bool used = f->is_output[n->mark];
    for (int k = f->user_start[n->mark]; k < f->user_start[n->mark + 1]; k++) used |= f->unit[f->user[k]] != a;
    return used;
}

static lm_status emit_group(lm__fuse *f, lm__sweep *sweep, int a)
{
    lm__node *nodes[LM__MAP_MAX_STEPS], *sums[LM__MAP_MAX_SUMS], *map;
    lm_value *results[LM__MAP_MAX_STEPS];
    int n = 0, nsums = 0, nresults = 0, m = a;
    do {
        if (lm__fuse_is_sum(f, m)) sums[nsums++] = f->node[m];
        else nodes[n++] = f->node[m];
        m = f->next[m];
    } while (m != a);
    qsort(nodes, (size_t)n, sizeof *nodes, by_index);
    qsort(sums, (size_t)nsums, sizeof *sums, by_index);
    for (int i = 0; i < n; i++) {
        if (is_used(f, a, nodes[i])) results[nresults++] = &nodes[i]->out[0];
        for (int k = 0; k < nodes[i]->nin; k++) nodes[i]->in[k] = lm__sweep_value(sweep, nodes[i]->in[k]);
    }
    lm__map_group group = {.nodes = nodes, .nnodes = n, .results = results, .nresults = nresults,
                           .sums = sums, .nsums = nsums};
    lm_value *guard;                    /* only what was made before can be asked for */
    if (lm__fuse_only_stored(f, a, &guard) && guard && f->time[f->unit[guard->node->mark]] < f->time[a])
        group.guard = lm__sweep_value(sweep, guard);
    f->graph->scope = nodes[n - 1]->scope;
    LM_TRY(lm__mapping_make(f->graph, &group, f->fast, &map));
    for (int r = 0; r < nresults; r++) LM_TRY(lm__sweep_replace(sweep, results[r], &map->out[r]));
    for (int s = 0; s < nsums; s++) LM_TRY(lm__sweep_replace(sweep, &sums[s]->out[0], &map->out[nresults + s]));
    return LM_OK;
}

/* Links the graph's nodes anew in the order of their units' times. */
static lm_status emit(lm__fuse *f, lm__sweep *sweep)
{
    int units;
    lm__fuse_place *order = lm__fuse_order(f, &units);
    if (!order) return LM_NO_MEMORY;
    f->graph->first = f->graph->last = NULL;
    for (int k = 0; k < units; k++) {
        int a = order[k].unit;
        if (lm__fuse_is_map(f, a)) {
            LM_TRY(emit_group(f, sweep, a));
            continue;
        }
        lm__node *n = f->node[a];
        for (int i = 0; i < n->nin; i++) n->in[i] = lm__sweep_value(sweep, n->in[i]);
        append(f->graph, n);
    }
    return LM_OK;
}

static lm_status form_groups(lm__fuse *f)
{
    LM_TRY(count_nodes(f));
    list_nodes(f);
    for (int i = f->n - 1; i >= 0; i--)
        if (lm__fuse_is_map(f, i)) join_users(f, i);
    return LM_OK;
}

/* Groups, recomputes, until there is nothing to gain any more. */
static lm_status settle(lm_graph *graph, bool fast)
{
    bool changed = true;
    lm_status status = LM_OK;
    for (int round = 0; round < ROUNDS && changed && status == LM_OK; round++) {
        lm__fuse f = {.graph = graph, .fast = fast, .arena = lm__arena_new()};
        if (!f.arena) return lm__no_memory(sizeof f);
        status = form_groups(&f);
        if (status == LM_OK) status = lm__fuse_recompute(&f, &changed);
        lm__arena_free(f.arena);
        if (changed) lm__graph_prune(graph);
    }
    return status;
}

lm_status lm__pass_fuse(lm_graph *graph, bool fast)
{
    lm__fuse f = {.graph = graph, .fast = fast};
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(settle(graph, fast));
    LM_TRY(lm__sweep_begin(&sweep, graph));
    f.arena = sweep.arena;
    LM_GO(end, form_groups(&f));
    LM_GO(end, lm__fuse_settle(&f));
    LM_GO(end, emit(&f, &sweep));
end:
    return lm__sweep_end(&sweep, status);
}
