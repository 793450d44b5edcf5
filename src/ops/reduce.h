/* ops/reduce.h: what sum, mean, max, … share. Their attributes are lm__reduce_attr (kernels/reduce.h). */
#ifndef LM_OPS_REDUCE_H
#define LM_OPS_REDUCE_H

#include "kernels/reduce.h"
#include "ops/support.h"

/* The signature of reference reductions, and a kernel's `run` made of them. */
typedef void lm__reduce_fn(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
                           const int64_t *rstride, const void *in, void *out);
lm_status lm__reduce_run(const lm__run *run, lm__reduce_fn *const *refs);

extern const lm__attr lm__reduce_attrs[];

/* The result has x's type. …_to gives the shape alone. */
lm_status lm__infer_reduce(lm__infer *infer);
lm__shape lm__reduce_shape(const lm__shape *x, const lm__reduce_attr *attr);

/* The inside of the builders: axes may be negative, none means all; refuses what is out of range or named twice. */
lm_value *lm__reduce_apply(const lm__op *op, lm_value *x, int naxes, const int64_t *axes, bool keepdims);

/* A reduced value (a gradient, a maximum) brought back to the shape of the reduced input. */
lm_value *lm__reduce_spread(lm_value *reduced, const lm_value *x, const lm__reduce_attr *attr);

#endif
