/* ops/average_pool2d.c: y = the mean of each window, padding left out. It is linear: dx is its transpose,
 * average_pool2d_backward. */
#include "ops/pool2d.h"

#ifdef LM_HEADER
/* How pooling windows lie: `pool_size` cells, `strides` apart (left out: as pool_size); {2} means {2, 2}.
 * `padding`: "valid" (default: windows inside the image) or "same" (ceil(height / stride) results, padded evenly,
 * an odd cell at the end). */
typedef struct lm_op_pool2d_args {
    size_t size;
    int64_t pool_size[2], strides[2];
    const char *padding;
} lm_op_pool2d_args;

/* Means of windows. x: (batch, height, width, channels), a float type; the result: (batch, height', width',
 * channels). With "same" the padding does not count: lm_op_average_pool2d(x, .pool_size = {2, 2}). */
lm_value *lm_op_average_pool2d_new(lm_value *x, const lm_op_pool2d_args *args);
#define lm_op_average_pool2d(x, ...)                                                                             \
    LM__WITH(lm_op_pool2d_args, LM__LIST(.padding = "valid"), lm_op_average_pool2d_new((x), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    lm__shape out;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__pool2d_shape(infer, infer->attr, &infer->in[0]->shape, &out));
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__average_pool2d_backward(v->grad_out[0], v->node->attr, &v->in[0]->shape);
    return LM_OK;
}

typedef void pool_fn(const void *in, void *out, const int64_t *dims);
LM_REFS_FLOATS(pool_fn, average_pool2d)

static lm_status run(const lm__run *run)
{
    const lm__problem *p = run->problem;
    lm__pool2d_dims d = lm__pool2d_dims_of(p->attr, p->in[0].dims, p->out[0].dims);
    refs[p->in[0].dtype](run->in[0], run->out[0], &d.batch);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 4, .dims = {2, 4, 6, 3}}}, .attr = &(const lm__pool2d){{2, 2}, {2, 2}, LM__PAD_VALID}},
    {.nin = 1, .in = {{.rank = 4, .dims = {1, 5, 4, 2}}}, .attr = &(const lm__pool2d){{3, 2}, {2, 1}, LM__PAD_SAME}},
    {.nin = 1, .in = {{.rank = 4, .dims = {1, 5, 7, 1}}}, .attr = &(const lm__pool2d){{2, 2}, {3, 3}, LM__PAD_VALID}},
    {.nin = 1, .in = {{.rank = 4, .dims = {1, 2, 2, 2}}}, .attr = &(const lm__pool2d){{5, 5}, {1, 1}, LM__PAD_SAME}},
    {0},
};

const lm__op lm__op_average_pool2d = {
    .name = "average_pool2d",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__pool2d),
    .attrs = lm__pool2d_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "average_pool2d", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__average_pool2d(lm_value *x, const lm__pool2d *attr)
{
    return lm__apply1(&lm__op_average_pool2d, attr, x);
}

lm_value *lm_op_average_pool2d_new(lm_value *x, const lm_op_pool2d_args *args)
{
    lm__pool2d attr;
    if (lm__pool2d_attr("average_pool2d", args, &attr) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return lm__average_pool2d(x, &attr);
}
