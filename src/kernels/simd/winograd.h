/* kernels/simd/winograd.h: convolutions with windows of 3 x 3 and stride 1 by Winograd's F(2 x 2, 3 x 3).
 *
 * A tile of 2 x 2 results sees 4 x 4 cells. With d the cells, g the window and
 *
 *        | 1  0 -1  0 |        | 1     0    0  |         | 1  1  1  0 |
 *   Bᵀ = | 0  1  1  0 |    G = | 1/2  1/2  1/2 |    Aᵀ = | 0  1 -1  1 |
 *        | 0 -1  1  0 |        | 1/2 -1/2  1/2 |
 *        | 0 -1  0  1 |        | 0     0    1  |
 *
 * the results are Aᵀ (G g Gᵀ · Bᵀ d B) A, where · multiplies element by element: 16 products instead of 36, each
 * summed over the channels: 16 products of matrices. The gradient of g is Gᵀ (Bᵀ d B · A y Aᵀ) G, y that
 * of the results. S. Winograd, Arithmetic Complexity of Computations (1980); A. Lavin and S. Gray, Fast
 * Algorithms for Convolutional Neural Networks (2016).
 *
 * What lies between is kept in blocks of one vector of channels (or filters): element (tile t, channel c) of
 * product i is at [i * plane + (c / width * pitch + t) * width + c % width]. Rows of a matrix then lie one vector
 * apart, whatever the number of channels: constants in the inner loops. */
#ifndef LM_KERNELS_SIMD_WINOGRAD_H
#define LM_KERNELS_SIMD_WINOGRAD_H

#include <stdbool.h>
#include <stdint.h>

/* Tiles of one image: rows x columns of them, numbered from `first`. */
typedef struct lm__winograd_tiles {
    int64_t rows, columns, first, pitch, plane;
    int64_t y, x;                       /* the cell that the first tile begins with; may lie outside the image */
    int64_t height, width, channels;    /* of the image (or of the results, and their filters) */
} lm__winograd_tiles;

/* One step for a number of tiles: m = v u, or u += vᵀ m.
 * u, product: [16][panel][channels][vectors of the panel], panels of two vectors, the last one of one if the filters
 * leave only that. u, gradient: [16][vector of filters][channels, rounded up to vectors][vector]. */
typedef struct lm__winograd_product {
    int64_t count, pitch, channels, filters;
    const float *v;
    int64_t v_plane;
    float *u;
    int64_t u_plane;
    float *m;
    int64_t m_plane;
} lm__winograd_product;

typedef struct lm__winograd {
    /* v = Bᵀ d B */
    void (*image)(const lm__winograd_tiles *t, const float *image, float *v);
    /* m = A y Aᵀ */
    void (*gradient)(const lm__winograd_tiles *t, const float *dy, float *m);
    /* y = Aᵀ m A + bias, at least 0 with `relu`; bias NULL: none */
    void (*result)(const lm__winograd_tiles *t, const float *m, const float *bias, bool relu, float *y);
    /* u = G g Gᵀ of channels [first, end) of k (3, 3, channels, filters) */
    void (*kernel)(const float *k, int64_t channels, int64_t filters, int64_t first, int64_t end, float *u);
    /* dk = Gᵀ u G of channels [first, end), u the sum of `slices` gradients in order, each `slice` floats behind the
     * one before */
    void (*kernel_gradient)(const float *u, int64_t slice, int64_t slices, int64_t channels, int64_t filters,
                            int64_t first, int64_t end, float *dk);
    void (*product)(const lm__winograd_product *p);
    void (*outer)(const lm__winograd_product *p, bool add);
} lm__winograd;

#endif
