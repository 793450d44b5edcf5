/* ops/attention.h: what attention and its gradient share. */
#ifndef LM_OPS_ATTENTION_H
#define LM_OPS_ATTENTION_H

#include "kernels/attention.h"
#include "ops/plain.h"

extern const lm__attr lm__attention_attrs[];

/* Checks queries, keys and values, the inputs from `at` on; the result's shape. */
lm_status lm__infer_attention(const lm__infer *infer, int at, lm__shape *out);
/* The same made of other ops: the softmax (batch, heads, t, s), and what it gives with the values. */
lm_value *lm__attention_weights(lm_value *q, lm_value *k, const lm__attention *attr);
lm_value *lm__attention_result(lm_value *weights, lm_value *v);

#endif
