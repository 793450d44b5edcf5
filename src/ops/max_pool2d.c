/* ops/max_pool2d.c: y = the largest element of each window, and where it lies.   dx = dy put back at those places
 * (max_pool2d_scatter) */
#include "ops/pool2d.h"

#ifdef LM_HEADER
/* Maxima of windows. x: (batch, height, width, channels), a float type; the result: (batch, height', width',
 * channels). With "same" the padding never wins. Of equals the first in row-major order counts, and the whole
 * gradient goes to it; NaN beats numbers: lm_op_max_pool2d(x, .pool_size = {2, 2}). Arguments: lm_op_pool2d_args. */
lm_value *lm_op_max_pool2d_new(lm_value *x, const lm_op_pool2d_args *args);
#define lm_op_max_pool2d(x, ...)                                                                                 \
    LM__WITH(lm_op_pool2d_args, LM__LIST(.padding = "valid"), lm_op_max_pool2d_new((x), &lm__a), __VA_ARGS__)

/* The places of the maxima instead: int32, row * width + column in the plane of x; of the same shape. x and args as
 * above. */
lm_value *lm_op_max_pool2d_index_new(lm_value *x, const lm_op_pool2d_args *args);
#define lm_op_max_pool2d_index(x, ...)                                                                           \
    LM__WITH(lm_op_pool2d_args, LM__LIST(.padding = "valid"), lm_op_max_pool2d_index_new((x), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__shape *x = &infer->in[0]->shape;
    lm__shape out;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_rank(infer, 0, 4, "(batch, height, width, channels)"));
    LM_TRY(lm__pool2d_shape(infer, infer->attr, x, &out));
    lm__dim cells = lm__dim_mul(infer->dims, x->dim[1], x->dim[2]);
    if (lm__dim_known(cells) && cells > INT32_MAX)
        return lm__op_invalid(infer, "a plane of %lld cells is too large to be numbered in 32 bits",
                              (long long)cells);
    lm__result(infer, 1, LM_I32, &out);
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__max_pool2d_scatter(v->grad_out[0], lm__out(v, 1), &v->in[0]->shape);
    return LM_OK;
}

typedef void pool_fn(const void *in, void *out, int32_t *index, const int64_t *dims);
LM_REFS_FLOATS(pool_fn, max_pool2d)

static lm_status run(const lm__run *run)
{
    const lm__problem *p = run->problem;
    lm__pool2d_dims d = lm__pool2d_dims_of(p->attr, p->in[0].dims, p->out[0].dims);
    refs[p->in[0].dtype](run->in[0], run->out[0], run->out[1], &d.batch);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 4, .dims = {2, 4, 6, 3}}}, .attr = &(const lm__pool2d){{2, 2}, {2, 2}, LM__PAD_VALID}},
    {.nin = 1, .in = {{.rank = 4, .dims = {1, 5, 4, 2}}}, .attr = &(const lm__pool2d){{3, 2}, {2, 1}, LM__PAD_SAME}},
    {.nin = 1, .in = {{.rank = 4, .dims = {1, 5, 7, 1}}}, .attr = &(const lm__pool2d){{2, 2}, {3, 3}, LM__PAD_VALID}},
    {.nin = 1, .in = {{.rank = 4, .dims = {1, 2, 2, 2}}}, .attr = &(const lm__pool2d){{5, 5}, {1, 1}, LM__PAD_SAME}},
    {0},
};

const lm__op lm__op_max_pool2d = {
    .name = "max_pool2d",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 2,
    .attr_size = sizeof(lm__pool2d),
    .attrs = lm__pool2d_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "max_pool2d", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_max_pool2d_new(lm_value *x, const lm_op_pool2d_args *args)
{
    lm__pool2d attr;
    if (lm__pool2d_attr("max_pool2d", args, &attr) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return lm__apply1(&lm__op_max_pool2d, &attr, x);
}

lm_value *lm_op_max_pool2d_index_new(lm_value *x, const lm_op_pool2d_args *args)
{
    lm_value *y = lm_op_max_pool2d_new(x, args);
    return lm__bad(y) ? y : &y->node->out[1];
}
