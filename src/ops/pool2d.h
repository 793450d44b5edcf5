/* ops/pool2d.h: what the pooling ops share when they are built. */
#ifndef LM_OPS_POOL2D_H
#define LM_OPS_POOL2D_H

#include "kernels/pool2d.h"
#include "ops/window.h"

/* The attribute of average_pool2d_backward: the pooling, and the shape of the result. */
typedef struct lm__pool2d_to {
    lm__pool2d pool;
    lm__shape shape;
} lm__pool2d_to;

extern const lm__attr lm__pool2d_attrs[];

/* Checks input 0 as an image and gives the shape of the result of pooling `image`. */
lm_status lm__pool2d_shape(const lm__infer *infer, const lm__pool2d *attr, const lm__shape *image, lm__shape *out);

/* From keyword arguments. */
struct lm_op_pool2d_args;
lm_status lm__pool2d_attr(const char *op, const struct lm_op_pool2d_args *args, lm__pool2d *attr);

lm_value *lm__average_pool2d(lm_value *x, const lm__pool2d *attr);
lm_value *lm__average_pool2d_backward(lm_value *dy, const lm__pool2d *attr, const lm__shape *shape);
/* By the positions that max_pool2d gives: from results back into an image of zeros, and from an image to results. */
lm_value *lm__max_pool2d_scatter(lm_value *dy, lm_value *index, const lm__shape *shape);
lm_value *lm__max_pool2d_gather(lm_value *x, lm_value *index);

#endif
