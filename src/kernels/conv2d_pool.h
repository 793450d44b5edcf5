/* kernels/conv2d_pool.h: a convolution whose result is only looked at through max pooling; made by the plan's
 * pass `pool`.
 *
 *   conv2d_pool                   inputs as of conv2d_fused; outputs as of max_pool2d of its result: maxima, places
 *   conv2d_pool_backward_kernel   inputs: the image, the gradient of the maxima, the places; output: the
 *                                 kernel's gradient
 *
 * What lies between, four times the size of the result for windows of 2 x 2, needs no memory. */
#ifndef LM_KERNELS_CONV2D_POOL_H
#define LM_KERNELS_CONV2D_POOL_H

#include "kernels/epilogue.h"
#include "kernels/pool2d.h"

typedef struct lm__conv2d_pool {
    lm__conv2d_fused conv;              /* first: it is handed to what runs the convolution alone */
    lm__pool2d pool;
    int64_t between[4];                 /* the convolution's result: (batch, height, width, filters) */
} lm__conv2d_pool;

typedef struct lm__conv2d_pool_backward {
    lm__conv2d conv;
    lm__pool2d pool;
    int64_t between[4], kernel[4];      /* as above; the shape of the result */
} lm__conv2d_pool_backward;

#endif
