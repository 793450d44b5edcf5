/* kernels/fast/product.h: products of matrices in float32, cut into slices for the team.
 *
 * Slices of k depend on the problem alone; they go to partial results that are added in order. Those of m and n,
 * which do not reach the bytes, depend on the team too. */
#ifndef LM_KERNELS_FAST_PRODUCT_H
#define LM_KERNELS_FAST_PRODUCT_H

#include "kernels/epilogue.h"
#include "kernels/simd/level.h"

typedef struct lm__product {
    lm__matmul_dims dims;               /* as the op has them, before `swapped` */
    const lm__simd *simd;
    lm__gemm whole;                     /* strides and sizes of one product; no pointers */
    bool swapped;                       /* computed as Cᵀ = Bᵀ Aᵀ */
    int64_t batches_a_job;              /* > 1: whole products, several a job */
    int64_t slices_m, slices_n, slices_k;
} lm__product;

lm__product lm__product_of(const lm__matmul_dims *dims, bool transpose_a, bool transpose_b, lm__isa isa);
lm__product lm__product_plan(const lm__problem *problem);       /* of the op matmul */
/* Whether it is small, thin, or a gradient over many examples, and so better done here than by oneDNN. */
bool lm__product_small(const lm__problem *problem);
/* Cuts it into as many jobs of whole rows of c as it can, where that is free to choose. */
void lm__product_by_rows(lm__product *p);
size_t lm__product_scratch(const lm__product *p);       /* bytes for each thread */
size_t lm__product_shared(const lm__product *p);        /* bytes once */

/* What one run works on: c = act(a b + bias); scratch and shared memory are those of the run. */
typedef struct lm__product_data {
    const float *a, *b, *bias;          /* bias: NULL if there is none */
    float *c;
    int act;                            /* lm__act */
} lm__product_data;
/* Slice (i, j, l) of m, n and k: strides, sizes, a and b of its product, and the first row and column of c. */
void lm__product_slice(const lm__product *p, const lm__product_data *data, int64_t i, int64_t j, int64_t l,
                       lm__gemm *g, int64_t *row, int64_t *column);
void lm__product_run(const lm__product *p, const lm__product_data *data, const lm__run *run);

#endif
