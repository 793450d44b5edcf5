/* ops/prod_backward.c: dx[j] = dy times the product of all x but x[j]; made by prod's gradient only. */
#include "ops/reductions.h"

static lm_status infer(lm__infer *infer)
{
    lm__shape shape = lm__reduce_shape(&infer->in[0]->shape, infer->attr);
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_same(infer, 0, 1));
    LM_TRY(lm__need_shape(infer, 1, &shape, "the product"));
    return lm__result(infer, 0, infer->in[0]->dtype, &infer->in[0]->shape);
}

typedef void prod_fn(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
                     const int64_t *rstride, const void *in, const void *gradient, void *out);
LM_REFS_FLOATS(prod_fn, prod_backward)

static lm_status run(const lm__run *run)
{
    const lm__desc *x = &run->problem->in[0];
    lm__reduce_loop l = lm__reduce_loop_of(x, run->problem->attr);
    refs[x->dtype](l.kept, l.kept_dim, l.kept_stride, l.reduced, l.reduced_dim, l.reduced_stride, run->in[0],
                   run->in[1], run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 3, 4}}, {.rank = 2, .dims = {2, 4}}},
     .attr = &(const lm__reduce_attr){{1}, 1, false}},
    {0},
};

const lm__op lm__op_prod_backward = {
    .name = "prod_backward",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .flags = LM__OP_ONCE,
    .attr_size = sizeof(lm__reduce_attr),
    .attrs = lm__reduce_attrs,
    .infer = infer,
    .reference = {.op = "prod_backward", .name = "ref", .run = run},
    .samples = samples,
};
