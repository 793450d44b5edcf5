/* kernels/matmul.h: what the op matmul and its kernels share. */
#ifndef LM_KERNELS_MATMUL_H
#define LM_KERNELS_MATMUL_H

#include "kernels/kernel.h"

/* c = op(a) op(b) over the last two dimensions; op transposes them where asked. */
typedef struct lm__matmul {
    bool transpose_a, transpose_b;
} lm__matmul;

/* The product as a list of plain products. Product i takes matrices a_at and b_at (lm__matmul_at), where a matrix
 * of a has m*k elements, of b k*n, of c m*n. A batch of a against one single matrix b, a not transposed, is one
 * taller product. */
typedef struct lm__matmul_dims {
    int64_t m, n, k;
    int64_t batches;
    int rank;                           /* batch dimensions */
    int64_t batch[LM_MAX_RANK];
    int64_t a_step[LM_MAX_RANK], b_step[LM_MAX_RANK];   /* in matrices; 0 where broadcast */
} lm__matmul_dims;

static inline lm__matmul_dims lm__matmul_dims_of(const lm__problem *p)
{
    const lm__matmul *attr = (const lm__matmul *)p->attr;
    const lm__desc *a = &p->in[0], *b = &p->in[1], *c = &p->out[0];
    lm__matmul_dims d = {.batches = 1, .rank = c->rank - 2};
    d.m = c->dims[c->rank - 2];
    d.n = c->dims[c->rank - 1];
    d.k = a->dims[a->rank - (attr->transpose_a ? 2 : 1)];
    for (int i = 0; i < d.rank; i++) d.batches *= d.batch[i] = c->dims[i];
    if (!attr->transpose_a && d.rank > 0 && b->rank == 2) {
        d.m *= d.batches;
        d.batches = 1;
        d.rank = 0;
    }
    int64_t a_step = 1, b_step = 1;
    for (int i = d.rank - 1; i >= 0; i--) {
        int ia = i - (c->rank - a->rank), ib = i - (c->rank - b->rank);
        int64_t na = ia >= 0 ? a->dims[ia] : 1, nb = ib >= 0 ? b->dims[ib] : 1;
        d.a_step[i] = na == 1 ? 0 : a_step;
        d.b_step[i] = nb == 1 ? 0 : b_step;
        a_step *= na;
        b_step *= nb;
    }
    return d;
}

/* Which matrices product i multiplies. */
static inline void lm__matmul_at(const lm__matmul_dims *d, int64_t i, int64_t *a_at, int64_t *b_at)
{
    *a_at = *b_at = 0;
    for (int k = d->rank - 1; k >= 0; k--) {
        int64_t index = i % d->batch[k];
        i /= d->batch[k];
        *a_at += index * d->a_step[k];
        *b_at += index * d->b_step[k];
    }
}

#endif
