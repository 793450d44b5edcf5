/* kernels/simd/winograd_product.c: the 16 products of matrices between the transforms of winograd.h.
 *
 * Sums are short (as many terms as there are channels, or tiles in a unit), so the loops hold nothing but the tile:
 * neighbouring rows lie one vector apart, and their addresses are one register and a constant. */
#include "kernels/simd/winograd.h"
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum {
    NV = 2,
    ROWS_1 = 2 * TILE_ROWS, /* tiles in a register tile of one vector of filters; of two: TILE_ROWS */
    OUTER_1 = VW == 16 ? 16 : VW, /* channels in a register tile of the gradient, by one vector of filters; by two: */
    OUTER_2 = VW == 4 ? 4 : VW / 2,
};

/* --- m = v u ---------------------------------------------------------------------------------------------------- */

INLINE void product_tile(const int rows, const int vectors, int64_t channels, const float *v, const float *u,
                         float *m, int64_t pitch)
{
    vf sum[2 * TILE_ROWS];
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) sum[i] = (vf){0};
    for (int64_t c = 0; c < channels; c += VW, v += pitch * VW) {
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
    for (int i = 0; i < rows * vectors; i++) store(m + (i % vectors * pitch + i / vectors) * VW, sum[i]);
}

typedef void product_fn(int64_t channels, const float *v, const float *u, float *m, int64_t pitch);
#define PRODUCT(rows, vectors)                                                                                   \
    static void product_##rows##_##vectors(int64_t channels, const float *v, const float *u, float *m,           \
                                           int64_t pitch)                                                        \
    {                                                                                                            \
        product_tile(rows, vectors, channels, v, u, m, pitch);                                                   \
    }
#define PRODUCTS6(f, n) f(1, n) f(2, n) f(3, n) f(4, n) f(5, n) f(6, n)
#define PRODUCTS12(f, n) PRODUCTS6(f, n) f(7, n) f(8, n) f(9, n) f(10, n) f(11, n) f(12, n)
#define PRODUCTS24(f, n)                                                                                         \
    PRODUCTS12(f, n) f(13, n) f(14, n) f(15, n) f(16, n) f(17, n) f(18, n) f(19, n) f(20, n) f(21, n) f(22, n)   \
        f(23, n) f(24, n)
#define ADDRESS(rows, vectors) product_##rows##_##vectors,
#if defined(LM_LEVEL_v4)
#define SINGLE PRODUCTS24
#define DOUBLE PRODUCTS12
#else
#define SINGLE PRODUCTS12
#define DOUBLE PRODUCTS6
#endif
SINGLE(PRODUCT, 1)
DOUBLE(PRODUCT, 2)
static product_fn *const single[] = {NULL, SINGLE(ADDRESS, 1)}, *const twin[] = {NULL, DOUBLE(ADDRESS, 2)};

void LM_SIMD(winograd_product)(const lm__winograd_product *p)
{
    for (int64_t i = 0; i < 16; i++)
        for (int64_t f = 0; f < p->filters; f += NV * VW) {
            bool two = p->filters - f > VW;
            int64_t most = two ? TILE_ROWS : ROWS_1, left = (p->count + most - 1) / most;
            const float *v = p->v + i * p->v_plane, *u = p->u + i * p->u_plane + f * p->channels;
            float *m = p->m + i * p->m_plane + f * p->pitch;
            for (int64_t t = 0; t < p->count; left--) {         /* in tiles of nearly one height */
                int64_t rows = (p->count - t + left - 1) / left;
                (two ? twin : single)[rows](p->channels, v + t * VW, u, m + t * VW, p->pitch);
                t += rows;
            }
        }
}

/* --- u += vᵀ m -------------------------------------------------------------------------------------------------- */

INLINE void outer_tile(const int rows, const int vectors, int64_t count, const float *v, const float *m,
                       int64_t pitch, float *u, int64_t ldu, bool add)
{
    vf sum[VW > 4 ? VW : 8];
#pragma GCC unroll 16
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = add ? load(u + i % vectors * ldu + i / vectors * VW) : (vf){0};
    for (const float *end = v + count * VW; v < end; v += VW, m += VW) {
        vf row[NV];
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) row[j] = load(m + j * pitch * VW);
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

void LM_SIMD(winograd_outer)(const lm__winograd_product *p, bool add)
{
    const int64_t channels = (p->channels + VW - 1) / VW * VW, ldu = channels * VW;
    for (int64_t i = 0; i < 16; i++)
        for (int64_t f = 0; f < p->filters; f += NV * VW) {
            const float *v = p->v + i * p->v_plane, *m = p->m + i * p->m_plane + f * p->pitch;
            float *u = p->u + i * p->u_plane + f * channels;
            bool two = p->filters - f > VW;
            int64_t rows = two ? OUTER_2 : OUTER_1;
            for (int64_t c = 0; c < channels; c += rows) {
                const float *from = v + c / VW * p->pitch * VW + c % VW;
                if (two) outer_tile(OUTER_2, 2, p->count, from, m, p->pitch, u + c * VW, ldu, add);
                else outer_tile(OUTER_1, 1, p->count, from, m, p->pitch, u + c * VW, ldu, add);
            }
        }
}
