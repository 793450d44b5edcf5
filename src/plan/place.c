/* plan/place.c: gives every buffer its place in the arena.
 *
 * The largest first, each into the smallest gap that is free during its whole life; so the result depends on sizes
 * and lives alone and is close to the largest sum of bytes alive at one step. Where the arena grows no larger by it,
 * large buffers take the place that was used last: it is still in the caches (ResNet-20's step: 5 to 8 % less). */
#include "base/alloc.h"
#include "plan/internal.h"
#include <stdlib.h>

enum { LARGE = 1 << 19 };               /* bytes from which it matters whether memory is in the caches */

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

/* Whether [at, at + the bytes of b) is free during b's life; *ended: when it was used last before. */
static bool is_free(lm__buffer *const *placed, size_t n, const lm__buffer *b, size_t at, int *ended)
{
    size_t end = at + lm__round64(b->bytes);
    *ended = -1;
    for (size_t i = 0; i < n; i++) {
        const lm__buffer *o = placed[i];
        if (o->offset >= end || o->offset + lm__round64(o->bytes) <= at) continue;
        if (o->last >= b->first && o->first <= b->last) return false;
        if (o->last < b->first && o->last > *ended) *ended = o->last;
    }
    return true;
}

/* The free place that was used last, among those where other buffers begin. */
static size_t warm_gap(lm__buffer *const *placed, size_t n, const lm__buffer *b, size_t arena)
{
    size_t best = best_gap(placed, n, b), need = lm__round64(b->bytes);
    int ended, latest = -1;
    if (best + need > arena) return best;
    for (size_t i = 0; i < n; i++) {
        size_t at = placed[i]->offset;
        if (at + need > arena || !is_free(placed, n, b, at, &ended) || ended <= latest) continue;
        latest = ended, best = at;
    }
    return best;
}

/* warm: large buffers go where memory was used last. */
static void place_all(lm__plan *plan, lm__buffer **list, lm__buffer **placed, size_t n, bool warm)
{
    plan->arena_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        lm__buffer *b = list[i];
        b->offset = warm && b->bytes >= LARGE ? warm_gap(placed, i, b, plan->arena_bytes) : best_gap(placed, i, b);
        size_t at = i;
        for (; at > 0 && placed[at - 1]->offset > b->offset; at--) placed[at] = placed[at - 1];
        placed[at] = b;
        size_t end = b->offset + lm__round64(b->bytes);
        if (end > plan->arena_bytes) plan->arena_bytes = end;
    }
}

static void place_reusing(lm__plan *plan, lm__buffer **list, lm__buffer **placed, size_t n)
{
    qsort(list, n, sizeof(lm__buffer *), by_size);
    place_all(plan, list, placed, n, false);
    if (n == 0 || list[0]->bytes < LARGE) return;
    size_t least = plan->arena_bytes;
    place_all(plan, list, placed, n, true);
    if (plan->arena_bytes > least + least / 64) place_all(plan, list, placed, n, false);
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
