/* ops/conv2d.c: y[b, i, j, f] = sum over p, q, c of x[b, i*stride + p*dilation - top, j*stride + q*dilation -
 * left, c] k[p, q, c, f].   It is linear in x and in k: dx and dk are its transposes, conv2d_backward_input and
 * _kernel. */
#include "ops/conv2d.h"

#ifdef LM_HEADER
/* 2-d convolution (as everywhere in deep learning: correlation). x: (batch, height, width, channels); kernel:
 * (height, width, channels / groups, filters); the result: (batch, height', width', filters). One float type.
 * `strides`, `dilation`: {3} means {3, 3}, left out means 1. `padding`: "valid" (default), "same" (height' =
 * ceil(height / stride), padded evenly, the odd cell at the end, as TensorFlow), or left out with `pads` = {top,
 * bottom, left, right}. `groups`: the channels and filters are cut into so many groups that do not see each other. */
typedef struct lm_op_conv2d_args {
    size_t size;
    int64_t strides[2];
    const char *padding;
    int64_t pads[4];
    int64_t dilation[2];
    int64_t groups;
} lm_op_conv2d_args;
lm_value *lm_op_conv2d_new(lm_value *x, lm_value *kernel, const lm_op_conv2d_args *args);
#define lm_op_conv2d(x, kernel, ...)                                                                             \
    LM__WITH(lm_op_conv2d_args, LM__LIST(.groups = 1), lm_op_conv2d_new((x), (kernel), &lm__a), __VA_ARGS__)
#endif

#define FIELDS(type, prefix)                                                                                     \
    {"strides", LM__ATTR_INTS, offsetof(type, prefix strides), 2},                                               \
    {"dilation", LM__ATTR_INTS, offsetof(type, prefix dilation), 2},                                             \
    {"groups", LM__ATTR_INT, offsetof(type, prefix groups), 1},                                                  \
    {"padding", LM__ATTR_INT, offsetof(type, prefix padding), 1},                                                \
    {"pads", LM__ATTR_INTS, offsetof(type, prefix pads), 4}
static const lm__attr attrs[] = {FIELDS(lm__conv2d, ), {0}};
const lm__attr lm__conv2d_to_attrs[] = {
    FIELDS(lm__conv2d_to, conv.), LM__ATTR(lm__conv2d_to, shape, LM__ATTR_SHAPE), {0}};

/* Channels and filters against groups. */
static lm_status check_groups(const lm__infer *infer, const lm__conv2d *attr, lm__dim channels,
                              const lm__shape *kernel)
{
    lm__dims *dims = infer->dims;
    lm__dim share = kernel->dim[2], filters = kernel->dim[3];
    char a[64], b[64];
    if (lm__dim_equal(dims, channels, lm__dim_mul(dims, share, attr->groups)) == 0) {
        lm__dim_text(dims, channels, a, sizeof a);
        lm__dim_text(dims, share, b, sizeof b);
        if (attr->groups == 1)
            return lm__op_invalid(infer, "the image has %s channels, the kernel is for %s (its third dimension)", a,
                                  b);
        return lm__op_invalid(infer, "the image has %s channels, the kernel is for %lld groups of %s", a,
                              (long long)attr->groups, b);
    }
    if (lm__dim_divides(dims, filters, attr->groups) == 0)
        return lm__op_invalid(infer, "%s filters cannot be cut into %lld groups",
                              lm__dim_text(dims, filters, a, sizeof a), (long long)attr->groups);
    return LM_OK;
}

lm_status lm__conv2d_shape(const lm__infer *infer, const lm__conv2d *attr, const lm__shape *image,
                           const lm__shape *kernel, lm__shape *out)
{
    LM_TRY(check_groups(infer, attr, image->dim[3], kernel));
    if (kernel->dim[0] == 0 || kernel->dim[1] == 0) return lm__op_invalid(infer, "the kernel has no cells");
    *out = (lm__shape){.rank = 4, .dim = {image->dim[0], 0, 0, kernel->dim[3]}};
    for (int k = 0; k < 2; k++) {
        lm__window_axis axis = {
            .name = k ? "width" : "height", .size = image->dim[1 + k], .window = kernel->dim[k],
            .stride = attr->strides[k], .dilation = attr->dilation[k], .padding = attr->padding,
            .before = attr->pads[2 * k], .after = attr->pads[2 * k + 1],
        };
        LM_TRY(lm__window_count(infer, &axis, &out->dim[1 + k]));
    }
    return LM_OK;
}

static lm_status infer(lm__infer *infer)
{
    lm__shape out;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_same(infer, 0, 1));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__need_rank(infer, 1, 4, "(height, width, channels / groups, filters)"));
    LM_TRY(lm__conv2d_shape(infer, infer->attr, &infer->in[0]->shape, &infer->in[1]->shape, &out));
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    const lm__conv2d *attr = v->node->attr;
    lm_value *x = v->in[0], *kernel = v->in[1], *g = v->grad_out[0];
    if (v->needs[0]) v->grad_in[0] = lm__conv2d_backward_input(g, kernel, attr, &x->shape);
    if (v->needs[1]) v->grad_in[1] = lm__conv2d_backward_kernel(x, g, attr, &kernel->shape);
    return LM_OK;
}

typedef void conv2d_fn(const void *image, const void *kernel, void *out, const int64_t *dims);
LM_REFS_FLOATS(conv2d_fn, conv2d)

static lm_status run(const lm__run *run)
{
    lm__conv2d_dims d = lm__conv2d_problem(run->problem);
    refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->out[0], &d.batch);
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    lm__conv2d_dims d = lm__conv2d_problem(p);
    return lm__conv2d_flops(&d);
}

#define CONV(...) &(const lm__conv2d){.strides = {1, 1}, .dilation = {1, 1}, .groups = 1, __VA_ARGS__}
static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 4, .dims = {2, 5, 4, 2}}, {.rank = 4, .dims = {3, 2, 2, 3}}},
     .attr = CONV(.padding = LM__PAD_VALID)},
    {.nin = 2,
     .in = {{.rank = 4, .dims = {1, 5, 6, 2}}, {.rank = 4, .dims = {3, 3, 2, 2}}},
     .attr = &(const lm__conv2d){.strides = {2, 2}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME}},
    {.nin = 2,
     .in = {{.rank = 4, .dims = {1, 6, 5, 4}}, {.rank = 4, .dims = {2, 3, 2, 6}}},
     .attr = &(const lm__conv2d){.strides = {1, 2}, .dilation = {2, 1}, .groups = 2, .padding = LM__PAD_SAME}},
    {.nin = 2,
     .in = {{.rank = 4, .dims = {1, 4, 5, 3}}, {.rank = 4, .dims = {2, 2, 1, 3}}},
     .attr = &(const lm__conv2d){.strides = {3, 2},
                                 .dilation = {1, 2},
                                 .groups = 3,
                                 .padding = LM__PAD_EXPLICIT,
                                 .pads = {1, 0, 2, 1}}},
    {.nin = 2,
     .in = {{.rank = 4, .dims = {2, 1, 1, 1}}, {.rank = 4, .dims = {1, 1, 1, 1}}},
     .attr = CONV(.padding = LM__PAD_VALID)},
    {0},
};

const lm__op lm__op_conv2d = {
    .name = "conv2d",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__conv2d),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "conv2d", .name = "ref", .run = run},
    .samples = samples,
    .flops = flops,
};

lm_value *lm__conv2d_of(lm_value *x, lm_value *kernel, const lm__conv2d *attr)
{
    return lm__apply2(&lm__op_conv2d, attr, x, kernel);
}

lm_status lm__conv2d_attr(const char *op, const lm_op_conv2d_args *args, lm__conv2d *attr)
{
    LM_TRY(lm__op_args(op, args));
    memset(attr, 0, sizeof *attr);
    LM_TRY(lm__window_pair(op, "strides", args->strides, 1, attr->strides));
    LM_TRY(lm__window_pair(op, "dilation", args->dilation, 1, attr->dilation));
    LM_TRY(lm__window_padding(op, args->padding, args->pads, &attr->padding));
    memcpy(attr->pads, args->pads, sizeof attr->pads);
    attr->groups = args->groups;
    if (attr->groups < 1)
        return lm__fail(LM_INVALID, "%s: .groups = %lld, expected at least 1", op, (long long)attr->groups);
    return LM_OK;
}

lm_value *lm_op_conv2d_new(lm_value *x, lm_value *kernel, const lm_op_conv2d_args *args)
{
    lm__conv2d attr;
    if (lm__conv2d_attr("conv2d", args, &attr) != LM_OK) return lm__graph_fail(NULL, 2, (lm_value *[]){x, kernel});
    return lm__conv2d_of(x, kernel, &attr);
}
