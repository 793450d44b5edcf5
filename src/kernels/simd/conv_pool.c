/* kernels/simd/conv_pool.c: a convolution whose windows of 2 x 2 are pooled before they leave the registers.
 *
 * Measured on the tutorial's layer, AVX-512, one thread: see fast/conv2d_pool.c. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum { NV = 2, NR = NV * VW, MOST = TILE_ROWS / 4 };    /* pooling windows in a tile: four pixels each */

/* best = v and where = place, where v is larger; the first of equals stays; NaN beats numbers. */
INLINE void larger(vf v, vi place, vf *best, vi *where)
{
#if defined(LM_LEVEL_v4)
    __mmask16 number = _mm512_cmp_ps_mask((__m512)*best, (__m512)*best, _CMP_ORD_Q);
    __mmask16 take = _mm512_mask_cmp_ps_mask(number, (__m512)v, (__m512)*best, _CMP_NLE_UQ);
    *best = (vf)_mm512_mask_mov_ps((__m512)*best, take, (__m512)v);
    *where = (vi)_mm512_mask_mov_epi32((__m512i)*where, take, (__m512i)place);
#else
    vi take = ~(v <= *best) & (*best == *best);
    *best = choose(take, v, *best);
    *where = (vi)choose(take, (vf)place, (vf)*where);
#endif
}

/* The larger of two; NaN beats numbers. */
INLINE vf larger_value(vf best, vf v)
{
#if defined(LM_LEVEL_v4)
    __mmask16 number = _mm512_cmp_ps_mask((__m512)best, (__m512)best, _CMP_ORD_Q);
    return (vf)_mm512_mask_max_ps((__m512)best, number, (__m512)best, (__m512)v);
#else
    return choose(best == best, vmax(best, v), best);
#endif
}

/* Pools the sums of `windows` windows and writes what is wanted. Without places relu comes last, on a quarter of the
 * numbers. */
INLINE void put_windows(const int windows, const int vectors, const int part, int64_t last, const lm__conv_pool *t,
                        vf *sum, int64_t at, int64_t place)
{
    const int32_t width = (int32_t)t->image_width;
    const vi right = splat_i(1), below = splat_i(width), beyond = splat_i(width + 1);
    const bool relu = t->conv.relu;
    const int64_t filters = t->conv.filters;
    float *y = t->y;
    int32_t *index = t->index;
    if (relu && index)
#pragma GCC unroll 32
        for (int i = 0; i < windows * 4 * vectors; i++) sum[i] = vmax(splat(0), sum[i]);
#pragma GCC unroll 32
    for (int i = 0; i < windows * vectors; i++) {
        const int w = i / vectors, j = i % vectors;
        const vf *cell = &sum[w * 4 * vectors + j];
        int64_t to = at + w * filters + j * VW, n = part && j == vectors - 1 ? last : VW;
        vf best = cell[0];
        if (index) {
            vi where = {0};
            larger(cell[vectors], right, &best, &where);
            larger(cell[2 * vectors], below, &best, &where);
            larger(cell[3 * vectors], beyond, &best, &where);
            store_part((float *)index + to, (vf)(where + splat_i((int32_t)(place + 2 * w))), n);
        } else {
            best = larger_value(larger_value(best, cell[vectors]),
                                larger_value(cell[2 * vectors], cell[3 * vectors]));
            if (relu) best = vmax(splat(0), best);
        }
        if (y) store_part(y + to, best, n);
    }
}

INLINE void pool_tile(const int windows, const int vectors, const int part, int64_t last, const lm__conv_pool *t,
                      const float *a, const float *b, const float *bias, int64_t at, int64_t place)
{
    vf sum[MOST * 4 * NV];
    const int64_t row = t->conv.a_row, step = t->conv.a_step, ldb = t->conv.ldb, taps = t->conv.taps;
    const int32_t *offset = t->conv.offset;
    for (int j = 0; j < vectors; j++) {
        vf start = !bias ? (vf){0} : part && j == vectors - 1 ? load_part(bias + j * VW, last) : load(bias + j * VW);
#pragma GCC unroll 16
        for (int i = 0; i < windows * 4; i++) sum[i * vectors + j] = start;
    }
    int64_t triple = 3 * step;
    KEEP(triple);                       /* see conv.c */
    for (int64_t p = 0; p < taps; p++, b += ldb) {
        vf w[NV];
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++)
            w[j] = part && j == vectors - 1 ? load_part(b + j * VW, last) : load(b + j * VW);
#pragma GCC unroll 2
        for (int below = 0; below < 2; below++) {
            const float *from = a + offset[p] + below * row;
#pragma GCC unroll 8
            for (int x = 0; x < windows * 2; x++) {
                if (x == 4) {
                    from += 4 * step;
                    KEEP(from);
                }
                vf value = splat(from[x % 4 == 3 ? triple : x % 4 * step]);
                const int i = x / 2 * 4 + below * 2 + x % 2;
#pragma GCC unroll 2
                for (int j = 0; j < vectors; j++) sum[i * vectors + j] += value * w[j];
            }
        }
    }
    put_windows(windows, vectors, part, last, t, sum, at, place);
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
            for (int64_t x = 0, left = (v->width + MOST - 1) / MOST; x < v->width; left--) {
                int64_t windows = (v->width - x + left - 1) / left;     /* tiles of nearly one width */
                tiles[windows](n, t, v->a + 2 * y * v->a_row + 2 * x * v->a_step, v->b + j,
                               v->bias ? v->bias + j : NULL, (y * v->width + x) * v->filters + j,
                               t->place + 2 * (y * t->image_width + x));
                x += windows;
            }
    }
}
