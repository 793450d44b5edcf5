/* ops/layer_norm_backward.c: the gradients of layer_norm with respect to x, gamma and beta.
 *
 * With r = 1 / sqrt(v + epsilon), z = (x - m) r and g = gamma dy, means taken over the axes normalised:
 * dx = r (g - mean(g) - z mean(g z)), dgamma = sum dy z, dbeta = sum dy. m and r are computed from x again: the row
 * is at hand, and nothing but x need be kept from the way forward. */
#include "ops/layer_norm.h"

static lm_status infer(lm__infer *infer)
{
    const lm__shape *x = &infer->in[1]->shape;
    lm_dtype dtype = infer->in[1]->dtype;
    LM_TRY(lm__need_same(infer, 0, 1));
    LM_TRY(lm__infer_layer_norm(infer, 1, 2, false));
    LM_TRY(lm__need_shape(infer, 0, x, "the result"));
    lm__shape shape = lm__layer_norm_shape(x, infer->attr);
    lm__result(infer, 1, dtype, &shape);
    lm__result(infer, 2, dtype, &shape);
    return lm__result(infer, 0, dtype, x);
}

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    const lm__layer_norm *attr = node->attr;
    lm_value *dy = in[0], *x = in[1], *gamma = attr->scale ? in[2] : NULL, *dx = NULL;
    lm__shape shape = lm__layer_norm_shape(&x->shape, attr);
    lm_value *plain = lm__layer_norm_of_parts(x, NULL, NULL, attr);
    out[1] = lm__sum_to(lm_op_multiply(dy, plain), &shape);
    out[2] = lm__sum_to(dy, &shape);
    lm_value *g = gamma ? lm_op_multiply(dy, gamma) : dy;
    LM_TRY(lm__graph_vjp(graph, 1, &plain, &g, 1, &x, &dx));
    out[0] = dx;
    return LM_OK;
}

typedef void layer_norm_backward_fn(const void *dy, const void *x, const void *gamma, double epsilon, void *dx,
                                    void *dgamma, void *dbeta, int64_t rows, int64_t n);
LM_REFS_FLOATS(layer_norm_backward_fn, layer_norm_backward)

static lm_status run(const lm__run *run)
{
    const lm__layer_norm *attr = run->problem->attr;
    int64_t rows, n;
    lm__layer_norm_rows(run->problem, &rows, &n);
    refs[run->problem->in[0].dtype](run->in[0], run->in[1], attr->scale ? run->in[2] : NULL, attr->epsilon,
                                    run->out[0], run->out[1], run->out[2], rows, n);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 3,
     .in = {{.rank = 2, .dims = {3, 5}}, {.rank = 2, .dims = {3, 5}}, {.rank = 1, .dims = {5}}},
     .attr = &(const lm__layer_norm){1, 1e-3, true, false}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 3, 2}}, {.rank = 3, .dims = {2, 3, 2}}},
     .attr = &(const lm__layer_norm){2, 1e-1, false, false}},
    {0},
};

const lm__op lm__op_layer_norm_backward = {
    .name = "layer_norm_backward",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 3,
    .attr_size = sizeof(lm__layer_norm),
    .attrs = lm__layer_norm_attrs,
    .infer = infer,
    .gradient = lm__gradient_of_parts,
    .reference = {.op = "layer_norm_backward", .name = "ref", .run = run},
    .decompose = decompose,
    .samples = samples,
};
