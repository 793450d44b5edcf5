/* ops/conv2d_pool_backward_kernel.c: conv2d_backward_kernel of max_pool2d_scatter; made by the plan's pass `pool`. */
#include "kernels/conv2d_pool.h"
#include "ops/conv2d.h"
#include "ops/plain.h"
#include "ops/pool2d.h"

static const lm__attr attrs[] = {
    {"conv2d_pool_backward_kernel", LM__ATTR_BYTES, 0, (int)sizeof(lm__conv2d_pool_backward)},
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm__conv2d_pool_backward *attr = f->attr;
    lm__shape kernel = {.rank = 4};
    LM_TRY(lm__need_float(f, 0));
    LM_TRY(lm__need_same(f, 0, 1));
    LM_TRY(lm__need_rank(f, 1, 4, "(batch, height, width, filters)"));
    LM_TRY(lm__need_shape(f, 2, &f->in[1]->shape, "the gradient"));
    for (int d = 0; d < 4; d++) kernel.dim[d] = attr->kernel[d];
    return lm__result(f, 0, f->in[0]->dtype, &kernel);
}

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    const lm__conv2d_pool_backward *attr = node->attr;
    lm__shape between = {.rank = 4}, kernel = {.rank = 4};
    (void)graph;
    for (int d = 0; d < 4; d++) between.dim[d] = attr->between[d], kernel.dim[d] = attr->kernel[d];
    out[0] = lm__conv2d_backward_kernel(in[0], lm__max_pool2d_scatter(in[1], in[2], &between), &attr->conv, &kernel);
    return lm__bad(out[0]) ? lm_last_status() : LM_OK;
}

static lm__desc between_desc(const lm__problem *p)
{
    const lm__conv2d_pool_backward *attr = p->attr;
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
    const lm__conv2d_pool_backward *attr = r->problem->attr;
    const lm__desc between = between_desc(r->problem), images[2] = {r->problem->in[0], between};
    lm__conv2d_to to = {.conv = attr->conv, .shape = {.rank = 4}};
    lm__problem scatter = *r->problem, conv = *r->problem;
    lm__run first = *r, second = *r;
    scatter.op = lm__op_max_pool2d_scatter.name;
    scatter.nin = 2, scatter.in = r->problem->in + 1, scatter.out = &between;
    first.problem = &scatter;
    first.in = r->in + 1;
    first.out = (void *const[]){r->shared};
    LM_TRY(lm__op_max_pool2d_scatter.reference.run(&first));
    for (int d = 0; d < 4; d++) to.shape.dim[d] = attr->kernel[d];
    conv.op = lm__op_conv2d_backward_kernel.name;
    conv.nin = 2, conv.in = images, conv.attr = &to;
    second.problem = &conv;
    second.in = (const void *const[]){r->in[0], r->shared};
    return lm__op_conv2d_backward_kernel.reference.run(&second);
}

static double flops(const lm__problem *p)
{
    const lm__conv2d_pool_backward *attr = p->attr;
    const lm__conv2d_dims d = lm__conv2d_dims_of(&attr->conv, p->in[0].dims, attr->kernel, attr->between);
    return lm__conv2d_flops(&d);
}

const lm__op lm__op_conv2d_pool_backward_kernel = {
    .name = "conv2d_pool_backward_kernel",
    .kind = LM__OP_PLAIN,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .flags = LM__OP_FUSED,
    .attr_size = sizeof(lm__conv2d_pool_backward),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "conv2d_pool_backward_kernel", .name = "ref", .prepare = prepare, .run = run},
    .decompose = decompose,
    .flops = flops,
};
