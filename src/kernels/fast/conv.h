/* kernels/fast/conv.h: what the three forms of conv2d share on our own vector code.
 *
 * The work is cut into units: one image, some rows of the result. A unit whose windows reach out of the image works
 * on a slab, a padded copy of the rows it needs, so that the inner loops know no edges. */
#ifndef LM_KERNELS_FAST_CONV_H
#define LM_KERNELS_FAST_CONV_H

#include "kernels/conv2d.h"
#include "kernels/fast/product.h"

/* A padded copy of some rows: element (y, x) of the slab is element (y0 + y, left + x) of the image, 0 outside. */
typedef struct lm__slab {
    int64_t rows, columns, channels;
    int64_t left;                       /* <= 0 */
    size_t floats;
} lm__slab;

void lm__slab_copy(const lm__slab *slab, const float *image, int64_t height, int64_t width, int64_t y0, float *to);

/* Rows of one image that a unit has, and units in a job: by size alone. */
typedef struct lm__conv_units {
    int64_t rows, blocks;               /* blocks of `rows` in an image */
    int64_t units, units_a_job, jobs;
} lm__conv_units;

/* height, width: of what is computed, in pixels of `flops` each; `row_floats`: of slab for each row. Rows come in
 * multiples of `step`. */
lm__conv_units lm__conv_units_of(int64_t batch, int64_t height, int64_t width, double flops, int64_t row_floats,
                                 int64_t step);

/* What is one product of matrices: windows of one pixel that leave nothing out. */
static inline bool lm__conv_is_product(const lm__conv2d_dims *d)
{
    return d->kernel_height == 1 && d->kernel_width == 1 && d->groups == 1 && d->stride_y == 1 && d->stride_x == 1 &&
           d->height == d->out_height && d->width == d->out_width && d->top == 0 && d->left == 0;
}

/* Few channels or little work: our own code wins, without opening libdnnl. Not where groups are so narrow that
 * vectors over their filters stay empty (depthwise). */
static inline bool lm__conv_is_thin(const lm__conv2d_dims *d)
{
    if (d->groups > 1 && d->filters / d->groups < 8) return lm__conv2d_flops(d) < 4e6;
    return d->channels / d->groups <= 4 || lm__conv2d_flops(d) < 1e8;
}

/* Offsets fit in 32 bits with room to spare. */
static inline bool lm__conv_fits(const lm__conv2d_dims *d)
{
    int64_t row = (d->width + 2 * lm__window_extent(d->kernel_width, d->dilation_x)) * d->channels;
    int64_t out_row = (d->out_width + 2 * lm__window_extent(d->kernel_width, d->dilation_x)) * d->filters;
    int64_t rows = 2 * lm__window_extent(d->kernel_height, d->dilation_y) + 1;
    return row < (1 << 28) && out_row < (1 << 28) && rows < (1 << 14) && row * rows < (1 << 28) &&
           out_row * rows < (1 << 28);
}

#endif
