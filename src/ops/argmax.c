/* ops/argmax.c: where the largest element lies along one axis; no gradient. */
#include "kernels/axis.h"
#include "ops/plain.h"

#ifdef LM_HEADER
/* The index of the largest element along `axis` (negative: from the end), which goes away: the first of equals,
 * the first NaN if there is one. x: numbers; the result is int32. An axis of size 0 is refused. */
lm_value *lm_op_argmax(lm_value *x, int axis);
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__shape *x = &infer->in[0]->shape;
    int64_t axis = ((const lm__axis *)infer->attr)->axis;
    LM_TRY(lm__need_number(infer, 0));
    LM_TRY(lm__op_axis(infer, x->rank, &axis));
    if (x->dim[axis] == 0) return lm__op_invalid(infer, "axis %lld has no elements", (long long)axis);
    lm__shape out = {.rank = 0};
    for (int i = 0; i < x->rank; i++)
        if (i != axis) out.dim[out.rank++] = x->dim[i];
    return lm__result(infer, 0, LM_I32, &out);
}

LM_REFS_NUMBERS(lm__axis_fn, argmax)

static lm_status run(const lm__run *run)
{
    return lm__axis_run(run, refs);
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const lm__axis){1}},
    {.nin = 1,
     .in = {{.dtype = LM_I32, .rank = 3, .dims = {2, 3, 4}, .low = 0, .high = 3}},
     .attr = &(const lm__axis){1}},
    {0},
};

const lm__op lm__op_argmax = {
    .name = "argmax",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(lm__axis),
    .attrs = lm__axis_attrs,
    .infer = infer,
    .reference = {.op = "argmax", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_argmax(lm_value *x, int axis)
{
    lm__axis attr = {lm__front_axis(x, axis)};
    return lm__apply1(&lm__op_argmax, &attr, x);
}
