/* ops/attention_backward.c: the gradients of attention with respect to queries, keys and values.
 *
 * With weights p = softmax(scale q kᵀ) and e = dy vᵀ: dv = pᵀ dy; the scores' gradient is f = p (e - sum of p e over
 * the keys), dq = scale f k, dk = scale fᵀ q. The weights are computed again: nothing but q, k and v need be kept
 * from the way forward. */
#include "ops/attention.h"

static lm_status infer(lm__infer *infer)
{
    lm__shape out;
    LM_TRY(lm__infer_attention(infer, 1, &out));
    LM_TRY(lm__need_same(infer, 0, 1));
    LM_TRY(lm__need_shape(infer, 0, &out, "the result"));
    for (int i = 0; i < 3; i++) lm__result(infer, i, infer->in[0]->dtype, &infer->in[1 + i]->shape);
    return LM_OK;
}

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    lm_value *y = lm__attention_result(lm__attention_weights(in[1], in[2], node->attr), in[3]);
    return lm__graph_vjp(graph, 1, &y, &in[0], 3, in + 1, out);
}

typedef void attention_backward_fn(const void *dy, const void *q, const void *k, const void *v, void *dq, void *dk,
                                   void *dv, double scale, int causal, int64_t batch, int64_t heads, int64_t t,
                                   int64_t s, int64_t size, int64_t width);
LM_REFS_FLOATS(attention_backward_fn, attention_backward)

static lm_status run(const lm__run *run)
{
    const lm__desc *in = run->problem->in;
    const lm__attention *attr = run->problem->attr;
    lm__attention_dims d = lm__attention_dims_of(&in[1], &in[2], &in[3]);
    refs[in[0].dtype](run->in[0], run->in[1], run->in[2], run->in[3], run->out[0], run->out[1], run->out[2],
                      attr->scale, attr->causal, d.batch, d.heads, d.t, d.s, d.k, d.v);
    return LM_OK;
}

/* The four products of the gradients, over what is seen; the one that is computed again is not needed work. */
static double flops(const lm__problem *p)
{
    lm__attention_dims d = lm__attention_dims_of(&p->in[1], &p->in[2], &p->in[3]);
    double pairs = lm__attention_pairs(&d, ((const lm__attention *)p->attr)->causal);
    return 4.0 * (double)(d.batch * d.heads) * pairs * (double)(d.k + d.v);
}

/* Of the scores and the values, then of queries and keys. */
static int products(const lm__problem *p, lm__inner_product *out)
{
    lm__attention_dims d = lm__attention_dims_of(&p->in[1], &p->in[2], &p->in[3]);
    int64_t batches = d.batch * d.heads, t = d.t, s = d.s, k = d.k, v = d.v;
    out[0] = (lm__inner_product){.batches = batches, .m = s, .n = v, .k = t, .transpose_a = true, .times = 1};
    out[1] = (lm__inner_product){.batches = batches, .m = t, .n = s, .k = v, .transpose_b = true, .times = 1};
    out[2] = (lm__inner_product){.batches = batches, .m = t, .n = k, .k = s, .times = 1};
    out[3] = (lm__inner_product){.batches = batches, .m = s, .n = k, .k = t, .transpose_a = true, .times = 1};
    double pairs = lm__attention_pairs(&d, ((const lm__attention *)p->attr)->causal);
    for (int i = 0; i < 4; i++) out[i].share = pairs / ((double)t * (double)s);
    return 4;
}

static const lm__sample samples[] = {
    {.nin = 4,
     .in = {{.rank = 4, .dims = {1, 3, 2, 2}},
            {.rank = 4, .dims = {1, 3, 2, 3}},
            {.rank = 4, .dims = {1, 4, 2, 3}},
            {.rank = 4, .dims = {1, 4, 2, 2}}},
     .attr = &(const lm__attention){0.7, false}},
    {.nin = 4,
     .in = {{.rank = 4, .dims = {2, 3, 1, 2}},
            {.rank = 4, .dims = {2, 3, 1, 2}},
            {.rank = 4, .dims = {2, 3, 1, 2}},
            {.rank = 4, .dims = {2, 3, 1, 2}}},
     .attr = &(const lm__attention){1, true}},
    {0},
};

const lm__op lm__op_attention_backward = {
    .name = "attention_backward",
    .kind = LM__OP_PLAIN,
    .min_inputs = 4,
    .max_inputs = 4,
    .outputs = 3,
    .attr_size = sizeof(lm__attention),
    .attrs = lm__attention_attrs,
    .infer = infer,
    .gradient = lm__gradient_of_parts,
    .reference = {.op = "attention_backward", .name = "ref", .run = run},
    .decompose = decompose,
    .samples = samples,
    .flops = flops,
    .products = products,
};
