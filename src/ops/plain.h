/* ops/plain.h: what ops on whole arrays share: checks for infer, arrays seen around an axis. */
#ifndef LM_OPS_PLAIN_H
#define LM_OPS_PLAIN_H

#include "ops/support.h"

/* --- checks for infer ------------------------------------------------------------------------------------------- */
/* Input i is a float type (…_float), int32 or int64 (…_index), no bool (…_number). */
lm_status lm__need_float(const lm__infer *infer, int i);
lm_status lm__need_index(const lm__infer *infer, int i);
lm_status lm__need_number(const lm__infer *infer, int i);
/* Inputs i and j have the same type. */
lm_status lm__need_same(const lm__infer *infer, int i, int j);
/* Input i has that many dimensions; `form` says what they are: "(batch, height, width, channels)". */
lm_status lm__need_rank(const lm__infer *infer, int i, int rank, const char *form);
/* Two sizes agree as far as they are known; `what` ("the inner dimensions") begins the message. */
lm_status lm__need_equal(const lm__infer *infer, lm__dim a, lm__dim b, const char *what);
/* The shape agrees with input i's as far as both are known. */
lm_status lm__need_shape(const lm__infer *infer, int i, const lm__shape *shape, const char *what);

/* Sets output i; returns LM_OK. */
lm_status lm__result(lm__infer *infer, int i, lm_dtype dtype, const lm__shape *shape);

/* The axis counted from the front; an axis out of range comes back as it is, for infer to refuse. */
int64_t lm__front_axis(const lm_value *x, int64_t axis);

/* The graph's table of dimensions. */
static inline lm__dims *lm__dims_of(const lm_value *x) { return x->node->graph->dims; }

/* --- ops along one axis: their attribute is lm__axis (kernels/axis.h) ------------------------------------------- */
extern const lm__attr lm__axis_attrs[];

/* One float input; the result has its type and shape. */
lm_status lm__infer_along_axis(lm__infer *infer);

/* An array seen as (outer, n, inner) around one axis. */
typedef struct lm__axis_view {
    size_t outer, n, inner;
} lm__axis_view;
lm__axis_view lm__axis_view_of(const lm__desc *desc, int64_t axis);

/* The signature of their reference kernels, and a kernel's `run` made of them. */
typedef void lm__axis_fn(const void *in, void *out, size_t outer, size_t n, size_t inner);
lm_status lm__axis_run(const lm__run *run, lm__axis_fn *const *refs);

#endif
