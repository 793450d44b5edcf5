/* kernels/simd/winograd.h: convolutions with windows of 3 x 3 or 2 x 2 and stride 1 by Winograd's F(4 x 4, r x r).
 *
 * A tile of 4 x 4 results sees 6 x 6 cells (5 x 5). With d the cells and g the window the results are
 *
 *   Aᵀ (G g Gᵀ · Bᵀ d B) A          and the gradient of g          Gᵀ (Bᵀ d B · A y Aᵀ) G
 *
 * where · multiplies element by element and y is the gradient of the results: 36 products instead of 144 (25 instead
 * of 64), each summed over the channels (or the tiles): so many products of matrices. The matrices come from
 * multiplying polynomials by their values at 0, ±a, ±b and infinity; for 3 x 3
 *
 *        | a²b²  0      -a²-b²   0      1  0 |        | 1/a²b²            |         | 1  1   1   1   1   0 |
 *        | 0    -ab²    -b²      a      1  0 |        | k   ka    ka²     |    Aᵀ = | 0  a  -a   b  -b   0 |
 *   Bᵀ = | 0     ab²    -b²     -a      1  0 |    G = | k  -ka    ka²     |         | 0  a²  a²  b²  b²  0 |
 *        | 0    -a²b    -a²      b      1  0 |        | l   lb    lb²     |         | 0  a³ -a³  b³ -b³  1 |
 *        | 0     a²b    -a²     -b      1  0 |        | l  -lb    lb²     |
 *        | 0     a²b²    0    -a²-b²    0  1 |        | 0   0     1       |    k = 1/2a²(a²-b²), l = 1/2b²(b²-a²)
 *
 * and for 2 x 2, without the point 0,
 *
 *        | -ab²  -b²   a        1  0 |        | k   ka |
 *        | -ab²   b²   a       -1  0 |        | k  -ka |
 *   Bᵀ = | -a²b  -a²   b        1  0 |    G = | l   lb |    Aᵀ as above without its first column;
 *        | -a²b   a²   b       -1  0 |        | l  -lb |
 *        |  a²b²  0   -a²-b²    0  1 |        | 0   1  |    k = 1/2a(a²-b²), l = 1/2b(b²-a²)
 *
 * Textbooks take the points 1 and 2. 3/4 and 3/2 (for 2 x 2: 1/2 and 5/4) lose a third as much to rounding,
 * hardly more than plain summation (decision 60). S. Winograd, Arithmetic Complexity of Computations (1980); A. Lavin
 * and S. Gray, Fast Algorithms for Convolutional Neural Networks (2016); B. Barabasz et al., Error Analysis and
 * Improving the Accuracy of Winograd Convolution (2020).
 *
 * A convolution with stride 2 is the sum of four with stride 1, the phases, each of every other cell of the image
 * with every other cell of the kernel: as one, whose channels are the phases' channels one after the other.
 *
 * What lies between, v = Bᵀ d B and m = A y Aᵀ or the products, is kept in chunks, [products][group][width], of one
 * vector of channels (or filters) and one group of tiles, chunk (block, g) at block * groups + g: all that a loop
 * meets lies constants apart. */
#ifndef LM_KERNELS_SIMD_WINOGRAD_H
#define LM_KERNELS_SIMD_WINOGRAD_H

#include <stdbool.h>
#include <stdint.h>

enum { LM__WINOGRAD_TILE = 4 };         /* results of a tile in each dimension */
#define LM__WINOGRAD(window) (((window) + 3) * ((window) + 3))  /* products */

/* Some tiles of one row, in a unit of `groups` groups, as its tiles `first` and following. */
typedef struct lm__winograd_tiles {
    int64_t window;                     /* 3 or 2 */
    int64_t columns, first, groups;
    int64_t block;                      /* the first of its blocks */
    int64_t y, x;                       /* the cell that the first tile begins with; may lie outside the image */
    int64_t step;                       /* from cell to cell; of gradients 1 */
    int64_t height, width, channels;    /* of the image (or of the results, and their filters) */
} lm__winograd_tiles;

/* A kernel (height, width, channels, filters), of which a window has every step-th cell: channels of phase 0 (even
 * rows and columns), 1 (odd columns), … ; of these channels [first, end). */
typedef struct lm__winograd_kernel {
    int64_t window, step, height, width, channels, filters, first, end;
} lm__winograd_kernel;

/* One step for a number of tiles: m = v u, or u += vᵀ m.
 * u, product: [products][panel][channels][vectors of the panel], panels of two vectors, the last one of one if the
 * filters leave only that. u, gradient: [products][vector of filters][channels, rounded up to vectors][vector]. */
typedef struct lm__winograd_product {
    int64_t window, count, groups, channels, filters;
    const float *v;
    float *u;
    float *m;                           /* of product: may be v where there is but one panel */
} lm__winograd_product;

typedef struct lm__winograd {
    int group;                          /* tiles in a group */
    /* v = Bᵀ d B; strip: (4 * columns + window - 1) * (window + 3) vectors of scratch */
    void (*image)(const lm__winograd_tiles *t, const float *image, float *v, float *strip);
    /* m = A y Aᵀ */
    void (*gradient)(const lm__winograd_tiles *t, const float *dy, float *m);
    /* y = Aᵀ m A + bias, at least 0 with `relu`; bias NULL: none */
    void (*result)(const lm__winograd_tiles *t, const float *m, const float *bias, bool relu, float *y);
    /* u = G g Gᵀ */
    void (*kernel)(const lm__winograd_kernel *d, const float *k, float *u);
    /* dk = Gᵀ u G, u the sum of `slices` gradients in order, each `slice` floats behind the one before */
    void (*kernel_gradient)(const lm__winograd_kernel *d, const float *u, int64_t slice, int64_t slices, float *dk);
    void (*product)(const lm__winograd_product *p);
    /* of panels [first, end): two vectors of filters each, all those of a product, then those of the next */
    void (*outer)(const lm__winograd_product *p, int64_t first, int64_t end, bool add);
} lm__winograd;

#endif
