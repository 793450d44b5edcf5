/* kernels/layer_norm.h: the attribute of layer_norm and layer_norm_backward. */
#ifndef LM_KERNELS_LAYER_NORM_H
#define LM_KERNELS_LAYER_NORM_H

#include "kernels/kernel.h"

typedef struct lm__layer_norm {
    int64_t axes; /* how many there are to normalise over: the last ones */
    double epsilon;
    bool scale, center; /* whether there are gamma, beta */
} lm__layer_norm;

/* The input seen as rows of n elements. */
static inline void lm__layer_norm_rows(const lm__problem *p, int64_t *rows, int64_t *n)
{
    const lm__desc *x = &p->out[0];
    *n = 1;
    for (int64_t d = x->rank - ((const lm__layer_norm *)p->attr)->axes; d < x->rank; d++) *n *= x->dims[d];
    *rows = *n ? (int64_t)x->size / *n : 0;
}

#endif
