/* kernels/simd/pool.c: pooling, vectors over the channels. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

INLINE vf get(const float *p, const int part, int64_t n) { return part ? load_part(p, n) : load(p); }
INLINE void put(float *p, vf x, const int part, int64_t n)
{
    if (part) store_part(p, x, n);
    else store(p, x);
}

/* One more cell of a window: the first of equals in row-major order stays; NaN beats numbers. */
INLINE void look(vf v, int32_t place, vf *best, vi *where)
{
    vi take = ~(v <= *best) & (*best == *best);
    *best = choose(take, v, *best);
    *where = (vi)choose(take, (vf)splat_i(place), (vf)*where);
}

/* The largest of the cells [x0, x1) of w->rows rows, and its place. */
INLINE void window_max(const lm__pool_row *w, const float *in, int64_t x0, int64_t x1, int64_t out_at, const int part,
                       int64_t n)
{
    int64_t c = w->channels, line = w->width * c;
    int32_t place = (int32_t)(w->place + x0);
    vf best = get(in + x0 * c, part, n);
    vi where = splat_i(place);
    if (w->rows == 2 && x1 - x0 == 2) {     /* by far the most usual: without the loops, 0.7 of the time */
        look(get(in + x0 * c + c, part, n), place + 1, &best, &where);
        look(get(in + x0 * c + line, part, n), place + (int32_t)w->width, &best, &where);
        look(get(in + x0 * c + line + c, part, n), place + (int32_t)w->width + 1, &best, &where);
    } else {
        for (int64_t y = 0; y < w->rows; y++)
            for (int64_t x = x0; x < x1; x++)
                look(get(in + y * line + x * c, part, n), (int32_t)(w->place + y * w->width + x), &best, &where);
    }
    if (w->out) put(w->out + out_at, best, part, n);
    if (w->index) put((float *)w->index + out_at, (vf)where, part, n);
}

void LM_SIMD(max_pool_row)(const lm__pool_row *w)
{
    for (int64_t o = 0; o < w->out_width; o++) {
        int64_t x0 = o * w->stride - w->left, x1 = x0 + w->size, c = 0, at = o * w->channels;
        if (x0 < 0) x0 = 0;
        if (x1 > w->width) x1 = w->width;
        for (; c + VW <= w->channels; c += VW) window_max(w, w->in + c, x0, x1, at + c, 0, VW);
        if (c < w->channels) window_max(w, w->in + c, x0, x1, at + c, 1, w->channels - c);
    }
}

/* Puts dy of one window into its cells, 0 into the others; the lanes whose place is none of the cells. */
INLINE vi spread(const lm__unpool_row *w, int64_t o, int64_t c, const int part, int64_t n)
{
    vf g = get(w->dy + o * w->channels + c, part, n);
    vi at = (vi)get((const float *)w->index + o * w->channels + c, part, n), found = {0};
    for (int64_t y = 0; y < w->size_y; y++)
        for (int64_t x = o * w->size_x; x < (o + 1) * w->size_x; x++) {
            vi here = at == splat_i((int32_t)(w->place + y * w->width + x));
            found |= here;
            put(w->dx + (y * w->width + x) * w->channels + c, choose(here, g, (vf){0}), part, n);
        }
    return part ? ~found & first_lanes(n) : ~found;
}

bool LM_SIMD(unpool_row)(const lm__unpool_row *w)
{
    vi missed = {0};
    for (int64_t o = 0; o < w->out_width; o++) {
        int64_t c = 0;
        for (; c + VW <= w->channels; c += VW) missed |= spread(w, o, c, 0, VW);
        if (c < w->channels) missed |= spread(w, o, c, 1, w->channels - c);
    }
    int32_t any = 0;
    for (int i = 0; i < VW; i++) any |= missed[i];
    return any == 0;
}
