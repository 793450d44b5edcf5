/* ops/conv2d_fused.c: conv2d with a bias and an activation; made by the plan's pass `epilogue`. */
#include "ops/epilogue.h"

static const lm__attr attrs[] = {
    {"conv2d_fused", LM__ATTR_BYTES, 0, (int)sizeof(lm__conv2d_fused)},
    {0},
};

static int64_t activation(const void *attr) { return ((const lm__conv2d_fused *)attr)->activation; }

static lm_status infer(lm__infer *f) { return lm__epilogue_infer(f, &lm__op_conv2d); }

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    (void)graph;
    return lm__epilogue_decompose(&lm__op_conv2d, activation(node->attr), node, in, out);
}

static lm_status run(const lm__run *r) { return lm__epilogue_run(r, &lm__op_conv2d, activation(r->problem->attr)); }

static double flops(const lm__problem *p) { return lm__epilogue_flops(p, &lm__op_conv2d); }

const lm__op lm__op_conv2d_fused = {
    .name = "conv2d_fused",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    .flags = LM__OP_FUSED,
    .attr_size = sizeof(lm__conv2d_fused),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "conv2d_fused", .name = "ref", .run = run},
    .decompose = decompose,
    .flops = flops,
};
