/* ops/prod.c: y = product of x over some axes.   dx[j] = dy times the product of all x but x[j] */
#include "ops/reductions.h"

#ifdef LM_HEADER
/* The product over the axes named after x, which go away, or over all: lm_op_prod(x), lm_op_prod(x, 1),
 * lm_op_prod(x, -2, -1). lm_op_prod_over: with keepdims the axes stay, with size 1. x: numbers, which the result
 * has too. Differentiable once; zeros in x do no harm. */
#define lm_op_prod(x, ...) lm_op_prod_over((x), LM__INTS(__VA_ARGS__), false)
lm_value *lm_op_prod_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims);
#endif

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__apply2(&lm__op_prod_backward, v->node->attr, v->in[0], v->grad_out[0]);
    return LM_OK;
}

LM_REFS_NUMBERS(lm__reduce_fn, prod)

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

const lm__op lm__op_prod = {
    .name = "prod",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_ONCE,
    .attr_size = sizeof(lm__reduce_attr),
    .attrs = lm__reduce_attrs,
    .infer = lm__infer_reduce,
    .gradient = gradient,
    .reference = {.op = "prod", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_prod_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims)
{
    return lm__reduce_apply(&lm__op_prod, x, naxes, axes, keepdims);
}
