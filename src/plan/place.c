/* plan/place.c: gives every buffer its place in the arena.
 *
 * The largest first, each into the smallest gap that is free during its whole life; so the result depends on sizes
 * and lives alone and is close to the largest sum of bytes alive at one step. */
#include "base/alloc.h"
#include "plan/internal.h"
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const lm__buffer *x = *(const lm__buffer *const *)a, *y = *(const lm__buffer *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

/* The offset of the smallest gap between the placed buffers (sorted by offset) that live at the same time as b. */
static size_t best_gap(lm__buffer *const *placed, size_t n, const lm__buffer *b)
{
    size_t at = 0, best = 0, best_room = SIZE_MAX, need = lm__round64(b->bytes);
    for (size_t i = 0; i < n; i++) {
        const lm__buffer *o = placed[i];
        if (o->last < b->first || o->first > b->last) continue;
        if (o->offset >= at + need && o->offset - at < best_room) best = at, best_room = o->offset - at;
        size_t end = o->offset + lm__round64(o->bytes);
        if (end > at) at = end;
    }
    return best_room == SIZE_MAX ? at : best;
}

static void place_reusing(lm__plan *plan, lm__buffer **list, lm__buffer **placed, size_t n)
{
    qsort(list, n, sizeof(lm__buffer *), by_size);
    for (size_t i = 0; i < n; i++) {
        lm__buffer *b = list[i];
        b->offset = best_gap(placed, i, b);
        size_t at = i;
        for (; at > 0 && placed[at - 1]->offset > b->offset; at--) placed[at] = placed[at - 1];
        placed[at] = b;
        size_t end = b->offset + lm__round64(b->bytes);
        if (end > plan->arena_bytes) plan->arena_bytes = end;
    }
}

lm_status lm__plan_place(lm__plan *plan)
{
    size_t n = 0, bytes = 2 * sizeof(lm__buffer *) * (size_t)plan->nbuffers;
    lm__buffer **list = lm__alloc(bytes);
    if (!list) return lm__no_memory(bytes);
    for (int i = 0; i < plan->nbuffers; i++) {
        lm__buffer *b = &plan->buffers[i];
        if (b->space != LM__SPACE_ARENA || b->same >= 0) continue;
        if (b->last < b->first) b->last = b->first;
        list[n++] = b;
    }
    if (lm__plan_runs(plan, LM__PASS_INDEX_reuse)) {
        place_reusing(plan, list, list + plan->nbuffers, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            list[i]->offset = plan->arena_bytes;
            plan->arena_bytes += lm__round64(list[i]->bytes);
        }
    }
    lm__free(list);
    return LM_OK;
}
