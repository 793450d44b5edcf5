/* ops/split.c: x cut into pieces along one axis.   dx = the pieces' gradients joined (concatenate) */
#include "ops/structure.h"

#ifdef LM_HEADER
/* Cuts x along `axis` (negative: from the end) into n pieces out[0 … n-1]: sizes[i] elements each, or n equal
 * pieces where sizes is NULL. n: 1 to 32. x: any type. */
void lm_op_split(lm_value *x, int n, const int64_t *sizes, int axis, lm_value **out);
#endif

typedef struct split_attr {
    int64_t axis, count;
    bool equal;
    int64_t sizes[LM__MAX_OUTPUTS];     /* where not equal */
} split_attr;

static const lm__attr attrs[] = {
    LM__ATTR(split_attr, axis, LM__ATTR_INT),
    LM__ATTR(split_attr, count, LM__ATTR_INT),
    LM__ATTR(split_attr, equal, LM__ATTR_BOOL),
    LM__ATTR_N(split_attr, sizes, LM__ATTR_INTS, LM__MAX_OUTPUTS),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const split_attr *attr = infer->attr;
    lm__dims *dims = infer->dims;
    const lm__shape *x = &infer->in[0]->shape;
    int64_t axis = attr->axis;
    char text[64];
    LM_TRY(lm__op_axis(infer, x->rank, &axis));
    if (attr->count < 1 || attr->count > LM__MAX_OUTPUTS)
        return lm__op_invalid(infer, "%lld pieces, expected 1 to %d", (long long)attr->count, LM__MAX_OUTPUTS);
    if (attr->equal && lm__dim_divides(dims, x->dim[axis], attr->count) == 0)
        return lm__op_invalid(
            infer, "%s elements of axis %lld cannot be cut into %lld equal pieces; give their sizes",
            lm__dim_text(dims, x->dim[axis], text, sizeof text), (long long)axis, (long long)attr->count);
    lm__dim sum = 0;
    infer->nout = (int)attr->count;
    for (int i = 0; i < infer->nout; i++) {
        lm__shape out = *x;
        out.dim[axis] = attr->equal ? lm__dim_div(dims, x->dim[axis], attr->count) : attr->sizes[i];
        if (!attr->equal && attr->sizes[i] < 0)
            return lm__op_invalid(infer, "piece %d has the size %lld", i, (long long)attr->sizes[i]);
        sum = lm__dim_add(dims, sum, out.dim[axis]);
        lm__result(infer, i, infer->in[0]->dtype, &out);
    }
    if (!attr->equal)
        LM_TRY(lm__need_equal(infer, sum, x->dim[axis], "the sum of the sizes and the size of the axis"));
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    lm_value *pieces[LM__MAX_OUTPUTS];
    for (int i = 0; i < v->node->nout; i++) {
        const lm_value *y = lm__out(v, i);
        pieces[i] = v->grad_out[i] ? v->grad_out[i] : lm__fill(v->graph, y->dtype, &y->shape, 0);
    }
    v->grad_in[0] = lm_op_concatenate(v->node->nout, pieces, (int)((const split_attr *)v->node->attr)->axis);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const lm__problem *p = run->problem;
    const lm__desc *x = &p->in[0];
    int64_t axis = ((const split_attr *)p->attr)->axis, at = 0;
    for (int i = 0; i < p->nout; i++) {
        const lm__desc *y = &p->out[i];
        lm__move move = {.rank = x->rank};
        lm__move_dense(x->rank, x->dims, move.from);
        lm__move_dense(x->rank, y->dims, move.to);
        for (int k = 0; k < x->rank; k++) move.dims[k] = y->dims[k];
        move.from_at = at * move.from[axis];
        if (run->out[i]) lm__move_run(&move, lm_dtype_size(x->dtype), run->in[0], run->out[i]);
        at += y->dims[axis];
    }
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.rank = 2, .dims = {3, 6}}},
     .attr = &(const split_attr){.axis = 1, .count = 3, .equal = true}},
    {.nin = 1,
     .in = {{.rank = 3, .dims = {2, 5, 3}}},
     .attr = &(const split_attr){.axis = 1, .count = 2, .sizes = {1, 4}}},
    {0},
};

const lm__op lm__op_split = {
    .name = "split",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(split_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "split", .name = "ref", .run = run},
    .samples = samples,
};

void lm_op_split(lm_value *x, int n, const int64_t *sizes, int axis, lm_value **out)
{
    split_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.axis = lm__front_axis(x, axis);
    attr.count = n;
    attr.equal = !sizes;
    for (int i = 0; sizes && i < n && i < LM__MAX_OUTPUTS; i++) attr.sizes[i] = sizes[i];
    lm_value *first = lm__apply1(&lm__op_split, &attr, x);
    if (n > 0 && !out) lm__fail(LM_INVALID, "split: there is no array for the %d pieces", n);
    for (int i = 0; out && i < n; i++) out[i] = lm__bad(first) ? first : &first->node->out[i];
}
