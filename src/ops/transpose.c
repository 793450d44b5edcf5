/* ops/transpose.c: the same elements with the axes in another order.   dx = dy with the axes back in theirs */
#include "ops/structure.h"

#ifdef LM_HEADER
/* Axis i of the result is axis axes[i] of x: lm_op_transpose(x, 0, 2, 1). Without axes their order is reversed.
 * Negative axes count from the end. x: any type. */
#define lm_op_transpose(x, ...) lm_op_transpose_by((x), LM__INTS(__VA_ARGS__))
lm_value *lm_op_transpose_by(lm_value *x, int naxes, const int64_t *axes);
#endif

typedef struct transpose_attr {
    int64_t axes[LM_MAX_RANK];
} transpose_attr;

static const lm__attr attrs[] = {
    LM__ATTR_N(transpose_attr, axes, LM__ATTR_INTS, LM_MAX_RANK),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const transpose_attr *attr = infer->attr;
    const lm__shape *x = &infer->in[0]->shape;
    lm__shape out = {.rank = x->rank};
    bool seen[LM_MAX_RANK] = {false};
    for (int i = 0; i < x->rank; i++) {
        int64_t axis = attr->axes[i];
        if (axis < 0 || axis >= x->rank || seen[axis])
            return lm__op_invalid(infer, "axis %lld is %s; every axis from 0 to %d must be named once",
                                  (long long)axis, axis < 0 || axis >= x->rank ? "out of range" : "named twice",
                                  x->rank - 1);
        seen[axis] = true;
        out.dim[i] = x->dim[axis];
    }
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    const transpose_attr *attr = v->node->attr;
    int64_t back[LM_MAX_RANK] = {0};
    int rank = v->in[0]->shape.rank;
    for (int i = 0; i < rank; i++) back[attr->axes[i]] = i;
    v->grad_in[0] = lm_op_transpose_by(v->grad_out[0], rank, back);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const transpose_attr *attr = run->problem->attr;
    const lm__desc *x = &run->problem->in[0], *y = &run->problem->out[0];
    lm__move move = {.rank = x->rank};
    int64_t from[LM_MAX_RANK];
    lm__move_dense(x->rank, x->dims, from);
    lm__move_dense(y->rank, y->dims, move.to);
    for (int i = 0; i < y->rank; i++) {
        move.dims[i] = y->dims[i];
        move.from[i] = from[attr->axes[i]];
    }
    lm__move_run(&move, lm_dtype_size(x->dtype), run->in[0], run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const transpose_attr){{1, 0}}},
    {.nin = 1, .in = {{.rank = 4, .dims = {2, 3, 4, 5}}}, .attr = &(const transpose_attr){{2, 0, 3, 1}}},
    {.nin = 1, .in = {{.rank = 3, .dims = {2, 1, 3}}}, .attr = &(const transpose_attr){{0, 1, 2}}},
    {0},
};

const lm__op lm__op_transpose = {
    .name = "transpose",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(transpose_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "transpose", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_transpose_by(lm_value *x, int naxes, const int64_t *axes)
{
    transpose_attr attr = {{0}};
    int rank = lm__bad(x) ? 0 : x->shape.rank;
    if (lm__op_list("transpose", naxes, axes) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    if (!lm__bad(x) && naxes != 0 && naxes != rank) {
        lm__fail(LM_INVALID, "transpose: %d axes for a value of rank %d; name every axis once, or none", naxes, rank);
        return lm__graph_fail(NULL, 1, &x);
    }
    for (int i = 0; i < rank; i++) attr.axes[i] = naxes ? lm__front_axis(x, axes[i]) : rank - 1 - i;
    return lm__apply1(&lm__op_transpose, &attr, x);
}
