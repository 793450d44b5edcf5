/* ops/matmul.c: c = op(a) op(b), products of matrices in the last two dimensions; the dimensions before are
 * broadcast.
 *
 * With g = dc and neither transposed: da = g bᵀ, db = aᵀ g. Where an operand is transposed, so is its gradient. */
#include "kernels/matmul.h"
#include "ops/plain.h"

#ifdef LM_HEADER
/* Matrix product of a (..., m, k) and b (..., k, n), giving (..., m, n); leading dimensions are broadcast.
 * `transpose_a`: a is (..., k, m); `transpose_b`: b is (..., n, k). a, b: one float type, at least 2 dimensions
 * each. */
typedef struct lm_op_matmul_args {
    size_t size;
    bool transpose_a, transpose_b;
} lm_op_matmul_args;
lm_value *lm_op_matmul_new(lm_value *a, lm_value *b, const lm_op_matmul_args *args);
#define lm_op_matmul(a, b, ...)                                                                                  \
    LM__WITH(lm_op_matmul_args, LM__LIST(.transpose_a = false), lm_op_matmul_new((a), (b), &lm__a), __VA_ARGS__)
#endif

typedef void matmul_fn(const void *a, const void *b, void *c, size_t m, size_t n, size_t k, size_t a_row,
                       size_t a_col, size_t b_row, size_t b_col);
LM_REFS_FLOATS(matmul_fn, matmul)

static const lm__attr attrs[] = {
    LM__ATTR(lm__matmul, transpose_a, LM__ATTR_BOOL),
    LM__ATTR(lm__matmul, transpose_b, LM__ATTR_BOOL),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const lm__matmul *attr = infer->attr;
    const lm__shape *a = &infer->in[0]->shape, *b = &infer->in[1]->shape;
    LM_TRY(lm__need_float(infer, 0));
    LM_TRY(lm__need_same(infer, 0, 1));
    if (a->rank < 2 || b->rank < 2)
        return lm__op_invalid(infer, "both arguments need at least 2 dimensions; add one with lm_op_expand_dims");
    lm__dim k = a->dim[a->rank - (attr->transpose_a ? 2 : 1)], l = b->dim[b->rank - (attr->transpose_b ? 1 : 2)];
    if (lm__dim_equal(infer->dims, k, l) == 0) {
        char left[64], right[64];
        bool other = lm__dim_equal(infer->dims, k, b->dim[b->rank - (attr->transpose_b ? 2 : 1)]) == 1;
        return lm__op_invalid(infer, "the inner dimensions differ: %s and %s%s",
                              lm__dim_text(infer->dims, k, left, sizeof left),
                              lm__dim_text(infer->dims, l, right, sizeof right),
                              !other              ? ""
                              : attr->transpose_b ? "; leave out .transpose_b"
                                                  : "; did you mean .transpose_b = true?");
    }
    lm__shape left = *a, right = *b, out;
    left.rank -= 2;
    right.rank -= 2;
    LM_TRY(lm__shape_broadcast(infer->dims, &left, &right, &out));
    out.dim[out.rank++] = a->dim[a->rank - (attr->transpose_a ? 1 : 2)];
    out.dim[out.rank++] = b->dim[b->rank - (attr->transpose_b ? 2 : 1)];
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

/* x with all dimensions but the last joined. */
static lm_value *rows_of(lm_value *x)
{
    if (lm__bad(x)) return x;
    lm__shape lead = x->shape;
    lead.rank--;
    lm__shape flat = {.rank = 2, .dim = {lm__shape_product(lm__dims_of(x), &lead), x->shape.dim[x->shape.rank - 1]}};
    return lm__reshape_to(x, &flat);
}

static lm_status gradient(lm__vjp *v)
{
    const lm__matmul *attr = v->node->attr;
    lm_value *a = v->in[0], *b = v->in[1], *g = v->grad_out[0];
    bool ta = attr->transpose_a, tb = attr->transpose_b;
    if (v->needs[0]) {
        lm_value *da = ta ? lm_op_matmul(b, g, .transpose_a = tb, .transpose_b = true)
                          : lm_op_matmul(g, b, .transpose_b = !tb);
        v->grad_in[0] = lm__sum_to(da, &a->shape);
    }
    if (v->needs[1]) {
        /* One matrix b under a batch of rows: a single product over all rows instead of a batch of them to be
         * summed. */
        if (!ta && b->shape.rank == 2 && a->shape.rank > 2) a = rows_of(a), g = rows_of(g);
        lm_value *db = tb ? lm_op_matmul(g, a, .transpose_a = true, .transpose_b = ta)
                          : lm_op_matmul(a, g, .transpose_a = !ta);
        v->grad_in[1] = lm__sum_to(db, &b->shape);
    }
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const lm__problem *p = run->problem;
    const lm__matmul *attr = p->attr;
    const lm__matmul_dims d = lm__matmul_dims_of(p);
    size_t m = (size_t)d.m, n = (size_t)d.n, k = (size_t)d.k, width = lm_dtype_size(p->in[0].dtype);
    size_t a_row = attr->transpose_a ? 1 : k, a_col = attr->transpose_a ? m : 1;
    size_t b_row = attr->transpose_b ? 1 : n, b_col = attr->transpose_b ? k : 1;
    for (int64_t i = 0; i < d.batches; i++) {
        int64_t a_at, b_at;
        lm__matmul_at(&d, i, &a_at, &b_at);
        const void *a = (const char *)run->in[0] + (size_t)a_at * m * k * width;
        const void *b = (const char *)run->in[1] + (size_t)b_at * k * n * width;
        void *c = (char *)run->out[0] + (size_t)i * m * n * width;
        refs[p->in[0].dtype](a, b, c, m, n, k, a_row, a_col, b_row, b_col);
    }
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    const lm__matmul_dims d = lm__matmul_dims_of(p);
    return 2.0 * (double)d.m * (double)d.n * (double)d.k * (double)d.batches;
}

static const lm__sample samples[] = {
    {.nin = 2, .in = {{.rank = 2, .dims = {3, 4}}, {.rank = 2, .dims = {4, 2}}}, .attr = &(lm__matmul){0}},
    {.nin = 2,
     .in = {{.rank = 2, .dims = {4, 3}}, {.rank = 2, .dims = {4, 2}}},
     .attr = &(lm__matmul){.transpose_a = true}},
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}}, {.rank = 2, .dims = {2, 4}}},
     .attr = &(lm__matmul){.transpose_b = true}},
    {.nin = 2, .in = {{.rank = 2, .dims = {4, 3}}, {.rank = 2, .dims = {2, 4}}}, .attr = &(lm__matmul){true, true}},
    {.nin = 2, .in = {{.rank = 3, .dims = {2, 3, 4}}, {.rank = 2, .dims = {4, 2}}}, .attr = &(lm__matmul){0}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 3, 4}}, {.rank = 2, .dims = {2, 4}}},
     .attr = &(lm__matmul){.transpose_b = true}},
    {.nin = 2,
     .in = {{.rank = 3, .dims = {2, 4, 3}}, {.rank = 2, .dims = {4, 2}}},
     .attr = &(lm__matmul){.transpose_a = true}},
    {.nin = 2, .in = {{.rank = 4, .dims = {2, 1, 3, 4}}, {.rank = 3, .dims = {3, 4, 2}}}, .attr = &(lm__matmul){0}},
    {.nin = 2,
     .in = {{.rank = 2, .dims = {4, 3}}, {.rank = 3, .dims = {2, 5, 4}}},
     .attr = &(lm__matmul){true, true}},
    {.nin = 2, .in = {{.rank = 2, .dims = {1, 1}}, {.rank = 2, .dims = {1, 1}}}, .attr = &(lm__matmul){0}},
    {0},
};

const lm__op lm__op_matmul = {
    .name = "matmul",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__matmul),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "matmul", .name = "ref", .run = run},
    .samples = samples,
    .flops = flops,
};

lm_value *lm_op_matmul_new(lm_value *a, lm_value *b, const lm_op_matmul_args *args)
{
    if (lm__op_args("matmul", args) != LM_OK) return lm__graph_fail(NULL, 2, (lm_value *[]){a, b});
    lm__matmul attr = {.transpose_a = args->transpose_a, .transpose_b = args->transpose_b};
    return lm__apply2(&lm__op_matmul, &attr, a, b);
}
