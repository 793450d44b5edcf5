/* kernels/simd/panel.h: some rows times a panel of two vectors of columns, in registers. Only for files in this
 * folder. */
#ifndef LM_KERNELS_SIMD_PANEL_H
#define LM_KERNELS_SIMD_PANEL_H

#include "kernels/simd/vec.h"

enum { NR = 2 * VW };

/* c[rows][NR] = start + a[rows][k] b[k][NR]; start: a row of NR, or with `add` c itself. */
INLINE void panel_tile(const int rows, int64_t k, const float *a, int64_t lda, const float *b, const float *start,
                       int add, float *c, int64_t ldc)
{
    vf sum[TILE_ROWS * 2];
#pragma GCC unroll 32
    for (int i = 0; i < rows * 2; i++) sum[i] = load(add ? c + i / 2 * ldc + i % 2 * VW : start + i % 2 * VW);
    for (int64_t p = 0; p < k; p++, b += NR) {
        vf left = load(b), right = load(b + VW);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            vf x = splat(a[i * lda + p]);
            sum[i * 2] += x * left;
            sum[i * 2 + 1] += x * right;
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < rows * 2; i++) store(c + i / 2 * ldc + i % 2 * VW, sum[i]);
}

typedef void panel_fn(int64_t k, const float *a, int64_t lda, const float *b, const float *start, int add, float *c,
                      int64_t ldc);
#define PANEL(rows)                                                                                              \
    static void panel_##rows(int64_t k, const float *a, int64_t lda, const float *b, const float *start, int add, \
                             float *c, int64_t ldc)                                                              \
    {                                                                                                            \
        panel_tile(rows, k, a, lda, b, start, add, c, ldc);                                                      \
    }
PANEL(1) PANEL(2) PANEL(3) PANEL(4) PANEL(5) PANEL(6)
#if defined(LM_LEVEL_v4)
PANEL(7) PANEL(8) PANEL(9) PANEL(10) PANEL(11) PANEL(12)
#endif
static panel_fn *const panels[TILE_ROWS + 1] = {
    NULL, panel_1, panel_2, panel_3, panel_4, panel_5, panel_6,
#if defined(LM_LEVEL_v4)
    panel_7, panel_8, panel_9, panel_10, panel_11, panel_12,
#endif
};
#undef PANEL

/* Any number of rows, in tiles of nearly one height. */
static void panel_rows(int64_t rows, int64_t k, const float *a, int64_t lda, const float *b, const float *start,
                       int add, float *c, int64_t ldc)
{
    int64_t left = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (int64_t i = 0, n; i < rows; i += n, left--) {
        n = (rows - i + left - 1) / left;
        panels[n](k, a + i * lda, lda, b, start, add, c + i * ldc, ldc);
    }
}

#endif
