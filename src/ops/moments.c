/* ops/moments.c: mean m and variance s of x over some axes, n elements each.
 *
 * With gradients dm and ds: dx = dm / n + 2 ds (x - m) / n; what s owes to m sums to 0. */
#include "ops/reductions.h"

#ifdef LM_HEADER
/* Mean and variance (of all elements, not of a sample) over the axes, in two outputs; none means all axes. With
 * keepdims the axes stay, with size 1. Two passes: exact also where the mean is large. x: a float type, which the
 * results have too. */
void lm_op_moments(lm_value *x, int naxes, const int64_t *axes, bool keepdims, lm_value **mean, lm_value **variance);
#endif

static lm_status infer(lm__infer *infer)
{
    LM_TRY(lm__infer_reduce_float(infer));
    infer->dtype[1] = infer->dtype[0];
    infer->shape[1] = infer->shape[0];
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    const lm__reduce_attr *attr = v->node->attr;
    lm_value *x = v->in[0], *share = lm__reduce_share(x, attr), *dx = NULL;
    if (v->grad_out[0]) dx = lm__reduce_spread(lm_op_multiply(v->grad_out[0], share), x, attr);
    if (v->grad_out[1]) {
        lm_value *slope = lm_op_multiply(v->grad_out[1], lm_op_multiply(lm__like(x, 2), share));
        lm_value *off = lm_op_subtract(x, lm__reduce_spread(lm__out(v, 0), x, attr));
        lm_value *part = lm_op_multiply(lm__reduce_spread(slope, x, attr), off);
        dx = dx ? lm_op_add(dx, part) : part;
    }
    v->grad_in[0] = dx;
    return LM_OK;
}

typedef void moments_fn(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
                        const int64_t *rstride, const void *in, void *mean, void *variance);
LM_REFS_FLOATS(moments_fn, moments)

static lm_status run(const lm__run *run)
{
    const lm__desc *x = &run->problem->in[0];
    lm__reduce_loop l = lm__reduce_loop_of(x, run->problem->attr);
    refs[x->dtype](l.kept, l.kept_dim, l.kept_stride, l.reduced, l.reduced_dim, l.reduced_stride, run->in[0],
                   run->out[0], run->out[1]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const lm__reduce_attr){{0}, 1, false}},
    {.nin = 1, .in = {{.rank = 4, .dims = {2, 3, 2, 3}}}, .attr = &(const lm__reduce_attr){{0, 1, 2}, 3, true}},
    {.nin = 1, .in = {{.rank = 3, .dims = {2, 3, 4}}}, .attr = &(const lm__reduce_attr){{0, 2}, 2, false}},
    {.nin = 1, .in = {{.rank = 2, .dims = {1, 3}}}, .attr = &(const lm__reduce_attr){{0}, 1, false}},
    {0},
};

const lm__op lm__op_moments = {
    .name = "moments",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 2,
    .attr_size = sizeof(lm__reduce_attr),
    .attrs = lm__reduce_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "moments", .name = "ref", .run = run},
    .samples = samples,
};

void lm_op_moments(lm_value *x, int naxes, const int64_t *axes, bool keepdims, lm_value **mean, lm_value **variance)
{
    lm_value *first = lm__reduce_apply(&lm__op_moments, x, naxes, axes, keepdims);
    *mean = first;
    *variance = lm__bad(first) ? first : &first->node->out[1];
}
