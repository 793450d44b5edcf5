/* ops/support.h: what ops share: common inference, builders for gradients, declarations of reference rows. */
#ifndef LM_OPS_SUPPORT_H
#define LM_OPS_SUPPORT_H

#include "base/status.h"
#include "graph/graph.h"
#include "ops/registry.h"
#include <lamina/ops.h>
#include <string.h>

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
    static const lm__rows rows = {.of = {LM__ROW_FLOATS(name)}};
#define LM_ROWS_NUMBERS(name)                                                                                    \
    LM__ROW_NUMBERS_DECLARE(name)                                                                                \
    static const lm__rows rows = {.of = {LM__ROW_NUMBERS(name)}};
#define LM_ROWS_ALL(name)                                                                                        \
    LM__ROW_NUMBERS_DECLARE(name)                                                                                \
    lm__row_fn lm__ref_##name##_bool;                                                                            \
    static const lm__rows rows = {.of = {LM__ROW_NUMBERS(name), [LM_BOOL] = lm__ref_##name##_bool}};
#define LM_ROWS_BOOL(name)                                                                                       \
    lm__row_fn lm__ref_##name##_bool;                                                                            \
    static const lm__rows rows = {.of = {[LM_BOOL] = lm__ref_##name##_bool}};

/* Reference kernels of plain ops: declares one function of type `fn` per element type, and the table `refs` of them
 * by dtype: LM_REFS_FLOATS(fn, NAME), LM_REFS_NUMBERS, LM_REFS_ALL. */
#define LM__REFS(fn, ...) static fn *const refs[LM_DTYPE_COUNT] = {__VA_ARGS__};
#define LM_REFS_FLOATS(fn, name)                                                                                 \
    fn lm__ref_##name##_f32, lm__ref_##name##_f64;                                                               \
    LM__REFS(fn, LM__ROW_FLOATS(name))
#define LM__REFS_NUMBERS_DECLARE(fn, name)                                                                       \
    fn lm__ref_##name##_f32, lm__ref_##name##_f64, lm__ref_##name##_u8, lm__ref_##name##_i8,                     \
        lm__ref_##name##_i32, lm__ref_##name##_i64;
#define LM_REFS_NUMBERS(fn, name)                                                                                \
    LM__REFS_NUMBERS_DECLARE(fn, name)                                                                           \
    LM__REFS(fn, LM__ROW_NUMBERS(name))
#define LM_REFS_ALL(fn, name)                                                                                    \
    LM__REFS_NUMBERS_DECLARE(fn, name)                                                                           \
    fn lm__ref_##name##_bool;                                                                                    \
    LM__REFS(fn, LM__ROW_NUMBERS(name), [LM_BOOL] = lm__ref_##name##_bool)

/* --- attributes that passes look into ------------------------------------------------------------------------------
 * */
typedef struct lm__fill_attr {
    lm_dtype dtype;
    lm__shape shape;
    double value;
} lm__fill_attr;

typedef struct lm__shape_attr { /* of reshape and broadcast_to: the result's shape */
    lm__shape shape;
} lm__shape_attr;

/* --- inference ----------------------------------------------------------------------------------------------------
 * */
/* Map ops: inputs of one type, broadcast together; the result has that type (…_same) or bool (…_compare). Types
 * without a reference row are refused, except bf16 and f16, which the planner computes in float32. */
lm_status lm__infer_map_same(lm__infer *infer);
lm_status lm__infer_map_compare(lm__infer *infer);
/* One input, the same type and shape. */
lm_status lm__infer_same(lm__infer *infer);

/* Refusals: the message with the types and shapes of all inputs behind it; the engine puts layer and op before it:
 * lm__op_invalid(infer, "kernel has %d channels, …"). */
lm_status lm__op_invalid(const lm__infer *infer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* axis in [-rank, rank) made >= 0, or LM_INVALID. */
lm_status lm__op_axis(const lm__infer *infer, int rank, int64_t *axis);

/* LM_INVALID for an argument struct that is NULL. */
lm_status lm__op_args(const char *op, const void *args);
/* LM_INVALID for numbers of axes that are fewer than 0, more than a value can have, or some at NULL. */
lm_status lm__op_list(const char *op, int n, const int64_t *list);
/* A shape that a caller of a builder gave: rank and dimensions in range; `any`: LM_ANY may stand in it. */
lm_status lm__op_dims(const char *op, int rank, const int64_t *dims, bool any, lm__shape *out);

/* --- builders for gradients
 * ------------------------------------------------------------------------------------------ */
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
/* An op's `gradient` that differentiates its `decompose`: for the gradients of ops that are one kernel, so that they
 * have gradients of their own. */
lm_status lm__gradient_of_parts(lm__vjp *v);

#endif
