/* kernels/simd/conv_pool.c: a convolution whose windows of 2 x 2 are pooled before they leave the registers.
 *
 * Measured on the tutorial's layer, AVX-512, one thread: see fast/conv2d_pool.c. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum { NV = 2, NR = NV * VW, MOST = TILE_ROWS / 4 };    /* pooling windows in a tile: four pixels each */

/* The largest of four, and its place: the first of equals; NaN beats numbers. */
INLINE void largest(const vf *cell, int stride, vi first, int32_t width, vf *best, vi *where)
{
    const int32_t places[4] = {0, 1, width, width + 1};
    *best = cell[0], *where = first;
#pragma GCC unroll 4
    for (int i = 1; i < 4; i++) {
        vf v = cell[i * stride];
        vi take = ~(v <= *best) & (*best == *best);
        *best = choose(take, v, *best);
        *where = (vi)choose(take, (vf)(first + places[i]), (vf)*where);
    }
}

INLINE void pool_tile(const int windows, const int vectors, const int part, int64_t last, const lm__conv_pool *t,
                      const float *a, const float *b, const float *bias, int64_t at, int64_t place)
{
    vf sum[MOST * 4 * NV];
    const int64_t row = t->conv.a_row, step = t->conv.a_step, ldb = t->conv.ldb;
#pragma GCC unroll 32
    for (int i = 0; i < windows * 4 * vectors; i++) {
        const int j = i % vectors;
        sum[i] = !bias ? (vf){0} : part && j == vectors - 1 ? load_part(bias + j * VW, last) : load(bias + j * VW);
    }
    for (int64_t p = 0; p < t->conv.taps; p++) {
        const float *from = a + t->conv.offset[p], *below = from + row;
        vf w[NV];
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++)
            w[j] = part && j == vectors - 1 ? load_part(b + j * VW, last) : load(b + j * VW);
#pragma GCC unroll 16
        for (int i = 0; i < windows * 4; i++) {
            vf x = splat((i % 4 < 2 ? from : below)[(i / 4 * 2 + i % 2) * step]);
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++) sum[i * vectors + j] += x * w[j];
        }
        b += ldb;
    }
    if (t->conv.relu)
#pragma GCC unroll 32
        for (int i = 0; i < windows * 4 * vectors; i++) sum[i] = vmax(splat(0), sum[i]);
#pragma GCC unroll 32
    for (int i = 0; i < windows * vectors; i++) {
        const int w = i / vectors, j = i % vectors;
        int64_t to = at + w * t->conv.filters + j * VW, n = part && j == vectors - 1 ? last : VW;
        vf best;
        vi where;
        largest(&sum[w * 4 * vectors + j], vectors, splat_i((int32_t)(place + 2 * w)), (int32_t)t->image_width, &best,
                &where);
        if (t->y) store_part(t->y + to, best, n);
        if (t->index) store_part((float *)t->index + to, (vf)where, n);
    }
}

typedef void pool_fn(int64_t n, const lm__conv_pool *t, const float *a, const float *b, const float *bias, int64_t at,
                     int64_t place);
#define POOL(windows)                                                                                            \
    static void pool_##windows(int64_t n, const lm__conv_pool *t, const float *a, const float *b,                \
                               const float *bias, int64_t at, int64_t place)                                     \
    {                                                                                                            \
        if (n == NR) pool_tile(windows, NV, 0, VW, t, a, b, bias, at, place);                                    \
        else if (n > VW) pool_tile(windows, NV, 1, n - VW, t, a, b, bias, at, place);                            \
        else pool_tile(windows, 1, 1, n, t, a, b, bias, at, place);                                              \
    }
POOL(1)
#if defined(LM_LEVEL_v4)
POOL(2)
POOL(3)
static pool_fn *const tiles[] = {NULL, pool_1, pool_2, pool_3};
#else
static pool_fn *const tiles[] = {NULL, pool_1};
#endif

void LM_SIMD(conv_pool)(const lm__conv_pool *t)
{
    const lm__conv *v = &t->conv;
    for (int64_t j = 0; j < v->filters; j += NR) {
        int64_t n = v->filters - j < NR ? v->filters - j : NR;
        for (int64_t y = 0; y < v->height; y++)
            for (int64_t x = 0; x < v->width;) {
                int64_t windows = v->width - x < MOST ? v->width - x : MOST;
                tiles[windows](n, t, v->a + 2 * y * v->a_row + 2 * x * v->a_step, v->b + j,
                               v->bias ? v->bias + j : NULL, (y * v->width + x) * v->filters + j,
                               t->place + 2 * (y * t->image_width + x));
                x += windows;
            }
    }
}
