/* ops/reductions.h: what mean, max, min, logsumexp, moments, … share beyond ops/reduce.h. */
#ifndef LM_OPS_REDUCTIONS_H
#define LM_OPS_REDUCTIONS_H

#include "ops/plain.h"
#include "ops/reduce.h"

/* As lm__infer_reduce; …_float refuses integers, …_some a reduction over nothing, which has no largest element. */
lm_status lm__infer_reduce_float(lm__infer *infer);
lm_status lm__infer_reduce_some(lm__infer *infer);
lm_status lm__infer_reduce_some_float(lm__infer *infer);

/* 1 / how many elements of x make one result, as a scalar of x's type. */
lm_value *lm__reduce_share(lm_value *x, const lm__reduce_attr *attr);

/* The gradient of max and min. */
lm_status lm__extreme_gradient(lm__vjp *v);

/* dim as a scalar, also where its value is known only when a plan is made (ops/size.c). */
lm_value *lm__size_value(lm_graph *graph, lm_dtype dtype, lm__dim dim);

#endif
