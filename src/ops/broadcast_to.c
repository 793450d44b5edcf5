/* ops/broadcast_to.c: x repeated to a larger shape by NumPy's rule.   dx = dy summed over what was repeated */
#include "ops/support.h"

#ifdef LM_HEADER
/* x repeated to the shape `dims` (without LM_ANY), aligned at the last axis; x's axes of size 1 are repeated. */
lm_value *lm_op_broadcast_to(lm_value *x, int rank, const int64_t *dims);
#endif

static const lm__attr attrs[] = {
    LM__ATTR(lm__shape_attr, shape, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm__shape *to = &((const lm__shape_attr *)f->attr)->shape;
    lm__shape both;
    char text[160];
    if (lm__shape_broadcast(f->dims, &f->in[0]->shape, to, &both) != LM_OK ||
        lm__shape_equal(f->dims, &both, to) == 0)
        return lm__op_invalid(f, "cannot be repeated to shape %s", lm__shape_print(f->dims, to, text, sizeof text));
    f->dtype[0] = f->in[0]->dtype;
    f->shape[0] = *to;
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__sum_to(v->grad_out[0], &v->in[0]->shape);
    return LM_OK;
}

typedef void broadcast_fn(int rank, const int64_t *dims, const int64_t *stride, const void *in, void *out);
LM_REFS_ALL(broadcast_fn, broadcast_to)

static lm_status run(const lm__run *r)
{
    const lm__desc *in = &r->problem->in[0], *out = &r->problem->out[0];
    int64_t stride[LM_MAX_RANK] = {0}, step = 1;
    int lead = out->rank - in->rank;
    for (int d = in->rank - 1; d >= 0; d--) {
        stride[lead + d] = in->dims[d] == 1 ? 0 : step;
        step *= in->dims[d];
    }
    if (out->size) refs[out->dtype](out->rank, out->dims, stride, r->in[0], r->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.rank = 2, .dims = {3, 1}}},
     .attr = &(const lm__shape_attr){.shape = {3, {2, 3, 4}}}},
    {.nin = 1, .in = {{.rank = 0}}, .attr = &(const lm__shape_attr){.shape = {1, {5}}}},
    {0},
};

const lm__op lm__op_broadcast_to = {
    .name = "broadcast_to",
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__shape_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "broadcast_to", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__broadcast_to(lm_value *x, const lm__shape *shape)
{
    lm__shape_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.shape = *shape;
    if (!lm__bad(x) && lm__shape_equal(x->node->graph->dims, &x->shape, shape) == 1) return x;
    return lm__apply1(&lm__op_broadcast_to, &attr, x);
}

lm_value *lm_op_broadcast_to(lm_value *x, int rank, const int64_t *dims)
{
    lm__shape shape;
    if (lm__op_dims("broadcast_to", rank, dims, false, &shape) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return lm__broadcast_to(x, &shape);
}
