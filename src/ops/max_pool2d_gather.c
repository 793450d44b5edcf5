/* ops/max_pool2d_gather.c: y = the elements of x at the places that max_pool2d found; made by gradients only. It
 * is linear in x: dx = max_pool2d_scatter. */
#include "ops/pool2d.h"

static lm_status infer(lm__infer *infer)
{
    const lm__shape *x = &infer->in[0]->shape, *index = &infer->in[1]->shape;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__need_rank(infer, 1, 4, "(batch, height, width, channels)"));
    if (infer->in[1]->dtype != LM_I32) return lm__op_invalid(infer, "the places must be int32");
    LM_TRY(lm__need_equal(infer, x->dim[0], index->dim[0], "the batches of image and places"));
    LM_TRY(lm__need_equal(infer, x->dim[3], index->dim[3], "the channels of image and places"));
    return lm__result(infer, 0, infer->in[0]->dtype, index);
}

static lm_status gradient(lm__vjp *v)
{
    if (v->needs[0]) v->grad_in[0] = lm__max_pool2d_scatter(v->grad_out[0], v->in[1], &v->in[0]->shape);
    return LM_OK;
}

typedef int64_t gather_fn(const void *in, const int32_t *index, void *out, int64_t batch, int64_t results,
                          int64_t cells, int64_t channels);
LM_REFS_FLOATS(gather_fn, max_pool2d_gather)

static lm_status run(const lm__run *run)
{
    const int64_t *large = run->problem->in[0].dims, *small = run->problem->out[0].dims;
    int64_t bad = refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->out[0], small[0], small[1] * small[2],
                                                  large[1] * large[2], large[3]);
    if (bad < 0) return LM_OK;
    return lm__fail(LM_INVALID, "max_pool2d_gather: place %d lies outside a plane of %lld cells",
                    ((const int32_t *)run->in[1])[bad], (long long)(large[1] * large[2]));
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 4, .dims = {2, 4, 6, 2}},
            {.dtype = LM_I32, .rank = 4, .dims = {2, 2, 3, 2}, .low = 0, .high = 24}}},
    {0},
};

const lm__op lm__op_max_pool2d_gather = {
    .name = "max_pool2d_gather",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "max_pool2d_gather", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__max_pool2d_gather(lm_value *x, lm_value *index)
{
    return lm__apply2(&lm__op_max_pool2d_gather, NULL, x, index);
}
