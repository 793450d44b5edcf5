/* ops/matmul_fused.c: matmul with a bias and an activation; made by the plan's pass `epilogue`. */
#include "ops/epilogue.h"

static const lm__attr attrs[] = {
    {"matmul_fused", LM__ATTR_BYTES, 0, (int)sizeof(lm__matmul_fused)},
    {0},
};

static int64_t activation(const void *attr) { return ((const lm__matmul_fused *)attr)->activation; }

static lm_status infer(lm__infer *f) { return lm__epilogue_infer(f, &lm__op_matmul); }

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    (void)graph;
    return lm__epilogue_decompose(&lm__op_matmul, activation(node->attr), node, in, out);
}

static lm_status run(const lm__run *r) { return lm__epilogue_run(r, &lm__op_matmul, activation(r->problem->attr)); }

static double flops(const lm__problem *p) { return lm__epilogue_flops(p, &lm__op_matmul); }

const lm__op lm__op_matmul_fused = {
    .name = "matmul_fused",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    .flags = LM__OP_FUSED,
    .attr_size = sizeof(lm__matmul_fused),
    .attrs = attrs,
    .infer = infer,
    .reference = {.op = "matmul_fused", .name = "ref", .run = run},
    .decompose = decompose,
    .flops = flops,
};
