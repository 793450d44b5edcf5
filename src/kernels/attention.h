/* kernels/attention.h: the attribute of attention and attention_backward, and the sizes of a problem. */
#ifndef LM_KERNELS_ATTENTION_H
#define LM_KERNELS_ATTENTION_H

#include "kernels/kernel.h"

typedef struct lm__attention {
    double scale;
    bool causal; /* position t of the queries sees positions 0 … t only */
} lm__attention;

/* Queries (batch, t, heads, k), keys (batch, s, heads, k), values (batch, s, heads, v); results (batch, t, heads,
 * v). */
typedef struct lm__attention_dims {
    int64_t batch, heads, t, s, k, v;
} lm__attention_dims;

static inline lm__attention_dims lm__attention_dims_of(const lm__desc *q, const lm__desc *k, const lm__desc *v)
{
    return (lm__attention_dims){q->dims[0], q->dims[2], q->dims[1], k->dims[1], q->dims[3], v->dims[3]};
}

/* How many pairs of a query and a key that it sees there are in a head. */
static inline double lm__attention_pairs(const lm__attention_dims *d, bool causal)
{
    double full = (double)d->t * (double)d->s, unseen = (double)(d->t < d->s ? d->t : d->s);
    if (!causal) return full;
    /* Query i < s does not see s - 1 - i keys. */
    return full - unseen * (double)(d->s - 1) + unseen * (unseen - 1) / 2;
}

#endif
