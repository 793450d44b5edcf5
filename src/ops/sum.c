/* ops/sum.c: y = sum of x over some axes.   dx = dy repeated over them */
#include "ops/reduce.h"

#ifdef LM_HEADER
/* The sum over the axes named after x, which go away, or over all: lm_op_sum(x), lm_op_sum(x, 1), lm_op_sum(x, -2,
 * -1). lm_op_sum_over: with keepdims the summed axes stay, with size 1. x: a numeric type, which the result has too.
 * */
#define lm_op_sum(x, ...) lm_op_sum_over((x), LM__INTS(__VA_ARGS__), false)
lm_value *lm_op_sum_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims);
#endif

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__reduce_spread(v->grad_out[0], v->in[0], v->node->attr);
    return LM_OK;
}

LM_REFS_NUMBERS(lm__reduce_fn, sum)

static lm_status run(const lm__run *r)
{
    return lm__reduce_run(r, refs);
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const lm__reduce_attr){{0, 1}, 2, false}},
    {.nin = 1, .in = {{.rank = 3, .dims = {2, 3, 4}}}, .attr = &(const lm__reduce_attr){{1}, 1, false}},
    {.nin = 1, .in = {{.rank = 4, .dims = {2, 3, 4, 5}}}, .attr = &(const lm__reduce_attr){{0, 2}, 2, true}},
    {0},
};

const lm__op lm__op_sum = {
    .name = "sum",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__reduce_attr),
    .attrs = lm__reduce_attrs,
    .infer = lm__infer_reduce,
    .gradient = gradient,
    .reference = {.op = "sum", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_sum_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims)
{
    return lm__reduce_apply(&lm__op_sum, x, naxes, axes, keepdims);
}
