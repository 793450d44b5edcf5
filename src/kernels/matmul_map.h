/* kernels/matmul_map.h: a product whose result goes through a map and nowhere else.
 *
 * The op matmul_map: inputs as of matmul_fused, then the map's operands without the product, then its guard if there
 * is one; outputs: the map's. The product's element of flat index i is the operand's element i. Made by the plan's
 * pass `fuse`, where the fast kernel accepts the problem: it hands each block of the product to the map while the
 * block is in the cache, so that the product itself is never in memory. An optimizer's update in a gradient's product
 * is the case that it was made for. */
#ifndef LM_KERNELS_MATMUL_MAP_H
#define LM_KERNELS_MATMUL_MAP_H

#include "kernels/epilogue.h"
#include "kernels/map.h"

typedef struct lm__matmul_map {
    lm__matmul_fused product;           /* first: the product's kernels may be handed the attribute */
    int64_t bias;                       /* whether there is one */
    int64_t operand;                    /* of the map: the product */
    int64_t rank, dims[LM_MAX_RANK];    /* of the product */
    lm__map map;
} lm__matmul_map;

/* The index of the first input that the map reads. */
static inline int lm__matmul_map_first(const lm__matmul_map *attr) { return 2 + (attr->bias != 0); }

/* The operands and the guard in their order, with nothing at the product's place. */
static inline void lm__matmul_map_inputs(const lm__matmul_map *attr, const void *const *in, const void **out)
{
    int n = attr->map.operands + (attr->map.guard >= 0), k = lm__matmul_map_first(attr);
    for (int i = 0; i < n; i++) out[i] = i == attr->operand ? NULL : in[k++];
}

/* The problem of the product alone; *out receives its result. */
static inline lm__problem lm__matmul_map_product(const lm__problem *p, lm__desc *out)
{
    const lm__matmul_map *attr = (const lm__matmul_map *)p->attr;
    *out = (lm__desc){.dtype = p->in[0].dtype, .rank = (int)attr->rank, .size = 1};
    for (int d = 0; d < out->rank; d++) out->size *= (size_t)(out->dims[d] = attr->dims[d]);
    lm__problem q = *p;
    q.op = "matmul_fused";
    q.nin = lm__matmul_map_first(attr);
    q.nout = 1, q.out = out, q.out_used = 1;
    q.in_stable &= 7;
    return q;
}

#endif
