/* ops/average_pool2d_backward.c: the transpose of average_pool2d; made by its gradient only. It is linear: d(dy) is
 * average_pool2d again. */
#include "ops/pool2d.h"

static const lm__attr attrs[] = {
    LM__ATTR_N(lm__pool2d_to, pool.size, LM__ATTR_INTS, 2),
    LM__ATTR_N(lm__pool2d_to, pool.strides, LM__ATTR_INTS, 2),
    LM__ATTR(lm__pool2d_to, pool.padding, LM__ATTR_INT),
    LM__ATTR(lm__pool2d_to, shape, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const lm__pool2d_to *attr = infer->attr;
    lm__shape dy;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__pool2d_shape(infer, &attr->pool, &attr->shape, &dy));
    LM_TRY(lm__need_shape(infer, 0, &dy, "the result of pooling the wanted image"));
    return lm__result(infer, 0, infer->in[0]->dtype, &attr->shape);
}

static lm_status gradient(lm__vjp *v)
{
    const lm__pool2d_to *attr = v->node->attr;
    v->grad_in[0] = lm__average_pool2d(v->grad_out[0], &attr->pool);
    return LM_OK;
}

typedef void pool_fn(const void *gradient, void *out, const int64_t *dims);
LM_REFS_FLOATS(pool_fn, average_pool2d_backward)

static lm_status run(const lm__run *run)
{
    const lm__problem *p = run->problem;
    lm__pool2d_dims d = lm__pool2d_dims_of(p->attr, p->out[0].dims, p->in[0].dims);
    refs[p->in[0].dtype](run->in[0], run->out[0], &d.batch);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.rank = 4, .dims = {2, 2, 3, 3}}},
     .attr = &(const lm__pool2d_to){{{2, 2}, {2, 2}, LM__PAD_VALID}, {4, {2, 4, 6, 3}}}},
    {.nin = 1,
     .in = {{.rank = 4, .dims = {1, 3, 4, 2}}},
     .attr = &(const lm__pool2d_to){{{3, 2}, {2, 1}, LM__PAD_SAME}, {4, {1, 5, 4, 2}}}},
    {0},
};

const lm__op lm__op_average_pool2d_backward = {
    .name = "average_pool2d_backward",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__pool2d_to),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "average_pool2d_backward", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__average_pool2d_backward(lm_value *dy, const lm__pool2d *attr, const lm__shape *shape)
{
    lm__pool2d_to to;
    memset(&to, 0, sizeof to);
    to.pool = *attr;
    to.shape = *shape;
    return lm__apply1(&lm__op_average_pool2d_backward, &to, dy);
}
