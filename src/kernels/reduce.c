/* kernels/reduce.c: the loops of a reduction. */
#include "kernels/reduce.h"

lm__reduce_loop lm__reduce_loop_of(const lm__desc *x, const lm__reduce_attr *attr)
{
    lm__reduce_loop loop = {.results = 1, .count = 1};
    bool reduce[LM_MAX_RANK] = {false};
    for (int64_t i = 0; i < attr->naxes; i++) reduce[attr->axes[i]] = true;
    int64_t stride = 1;
    int last = -1; /* kind of the axis before this one, from the right */
    for (int d = x->rank - 1; d >= 0; d--) {
        int64_t dim = x->dims[d];
        if (dim == 1) continue;
        int kind = reduce[d];
        int *n = kind ? &loop.reduced : &loop.kept;
        int64_t *dims = kind ? loop.reduced_dim : loop.kept_dim;
        int64_t *strides = kind ? loop.reduced_stride : loop.kept_stride;
        if (kind == last) {
            dims[0] *= dim;
        } else {
            for (int i = *n; i > 0; i--) dims[i] = dims[i - 1], strides[i] = strides[i - 1];
            dims[0] = dim, strides[0] = stride;
            (*n)++;
        }
        *(kind ? &loop.count : &loop.results) *= dim;
        stride *= dim;
        last = kind;
    }
    return loop;
}
