/* kernels/pool2d.h: what the pooling ops and their kernels share. Images are (batch, height, width, channels). */
#ifndef LM_KERNELS_POOL2D_H
#define LM_KERNELS_POOL2D_H

#include "kernels/kernel.h"
#include "kernels/window.h"

/* The attribute of max_pool2d and average_pool2d, and the beginning of that of average_pool2d_backward. */
typedef struct lm__pool2d {
    int64_t size[2], strides[2];
    int64_t padding;                    /* LM__PAD_VALID or LM__PAD_SAME */
} lm__pool2d;

typedef struct lm__pool2d_dims {
    int64_t batch, height, width, channels;
    int64_t out_height, out_width;
    int64_t size_y, size_x, stride_y, stride_x;
    int64_t top, left;                  /* padding before the first row and column */
} lm__pool2d_dims;

/* `image`, `result`: the larger and the smaller of the two arrays, whatever the direction. */
static inline lm__pool2d_dims lm__pool2d_dims_of(const lm__pool2d *attr, const int64_t *image, const int64_t *result)
{
    lm__pool2d_dims d = {
        .batch = image[0], .height = image[1], .width = image[2], .channels = image[3],
        .out_height = result[1], .out_width = result[2],
        .size_y = attr->size[0], .size_x = attr->size[1],
        .stride_y = attr->strides[0], .stride_x = attr->strides[1],
    };
    d.top = lm__window_before(attr->padding, d.height, d.out_height, d.size_y, d.stride_y, 1, 0);
    d.left = lm__window_before(attr->padding, d.width, d.out_width, d.size_x, d.stride_x, 1, 0);
    return d;
}

#endif
