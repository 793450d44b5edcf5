/* ops/conv2d_pool.c: max_pool2d of conv2d_fused; made by the plan's pass `pool`. */
#include "kernels/conv2d_pool.h"
#include "ops/plain.h"
#include "ops/pool2d.h"

static const lm__attr attrs[] = {
    {"conv2d_pool", LM__ATTR_BYTES, 0, (int)sizeof(lm__conv2d_pool)},
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm__conv2d_pool *attr = f->attr;
    lm__infer inner = *f;
    lm__shape out;
    inner.op = &lm__op_conv2d_fused;
    LM_TRY(lm__op_conv2d_fused.infer(&inner));
    for (int d = 0; d < 4; d++)
        LM_TRY(lm__need_equal(f, inner.shape[0].dim[d], attr->between[d], "the result to be pooled"));
    LM_TRY(lm__pool2d_shape(f, &attr->pool, &inner.shape[0], &out));
    lm__result(f, 1, LM_I32, &out);
    return lm__result(f, 0, inner.dtype[0], &out);
}

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    const lm__conv2d_pool *attr = node->attr;
    lm_value *between = lm__apply(graph, &lm__op_conv2d_fused, &attr->conv, node->nin, in);
    lm_value *inner = between;
    if (!lm__bad(between)) LM_TRY(lm__op_conv2d_fused.decompose(graph, between->node, in, &inner));
    lm__node *pool = lm__apply_node(graph, &lm__op_max_pool2d, &attr->pool, 1, &inner, NULL);
    if (!pool) return lm_last_status();
    out[0] = &pool->out[0];
    out[1] = &pool->out[1];
    return LM_OK;
}

static lm__desc between_desc(const lm__problem *p)
{
    const lm__conv2d_pool *attr = p->attr;
    lm__desc d = {.dtype = p->in[0].dtype, .rank = 4, .size = 1};
    for (int i = 0; i < 4; i++) d.size *= (size_t)(d.dims[i] = attr->between[i]);
    return d;
}

static lm_status prepare(const lm__problem *p, lm__needs *needs, void **state)
{
    const lm__desc between = between_desc(p);
    *state = NULL;
    needs->shared = between.size * lm_dtype_size(between.dtype);
    return LM_OK;
}

static lm_status run(const lm__run *r)
{
    const lm__conv2d_pool *attr = r->problem->attr;
    const lm__desc between = between_desc(r->problem);
    lm__problem conv = *r->problem, pool = *r->problem;
    lm__run first = *r, second = *r;
    conv.op = lm__op_conv2d_fused.name;
    conv.nout = 1, conv.out = &between, conv.out_used = 1;
    first.problem = &conv;
    first.out = (void *const[]){r->shared};
    LM_TRY(lm__op_conv2d_fused.reference.run(&first));
    pool.op = lm__op_max_pool2d.name;
    pool.nin = 1, pool.in = &between, pool.attr = &attr->pool;
    second.problem = &pool;
    second.in = (const void *const[]){r->shared};
    return lm__op_max_pool2d.reference.run(&second);
}

static double flops(const lm__problem *p)
{
    const lm__desc between = between_desc(p);
    lm__problem conv = *p;
    conv.out = &between;
    return lm__op_conv2d_fused.flops(&conv);
}

const lm__op lm__op_conv2d_pool = {
    .name = "conv2d_pool",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 2,
    .flags = LM__OP_FUSED,
    .attr_size = sizeof(lm__conv2d_pool),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "conv2d_pool", .name = "ref", .prepare = prepare, .run = run},
    .decompose = decompose,
    .flops = flops,
};
