/* ops/pad.c: x inside an array of one value: y[low + i * step] = x[i] on every axis.   dx = those elements of dy
 * (slice) */
#include "ops/structure.h"
#include "tensor/tensor.h"

#ifdef LM_HEADER
/* x with cells of `value` around it: `low` of them before, `high` behind it on every axis (0 if left out):
 * lm_op_pad(x, .low = {0, 1}, .high = {0, 2}). x: any type; only x has a gradient. */
typedef struct lm_op_pad_args {
    size_t size;
    int64_t low[LM_MAX_RANK], high[LM_MAX_RANK];
    double value;
} lm_op_pad_args;
lm_value *lm_op_pad_new(lm_value *x, const lm_op_pad_args *args);
#define lm_op_pad(x, ...)                                                                                        \
    LM__WITH(lm_op_pad_args, LM__LIST(.value = 0), lm_op_pad_new((x), &lm__a), __VA_ARGS__)
#endif

typedef struct pad_attr {
    lm__shape low, high;
    int64_t steps[LM_MAX_RANK];
    double value;
} pad_attr;

static const lm__attr attrs[] = {
    LM__ATTR(pad_attr, low, LM__ATTR_SHAPE),
    LM__ATTR(pad_attr, high, LM__ATTR_SHAPE),
    LM__ATTR_N(pad_attr, steps, LM__ATTR_INTS, LM_MAX_RANK),
    LM__ATTR(pad_attr, value, LM__ATTR_FLOAT),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const pad_attr *attr = infer->attr;
    const lm__shape *x = &infer->in[0]->shape;
    lm__dims *dims = infer->dims;
    lm__shape out = {.rank = x->rank};
    if (attr->low.rank != x->rank || attr->high.rank != x->rank)
        return lm__op_invalid(infer, "low and high name %d and %d axes", attr->low.rank, attr->high.rank);
    for (int i = 0; i < x->rank; i++) {
        /* low + high + 1 + (x - 1) * step, what is added first */
        lm__dim sum = lm__dim_add(dims, lm__dim_add(dims, attr->low.dim[i], attr->high.dim[i]), 1);
        sum = lm__dim_add(dims, sum, lm__dim_mul(dims, x->dim[i], attr->steps[i]));
        out.dim[i] = lm__dim_sub(dims, sum, attr->steps[i]);
    }
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

static lm_status gradient(lm__vjp *v)
{
    const pad_attr *attr = v->node->attr;
    v->grad_in[0] = lm__slice(v->grad_out[0], &attr->low, &v->in[0]->shape, attr->steps);
    return LM_OK;
}

/* All `bytes` bytes in copies of their first `width`. */
static void repeat(char *data, size_t width, size_t bytes)
{
    for (size_t have = width; have < bytes; have *= 2)
        memcpy(data + have, data, have < bytes - have ? have : bytes - have);
}

static lm_status run(const lm__run *run)
{
    const pad_attr *attr = run->problem->attr;
    const lm__desc *x = &run->problem->in[0], *y = &run->problem->out[0];
    size_t width = lm_dtype_size(y->dtype);
    lm__move move = {.rank = x->rank};
    if (y->size == 0) return LM_OK;
    lm__store(y->dtype, run->out[0], 0, attr->value);
    repeat(run->out[0], width, y->size * width);
    lm__move_dense(x->rank, x->dims, move.from);
    lm__move_dense(y->rank, y->dims, move.to);
    for (int i = 0; i < x->rank; i++) {
        move.dims[i] = x->dims[i];
        move.to_at += attr->low.dim[i] * move.to[i];
        move.to[i] *= attr->steps[i];
    }
    lm__move_run(&move, width, run->in[0], run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 2}}}, .attr = &(const pad_attr){{2, {1, 0}}, {2, {0, 2}}, {1, 1}, 0}},
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 2}}}, .attr = &(const pad_attr){{2, {1, 2}}, {2, {1, 0}}, {2, 3}, 0.5}},
    {0},
};

const lm__op lm__op_pad = {
    .name = "pad",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(pad_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "pad", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm__pad(lm_value *x, const lm__shape *low, const lm__shape *high, const int64_t *steps, double value)
{
    pad_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.low = *low;
    attr.high = *high;
    attr.value = value;
    for (int i = 0; i < LM_MAX_RANK; i++) attr.steps[i] = steps ? steps[i] : 1;
    return lm__apply1(&lm__op_pad, &attr, x);
}

lm_value *lm_op_pad_new(lm_value *x, const lm_op_pad_args *args)
{
    lm__shape low, high;
    int rank = lm__bad(x) ? 0 : x->shape.rank;
    if (lm__op_args("pad", args) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    for (int i = 0; i < LM_MAX_RANK && !lm__bad(x); i++) {
        if (args->low[i] >= 0 && args->high[i] >= 0 && (i < rank || (!args->low[i] && !args->high[i]))) continue;
        lm__fail(LM_INVALID, "pad: .low[%d] = %lld and .high[%d] = %lld, expected at least 0%s", i,
                 (long long)args->low[i], i, (long long)args->high[i],
                 i < rank ? " (crop with lm_op_slice)" : " and only for axes that there are");
        return lm__graph_fail(NULL, 1, &x);
    }
    if (lm__op_dims("pad", rank, args->low, false, &low) != LM_OK ||
        lm__op_dims("pad", rank, args->high, false, &high) != LM_OK)
        return lm__graph_fail(NULL, 1, &x);
    return lm__pad(x, &low, &high, NULL, args->value);
}
