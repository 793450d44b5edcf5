/* ops/conv2d.h: what the three forms of 2-d convolution share. They are closed under differentiation. */
#ifndef LM_OPS_CONV2D_H
#define LM_OPS_CONV2D_H

#include "kernels/conv2d.h"
#include "ops/window.h"

/* The attribute of the backward forms: the convolution, and the shape of the result. */
typedef struct lm__conv2d_to {
    lm__conv2d conv;
    lm__shape shape;
} lm__conv2d_to;
extern const lm__attr lm__conv2d_to_attrs[];

/* The shape of conv2d's result, refusing what does not fit. */
lm_status lm__conv2d_shape(const lm__infer *infer, const lm__conv2d *attr, const lm__shape *image,
                           const lm__shape *kernel, lm__shape *out);

/* From keyword arguments. */
struct lm_op_conv2d_args;
lm_status lm__conv2d_attr(const char *op, const struct lm_op_conv2d_args *args, lm__conv2d *attr);

lm_value *lm__conv2d_of(lm_value *x, lm_value *kernel, const lm__conv2d *attr);
lm_value *lm__conv2d_backward_input(lm_value *dy, lm_value *kernel, const lm__conv2d *attr, const lm__shape *shape);
lm_value *lm__conv2d_backward_kernel(lm_value *x, lm_value *dy, const lm__conv2d *attr, const lm__shape *shape);

#endif
