/* ops/mean.c: y = mean of x over some axes.   dx = dy repeated over them, divided by their number */
#include "ops/reductions.h"

#ifdef LM_HEADER
/* The mean over the axes named after x, which go away, or over all: lm_op_mean(x), lm_op_mean(x, 1), lm_op_mean(x,
 * -2, -1). lm_op_mean_over: with keepdims the axes stay, with size 1. x: a float type, which the result has too. */
#define lm_op_mean(x, ...) lm_op_mean_over((x), LM__INTS(__VA_ARGS__), false)
lm_value *lm_op_mean_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims);
#endif

static lm_status gradient(lm__vjp *v)
{
    const lm__reduce_attr *attr = v->node->attr;
    lm_value *x = v->in[0];
    v->grad_in[0] = lm__reduce_spread(lm_op_multiply(v->grad_out[0], lm__reduce_share(x, attr)), x, attr);
    return LM_OK;
}

LM_REFS_FLOATS(lm__reduce_fn, mean)

static lm_status run(const lm__run *run)
{
    return lm__reduce_run(run, refs);
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const lm__reduce_attr){{0, 1}, 2, false}},
    {.nin = 1, .in = {{.rank = 3, .dims = {2, 3, 4}}}, .attr = &(const lm__reduce_attr){{1}, 1, false}},
    {.nin = 1, .in = {{.rank = 4, .dims = {2, 3, 4, 2}}}, .attr = &(const lm__reduce_attr){{0, 2}, 2, true}},
    {.nin = 1, .in = {{.rank = 2, .dims = {1, 3}}}, .attr = &(const lm__reduce_attr){{0}, 1, false}},
    {0},
};

const lm__op lm__op_mean = {
    .name = "mean",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__reduce_attr),
    .attrs = lm__reduce_attrs,
    .infer = lm__infer_reduce_float,
    .gradient = gradient,
    .reference = {.op = "mean", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_mean_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims)
{
    return lm__reduce_apply(&lm__op_mean, x, naxes, axes, keepdims);
}
