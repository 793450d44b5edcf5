/* ops/gather.c: y = the slices of x at given places of one axis.   dx = dy summed into those places (scatter_add) */
#include "ops/structure.h"

#ifdef LM_HEADER
/* Slices of x along `axis` (negative: from the end) by number, as keras.ops.take: x (a, n, b) with indices (i, j)
 * along axis 1 gives (a, i, j, b). indices: int32 or int64; negative ones count from the end; one out of range
 * fails the run. x: any type. */
lm_value *lm_op_gather(lm_value *x, lm_value *indices, int axis);
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__shape *x = &infer->in[0]->shape, *indices = &infer->in[1]->shape;
    int64_t axis = ((const lm__axis *)infer->attr)->axis;
    LM_TRY(lm__need_index(infer, 1));
    LM_TRY(lm__op_axis(infer, x->rank, &axis));
    if (x->rank - 1 + indices->rank > LM_MAX_RANK)
        return lm__op_invalid(infer, "the result would have %d axes, at most %d are possible",
                              x->rank - 1 + indices->rank, LM_MAX_RANK);
    lm__shape out = {.rank = 0};
    for (int i = 0; i < axis; i++) out.dim[out.rank++] = x->dim[i];
    for (int i = 0; i < indices->rank; i++) out.dim[out.rank++] = indices->dim[i];
    for (int i = (int)axis + 1; i < x->rank; i++) out.dim[out.rank++] = x->dim[i];
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    int64_t axis = ((const lm__axis *)v->node->attr)->axis;
    if (v->needs[0]) v->grad_in[0] = lm__scatter_add(v->in[1], v->grad_out[0], axis, v->in[0]->shape.dim[axis]);
    return LM_OK;
}

int64_t lm__ref_gather(const void *in, const void *indices, int wide, void *out, size_t outer, size_t n, size_t count,
                       size_t bytes);

static lm_status run(const lm__run *run)
{
    const lm__desc *x = &run->problem->in[0], *indices = &run->problem->in[1];
    int64_t axis = ((const lm__axis *)run->problem->attr)->axis;
    lm__axis_view v = lm__axis_view_of(x, axis);
    bool wide = indices->dtype == LM_I64;
    int64_t bad = lm__ref_gather(run->in[0], run->in[1], wide, run->out[0], v.outer, v.n, indices->size,
                                 v.inner * lm_dtype_size(x->dtype));
    if (bad < 0) return LM_OK;
    int64_t at = wide ? ((const int64_t *)run->in[1])[bad] : ((const int32_t *)run->in[1])[bad];
    return lm__fail(LM_INVALID, "gather: index %lld at position %lld is out of range for axis %lld with %zu elements",
                    (long long)at, (long long)bad, (long long)axis, v.n);
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {5, 3}}, {.dtype = LM_I32, .rank = 1, .dims = {4}, .low = 0, .high = 5}},
     .attr = &(const lm__axis){0}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 4, 3}}, {.dtype = LM_I64, .rank = 2, .dims = {2, 3}, .low = -4, .high = 4}},
     .attr = &(const lm__axis){1}},
    {.nin = 2,
     .in = {{.rank = 2, .dims = {2, 4}}, {.dtype = LM_I32, .rank = 0, .low = 0, .high = 4}},
     .attr = &(const lm__axis){1}},
    {0},
};

const lm__op lm__op_gather = {
    .name = "gather",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__axis),
    .attrs = lm__axis_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "gather", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_gather(lm_value *x, lm_value *indices, int axis)
{
    lm__axis attr = {lm__front_axis(x, axis)};
    return lm__apply2(&lm__op_gather, &attr, x, indices);
}
