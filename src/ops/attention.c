/* ops/attention.c: y = softmax(scale q kᵀ) v in every batch and head, the softmax over the keys. */
#include "ops/attention.h"

#ifdef LM_HEADER
/* Scaled dot-product attention (Vaswani et al., NeurIPS 2017) in every head: queries q (batch, t, heads, k), keys k
 * (batch, s, heads, k) and values v (batch, s, heads, width) give softmax(scale q kᵀ) v, of shape (batch, t, heads,
 * width). `causal`: query t sees keys 0 … t only. q, k, v: one float type. The table of all scores is never in
 * memory. */
typedef struct lm_op_attention_args {
    size_t size;
    double scale;
    bool causal;
} lm_op_attention_args;
lm_value *lm_op_attention_new(lm_value *q, lm_value *k, lm_value *v, const lm_op_attention_args *args);
#define lm_op_attention(q, k, v, ...)                                                                                \
    LM__WITH(lm_op_attention_args, LM__LIST(.scale = 1), lm_op_attention_new((q), (k), (v), &lm__a), __VA_ARGS__)
#endif

const lm__attr lm__attention_attrs[] = {
    LM__ATTR(lm__attention, scale, LM__ATTR_FLOAT),
    LM__ATTR(lm__attention, causal, LM__ATTR_BOOL),
    {0},
};

lm_status lm__infer_attention(const lm__infer *infer, int at, lm__shape *out)
{
    static const char form[] = "(batch, positions, heads, size)";
    const lm__shape *q = &infer->in[at]->shape, *k = &infer->in[at + 1]->shape, *v = &infer->in[at + 2]->shape;
    for (int i = at; i < at + 3; i++) {
        LM_TRY(lm__need_float(infer, i));
        LM_TRY(lm__need_same(infer, at, i));
        LM_TRY(lm__need_rank(infer, i, 4, form));
    }
    LM_TRY(lm__need_equal(infer, q->dim[0], k->dim[0], "the batches of queries and keys"));
    LM_TRY(lm__need_equal(infer, k->dim[0], v->dim[0], "the batches of keys and values"));
    LM_TRY(lm__need_equal(infer, k->dim[1], v->dim[1], "the positions of keys and values"));
    LM_TRY(lm__need_equal(infer, q->dim[2], k->dim[2], "the heads of queries and keys"));
    LM_TRY(lm__need_equal(infer, k->dim[2], v->dim[2], "the heads of keys and values"));
    LM_TRY(lm__need_equal(infer, q->dim[3], k->dim[3], "the sizes of queries and keys"));
    *out = *q;
    out->dim[3] = v->dim[3];
    return LM_OK;
}

static lm_status infer(lm__infer *infer)
{
    lm__shape out;
    LM_TRY(lm__infer_attention(infer, 0, &out));
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

/* True where query t may see key s. */
static lm_value *causal_mask(lm_value *scores)
{
    lm_graph *graph = scores->node->graph;
    int64_t dims[2] = {scores->shape.dim[2], scores->shape.dim[3]};
    if (!lm__dim_known(dims[0]) || !lm__dim_known(dims[1])) {
        lm__fail(LM_UNSUPPORTED,
                 "attention that is causal and has dropout, or a second gradient, needs the numbers of "
                 "positions; give them in lm_input");
        return lm__graph_fail(graph, 1, &scores);
    }
    lm_tensor *seen = lm_tensor_new(LM_BOOL, 2, dims);
    for (int64_t t = 0; !lm_failed(seen) && t < dims[0]; t++)
        for (int64_t s = 0; s < dims[1]; s++) ((unsigned char *)seen->data)[t * dims[1] + s] = s <= t;
    lm_value *constant = lm_constant(graph, seen);
    lm_free(seen);
    return constant;
}

static lm_value *heads_first(lm_value *x) { return lm_op_transpose(x, 0, 2, 1, 3); }

lm_value *lm__attention_weights(lm_value *q, lm_value *k, const lm__attention *attr)
{
    lm_value *scores = lm_op_matmul(heads_first(q), heads_first(k), .transpose_b = true);
    if (lm__bad(scores)) return scores;
    scores = lm_op_multiply(scores, lm__like(scores, attr->scale));
    if (attr->causal && !lm__bad(scores)) scores = lm_op_where(causal_mask(scores), scores, lm__like(scores, -1e30));
    return lm_op_softmax(scores, -1);
}

lm_value *lm__attention_result(lm_value *weights, lm_value *v)
{
    return heads_first(lm_op_matmul(weights, heads_first(v)));
}

static lm_status gradient(lm__vjp *v)
{
    lm_value *in[4] = {v->grad_out[0], v->in[0], v->in[1], v->in[2]};
    lm__node *back = lm__apply_node(v->graph, &lm__op_attention_backward, v->node->attr, 4, in, NULL);
    if (!back) return lm_last_status();
    for (int i = 0; i < 3; i++) v->grad_in[i] = &back->out[i];
    return LM_OK;
}

typedef void attention_fn(const void *q, const void *k, const void *v, void *out, double scale, int causal,
                          int64_t batch, int64_t heads, int64_t t, int64_t s, int64_t size, int64_t width);
LM_REFS_FLOATS(attention_fn, attention)

static lm_status run(const lm__run *run)
{
    const lm__desc *in = run->problem->in;
    const lm__attention *attr = run->problem->attr;
    lm__attention_dims d = lm__attention_dims_of(&in[0], &in[1], &in[2]);
    refs[in[0].dtype](run->in[0], run->in[1], run->in[2], run->out[0], attr->scale, attr->causal, d.batch, d.heads,
                      d.t, d.s, d.k, d.v);
    return LM_OK;
}

/* Both products, over what is seen. */
static double flops(const lm__problem *p)
{
    lm__attention_dims d = lm__attention_dims_of(&p->in[0], &p->in[1], &p->in[2]);
    double pairs = lm__attention_pairs(&d, ((const lm__attention *)p->attr)->causal);
    return 2.0 * (double)(d.batch * d.heads) * pairs * (double)(d.k + d.v);
}

static int products(const lm__problem *p, lm__inner_product *out)
{
    lm__attention_dims d = lm__attention_dims_of(&p->in[0], &p->in[1], &p->in[2]);
    int64_t batches = d.batch * d.heads, t = d.t, s = d.s;
    out[0] = (lm__inner_product){.batches = batches, .m = t, .n = s, .k = d.k, .transpose_b = true, .times = 1};
    out[1] = (lm__inner_product){.batches = batches, .m = t, .n = d.v, .k = s, .times = 1};
    double pairs = lm__attention_pairs(&d, ((const lm__attention *)p->attr)->causal);
    for (int i = 0; i < 2; i++) out[i].share = pairs / ((double)t * (double)s);
    return 2;
}

static const lm__sample samples[] = {
    {.nin = 3,
     .in = {{.rank = 4, .dims = {2, 3, 2, 3}}, {.rank = 4, .dims = {2, 4, 2, 3}}, {.rank = 4, .dims = {2, 4, 2, 2}}},
     .attr = &(const lm__attention){0.7, false}},
    {.nin = 3,
     .in = {{.rank = 4, .dims = {1, 4, 2, 2}}, {.rank = 4, .dims = {1, 4, 2, 2}}, {.rank = 4, .dims = {1, 4, 2, 3}}},
     .attr = &(const lm__attention){1, true}},
    {0},
};

const lm__op lm__op_attention = {
    .name = "attention",
    .kind = LM__OP_PLAIN,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .attr_size = sizeof(lm__attention),
    .attrs = lm__attention_attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "attention", .name = "ref", .run = run},
    .samples = samples,
    .flops = flops,
    .products = products,
};

lm_value *lm_op_attention_new(lm_value *q, lm_value *k, lm_value *v, const lm_op_attention_args *args)
{
    lm_value *in[3] = {q, k, v};
    lm__attention attr;
    if (lm__op_args("attention", args) != LM_OK) return lm__graph_fail(NULL, 3, in);
    memset(&attr, 0, sizeof attr);
    attr.scale = args->scale;
    attr.causal = args->causal;
    return lm__apply(NULL, &lm__op_attention, &attr, 3, in);
}
