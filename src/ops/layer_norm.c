/* ops/layer_norm.c: y = gamma (x - m) / sqrt(v + epsilon) + beta, mean m and variance v over the last axes. */
#include "ops/layer_norm.h"

#ifdef LM_HEADER
/* Layer normalisation (Ba, Kiros and Hinton, 2016): gamma (x - m) / sqrt(v + epsilon) + beta, with mean m and
 * variance v (of all elements, not of a sample) over the last `axes` axes. gamma and beta have the shape of these
 * axes; NULL: 1 and 0. x: a float type, which the others have too; the result has x's type and shape. */
typedef struct lm_op_layer_norm_args {
    size_t size;
    int64_t axes;
    double epsilon;
} lm_op_layer_norm_args;
lm_value *lm_op_layer_norm_new(lm_value *x, lm_value *gamma, lm_value *beta, const lm_op_layer_norm_args *args);
#define lm_op_layer_norm(x, gamma, beta, ...)                                                                        \
    LM__WITH(lm_op_layer_norm_args, LM__LIST(.axes = 1, .epsilon = 0.001),                                           \
             lm_op_layer_norm_new((x), (gamma), (beta), &lm__a), __VA_ARGS__)
#endif

const lm__attr lm__layer_norm_attrs[] = {
    LM__ATTR(lm__layer_norm, axes, LM__ATTR_INT),
    LM__ATTR(lm__layer_norm, epsilon, LM__ATTR_FLOAT),
    LM__ATTR(lm__layer_norm, scale, LM__ATTR_BOOL),
    LM__ATTR(lm__layer_norm, center, LM__ATTR_BOOL),
    {0},
};

lm__shape lm__layer_norm_shape(const lm__shape *x, const lm__layer_norm *attr)
{
    lm__shape shape = {.rank = (int)attr->axes};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = x->dim[x->rank - shape.rank + i];
    return shape;
}

lm_status lm__infer_layer_norm(const lm__infer *infer, int at, int weights, bool center)
{
    const lm__layer_norm *attr = infer->attr;
    const lm__shape *x = &infer->in[at]->shape;
    LM_TRY(lm__need_float(infer, at));
    if (attr->axes < 1 || attr->axes > x->rank)
        return lm__op_invalid(infer, "axes = %lld, expected 1 to %d", (long long)attr->axes, x->rank);
    if (!(attr->epsilon >= 0)) return lm__op_invalid(infer, "epsilon = %g must not be negative", attr->epsilon);
    int expected = weights + attr->scale + center;
    if (infer->nin != expected) return lm__op_invalid(infer, "%d arguments came, expected %d", infer->nin, expected);
    lm__shape shape = lm__layer_norm_shape(x, attr);
    for (int i = weights; i < infer->nin; i++) {
        LM_TRY(lm__need_same(infer, at, i));
        LM_TRY(lm__need_shape(infer, i, &shape, "what is normalised"));
    }
    return LM_OK;
}

static lm_status infer(lm__infer *infer)
{
    LM_TRY(lm__infer_layer_norm(infer, 0, 1, ((const lm__layer_norm *)infer->attr)->center));
    return lm__result(infer, 0, infer->in[0]->dtype, &infer->in[0]->shape);
}

lm_value *lm__layer_norm_of_parts(lm_value *x, lm_value *gamma, lm_value *beta, const lm__layer_norm *attr)
{
    int64_t axes[LM_MAX_RANK];
    lm_value *mean, *variance;
    if (lm__bad(x)) return x;
    for (int i = 0; i < attr->axes; i++) axes[i] = i - attr->axes;
    lm_op_moments(x, (int)attr->axes, axes, true, &mean, &variance);
    lm_value *factor = lm_op_rsqrt(lm_op_add(variance, lm__like(x, attr->epsilon)));
    lm_value *y = lm_op_multiply(lm_op_subtract(x, mean), factor);
    if (gamma) y = lm_op_multiply(y, gamma);
    return beta ? lm_op_add(y, beta) : y;
}

static lm_status gradient(lm__vjp *v)
{
    const lm__layer_norm *attr = v->node->attr;
    lm_value *in[3] = {v->grad_out[0], v->in[0], attr->scale ? v->in[1] : NULL};
    lm__node *back = lm__apply_node(v->graph, &lm__op_layer_norm_backward, attr, attr->scale ? 3 : 2, in, NULL);
    if (!back) return lm_last_status();
    v->grad_in[0] = &back->out[0];
    if (attr->scale) v->grad_in[1] = &back->out[1];
    if (attr->center) v->grad_in[1 + attr->scale] = &back->out[2];
    return LM_OK;
}

typedef void layer_norm_fn(const void *x, const void *gamma, const void *beta, double epsilon, void *y, int64_t rows,
                           int64_t n);
LM_REFS_FLOATS(layer_norm_fn, layer_norm)

static lm_status run(const lm__run *run)
{
    const lm__layer_norm *attr = run->problem->attr;
    int64_t rows, n;
    lm__layer_norm_rows(run->problem, &rows, &n);
    refs[run->problem->in[0].dtype](run->in[0], attr->scale ? run->in[1] : NULL,
                                    attr->center ? run->in[1 + attr->scale] : NULL, attr->epsilon, run->out[0], rows,
                                    n);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 3,
     .in = {{.rank = 2, .dims = {3, 5}}, {.rank = 1, .dims = {5}}, {.rank = 1, .dims = {5}}},
     .attr = &(const lm__layer_norm){1, 1e-3, true, true}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 3, 2}}, {.rank = 2, .dims = {3, 2}}},
     .attr = &(const lm__layer_norm){2, 1e-1, true, false}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 2, 4}}, {.rank = 1, .dims = {4}}},
     .attr = &(const lm__layer_norm){1, 1e-2, false, true}},
    {.nin = 1, .in = {{.rank = 1, .dims = {4}}}, .attr = &(const lm__layer_norm){1, 1e-2, false, false}},
    {0},
};

const lm__op lm__op_layer_norm = {
    .name = "layer_norm",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(lm__layer_norm),
    .attrs = lm__layer_norm_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "layer_norm", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_layer_norm_new(lm_value *x, lm_value *gamma, lm_value *beta, const lm_op_layer_norm_args *args)
{
    lm_value *in[3] = {x};
    lm__layer_norm attr;
    int nin = 1;
    if (lm__op_args("layer_norm", args) != LM_OK) return lm__graph_fail(NULL, 1, in);
    memset(&attr, 0, sizeof attr);
    attr.axes = args->axes;
    attr.epsilon = args->epsilon;
    attr.scale = gamma != NULL;
    attr.center = beta != NULL;
    if (gamma) in[nin++] = gamma;
    if (beta) in[nin++] = beta;
    return lm__apply(NULL, &lm__op_layer_norm, &attr, nin, in);
}
