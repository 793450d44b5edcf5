/* ops/size.c: a dimension as a number: what a mean divides by when the batch is not known yet. */
#include "ops/reductions.h"

#ifdef LM_HEADER
/* The number of elements of x as a scalar of type `dtype`. x: any type. */
lm_value *lm_op_size(lm_value *x, lm_dtype dtype);
#endif

typedef struct size_attr {
    lm_dtype dtype;
    lm__shape shape;                    /* its product is the number */
} size_attr;

static const lm__attr attrs[] = {
    LM__ATTR(size_attr, dtype, LM__ATTR_DTYPE),
    LM__ATTR(size_attr, shape, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const size_attr *attr = infer->attr;
    if ((unsigned)attr->dtype >= LM_DTYPE_COUNT || attr->dtype == LM_BOOL)
        return lm__op_invalid(infer, "%s is no type of numbers", lm_dtype_name(attr->dtype));
    return lm__result(infer, 0, attr->dtype, &(lm__shape){.rank = 0});
}

typedef void size_fn(double size, void *out);
LM_REFS_NUMBERS(size_fn, size)

static lm_status run(const lm__run *run)
{
    const size_attr *attr = run->problem->attr;
    double size = 1;
    for (int i = 0; i < attr->shape.rank; i++) size *= (double)attr->shape.dim[i];
    refs[run->problem->out[0].dtype](size, run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 0, .attr = &(const size_attr){.dtype = LM_F32, .shape = {2, {3, 4}}}},
    {0},
};

const lm__op lm__op_size = {
    .name = "size",
    .kind = LM__OP_PLAIN,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(size_attr),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "size", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__size_value(lm_graph *graph, lm_dtype dtype, lm__dim dim)
{
    size_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.dtype = dtype;
    attr.shape.rank = 1;
    attr.shape.dim[0] = dim;
    return lm__apply(graph, &lm__op_size, &attr, 0, NULL);
}

lm_value *lm_op_size(lm_value *x, lm_dtype dtype)
{
    if (lm__bad(x)) return lm__apply1(&lm__op_size, NULL, x);
    return lm__size_value(x->node->graph, dtype, lm__shape_product(lm__dims_of(x), &x->shape));
}
