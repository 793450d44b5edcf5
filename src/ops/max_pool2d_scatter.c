/* ops/max_pool2d_scatter.c: dx = dy put into an image of zeros at the places that max_pool2d found; places named
 * several times are summed up. It is linear in dy: d(dy) = max_pool2d_gather. */
#include "ops/pool2d.h"

static const lm__attr attrs[] = {
    LM__ATTR(lm__shape_attr, shape, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const lm__shape *shape = &((const lm__shape_attr *)infer->attr)->shape, *dy = &infer->in[0]->shape;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__need_shape(infer, 1, dy, "the gradient"));
    if (infer->in[1]->dtype != LM_I32) return lm__op_invalid(infer, "the places must be int32");
    LM_TRY(lm__need_equal(infer, dy->dim[0], shape->dim[0], "the batches of gradient and image"));
    LM_TRY(lm__need_equal(infer, dy->dim[3], shape->dim[3], "the channels of gradient and image"));
    return lm__result(infer, 0, infer->in[0]->dtype, shape);
}

static lm_status gradient(lm__vjp *v)
{
    if (v->needs[0]) v->grad_in[0] = lm__max_pool2d_gather(v->grad_out[0], v->in[1]);
    return LM_OK;
}

typedef int64_t scatter_fn(const void *gradient, const int32_t *index, void *out, int64_t batch, int64_t results,
                           int64_t cells, int64_t channels);
LM_REFS_FLOATS(scatter_fn, max_pool2d_scatter)

static lm_status run(const lm__run *run)
{
    const int64_t *small = run->problem->in[0].dims, *large = run->problem->out[0].dims;
    int64_t bad = refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->out[0], small[0], small[1] * small[2],
                                                  large[1] * large[2], large[3]);
    if (bad < 0) return LM_OK;
    return lm__fail(LM_INVALID, "max_pool2d_scatter: place %d lies outside a plane of %lld cells",
                    ((const int32_t *)run->in[1])[bad], (long long)(large[1] * large[2]));
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 4, .dims = {2, 2, 3, 2}},
            {.dtype = LM_I32, .rank = 4, .dims = {2, 2, 3, 2}, .low = 0, .high = 24}},
     .attr = &(const lm__shape_attr){{4, {2, 4, 6, 2}}}},
    {0},
};

const lm__op lm__op_max_pool2d_scatter = {
    .name = "max_pool2d_scatter",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__shape_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "max_pool2d_scatter", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__max_pool2d_scatter(lm_value *dy, lm_value *index, const lm__shape *shape)
{
    lm__shape_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.shape = *shape;
    return lm__apply2(&lm__op_max_pool2d_scatter, &attr, dy, index);
}
