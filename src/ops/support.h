/* ops/support.h: what ops share: common inference, builders for gradients, declarations of reference rows. */
#ifndef LM_OPS_SUPPORT_H
#define LM_OPS_SUPPORT_H

#include "base/status.h"
#include "graph/graph.h"
#include "ops/registry.h"
#include <lamina/ops.h>

/* --- reference rows (kernels/ref/NAME.c): declares them and defines `rows` ------------------------------------- */
#define LM__ROW_FLOATS_DECLARE(name) lm__row_fn lm__ref_##name##_f32, lm__ref_##name##_f64;
#define LM__ROW_NUMBERS_DECLARE(name)                                                                            \
    LM__ROW_FLOATS_DECLARE(name)                                                                                 \
    lm__row_fn lm__ref_##name##_u8, lm__ref_##name##_i8, lm__ref_##name##_i32, lm__ref_##name##_i64;
#define LM__ROW_FLOATS(name) [LM_F32] = lm__ref_##name##_f32, [LM_F64] = lm__ref_##name##_f64
#define LM__ROW_NUMBERS(name)                                                                                    \
    LM__ROW_FLOATS(name), [LM_U8] = lm__ref_##name##_u8, [LM_I8] = lm__ref_##name##_i8,                          \
                          [LM_I32] = lm__ref_##name##_i32, [LM_I64] = lm__ref_##name##_i64
#define LM_ROWS_FLOATS(name)                                                                                     \
    LM__ROW_FLOATS_DECLARE(name)                                                                                 \
    static const lm__rows rows = {{LM__ROW_FLOATS(name)}};
#define LM_ROWS_NUMBERS(name)                                                                                    \
    LM__ROW_NUMBERS_DECLARE(name)                                                                                \
    static const lm__rows rows = {{LM__ROW_NUMBERS(name)}};
#define LM_ROWS_ALL(name)                                                                                        \
    LM__ROW_NUMBERS_DECLARE(name)                                                                                \
    lm__row_fn lm__ref_##name##_bool;                                                                            \
    static const lm__rows rows = {{LM__ROW_NUMBERS(name), [LM_BOOL] = lm__ref_##name##_bool}};

/* --- inference ---------------------------------------------------------------------------------------------------- */
/* Map ops: inputs of one type, broadcast together; the result has that type (…_same) or bool (…_compare). Types without a
 * reference row are refused, except bf16 and f16, which the planner computes in float32. */
lm_status lm__infer_map_same(lm__infer *infer);
lm_status lm__infer_map_compare(lm__infer *infer);
/* One input, the same type and shape. */
lm_status lm__infer_same(lm__infer *infer);

/* Refusals with the op's name, and the shapes of all inputs: lm__op_invalid(infer, "kernel has %d channels, …"). */
lm_status lm__op_invalid(const lm__infer *infer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* axis in [-rank, rank) made >= 0, or LM_INVALID. */
lm_status lm__op_axis(const lm__infer *infer, int rank, int64_t *axis);

/* --- builders for gradients ------------------------------------------------------------------------------------------ */
/* Output i of the node at hand. */
static inline lm_value *lm__out(const lm__vjp *v, int i) { return &v->node->out[i]; }
/* A scalar of the value's type, in its graph. */
lm_value *lm__like(lm_value *x, double value);
lm_value *lm__fill(lm_graph *graph, lm_dtype dtype, const lm__shape *shape, double value);
/* Sums x over the axes where broadcasting `shape` to x's shape repeated elements; the result has `shape`. */
lm_value *lm__sum_to(lm_value *x, const lm__shape *shape);
/* x under a shape that may hold symbols (the builder lm_op_reshape takes numbers and LM_ANY). */
lm_value *lm__reshape_to(lm_value *x, const lm__shape *shape);
lm_value *lm__broadcast_to(lm_value *x, const lm__shape *shape);

#endif
