/* ops/plain.c: see plain.h. */
#include "ops/plain.h"
#include "kernels/axis.h"

lm_status lm__need_float(const lm__infer *infer, int i)
{
    lm_dtype dtype = infer->in[i]->dtype;
    if (lm__is_float(dtype)) return LM_OK;
    return lm__op_invalid(infer, "argument %d is %s, expected a float type; convert it with lm_op_cast", i + 1,
                          lm_dtype_name(dtype));
}

lm_status lm__need_index(const lm__infer *infer, int i)
{
    lm_dtype dtype = infer->in[i]->dtype;
    if (dtype == LM_I32 || dtype == LM_I64) return LM_OK;
    return lm__op_invalid(
        infer, "argument %d holds indices and is %s, expected int32 or int64; convert it with lm_op_cast", i + 1,
        lm_dtype_name(dtype));
}

lm_status lm__need_number(const lm__infer *infer, int i)
{
    if (infer->in[i]->dtype != LM_BOOL) return LM_OK;
    return lm__op_invalid(infer, "argument %d is bool, expected numbers; convert it with lm_op_cast", i + 1);
}

lm_status lm__need_same(const lm__infer *infer, int i, int j)
{
    lm_dtype a = infer->in[i]->dtype, b = infer->in[j]->dtype;
    if (a == b) return LM_OK;
    return lm__op_invalid(infer, "argument %d is %s and argument %d is %s; convert one with lm_op_cast", i + 1,
                          lm_dtype_name(a), j + 1, lm_dtype_name(b));
}

lm_status lm__need_rank(const lm__infer *infer, int i, int rank, const char *form)
{
    int came = infer->in[i]->shape.rank;
    if (came == rank) return LM_OK;
    return lm__op_invalid(infer, "argument %d has %d dimensions, expected %d: %s%s", i + 1, came, rank, form,
                          came < rank ? "; reshape it with lm_op_reshape" : "");
}

lm_status lm__need_equal(const lm__infer *infer, lm__dim a, lm__dim b, const char *what)
{
    if (lm__dim_equal(infer->dims, a, b) != 0) return LM_OK;
    char left[64], right[64];
    return lm__op_invalid(infer, "%s differ: %s and %s", what, lm__dim_text(infer->dims, a, left, sizeof left),
                          lm__dim_text(infer->dims, b, right, sizeof right));
}

lm_status lm__need_shape(const lm__infer *infer, int i, const lm__shape *shape, const char *what)
{
    if (lm__shape_equal(infer->dims, shape, &infer->in[i]->shape) != 0) return LM_OK;
    char text[160];
    return lm__op_invalid(infer, "%s has the shape %s, which does not fit argument %d", what,
                          lm__shape_print(infer->dims, shape, text, sizeof text), i + 1);
}

lm_status lm__result(lm__infer *infer, int i, lm_dtype dtype, const lm__shape *shape)
{
    infer->dtype[i] = dtype;
    infer->shape[i] = *shape;
    return LM_OK;
}

int64_t lm__front_axis(const lm_value *x, int64_t axis)
{
    if (lm__bad(x) || axis >= 0 || axis < -x->shape.rank) return axis;
    return axis + x->shape.rank;
}

const lm__attr lm__axis_attrs[] = {
    LM__ATTR(lm__axis, axis, LM__ATTR_INT),
    {0},
};

lm_status lm__infer_along_axis(lm__infer *infer)
{
    const lm__axis *attr = infer->attr;
    int64_t axis = attr->axis;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__op_axis(infer, infer->in[0]->shape.rank, &axis));
    return lm__result(infer, 0, infer->in[0]->dtype, &infer->in[0]->shape);
}

lm__axis_view lm__axis_view_of(const lm__desc *desc, int64_t axis)
{
    lm__axis_view v = {1, (size_t)desc->dims[axis], 1};
    for (int k = 0; k < axis; k++) v.outer *= (size_t)desc->dims[k];
    for (int k = (int)axis + 1; k < desc->rank; k++) v.inner *= (size_t)desc->dims[k];
    return v;
}

lm_status lm__axis_run(const lm__run *run, lm__axis_fn *const *refs)
{
    const lm__desc *x = &run->problem->in[0];
    const lm__axis *attr = run->problem->attr;
    lm__axis_view v = lm__axis_view_of(x, attr->axis);
    refs[x->dtype](run->in[0], run->out[0], v.outer, v.n, v.inner);
    return LM_OK;
}
