/* ops/conv2d_backward_kernel.c: the transpose of conv2d in its kernel: w = Xᵀ dy, where conv2d(x, k) = X k.
 *
 * It is linear in x and in dy. With g = dw: dx = conv2d_backward_input(dy, g), d(dy) = conv2d(x, g). */
#include "ops/conv2d.h"

#ifdef LM_HEADER
/* The gradient of conv2d with respect to its kernel, from the image x and the gradient dy of the result. `shape`:
 * the kernel's, (height, width, channels / groups, filters). */
lm_value *lm_op_conv2d_backward_kernel_new(lm_value *x, lm_value *dy, const int64_t shape[4],
                                           const lm_op_conv2d_args *args);
#define lm_op_conv2d_backward_kernel(x, dy, shape, ...)                                                          \
    LM__WITH(lm_op_conv2d_args, LM__LIST(.groups = 1),                                                           \
             lm_op_conv2d_backward_kernel_new((x), (dy), (shape), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__conv2d_to *attr = infer->attr;
    lm__shape dy;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_same(infer, 0, 1));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__need_rank(infer, 1, 4, "(batch, height, width, filters)"));
    LM_TRY(lm__conv2d_shape(infer, &attr->conv, &infer->in[0]->shape, &attr->shape, &dy));
    LM_TRY(lm__need_shape(infer, 1, &dy, "conv2d's result for the wanted kernel"));
    return lm__result(infer, 0, infer->in[0]->dtype, &attr->shape);
}

static lm_status gradient(lm__vjp *v)
{
    const lm__conv2d_to *attr = v->node->attr;
    lm_value *x = v->in[0], *dy = v->in[1], *g = v->grad_out[0];
    if (v->needs[0]) v->grad_in[0] = lm__conv2d_backward_input(dy, g, &attr->conv, &x->shape);
    if (v->needs[1]) v->grad_in[1] = lm__conv2d_of(x, g, &attr->conv);
    return LM_OK;
}

typedef void conv2d_fn(const void *image, const void *gradient, void *out, const int64_t *dims);
LM_REFS_FLOATS(conv2d_fn, conv2d_backward_kernel)

static lm_status run(const lm__run *run)
{
    lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(run->problem);
    refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->out[0], &d.batch);
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(p);
    return lm__conv2d_flops(&d);
}

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 4, .dims = {2, 5, 4, 2}}, {.rank = 4, .dims = {2, 3, 3, 3}}},
     .attr = &(const lm__conv2d_to){{.strides = {1, 1}, .dilation = {1, 1}, .groups = 1}, {4, {3, 2, 2, 3}}}},
    {.nin = 2, .in = {{.rank = 4, .dims = {1, 5, 6, 2}}, {.rank = 4, .dims = {1, 3, 3, 2}}},
     .attr = &(const lm__conv2d_to){{.strides = {2, 2}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME},
                                    {4, {3, 3, 2, 2}}}},
    {.nin = 2, .in = {{.rank = 4, .dims = {1, 4, 5, 3}}, {.rank = 4, .dims = {1, 2, 3, 3}}},
     .attr = &(const lm__conv2d_to){{.strides = {3, 2}, .dilation = {1, 2}, .groups = 3, .padding = LM__PAD_EXPLICIT,
                                     .pads = {1, 0, 2, 1}}, {4, {2, 2, 1, 3}}}},
    {0},
};

const lm__op lm__op_conv2d_backward_kernel = {
    .name = "conv2d_backward_kernel",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__conv2d_to),
    .attrs = lm__conv2d_to_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "conv2d_backward_kernel", .name = "ref", .run = run},
    .samples = samples,
    .flops = flops,
};

lm_value *lm__conv2d_backward_kernel(lm_value *x, lm_value *dy, const lm__conv2d *attr, const lm__shape *shape)
{
    lm__conv2d_to to;
    memset(&to, 0, sizeof to);
    to.conv = *attr;
    to.shape = *shape;
    return lm__apply2(&lm__op_conv2d_backward_kernel, &to, x, dy);
}

lm_value *lm_op_conv2d_backward_kernel_new(lm_value *x, lm_value *dy, const int64_t shape[4],
                                           const lm_op_conv2d_args *args)
{
    static const char op[] = "conv2d_backward_kernel";
    lm__conv2d attr;
    lm__shape kernel;
    if (lm__conv2d_attr(op, args, &attr) != LM_OK || lm__op_dims(op, 4, shape, false, &kernel) != LM_OK)
        return lm__graph_fail(NULL, 2, (lm_value *[]){x, dy});
    return lm__conv2d_backward_kernel(x, dy, &attr, &kernel);
}
