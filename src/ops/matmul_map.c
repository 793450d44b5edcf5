/* ops/matmul_map.c: a map of a product; made by the plan's pass `product`. See kernels/matmul_map.h. */
#include "ops/matmul_map.h"
#include "base/alloc.h"
#include "ops/epilogue.h"
#include <string.h>

_Static_assert(offsetof(lm__matmul_map_attr, map) == offsetof(lm__matmul_map, map), "one begins as the other");

const lm__map *lm__map_of(const lm__op *op, const void *attr, int *first)
{
    *first = 0;
    if (op == &lm__op_map) return &((const lm__map_attr *)attr)->map;
    if (op != &lm__op_matmul_map) return NULL;
    *first = lm__matmul_map_first(attr);
    return &((const lm__matmul_map *)attr)->map;
}

static lm_status infer(lm__infer *f)
{
    const lm__matmul_map_attr *attr = f->attr;
    const lm__map *map = &attr->map.map;
    lm__infer inner = *f;
    inner.op = &lm__op_matmul_fused;
    inner.nin = lm__matmul_map_first(f->attr);
    LM_TRY(inner.op->infer(&inner));
    if (f->nin != inner.nin + map->operands - 1 + (map->guard >= 0))
        return lm__op_invalid(f, "has %d inputs for a product and %d operands", f->nin, map->operands);
    inner.op = &lm__op_map;
    inner.attr = &attr->map;
    inner.nin = map->operands + (map->guard >= 0);
    LM_TRY(inner.op->infer(&inner));
    f->nout = inner.nout;
    memcpy(f->dtype, inner.dtype, sizeof f->dtype);
    memcpy(f->shape, inner.shape, sizeof f->shape);
    return LM_OK;
}

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    const lm__matmul_map_attr *attr = node->attr;
    const lm__node map = {.attr = (void *)&attr->map};
    lm_value *operand[LM__MAX_INPUTS];
    int first = lm__matmul_map_first(node->attr), k = first, n = attr->map.map.operands;
    lm_value *product = lm__apply(graph, &lm__op_matmul_fused, &attr->product, first, in);
    if (!lm__bad(product)) LM_TRY(lm__op_matmul_fused.decompose(graph, product->node, in, &product));
    for (int i = 0; i < n; i++) operand[i] = i == attr->operand ? lm__reshape_to(product, &attr->map.shape) : in[k++];
    return lm__op_map.decompose(graph, &map, operand, out);
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    lm__desc product;
    *state = NULL;
    lm__matmul_map_product(problem, &product);
    needs->shared = product.size * lm_dtype_size(product.dtype);
    needs->scratch = lm__map_scratch(&((const lm__matmul_map *)problem->attr)->map);
    return LM_OK;
}

static lm_status run(const lm__run *r)
{
    const lm__matmul_map *attr = r->problem->attr;
    const void *in[LM__MAP_MAX_OPERANDS + 1];
    lm__desc result;
    const lm__problem product = lm__matmul_map_product(r->problem, &result);
    lm__run inner = *r;
    inner.problem = &product;
    inner.out = (void *const[]){r->shared};
    LM_TRY(lm__epilogue_run(&inner, &lm__op_matmul, attr->product.activation));
    lm__matmul_map_inputs(attr, r->in, in);
    in[attr->operand] = r->shared;
    lm__map_run(&attr->map, in, r->out, r->scratch, r->scratch_stride, NULL);
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    lm__desc result;
    const lm__problem product = lm__matmul_map_product(p, &result);
    return lm__op_matmul_fused.flops(&product);
}

const lm__op lm__op_matmul_map = {
    .name = "matmul_map",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = LM__MAX_INPUTS,
    .outputs = 1,
    .flags = LM__OP_FUSED,
    .attr_size = sizeof(lm__matmul_map_attr),
    .infer = infer,
    .reference = {.op = "matmul_map", .name = "ref", .prepare = prepare, .run = run},
    .decompose = decompose,
    .flops = flops,
};
