/* ops/log_softmax.c: y = x - log sum e^x along one axis.   dx = dy - e^y sum dy */
#include "kernels/axis.h"
#include "ops/plain.h"

#ifdef LM_HEADER
/* The logarithm of softmax along `axis` (negative: from the end), exact also where softmax itself underflows. x: a
 * float type; the result has x's type and shape. */
lm_value *lm_op_log_softmax(lm_value *x, int axis);
#endif

static lm_status gradient(lm__vjp *v)
{
    const lm__axis *attr = v->node->attr;
    lm_value *g = v->grad_out[0];
    lm_value *along = lm_op_sum_over(g, 1, &attr->axis, true);
    v->grad_in[0] = lm_op_subtract(g, lm_op_multiply(lm_op_exp(lm__out(v, 0)), along));
    return LM_OK;
}

LM_REFS_FLOATS(lm__axis_fn, log_softmax)

static lm_status run(const lm__run *run)
{
    return lm__axis_run(run, refs);
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const lm__axis){1}},
    {.nin = 1, .in = {{.rank = 3, .dims = {2, 3, 4}}}, .attr = &(const lm__axis){0}},
    {.nin = 1, .in = {{.rank = 1, .dims = {1}}}, .attr = &(const lm__axis){0}},
    {0},
};

const lm__op lm__op_log_softmax = {
    .name = "log_softmax",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__axis),
    .attrs = lm__axis_attrs,
    .infer = lm__infer_along_axis,
    .gradient = gradient,
    .reference = {.op = "log_softmax", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_log_softmax(lm_value *x, int axis)
{
    lm__axis attr = {lm__front_axis(x, axis)};
    return lm__apply1(&lm__op_log_softmax, &attr, x);
}
