/* ops/concatenate.c: inputs one after the other along one axis.   dx = its part of dy */
#include "ops/structure.h"

#ifdef LM_HEADER
/* The values joined along `axis` (negative: from the end); their other sizes are equal. 1 to 64 values of one
 * type, any. */
lm_value *lm_op_concatenate(int n, lm_value *const *values, int axis);

/* Values of one shape along a new axis, before axis `axis` of theirs (negative: from the end of the result). */
lm_value *lm_op_stack(int n, lm_value *const *values, int axis);
#endif

static lm_status infer(lm__infer *infer)
{
    lm__shape out = infer->in[0]->shape;
    int64_t axis = ((const lm__axis *)infer->attr)->axis;
    LM_TRY(lm__op_axis(infer, out.rank, &axis));
    for (int i = 1; i < infer->nin; i++) {
        const lm__shape *x = &infer->in[i]->shape;
        LM_TRY(lm__need_same(infer, 0, i));
        if (x->rank != out.rank) return lm__op_invalid(infer, "arguments 1 and %d have different ranks", i + 1);
        for (int k = 0; k < out.rank; k++) {
            if (k == axis || lm__dim_equal(infer->dims, x->dim[k], out.dim[k]) != 0) continue;
            return lm__op_invalid(
                infer, "arguments 1 and %d differ in axis %d; only axis %lld, along which they are joined, may",
                i + 1, k, (long long)axis);
        }
        out.dim[axis] = lm__dim_add(infer->dims, out.dim[axis], x->dim[axis]);
    }
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    int64_t axis = ((const lm__axis *)v->node->attr)->axis;
    lm__dim at = 0;
    for (int i = 0; i < v->node->nin; i++) {
        lm__dim size = v->in[i]->shape.dim[axis];
        if (v->needs[i]) v->grad_in[i] = lm__slice_axis(v->grad_out[0], axis, at, size);
        at = lm__dim_add(v->graph->dims, at, size);
    }
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const lm__problem *p = run->problem;
    int64_t axis = ((const lm__axis *)p->attr)->axis, at = 0;
    for (int i = 0; i < p->nin; i++) {
        const lm__desc *x = &p->in[i];
        lm__move move = {.rank = x->rank};
        lm__move_dense(x->rank, x->dims, move.from);
        lm__move_dense(x->rank, p->out[0].dims, move.to);
        for (int k = 0; k < x->rank; k++) move.dims[k] = x->dims[k];
        move.to_at = at * move.to[axis];
        lm__move_run(&move, lm_dtype_size(x->dtype), run->in[i], run->out[0]);
        at += x->dims[axis];
    }
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 2, .dims = {3, 4}}, {.rank = 2, .dims = {3, 2}}}, .attr = &(const lm__axis){1}},
    {.nin = 3,
     .in = {{.rank = 3, .dims = {1, 2, 3}}, {.rank = 3, .dims = {2, 2, 3}}, {.rank = 3, .dims = {3, 2, 3}}},
     .attr = &(const lm__axis){0}},
    {.nin = 1, .in = {{.rank = 1, .dims = {3}}}, .attr = &(const lm__axis){0}},
    {0},
};

const lm__op lm__op_concatenate = {
    .name = "concatenate",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = LM__MAX_INPUTS,
    .outputs = 1,
    .attr_size = sizeof(lm__axis),
    .attrs = lm__axis_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "concatenate", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_concatenate(int n, lm_value *const *values, int axis)
{
    if (!values) n = 0;
    lm__axis attr = {n > 0 ? lm__front_axis(values[0], axis) : 0};
    return lm__apply(NULL, &lm__op_concatenate, &attr, n, values);
}

lm_value *lm_op_stack(int n, lm_value *const *values, int axis)
{
    lm_value *slices[LM__MAX_INPUTS];
    if (n < 1 || n > LM__MAX_INPUTS || !values) return lm_op_concatenate(n, values, axis);
    for (int i = 0; i < n; i++) slices[i] = lm_op_expand_dims(values[i], axis);
    return lm_op_concatenate(n, slices, axis);
}
