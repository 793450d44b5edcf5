/* kernels/narrow.h: which products are worth rounding their factors to bfloat16: by their sizes alone, so that
 * processors with and without bfloat16 instructions multiply the same numbers. The others cost more to round and to
 * hand to a library than they gain. */
#ifndef LM_KERNELS_NARROW_H
#define LM_KERNELS_NARROW_H

#include "kernels/conv2d.h"
#include "kernels/matmul.h"

#define LM__NARROW_PRODUCT 4e6          /* flops */
#define LM__NARROW_CONV 1e8

static inline bool lm__narrow_product(const lm__matmul_dims *d)
{
    return d->batches > 0 && 2.0 * (double)d->m * (double)d->n * (double)d->k >= LM__NARROW_PRODUCT;
}

static inline bool lm__narrow_conv(const lm__conv2d_dims *d)
{
    return d->batch > 0 && d->groups == 1 && d->channels > 4 && d->filters > 4 &&
           lm__conv2d_flops(d) >= LM__NARROW_CONV;
}

#endif
