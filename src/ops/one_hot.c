/* ops/one_hot.c: whole numbers as rows of 0 with a single 1; no gradient. */
#include "ops/plain.h"

#ifdef LM_HEADER
/* A new axis of size `depth` before axis `axis` of indices (negative: from the end of the result; -1: last), with
 * 1 at the place that the index names and 0 elsewhere; all 0 where it is out of range. indices: int32 or int64;
 * the result has the type `dtype`. */
lm_value *lm_op_one_hot(lm_value *indices, int64_t depth, int axis, lm_dtype dtype);
#endif

typedef struct one_hot_attr {
    int64_t depth, axis;
    lm_dtype dtype;
} one_hot_attr;

static const lm__attr attrs[] = {
    LM__ATTR(one_hot_attr, depth, LM__ATTR_INT),
    LM__ATTR(one_hot_attr, axis, LM__ATTR_INT),
    LM__ATTR(one_hot_attr, dtype, LM__ATTR_DTYPE),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const one_hot_attr *attr = infer->attr;
    const lm__shape *x = &infer->in[0]->shape;
    int64_t axis = attr->axis;
    LM_TRY(lm__need_index(infer, 0));
    if (x->rank == LM_MAX_RANK) return lm__op_invalid(infer, "there is no room for one more axis");
    LM_TRY(lm__op_axis(infer, x->rank + 1, &axis));
    if (attr->depth < 0) return lm__op_invalid(infer, "the depth is %lld", (long long)attr->depth);
    if ((unsigned)attr->dtype >= LM_DTYPE_COUNT) return lm__op_invalid(infer, "%d is no dtype", (int)attr->dtype);
    lm__shape out = {.rank = x->rank + 1};
    for (int i = 0; i < out.rank; i++) out.dim[i] = i == axis ? attr->depth : x->dim[i < axis ? i : i - 1];
    return lm__result(infer, 0, attr->dtype, &out);
}

typedef void one_hot_fn(const void *indices, int wide, void *out, size_t outer, size_t depth, size_t inner);
LM_REFS_ALL(one_hot_fn, one_hot)

static lm_status run(const lm__run *run)
{
    const lm__desc *y = &run->problem->out[0];
    lm__axis_view v = lm__axis_view_of(y, ((const one_hot_attr *)run->problem->attr)->axis);
    refs[y->dtype](run->in[0], run->problem->in[0].dtype == LM_I64, run->out[0], v.outer, v.n, v.inner);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.dtype = LM_I32, .rank = 1, .dims = {6}, .low = -1, .high = 6}},
     .attr = &(const one_hot_attr){5, 1, LM_F32}},
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 2, .dims = {2, 3}, .low = 0, .high = 4}},
     .attr = &(const one_hot_attr){4, 1, LM_F32}},
    {0},
};

const lm__op lm__op_one_hot = {
    .name = "one_hot",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(one_hot_attr),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "one_hot", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_one_hot(lm_value *indices, int64_t depth, int axis, lm_dtype dtype)
{
    one_hot_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.depth = depth;
    attr.dtype = dtype;
    attr.axis =
        axis < 0 && !lm__bad(indices) && axis >= -indices->shape.rank - 1 ? axis + indices->shape.rank + 1 : axis;
    return lm__apply1(&lm__op_one_hot, &attr, indices);
}
