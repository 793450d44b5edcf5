/* kernels/ref/walk.h: element i, in row-major order, of an array with these dimensions lies at lm__ref_at. */
#ifndef LM_KERNELS_REF_WALK_H
#define LM_KERNELS_REF_WALK_H

#include <stdint.h>

static inline int64_t lm__ref_at(int rank, const int64_t *dims, const int64_t *strides, int64_t i)
{
    int64_t at = 0;
    for (int d = rank - 1; d > 0; d--) {
        at += i % dims[d] * strides[d];
        i /= dims[d];
    }
    return rank > 0 ? at + i * strides[0] : 0;
}

static inline int64_t lm__ref_count(int rank, const int64_t *dims)
{
    int64_t n = 1;
    for (int d = 0; d < rank; d++) n *= dims[d];
    return n;
}

/* Whether v is not a number; 0 for integers. */
#define LM__REF_NAN(v) ((v) != (v))

#endif
