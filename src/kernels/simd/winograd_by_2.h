/* kernels/simd/winograd_by_2.h: convolutions with windows of 4 x 4 and stride 2 by Winograd's F(4 x 4, 2 x 2).
 *
 * The cells of even and of odd rows and columns are four images, seen through windows of 2 x 2 with stride 1. A tile
 * of 4 x 4 results sees 5 x 5 cells of each. With d the cells and g the window
 *
 *   y = Aᵀ (G g Gᵀ · Bᵀ d B) A,    and the gradient of g    Gᵀ (Bᵀ d B · A y Aᵀ) G
 *
 * where · multiplies element by element: 25 products instead of 64, each a product of matrices over channels (of all
 * four images) or tiles. From polynomials' values at 0, 1/2, -1, 2 and infinity:
 *
 *        | 1  -3/2  -3/2    1   0 |        |  1     0  |         | 1  1    1  1  0 |
 *        | 0   -2    -1     1   0 |        | -8/9 -4/9 |    Aᵀ = | 0  1/2 -1  2  0 |
 *   Bᵀ = | 0    1   -5/2    1   0 |    G = | -2/9  2/9 |         | 0  1/4  1  4  0 |
 *        | 0  -1/2   1/2    1   0 |        |  1/9  2/9 |         | 0  1/8 -1  8  1 |
 *        | 0    1   -3/2  -3/2  1 |        |  0     1  |
 *
 * These points lose little more to rounding than the best of those from halves to 2 (decision 64). S. Winograd,
 * Arithmetic Complexity of Computations (1980); A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural
 * Networks (2016). */
#ifndef LM_KERNELS_SIMD_WINOGRAD_BY_2_H
#define LM_KERNELS_SIMD_WINOGRAD_BY_2_H

#include <stdint.h>

enum { LM__BY_2 = 25, LM__BY_2_TILE = 4 };

/* Cells (y + step i, x + step j) of an image; what lies outside is 0, and not written. Channels are whole vectors. */
typedef struct lm__by_2_tile {
    int64_t height, width, channels;
    int64_t y, x, step;
} lm__by_2_tile;

/* Where the matrices of a kernel (4, 4, rows, columns) lie: that of parity q in its part q, row r at r * row. */
typedef struct lm__by_2_kernel {
    int64_t rows, columns;
    int64_t part, row, apart;           /* apart: from one of the 25 to the next */
    int turned;                         /* taps the other way round */
} lm__by_2_kernel;

typedef struct lm__by_2 {
    /* v[p * apart + c]: Bᵀ d B of 5 x 5 cells, A y Aᵀ of 4 x 4 */
    void (*cells)(const lm__by_2_tile *t, const float *image, float *v, int64_t apart);
    void (*gradient)(const lm__by_2_tile *t, const float *dy, float *m, int64_t apart);
    /* 4 x 4 cells: Aᵀ m A + bias; NULL: none */
    void (*result)(const lm__by_2_tile *t, const float *m, int64_t apart, const float *bias, float *y);
    /* G g Gᵀ, and dg = Gᵀ u G, of rows [first, end) */
    void (*kernel)(const lm__by_2_kernel *s, const float *k, int64_t first, int64_t end, float *u);
    void (*kernel_gradient)(const lm__by_2_kernel *s, const float *u, int64_t first, int64_t end, float *dk);
} lm__by_2;

#endif
