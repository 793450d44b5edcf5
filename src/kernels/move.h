/* kernels/move.h: copying between arrays of which each has its own strides: the one kernel behind transpose,
 * slice, pad, concatenate, split, flip and tile. */
#ifndef LM_KERNELS_MOVE_H
#define LM_KERNELS_MOVE_H

#include "kernels/kernel.h"

enum { LM__MOVE_RANK = 2 * LM_MAX_RANK };

/* For every index below dims: out[to_at + sum index*to] = in[from_at + sum index*from], in elements. */
typedef struct lm__move {
    int rank;
    int64_t dims[LM__MOVE_RANK], from[LM__MOVE_RANK], to[LM__MOVE_RANK];
    int64_t from_at, to_at;
} lm__move;

/* Strides of a dense array. */
void lm__move_dense(int rank, const int64_t *dims, int64_t *strides);

/* `width`: bytes of an element: 1, 2, 4 or 8. Large ones are cut over the team. */
void lm__move_run(const lm__move *move, size_t width, const void *in, void *out);

#endif
