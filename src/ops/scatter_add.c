/* ops/scatter_add.c: updates summed into zeros at given places of one axis: the transpose of gather.   d(updates) =
 * gather(dy) */
#include "ops/structure.h"

#ifdef LM_HEADER
/* Zeros with slices of `updates` added along `axis` by number: updates (a, i, j, b) with indices (i, j) along axis
 * 1 give (a, size, b). Places named several times add up, in order. indices: int32 or int64; negative ones count
 * from the end; one out of range fails the run. updates: numbers. `axis` counts in the result; it must be >= 0. */
lm_value *lm_op_scatter_add(lm_value *indices, lm_value *updates, int64_t size, int axis);
#endif

typedef struct scatter_attr {
    int64_t axis;
    lm__shape size;                     /* of one axis */
} scatter_attr;

static const lm__attr attrs[] = {
    LM__ATTR(scatter_attr, axis, LM__ATTR_INT),
    LM__ATTR(scatter_attr, size, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const scatter_attr *attr = infer->attr;
    const lm__shape *indices = &infer->in[0]->shape, *updates = &infer->in[1]->shape;
    int64_t axis = attr->axis;
    LM_TRY(lm__need_index(infer, 0));
    LM_TRY(lm__need_number(infer, 1));
    int rank = updates->rank - indices->rank + 1;
    if (rank < 1 || axis < 0 || axis >= rank)
        return lm__op_invalid(infer, "axis %lld of a result of rank %d (updates' rank - indices' rank + 1)",
                              (long long)axis, rank);
    if (rank > LM_MAX_RANK) return lm__op_invalid(infer, "the result would have %d axes", rank);
    for (int i = 0; i < indices->rank; i++)
        LM_TRY(lm__need_equal(infer, updates->dim[axis + i], indices->dim[i], "the sizes of updates and indices"));
    lm__shape out = {.rank = rank};
    for (int i = 0; i < rank; i++) out.dim[i] = updates->dim[i < axis ? i : i + indices->rank - 1];
    out.dim[axis] = attr->size.dim[0];
    return lm__result(infer, 0, infer->in[1]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    const scatter_attr *attr = v->node->attr;
    if (v->needs[1]) v->grad_in[1] = lm_op_gather(v->grad_out[0], v->in[0], (int)attr->axis);
    return LM_OK;
}

typedef int64_t scatter_fn(const void *indices, int wide, const void *updates, void *out, size_t outer, size_t n,
                           size_t count, size_t inner);
LM_REFS_NUMBERS(scatter_fn, scatter_add)

static lm_status run(const lm__run *run)
{
    const scatter_attr *attr = run->problem->attr;
    const lm__desc *indices = &run->problem->in[0], *y = &run->problem->out[0];
    lm__axis_view v = lm__axis_view_of(y, attr->axis);
    bool wide = indices->dtype == LM_I64;
    int64_t bad = refs[y->dtype](run->in[0], wide, run->in[1], run->out[0], v.outer, v.n, indices->size, v.inner);
    if (bad < 0) return LM_OK;
    int64_t at = wide ? ((const int64_t *)run->in[0])[bad] : ((const int32_t *)run->in[0])[bad];
    return lm__fail(LM_INVALID,
                    "scatter_add: index %lld at position %lld is out of range for axis %lld with %zu elements",
                    (long long)at, (long long)bad, (long long)attr->axis, v.n);
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.dtype = LM_I32, .rank = 1, .dims = {4}, .low = 0, .high = 5}, {.rank = 2, .dims = {4, 3}}},
     .attr = &(const scatter_attr){0, {1, {5}}}},
    {.nin = 2,
     .in = {{.dtype = LM_I64, .rank = 2, .dims = {2, 3}, .low = -4, .high = 4}, {.rank = 4, .dims = {2, 2, 3, 3}}},
     .attr = &(const scatter_attr){1, {1, {4}}}},
    {.nin = 2,
     .in = {{.dtype = LM_I32, .rank = 0, .low = 0, .high = 4}, {.rank = 1, .dims = {2}}},
     .attr = &(const scatter_attr){1, {1, {4}}}},
    {0},
};

const lm__op lm__op_scatter_add = {
    .name = "scatter_add",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(scatter_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "scatter_add", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__scatter_add(lm_value *indices, lm_value *updates, int64_t axis, lm__dim size)
{
    scatter_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.axis = axis;
    attr.size = (lm__shape){.rank = 1, .dim = {size}};
    return lm__apply2(&lm__op_scatter_add, &attr, indices, updates);
}

lm_value *lm_op_scatter_add(lm_value *indices, lm_value *updates, int64_t size, int axis)
{
    lm__shape shape;
    if (lm__op_dims("scatter_add", 1, &size, false, &shape) != LM_OK)
        return lm__graph_fail(NULL, 2, (lm_value *[]){indices, updates});
    return lm__scatter_add(indices, updates, axis, size);
}
