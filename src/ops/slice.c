/* ops/slice.c: y[i] = x[begin + i * stride] on every axis.   dx = dy inside zeros (pad), its elements a stride
 * apart */
#include "ops/structure.h"

#ifdef LM_HEADER
/* A rectangular part of x. On every axis: `begin` (0 if left out; negative: from the end), `sizes`: how many
 * elements the result has (left out or LM_ANY: all up to the end), `strides` (1 if left out): lm_op_slice(x,
 * .begin = {0, 2}). Nothing may lie outside x. x: any type. */
typedef struct lm_op_slice_args {
    size_t size;
    int64_t begin[LM_MAX_RANK], sizes[LM_MAX_RANK], strides[LM_MAX_RANK];
} lm_op_slice_args;
lm_value *lm_op_slice_new(lm_value *x, const lm_op_slice_args *args);
#define lm_op_slice(x, ...)                                                                                      \
    LM__WITH(lm_op_slice_args, LM__LIST(.begin = {0}), lm_op_slice_new((x), &lm__a), __VA_ARGS__)
#endif

typedef struct slice_attr {
    lm__shape begin, sizes;
    int64_t strides[LM_MAX_RANK];
} slice_attr;

static const lm__attr attrs[] = {
    LM__ATTR(slice_attr, begin, LM__ATTR_SHAPE),
    LM__ATTR(slice_attr, sizes, LM__ATTR_SHAPE),
    LM__ATTR_N(slice_attr, strides, LM__ATTR_INTS, LM_MAX_RANK),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const slice_attr *attr = infer->attr;
    const lm__shape *x = &infer->in[0]->shape;
    lm__dims *dims = infer->dims;
    if (attr->begin.rank != x->rank || attr->sizes.rank != x->rank)
        return lm__op_invalid(infer, "begin and sizes name %d and %d axes", attr->begin.rank, attr->sizes.rank);
    for (int i = 0; i < x->rank; i++) {
        lm__dim begin = attr->begin.dim[i], size = attr->sizes.dim[i];
        if (attr->strides[i] < 1)
            return lm__op_invalid(
                infer, "the stride of axis %d is %lld, expected at least 1 (lm_op_flip turns an axis round)", i,
                (long long)attr->strides[i]);
        if (!lm__dim_known(begin) || !lm__dim_known(size) || !lm__dim_known(x->dim[i])) continue;
        lm__dim span = size ? lm__dim_add(dims, lm__dim_mul(dims, size - 1, attr->strides[i]), 1) : 0;
        lm__dim end = lm__dim_add(dims, begin, span);
        if (end == LM__DIM_BAD || end > x->dim[i])
            return lm__op_invalid(
                infer, "axis %d has %lld elements; %lld of them from %lld on in steps of %lld go beyond", i,
                (long long)x->dim[i], (long long)size, (long long)begin, (long long)attr->strides[i]);
    }
    return lm__result(infer, 0, infer->in[0]->dtype, &attr->sizes);
}

static lm_status gradient(lm__vjp *v)
{
    const slice_attr *attr = v->node->attr;
    const lm__shape *x = &v->in[0]->shape;
    lm__dims *dims = v->graph->dims;
    lm__shape high = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++) {
        /* x - begin - (1 + (size - 1) * stride), what is added first */
        int64_t stride = attr->strides[i];
        lm__dim past = lm__dim_add(dims, lm__dim_add(dims, attr->begin.dim[i], 1),
                                   lm__dim_mul(dims, attr->sizes.dim[i], stride));
        high.dim[i] = lm__dim_sub(dims, lm__dim_add(dims, x->dim[i], stride), past);
    }
    v->grad_in[0] = lm__pad(v->grad_out[0], &attr->begin, &high, attr->strides, 0);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const slice_attr *attr = run->problem->attr;
    const lm__desc *x = &run->problem->in[0], *y = &run->problem->out[0];
    lm__move move = {.rank = x->rank};
    lm__move_dense(x->rank, x->dims, move.from);
    lm__move_dense(y->rank, y->dims, move.to);
    for (int i = 0; i < x->rank; i++) {
        move.dims[i] = y->dims[i];
        move.from_at += attr->begin.dim[i] * move.from[i];
        move.from[i] *= attr->strides[i];
    }
    lm__move_run(&move, lm_dtype_size(x->dtype), run->in[0], run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {4, 5}}}, .attr = &(const slice_attr){{2, {1, 2}}, {2, {2, 3}}, {1, 1}}},
    {.nin = 1,
     .in = {{.rank = 3, .dims = {4, 7, 3}}},
     .attr = &(const slice_attr){{3, {0, 1, 2}}, {3, {4, 3, 1}}, {1, 2, 5}}},
    {.nin = 1, .in = {{.rank = 1, .dims = {5}}}, .attr = &(const slice_attr){{1, {0}}, {1, {2}}, {3}}},
    {0},
};

const lm__op lm__op_slice = {
    .name = "slice",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(slice_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "slice", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__slice(lm_value *x, const lm__shape *begin, const lm__shape *sizes, const int64_t *strides)
{
    slice_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.begin = *begin;
    attr.sizes = *sizes;
    for (int i = 0; i < LM_MAX_RANK; i++) attr.strides[i] = strides ? strides[i] : 1;
    return lm__apply1(&lm__op_slice, &attr, x);
}

lm_value *lm__slice_axis(lm_value *x, int64_t axis, lm__dim begin, lm__dim size)
{
    if (lm__bad(x)) return x;
    lm__shape from = {.rank = x->shape.rank}, sizes = x->shape;
    from.dim[axis] = begin;
    sizes.dim[axis] = size;
    return lm__slice(x, &from, &sizes, NULL);
}

lm_value *lm_op_slice_new(lm_value *x, const lm_op_slice_args *args)
{
    if (lm__bad(x)) return lm__apply1(&lm__op_slice, NULL, x);
    if (lm__op_args("slice", args) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    lm__dims *dims = lm__dims_of(x);
    lm__shape begin = {.rank = x->shape.rank}, sizes = {.rank = x->shape.rank};
    int64_t strides[LM_MAX_RANK];
    for (int i = 0; i < LM_MAX_RANK; i++) {
        strides[i] = args->strides[i] ? args->strides[i] : 1;
        if (i >= x->shape.rank) continue;
        int64_t from = args->begin[i], size = args->sizes[i];
        begin.dim[i] = from < 0 ? lm__dim_sub(dims, x->shape.dim[i], from < -INT64_MAX ? INT64_MAX : -from) : from;
        lm__dim left = lm__dim_sub(dims, x->shape.dim[i], begin.dim[i]);
        lm__dim rest = strides[i] > 0 ? lm__dim_div(dims, lm__dim_add(dims, left, strides[i] - 1), strides[i]) : left;
        sizes.dim[i] = size > 0 ? size : rest;
        if (size >= LM_ANY && begin.dim[i] != LM__DIM_BAD && sizes.dim[i] != LM__DIM_BAD) continue;
        lm__fail(LM_INVALID, "slice: axis %d: begin %lld and size %lld do not fit the axis", i, (long long)from,
                 (long long)size);
        return lm__graph_fail(NULL, 1, &x);
    }
    return lm__slice(x, &begin, &sizes, strides);
}
