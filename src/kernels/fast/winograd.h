/* kernels/fast/winograd.h: what conv2d and its two ways back by Winograd's algorithm share: the plan, and units.
 *
 * Tiles are counted through all images. A unit is some of them, one behind the other, and has room between the
 * transforms for all of its tiles. */
#ifndef LM_KERNELS_FAST_WINOGRAD_H
#define LM_KERNELS_FAST_WINOGRAD_H

#include "kernels/fast/conv.h"

/* Images that tiles are taken from, or results that they are put to: every step-th cell from (phase - top, phase -
 * left) on belongs to a phase, and the phases' channels lie one after the other. */
typedef struct lm__winograd_side {
    int64_t height, width, channels, step, top, left;
} lm__winograd_side;

typedef struct lm__winograd_plan {
    lm__winograd_side from, to;
    int64_t batch, window, channels, filters;   /* of all phases */
    int64_t kernel_height, kernel_width, stride;        /* as the problem has them */
    const lm__simd *simd;
    bool turned, stable;
    int64_t rows, columns;              /* tiles of an image */
    int64_t all, tiles, groups;         /* tiles; of a unit: at most */
    int64_t units, units_a_job;
    int64_t slices;                     /* of units, that the kernel's gradient is summed in; 0: cut by product */
    size_t strip, v, m, u;              /* floats: of columns on their way, of what lies between, of a kernel */
} lm__winograd_plan;

/* Whether it pays, for a transformed kernel of no more than `floats`. */
bool lm__winograd_fits(const lm__problem *p, const lm__conv2d_dims *d, bool back, int64_t floats);
/* The convolution of d, or (back) the one that leads back from the results' gradient to the image's; without units.
 * The caller's, by lm__free. */
lm_status lm__winograd_make(const lm__problem *problem, const lm__conv2d_dims *d, bool back, lm__winograd_plan **out);
/* Units that stay in a cache. in_place: the products take the place of their factors. */
void lm__winograd_units(lm__winograd_plan *w, bool in_place, double flops);

/* Goes through tiles [first, end) of a unit, or as many as there are, in pieces of one row of one image. `first`
 * counts the unit's tiles; false at the end. */
typedef struct lm__winograd_piece {
    int64_t first, end;
    int64_t image, row, column, columns;
} lm__winograd_piece;

bool lm__winograd_next(const lm__winograd_plan *w, int64_t unit, lm__winograd_piece *p);
/* The tiles of a piece on one side, in one phase. */
lm__winograd_tiles lm__winograd_tiles_of(const lm__winograd_plan *w, const lm__winograd_side *s,
                                         const lm__winograd_piece *p, int64_t phase);
/* Bᵀ d B of these tiles of a unit; returns the number of the last one + 1. */
int64_t lm__winograd_transform(const lm__winograd_plan *w, const float *image, int64_t unit, lm__winograd_piece p,
                               float *v, float *strip);
/* Channels [first, end) of the kernel as it is given, or turned; so many of them make a job. */
lm__winograd_kernel lm__winograd_kernel_of(const lm__winograd_plan *w, int64_t first, int64_t end);
int64_t lm__winograd_kernel_rows(const lm__winograd_plan *w);

#endif
