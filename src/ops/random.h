/* ops/random.h: what the random ops share when they are built. */
#ifndef LM_OPS_RANDOM_H
#define LM_OPS_RANDOM_H

#include "kernels/random.h"
#include "ops/plain.h"

/* Their attribute. */
typedef struct lm__random_attr {
    lm__random random;
    lm_dtype dtype;
    lm__shape shape;
} lm__random_attr;
extern const lm__attr lm__random_attrs[];

lm_status lm__infer_random(lm__infer *infer);
lm_status lm__random_run(const lm__run *run, lm__random_fn *const *refs);

/* From keyword arguments; a and b are the numbers of the distribution. */
struct lm_op_random_args;
lm_value *lm__random_of(const lm__op *op, lm_value *key, const struct lm_op_random_args *args, double a, double b);

#endif
