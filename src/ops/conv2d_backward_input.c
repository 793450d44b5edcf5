/* ops/conv2d_backward_input.c: the transpose of conv2d in its image: z = Kᵀ dy, where conv2d(x, k) = K x.
 *
 * It is linear in dy and in k. With g = dz: d(dy) = conv2d(g, k), dk = conv2d_backward_kernel(g, dy). */
#include "ops/conv2d.h"

#ifdef LM_HEADER
/* The transposed convolution: the gradient of conv2d with respect to its image, from the gradient dy of its
 * result. dy: (batch, height', width', filters); kernel as for conv2d; the result has `shape` = (batch, height,
 * width, channels), of which conv2d with these arguments would make dy's; LM_ANY as the batch takes dy's. */
lm_value *lm_op_conv2d_backward_input_new(lm_value *dy, lm_value *kernel, const int64_t shape[4],
                                          const lm_op_conv2d_args *args);
#define lm_op_conv2d_backward_input(dy, kernel, shape, ...)                                                      \
    LM__WITH(lm_op_conv2d_args, LM__LIST(.groups = 1),                                                           \
             lm_op_conv2d_backward_input_new((dy), (kernel), (shape), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__conv2d_to *attr = infer->attr;
    lm__shape dy;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_same(infer, 0, 1));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, filters)"));
    LM_TRY(lm__need_rank(infer, 1, 4, "(height, width, channels / groups, filters)"));
    LM_TRY(lm__conv2d_shape(infer, &attr->conv, &attr->shape, &infer->in[1]->shape, &dy));
    LM_TRY(lm__need_shape(infer, 0, &dy, "conv2d's result for the wanted image"));
    return lm__result(infer, 0, infer->in[0]->dtype, &attr->shape);
}

static lm_status gradient(lm__vjp *v)
{
    const lm__conv2d_to *attr = v->node->attr;
    lm_value *dy = v->in[0], *kernel = v->in[1], *g = v->grad_out[0];
    if (v->needs[0]) v->grad_in[0] = lm__conv2d_of(g, kernel, &attr->conv);
    if (v->needs[1]) v->grad_in[1] = lm__conv2d_backward_kernel(g, dy, &attr->conv, &kernel->shape);
    return LM_OK;
}

typedef void conv2d_fn(const void *gradient, const void *kernel, void *out, const int64_t *dims);
LM_REFS_FLOATS(conv2d_fn, conv2d_backward_input)

static lm_status run(const lm__run *run)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(run->problem);
    refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->out[0], &d.batch);
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(p);
    return lm__conv2d_flops(&d);
}

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 4, .dims = {2, 3, 3, 3}}, {.rank = 4, .dims = {3, 2, 2, 3}}},
     .attr = &(const lm__conv2d_to){{.strides = {1, 1}, .dilation = {1, 1}, .groups = 1}, {4, {2, 5, 4, 2}}}},
    {.nin = 2, .in = {{.rank = 4, .dims = {1, 3, 3, 2}}, {.rank = 4, .dims = {3, 3, 2, 2}}},
     .attr = &(const lm__conv2d_to){{.strides = {2, 2}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME},
                                    {4, {1, 5, 6, 2}}}},
    {.nin = 2, .in = {{.rank = 4, .dims = {1, 2, 3, 3}}, {.rank = 4, .dims = {2, 2, 1, 3}}},
     .attr = &(const lm__conv2d_to){{.strides = {3, 2}, .dilation = {1, 2}, .groups = 3, .padding = LM__PAD_EXPLICIT,
                                     .pads = {1, 0, 2, 1}}, {4, {1, 4, 5, 3}}}},
    {0},
};

const lm__op lm__op_conv2d_backward_input = {
    .name = "conv2d_backward_input",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__conv2d_to),
    .attrs = lm__conv2d_to_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "conv2d_backward_input", .name = "ref", .run = run},
    .samples = samples,
    .flops = flops,
};

lm_value *lm__conv2d_backward_input(lm_value *dy, lm_value *kernel, const lm__conv2d *attr, const lm__shape *shape)
{
    lm__conv2d_to to;
    memset(&to, 0, sizeof to);
    to.conv = *attr;
    to.shape = *shape;
    return lm__apply2(&lm__op_conv2d_backward_input, &to, dy, kernel);
}

lm_value *lm_op_conv2d_backward_input_new(lm_value *dy, lm_value *kernel, const int64_t shape[4],
                                          const lm_op_conv2d_args *args)
{
    static const char op[] = "conv2d_backward_input";
    lm_value *in[] = {dy, kernel};
    lm__conv2d attr;
    lm__shape image;
    if (lm__conv2d_attr(op, args, &attr) != LM_OK || lm__op_dims(op, 4, shape, true, &image) != LM_OK)
        return lm__graph_fail(NULL, 2, in);
    if (image.dim[0] == LM_ANY && !lm__bad(dy) && dy->shape.rank > 0) image.dim[0] = dy->shape.dim[0];
    for (int i = 0; i < 4 && !lm__bad(dy); i++) {
        if (image.dim[i] != LM_ANY) continue;
        lm__fail(LM_INVALID, "%s: shape[%d] is LM_ANY; only the batch may be left open", op, i);
        return lm__graph_fail(NULL, 2, in);
    }
    return lm__conv2d_backward_input(dy, kernel, &attr, &image);
}
