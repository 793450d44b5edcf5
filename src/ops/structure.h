/* ops/structure.h: builders of the ops that move elements about, for sizes that may hold symbols. */
#ifndef LM_OPS_STRUCTURE_H
#define LM_OPS_STRUCTURE_H

#include "kernels/axis.h"
#include "kernels/move.h"
#include "ops/plain.h"

/* Elements begin + i * stride of every axis, i < size. strides NULL: 1 everywhere. */
lm_value *lm__slice(lm_value *x, const lm__shape *begin, const lm__shape *sizes, const int64_t *strides);

/* Elements [begin, begin + size) of one axis. */
lm_value *lm__slice_axis(lm_value *x, int64_t axis, lm__dim begin, lm__dim size);

/* x inside `value`: `low` cells before it on every axis, `high` behind it, and its elements `steps` cells apart.
 * steps NULL: 1 everywhere. */
lm_value *lm__pad(lm_value *x, const lm__shape *low, const lm__shape *high, const int64_t *steps, double value);

/* updates into zeros, the axis being `size` long: the transpose of gather. */
lm_value *lm__scatter_add(lm_value *indices, lm_value *updates, int64_t axis, lm__dim size);

#endif
