/* ops/reshape.c: the same elements in row-major order under another shape.   dx = reshape(dy) */
#include "ops/support.h"

#ifdef LM_HEADER
/* x under the shape `dims`; one of them may be LM_ANY and is then what the others leave. */
lm_value *lm_op_reshape(lm_value *x, int rank, const int64_t *dims);
#endif

static const lm__attr attrs[] = {
    LM__ATTR(lm__shape_attr, shape, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm__shape *to = &((const lm__shape_attr *)f->attr)->shape;
    lm__dim have = lm__shape_product(f->dims, &f->in[0]->shape), want = lm__shape_product(f->dims, to);
    if (lm__dim_equal(f->dims, have, want) == 0) {
        char a[160], b[64], c[64];
        return lm__op_invalid(f, "%s elements do not fit shape %s, which has %s",
                              lm__dim_text(f->dims, have, b, sizeof b), lm__shape_print(f->dims, to, a, sizeof a),
                              lm__dim_text(f->dims, want, c, sizeof c));
    }
    f->dtype[0] = f->in[0]->dtype;
    f->shape[0] = *to;
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__reshape_to(v->grad_out[0], &v->in[0]->shape);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.rank = 3, .dims = {2, 3, 4}}},
     .attr = &(const lm__shape_attr){.shape = {2, {6, 4}}}},
    {.nin = 1, .in = {{.rank = 2, .dims = {1, 1}}}, .attr = &(const lm__shape_attr){.shape = {.rank = 0}}},
    {0},
};

const lm__op lm__op_reshape = {
    .name = "reshape",
    .kind = LM__OP_VIEW,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__shape_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .samples = samples,
};

lm_value *lm__reshape_to(lm_value *x, const lm__shape *shape)
{
    lm__shape_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.shape = *shape;
    if (!lm__bad(x) && lm__shape_equal(x->node->graph->dims, &x->shape, shape) == 1) return x;
    return lm__apply1(&lm__op_reshape, &attr, x);
}

/* The one LM_ANY of `shape` (at `open`): what the other dimensions leave of x's elements. */
static lm_status solve(const lm_value *x, lm__shape *shape, int open)
{
    lm__dims *table = x->node->graph->dims;
    shape->dim[open] = 1;
    lm__dim total = lm__shape_product(table, &x->shape), rest = lm__shape_product(table, shape);
    if (rest == 0 || lm__dim_divides(table, total, rest) == 0) {
        char a[64], b[64];
        return lm__fail(LM_INVALID, "reshape: %s elements cannot be divided into groups of %s",
                        lm__dim_text(table, total, a, sizeof a), lm__dim_text(table, rest, b, sizeof b));
    }
    shape->dim[open] = lm__dim_div(table, total, rest);
    return LM_OK;
}

lm_value *lm_op_reshape(lm_value *x, int rank, const int64_t *dims)
{
    lm__shape shape;
    if (lm__bad(x)) return lm__apply1(&lm__op_reshape, NULL, x);
    if (lm__op_dims("reshape", rank, dims, true, &shape) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    int open = -1;
    for (int i = 0; i < rank; i++) {
        if (shape.dim[i] != LM_ANY) continue;
        if (open >= 0) {
            lm__fail(LM_INVALID, "reshape: dimensions %d and %d are both open (LM_ANY); at most one may be", open, i);
            return lm__graph_fail(NULL, 1, &x);
        }
        open = i;
    }
    if (open >= 0 && solve(x, &shape, open) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return lm__reshape_to(x, &shape);
}
