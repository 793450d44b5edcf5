/* kernels/conv2d.h: what conv2d, conv2d_backward_input, conv2d_backward_kernel and their kernels share.
 *
 * Images are (batch, height, width, channels), kernels (height, width, channels / groups, filters), results
 * (batch, height, width, filters). Group g takes its share of the channels to its share of the filters. */
#ifndef LM_KERNELS_CONV2D_H
#define LM_KERNELS_CONV2D_H

#include "kernels/kernel.h"
#include "kernels/window.h"

/* The attribute of conv2d, and the beginning of those of the two backward ops. */
typedef struct lm__conv2d {
    int64_t strides[2], dilation[2], groups;
    int64_t padding;                    /* lm__padding */
    int64_t pads[4];                    /* top, bottom, left, right; only where explicit */
} lm__conv2d;

/* All numbers of one convolution, whatever its direction; plain, so that reference kernels take it too. */
typedef struct lm__conv2d_dims {
    int64_t batch, height, width, channels;
    int64_t kernel_height, kernel_width;
    int64_t out_height, out_width, filters, groups;
    int64_t stride_y, stride_x, dilation_y, dilation_x;
    int64_t top, left;                  /* padding before the first row and column; what lies behind follows */
} lm__conv2d_dims;

static inline lm__conv2d_dims lm__conv2d_dims_of(const lm__conv2d *attr, const int64_t *image, const int64_t *kernel,
                                                 const int64_t *result)
{
    lm__conv2d_dims d = {
        .batch = image[0], .height = image[1], .width = image[2], .channels = image[3],
        .kernel_height = kernel[0], .kernel_width = kernel[1],
        .out_height = result[1], .out_width = result[2], .filters = result[3], .groups = attr->groups,
        .stride_y = attr->strides[0], .stride_x = attr->strides[1],
        .dilation_y = attr->dilation[0], .dilation_x = attr->dilation[1],
    };
    d.top = lm__window_before(attr->padding, d.height, d.out_height, d.kernel_height, d.stride_y, d.dilation_y,
                              attr->pads[0]);
    d.left = lm__window_before(attr->padding, d.width, d.out_width, d.kernel_width, d.stride_x, d.dilation_x,
                               attr->pads[2]);
    return d;
}

/* Padding behind the last row and column that windows reach into (0 if none does). */
static inline int64_t lm__conv2d_bottom(const lm__conv2d_dims *d)
{
    int64_t end = (d->out_height - 1) * d->stride_y + lm__window_extent(d->kernel_height, d->dilation_y) - d->top;
    return end > d->height ? end - d->height : 0;
}
static inline int64_t lm__conv2d_right(const lm__conv2d_dims *d)
{
    int64_t end = (d->out_width - 1) * d->stride_x + lm__window_extent(d->kernel_width, d->dilation_x) - d->left;
    return end > d->width ? end - d->width : 0;
}

/* The numbers of a problem of each of the three ops: image and kernel; gradient and kernel; image and gradient. */
static inline lm__conv2d_dims lm__conv2d_problem(const lm__problem *p)
{
    return lm__conv2d_dims_of((const lm__conv2d *)p->attr, p->in[0].dims, p->in[1].dims, p->out[0].dims);
}
static inline lm__conv2d_dims lm__conv2d_backward_input_problem(const lm__problem *p)
{
    return lm__conv2d_dims_of((const lm__conv2d *)p->attr, p->out[0].dims, p->in[1].dims, p->in[0].dims);
}
static inline lm__conv2d_dims lm__conv2d_backward_kernel_problem(const lm__problem *p)
{
    return lm__conv2d_dims_of((const lm__conv2d *)p->attr, p->in[0].dims, p->out[0].dims, p->in[1].dims);
}

/* Multiply-adds times two, those on padding counted as well. */
static inline double lm__conv2d_flops(const lm__conv2d_dims *d)
{
    return 2.0 * (double)d->batch * (double)d->out_height * (double)d->out_width * (double)d->filters *
           (double)d->kernel_height * (double)d->kernel_width * (double)(d->channels / d->groups);
}

#endif
