/* kernels/reduce.h: reductions over any set of axes: their attributes, and how their loops are laid out. */
#ifndef LM_KERNELS_REDUCE_H
#define LM_KERNELS_REDUCE_H

#include "kernels/kernel.h"

/* The attributes of sum, mean, max, …; axes are >= 0, sorted and distinct (lm__reduce_apply sees to it). */
typedef struct lm__reduce_attr {
    int64_t axes[LM_MAX_RANK];
    int64_t naxes;                      /* 0: nothing is reduced */
    bool keepdims;                      /* reduced axes stay, with size 1 */
} lm__reduce_attr;

/* x's axes as two lists, neighbours of one kind joined: result element (i…) is the reduction of
 * x[sum i*kept_stride + sum j*reduced_stride] over all j, with the results in row-major order. */
typedef struct lm__reduce_loop {
    int kept, reduced;
    int64_t kept_dim[LM_MAX_RANK], kept_stride[LM_MAX_RANK];
    int64_t reduced_dim[LM_MAX_RANK], reduced_stride[LM_MAX_RANK];
    int64_t results, count;             /* how many results, and how many elements make one */
} lm__reduce_loop;

lm__reduce_loop lm__reduce_loop_of(const lm__desc *x, const lm__reduce_attr *attr);

#endif
