/* ops/layer_norm.h: what layer_norm and its gradient share. */
#ifndef LM_OPS_LAYER_NORM_H
#define LM_OPS_LAYER_NORM_H

#include "kernels/layer_norm.h"
#include "ops/plain.h"

extern const lm__attr lm__layer_norm_attrs[];

/* Checks the input at place `at` and the weights from `weights` on. */
lm_status lm__infer_layer_norm(const lm__infer *infer, int at, int weights, bool center);
/* The shape of the axes normalised over. */
lm__shape lm__layer_norm_shape(const lm__shape *x, const lm__layer_norm *attr);
/* The same made of other ops; gamma, beta: NULL where there is none. */
lm_value *lm__layer_norm_of_parts(lm_value *x, lm_value *gamma, lm_value *beta, const lm__layer_norm *attr);

#endif
