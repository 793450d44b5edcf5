/* kernels/simd/winograd_product.c: the products of matrices between the transforms of winograd.h.
 *
 * Sums are short (as many terms as there are channels, or tiles in a unit), so the loops hold only the tile. */
#include "kernels/simd/winograd.h"
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum {
    NV = 2,
    GROUP = TILE_ROWS,                  /* tiles in a group, and in a register tile */
    PLANE = GROUP * VW,
    OUTER_1 = VW == 16 ? 16 : VW, /* channels in a register tile of the gradient, by one vector of filters; by two: */
    OUTER_2 = VW == 4 ? 4 : VW / 2,
};

#define CHUNK(window) (LM__WINOGRAD(window) * PLANE)

/* --- m = v u ---------------------------------------------------------------------------------------------------- */

/* block: floats from a vector of channels (or filters) to the next. */
INLINE void product_tile(const int rows, const int vectors, int64_t channels, const float *v, const float *u,
                         float *m, int64_t block)
{
    vf sum[2 * TILE_ROWS];
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) sum[i] = (vf){0};
    for (int64_t c = 0; c < channels; c += VW, v += block) {
        const float *end = v + (channels - c < VW ? channels - c : VW);
        for (const float *at = v; at < end; at++, u += vectors * VW) {
            vf row[NV];
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++) row[j] = load(u + j * VW);
#pragma GCC unroll 24
            for (int i = 0; i < rows; i++) {
                vf x = splat(at[i * VW]);
#pragma GCC unroll 2
                for (int j = 0; j < vectors; j++) sum[i * vectors + j] += x * row[j];
            }
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) store(m + i % vectors * block + i / vectors * VW, sum[i]);
}

typedef void product_fn(int64_t channels, const float *v, const float *u, float *m, int64_t block);
#define PRODUCT(rows, vectors)                                                                                   \
    static void product_##rows##_##vectors(int64_t channels, const float *v, const float *u, float *m,           \
                                           int64_t block)                                                        \
    {                                                                                                            \
        product_tile(rows, vectors, channels, v, u, m, block);                                                   \
    }
#define ADDRESS(rows, vectors) product_##rows##_##vectors,
#define SIX(f, n) f(1, n) f(2, n) f(3, n) f(4, n) f(5, n) f(6, n)
#if defined(LM_LEVEL_v4)
#define ALL(f, n) SIX(f, n) f(7, n) f(8, n) f(9, n) f(10, n) f(11, n) f(12, n)
#else
#define ALL SIX
#endif
ALL(PRODUCT, 1)
ALL(PRODUCT, 2)
static product_fn *const single[] = {NULL, ALL(ADDRESS, 1)}, *const twin[] = {NULL, ALL(ADDRESS, 2)};

void LM_SIMD(winograd_product)(const lm__winograd_product *p)
{
    const int64_t chunk = CHUNK(p->window), block = p->groups * chunk;
    const int64_t plane = (p->filters + VW - 1) / VW * VW * p->channels;
    for (int64_t i = 0; i < LM__WINOGRAD(p->window); i++)
        for (int64_t f = 0; f < p->filters; f += NV * VW) {
            product_fn *const *tiles = p->filters - f > VW ? twin : single;
            const float *v = p->v + i * PLANE, *u = p->u + i * plane + f * p->channels;
            float *m = p->m + i * PLANE + f / VW * block;
            for (int64_t left = p->count; left > 0; left -= GROUP, v += chunk, m += chunk)
                tiles[left < GROUP ? left : GROUP](p->channels, v, u, m, block);
        }
}

/* --- u += vᵀ m -------------------------------------------------------------------------------------------------- */

INLINE void outer_tile(const int rows, const int vectors, int64_t count, const float *v, const float *m,
                       int64_t chunk, int64_t block, float *u, int64_t ldu, bool add)
{
    vf sum[VW > 4 ? VW : 8];
#pragma GCC unroll 16
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = add ? load(u + i % vectors * ldu + i / vectors * VW) : (vf){0};
    for (; count > 0; count -= GROUP, v += chunk - PLANE, m += chunk - PLANE)
        for (const float *end = v + (count < GROUP ? count : GROUP) * VW; v < end; v += VW, m += VW) {
            vf row[NV];
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++) row[j] = load(m + j * block);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                vf x = splat(v[i]);
#pragma GCC unroll 2
                for (int j = 0; j < vectors; j++) sum[i * vectors + j] += x * row[j];
            }
        }
#pragma GCC unroll 16
    for (int i = 0; i < rows * vectors; i++) store(u + i % vectors * ldu + i / vectors * VW, sum[i]);
}

void LM_SIMD(winograd_outer)(const lm__winograd_product *p, int64_t first, int64_t end, bool add)
{
    const int64_t channels = (p->channels + VW - 1) / VW * VW, ldu = channels * VW;
    const int64_t chunk = CHUNK(p->window), block = p->groups * chunk;
    const int64_t plane = (p->filters + VW - 1) / VW * VW * channels, panels = (p->filters + NV * VW - 1) / (NV * VW);
    for (; first < end; first++) {
        int64_t i = first / panels, f = first % panels * NV * VW;
        const float *v = p->v + i * PLANE, *m = p->m + i * PLANE + f / VW * block;
        float *u = p->u + i * plane + f * channels;
        bool two = p->filters - f > VW;
        for (int64_t c = 0; c < channels; c += two ? OUTER_2 : OUTER_1) {
            const float *from = v + c / VW * block + c % VW;
            if (two) outer_tile(OUTER_2, 2, p->count, from, m, chunk, block, u + c * VW, ldu, add);
            else outer_tile(OUTER_1, 1, p->count, from, m, chunk, block, u + c * VW, ldu, add);
        }
    }
}
