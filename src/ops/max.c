/* ops/max.c: y = the largest x over some axes.   dx = dy where x is the largest, in equal shares among equals */
#include "ops/reductions.h"

#ifdef LM_HEADER
/* The largest element over the axes named after x, which go away, or over all: lm_op_max(x), lm_op_max(x, 1),
 * lm_op_max(x, -2, -1). lm_op_max_over: with keepdims the axes stay, with size 1. x: numbers, which the result has
 * too. NaN if one is NaN. An axis of size 0 is refused. */
#define lm_op_max(x, ...) lm_op_max_over((x), LM__INTS(__VA_ARGS__), false)
lm_value *lm_op_max_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims);
#endif


LM_REFS_NUMBERS(lm__reduce_fn, max)

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

const lm__op lm__op_max = {
    .name = "max",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__reduce_attr),
    .attrs = lm__reduce_attrs,
    .infer = lm__infer_reduce_some,
    .gradient = lm__extreme_gradient,
    .reference = {.op = "max", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_max_over(lm_value *x, int naxes, const int64_t *axes, bool keepdims)
{
    return lm__reduce_apply(&lm__op_max, x, naxes, axes, keepdims);
}
