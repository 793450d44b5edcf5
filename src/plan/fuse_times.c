/* plan/fuse_times.c: when the units of the pass `fuse` run. */
#include "ops/registry.h"
#include "plan/fuse.h"
#include <stdlib.h>

enum { SMALL = 64 };                    /* elements */

/* --- guards and stores ------------------------------------------------------------------------------------------ */

bool lm__fuse_only_stored(const lm__fuse *f, int a, lm_value **guard)
{
    bool first = true;
    int m = a;
    *guard = NULL;
    do {
        if (f->is_output[m] || lm__fuse_is_sum(f, m)) return false;
        for (int k = f->user_start[m]; k < f->user_start[m + 1]; k++) {
            const lm__node *u = f->node[f->user[k]];
            if (f->unit[u->mark] == a) continue;
            lm_value *g = u->nin == 3 ? u->in[2] : NULL;
            if (u->op != f->graph->table->store || u->in[1]->node != f->node[m]) return false;
            if (!first && g != *guard) return false;
            *guard = g;
            first = false;
        }
        m = f->next[m];
    } while (m != a);
    return !first;
}

/* The unit of maps that alone reads node i, a product, perhaps under another shape, and is likely to be made together
 * with it (pass `product`); -1: none. */
static int taker(const lm__fuse *f, int i)
{
    if (f->node[i]->op != &lm__op_matmul && f->node[i]->op != &lm__op_matmul_fused) return -1;
    while (!f->is_output[i] && f->user_start[i + 1] - f->user_start[i] == 1) {
        i = f->user[f->user_start[i]];
        if (lm__fuse_is_map(f, i)) return f->sums[f->unit[i]] ? -1 : f->unit[i];
        if (f->node[i]->op->kind != LM__OP_VIEW) break;
    }
    return -1;
}

/* The latest reader outside the unit of a variable that takes its new version from the unit. */
static int64_t last_reader(const lm__fuse *f, int a)
{
    int64_t last = -1;
    int m = a;
    do {
        for (int k = f->user_start[m]; k < f->user_start[m + 1]; k++) {
            const lm__node *store = f->node[f->user[k]];
            if (store->op != f->graph->table->store || store->in[1]->node != f->node[m]) continue;
            int variable = store->in[0]->node->mark;
            for (int j = f->user_start[variable]; j < f->user_start[variable + 1]; j++) {
                int reader = f->user[j];
                if (f->node[reader]->op == f->graph->table->store || f->unit[reader] == a) continue;
                int with = taker(f, reader);
                if (f->time[f->unit[reader]] > last) last = f->time[f->unit[reader]];
                if (with >= 0 && with != a && f->time[with] > last) last = f->time[with];
            }
        }
        m = f->next[m];
    } while (m != a);
    return last;
}

/* Moves units that make new versions behind the readers of the old ones, so that they can write in place. */
static void delay_stores(lm__fuse *f)
{
    for (int a = 0; a < f->n; a++) {
        if (f->unit[a] != a || !lm__fuse_is_map(f, a)) continue;
        lm__fuse_near w = {.after = -1, .before = INT64_MAX};
        int64_t last = last_reader(f, a);
        if (last < f->time[a]) continue;
        lm__fuse_around(f, a, a, &w);
        if (last + 1 < w.before) f->time[a] = last + 1;
    }
}

/* --- the order -------------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const lm__fuse_place *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

lm__fuse_place *lm__fuse_order(lm__fuse *f, int *units)
{
    lm__fuse_place *order = lm__arena_alloc(f->arena, sizeof *order * (size_t)f->n);
    *units = 0;
    if (!order) {
        lm__no_memory(sizeof *order * (size_t)f->n);
        return NULL;
    }
    for (int i = 0; i < f->n; i++)
        if (f->unit[i] == i) order[(*units)++] = (lm__fuse_place){f->time[i], i};
    qsort(order, (size_t)*units, sizeof *order, by_time);
    return order;
}

/* Units with a guard run after it was made. */
static void delay_guarded(lm__fuse *f)
{
    for (int a = 0; a < f->n; a++) {
        lm_value *guard;
        if (f->unit[a] != a || !lm__fuse_is_map(f, a) || !lm__fuse_only_stored(f, a, &guard) || !guard) continue;
        int64_t made = f->time[f->unit[guard->node->mark]];
        lm__fuse_near w = {.after = -1, .before = INT64_MAX};
        lm__fuse_around(f, a, a, &w);
        if (made >= f->time[a] && made + 1 < w.before) f->time[a] = made + 1;
    }
}

static bool is_small(const lm__node *n)
{
    int64_t size = 1;
    for (int d = 0; d < n->out[0].shape.rank; d++) size *= n->out[0].shape.dim[d];
    return size <= SMALL;
}

/* The earliest time for a unit: behind its inputs, its guard, and the readers of the variables that it stores to. */
static int64_t earliest(const lm__fuse *f, int a, const lm_value *guard, lm__fuse_near *w)
{
    lm__fuse_around(f, a, a, w);
    int64_t reader = last_reader(f, a), made = guard ? f->time[f->unit[guard->node->mark]] : -1, after = w->after;
    if (after < reader) after = reader;
    return (after < made ? made : after) + 1;
}

/* Whether the unit is alone in reading a product. */
static bool takes_product(const lm__fuse *f, int a)
{
    int m = a;
    do {
        for (int k = 0; k < f->node[m]->nin; k++) {
            int i = f->node[m]->in[k]->node->mark;
            if (taker(f, i) == a) return true;
        }
        m = f->next[m];
    } while (m != a);
    return false;
}

/* Moves what others wait for without need as far forward as it can go: numbers such as the rate of a step; maps of
 * products, which will be made together; then the updates of variables, so that a gradient dies where it was made,
 * while it is in the cache. */
static lm_status hasten(lm__fuse *f)
{
    int units;
    lm_value *guard;
    for (int i = 0; i < f->n; i++)
        if (f->node[i]->nin == 0) f->time[i] -= f->n * LM__FUSE_STEP;
    lm__fuse_place *order = lm__fuse_order(f, &units);
    if (!order) return LM_NO_MEMORY;
    for (int stored = 0; stored < 2; stored++)
        for (int k = 0; k < units; k++) {
            int a = order[k].unit;
            lm__fuse_near w = {.after = -1, .before = INT64_MAX};
            if (!lm__fuse_is_map(f, a) || lm__fuse_only_stored(f, a, &guard) != stored) continue;
            if (!stored && !is_small(f->node[a]) && !takes_product(f, a)) continue;
            int64_t time = earliest(f, a, stored ? guard : NULL, &w);
            if (time < (stored ? w.before : f->time[a])) f->time[a] = time;
        }
    return LM_OK;
}

lm_status lm__fuse_settle(lm__fuse *f)
{
    delay_stores(f);
    delay_guarded(f);
    return hasten(f);
}
