/* kernels/simd/winograd_by_2.c: see winograd_by_2.h. Every function goes over channels or filters, a vector at a
 * time; a matrix on both sides is the same step on all columns, then on all rows. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum { N = 5, TILE = LM__BY_2_TILE };

#define UNROLLED _Pragma("GCC unroll 5")

INLINE void apply_b(const vf *d, int s, vf *v)
{
    const vf a = d[0], b = d[s], c = d[2 * s], e = d[3 * s], f = d[4 * s];
    v[0] = a - (b + c) * 1.5f + e;
    v[s] = e - c - b * 2;
    v[2 * s] = b - c * 2.5f + e;
    v[3 * s] = (c - b) * 0.5f + e;
    v[4 * s] = b - (c + e) * 1.5f + f;
}

/* From 5 at a distance of s to 4 there. */
INLINE void apply_a(const vf *m, int s, vf *y)
{
    const vf a = m[0], b = m[s], c = m[2 * s], e = m[3 * s], f = m[4 * s];
    y[0] = a + b + c + e;
    y[s] = b * 0.5f - c + e * 2;
    y[2 * s] = b * 0.25f + c + e * 4;
    y[3 * s] = b * 0.125f - c + e * 8 + f;
}

/* From 4 at a distance of s to 5 there. */
INLINE void apply_a_turned(const vf *y, int s, vf *m)
{
    const vf a = y[0], b = y[s], c = y[2 * s], e = y[3 * s];
    m[0] = a;
    m[s] = a + b * 0.5f + c * 0.25f + e * 0.125f;
    m[2 * s] = a - b + c - e;
    m[3 * s] = a + b * 2 + c * 4 + e * 8;
    m[4 * s] = e;
}

INLINE void apply_g(const vf *g, int s, vf *u)
{
    const vf a = g[0], b = g[s];
    u[0] = a;
    u[s] = (a * 2 + b) * (-4.0f / 9);
    u[2 * s] = (b - a) * (2.0f / 9);
    u[3 * s] = (a + b * 2) * (1.0f / 9);
    u[4 * s] = b;
}

INLINE void apply_g_turned(const vf *u, int s, vf *g)
{
    const vf a = u[0], b = u[s], c = u[2 * s], d = u[3 * s], e = u[4 * s];
    g[0] = a - b * (8.0f / 9) - c * (2.0f / 9) + d * (1.0f / 9);
    g[s] = (c + d - b * 2) * (2.0f / 9) + e;
}

/* Where the n x n cells of a tile begin in an image, from its start; -1: outside. */
INLINE void places(const lm__by_2_tile *t, int n, int64_t *at)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            int64_t y = t->y + t->step * i, x = t->x + t->step * j;
            bool inside = y >= 0 && y < t->height && x >= 0 && x < t->width;
            at[i * N + j] = inside ? (y * t->width + x) * t->channels : -1;
        }
}

void LM_SIMD(by_2_cells)(const lm__by_2_tile *t, const float *image, float *v, int64_t apart)
{
    int64_t at[N * N];
    places(t, N, at);
    for (int64_t c = 0; c < t->channels; c += VW) {
        vf d[N * N];
        _Pragma("GCC unroll 25") for (int i = 0; i < N * N; i++) d[i] = at[i] < 0 ? (vf){0} : load(image + at[i] + c);
        UNROLLED for (int j = 0; j < N; j++) apply_b(d + j, N, d + j);
        UNROLLED for (int i = 0; i < N; i++) apply_b(d + i * N, 1, d + i * N);
        _Pragma("GCC unroll 25") for (int i = 0; i < N * N; i++) store(v + i * apart + c, d[i]);
    }
}

void LM_SIMD(by_2_gradient)(const lm__by_2_tile *t, const float *dy, float *m, int64_t apart)
{
    int64_t at[N * N];
    places(t, TILE, at);
    for (int64_t c = 0; c < t->channels; c += VW) {
        vf d[N * N];
        UNROLLED for (int i = 0; i < TILE; i++)
            UNROLLED for (int j = 0; j < TILE; j++)
                d[i * N + j] = at[i * N + j] < 0 ? (vf){0} : load(dy + at[i * N + j] + c);
        UNROLLED for (int j = 0; j < TILE; j++) apply_a_turned(d + j, N, d + j);
        UNROLLED for (int i = 0; i < N; i++) apply_a_turned(d + i * N, 1, d + i * N);
        _Pragma("GCC unroll 25") for (int i = 0; i < N * N; i++) store(m + i * apart + c, d[i]);
    }
}

void LM_SIMD(by_2_result)(const lm__by_2_tile *t, const float *m, int64_t apart, const float *bias, float *y)
{
    int64_t at[N * N];
    places(t, TILE, at);
    for (int64_t c = 0; c < t->channels; c += VW) {
        vf d[N * N], shift = bias ? load(bias + c) : (vf){0};
        _Pragma("GCC unroll 25") for (int i = 0; i < N * N; i++) d[i] = load(m + i * apart + c);
        UNROLLED for (int j = 0; j < N; j++) apply_a(d + j, N, d + j);
        UNROLLED for (int i = 0; i < TILE; i++) apply_a(d + i * N, 1, d + i * N);
        UNROLLED for (int i = 0; i < TILE; i++)
            UNROLLED for (int j = 0; j < TILE; j++)
                if (at[i * N + j] >= 0) store(y + at[i * N + j] + c, d[i * N + j] + shift);
    }
}

/* The cell of tap (i, j) of parity q. */
INLINE int64_t cell(const lm__by_2_kernel *s, int q, int i, int j)
{
    if (s->turned) i = 1 - i, j = 1 - j;
    return (4 * (2 * i + q / 2) + 2 * j + q % 2) * s->rows * s->columns;
}

void LM_SIMD(by_2_kernel)(const lm__by_2_kernel *s, const float *k, int64_t first, int64_t end, float *u)
{
    for (int64_t r = first; r < end; r++)
        for (int q = 0; q < 4; q++)
            for (int64_t c = 0; c < s->columns; c += VW) {
                const float *from = k + r * s->columns + c;
                float *to = u + q * s->part + r * s->row + c;
                vf d[N * N];
                for (int i = 0; i < 2; i++)
                    for (int j = 0; j < 2; j++) d[i * N + j] = load(from + cell(s, q, i, j));
                UNROLLED for (int j = 0; j < 2; j++) apply_g(d + j, N, d + j);
                UNROLLED for (int i = 0; i < N; i++) apply_g(d + i * N, 1, d + i * N);
                _Pragma("GCC unroll 25") for (int i = 0; i < N * N; i++) store(to + i * s->apart, d[i]);
            }
}

void LM_SIMD(by_2_kernel_gradient)(const lm__by_2_kernel *s, const float *u, int64_t first, int64_t end, float *dk)
{
    for (int64_t r = first; r < end; r++)
        for (int q = 0; q < 4; q++)
            for (int64_t c = 0; c < s->columns; c += VW) {
                const float *from = u + q * s->part + r * s->row + c;
                float *to = dk + r * s->columns + c;
                vf d[N * N];
                _Pragma("GCC unroll 25") for (int i = 0; i < N * N; i++) d[i] = load(from + i * s->apart);
                UNROLLED for (int j = 0; j < N; j++) apply_g_turned(d + j, N, d + j);
                UNROLLED for (int i = 0; i < 2; i++) apply_g_turned(d + i * N, 1, d + i * N);
                for (int i = 0; i < 2; i++)
                    for (int j = 0; j < 2; j++) store(to + cell(s, q, i, j), d[i * N + j]);
            }
}
