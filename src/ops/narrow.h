/* ops/narrow.h: what the products of bfloat16 numbers share: matmul_bf16, conv2d_bf16 and its two gradients.
 *
 * The first two inputs are bfloat16, the result (and a bias) float32: what the op of the same name computes of
 * them in float32. Made by the plan's pass `narrow`, where a kernel takes them. */
#ifndef LM_OPS_NARROW_H
#define LM_OPS_NARROW_H

#include "ops/plain.h"

/* By the op on float32 that has the same attribute. */
lm_status lm__narrow_infer(lm__infer *infer, const lm__op *wide);
lm_status lm__narrow_decompose(lm_graph *graph, const lm__op *wide, const lm__node *node, lm_value *const *in,
                               lm_value **out);
lm_status lm__narrow_prepare(const lm__problem *problem, lm__needs *needs, void **state);
lm_status lm__narrow_run(const lm__run *run, const lm__op *wide);
double lm__narrow_flops(const lm__problem *problem, const lm__op *wide);

/* The functions of such an op, which computes `wide` on float32 with wide's attribute; then its descriptor. */
#define LM__NARROW_FUNCTIONS(wide)                                                                                   \
    static lm_status infer(lm__infer *f) { return lm__narrow_infer(f, &wide); }                                      \
    static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)           \
    {                                                                                                                \
        return lm__narrow_decompose(graph, &wide, node, in, out);                                                    \
    }                                                                                                                \
    static lm_status run(const lm__run *r) { return lm__narrow_run(r, &wide); }                                      \
    static double flops(const lm__problem *p) { return lm__narrow_flops(p, &wide); }
#define LM__NARROW_OP(op_name, most_inputs, attr_type)                                                               \
    .name = op_name, .kind = LM__OP_PLAIN, .min_inputs = 2, .max_inputs = most_inputs, .outputs = 1,                 \
    .flags = LM__OP_FUSED, .attr_size = sizeof(attr_type), .attrs = attrs, .infer = infer, .decompose = decompose,   \
    .reference = {.op = op_name, .name = "ref", .prepare = lm__narrow_prepare, .run = run}, .flops = flops

#endif
