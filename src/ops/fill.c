/* ops/fill.c: y[...] = value: an array of one number. */
#include "ops/support.h"

#ifdef LM_HEADER
/* An array of `value` everywhere; dims without LM_ANY. */
lm_value *lm_op_fill(lm_graph *graph, lm_dtype dtype, int rank, const int64_t *dims, double value);

/* An array of `value` everywhere, of x's type and shape, whose sizes may be open. */
lm_value *lm_op_full_like(lm_value *x, double value);
#endif

static const lm__attr attrs[] = {
    LM__ATTR(lm__fill_attr, dtype, LM__ATTR_DTYPE),
    LM__ATTR(lm__fill_attr, shape, LM__ATTR_SHAPE),
    LM__ATTR(lm__fill_attr, value, LM__ATTR_FLOAT),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm__fill_attr *attr = f->attr;
    if ((unsigned)attr->dtype >= LM_DTYPE_COUNT) return lm__op_invalid(f, "%d is no dtype", (int)attr->dtype);
    f->dtype[0] = attr->dtype;
    f->shape[0] = attr->shape;
    return LM_OK;
}

typedef void fill_fn(size_t n, double value, void *out);
LM_REFS_ALL(fill_fn, fill)

static lm_status run(const lm__run *r)
{
    const lm__desc *out = &r->problem->out[0];
    refs[out->dtype](out->size, ((const lm__fill_attr *)r->problem->attr)->value, r->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 0, .attr = &(const lm__fill_attr){.dtype = LM_F32, .shape = {2, {3, 4}}, .value = 1.5}},
    {0},
};

const lm__op lm__op_fill = {
    .name = "fill",
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(lm__fill_attr),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "fill", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__fill(lm_graph *graph, lm_dtype dtype, const lm__shape *shape, double value)
{
    lm__fill_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.dtype = dtype;
    attr.shape = *shape;
    attr.value = dtype == LM_BOOL ? value != 0 : value;
    return lm__apply(graph, &lm__op_fill, &attr, 0, NULL);
}

lm_value *lm_op_full_like(lm_value *x, double value)
{
    if (lm__bad(x)) return x ? x : lm__graph_fail(NULL, 0, NULL);
    return lm__fill(x->node->graph, x->dtype, &x->shape, value);
}

lm_value *lm_op_fill(lm_graph *graph, lm_dtype dtype, int rank, const int64_t *dims, double value)
{
    lm__shape shape;
    if (lm__op_dims("fill", rank, dims, false, &shape) != LM_OK) return lm__graph_fail(graph, 0, NULL);
    return lm__fill(graph, dtype, &shape, value);
}
