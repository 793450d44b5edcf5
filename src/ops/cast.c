/* ops/cast.c: y = x in another type.   Between float types dy/dx = 1; elsewhere nothing flows back */
#include "ops/support.h"

#ifdef LM_HEADER
/* x in another type. Floats to integers: towards 0, limited to what the type holds, NaN gives 0. Integers to smaller
 * ones wrap around. To bool: not zero. Any types. */
lm_value *lm_op_cast(lm_value *x, lm_dtype dtype);
#endif

typedef struct cast_attr {
    lm_dtype dtype;
} cast_attr;

static lm_status infer(lm__infer *f)
{
    const cast_attr *a = f->attr;
    if ((unsigned)a->dtype >= LM_DTYPE_COUNT)
        return lm__op_invalid(f, "%d is no dtype: use LM_F32, LM_I32, ...", (int)a->dtype);
    f->dtype[0] = a->dtype;
    f->shape[0] = f->in[0]->shape;
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    lm_dtype from = v->in[0]->dtype;
    if (lm__is_float(from) && lm__is_float(v->node->out[0].dtype)) v->grad_in[0] = lm_op_cast(v->grad_out[0], from);
    return LM_OK;
}

static const lm__attr attrs[] = {
    LM__ATTR(cast_attr, dtype, LM__ATTR_DTYPE),
    {0},
};

#define TO(type) .attr = &(cast_attr){type}
static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, TO(LM_F64)},
    {.nin = 1, .in = {{.dtype = LM_U8, .rank = 2, .dims = {3, 4}, .low = 0, .high = 256}}, TO(LM_F32)},
    {.nin = 1, .in = {{.dtype = LM_I32, .rank = 2, .dims = {3, 4}, .low = -9, .high = 9}}, TO(LM_F32)},
    {.nin = 1, .in = {{.dtype = LM_I64, .rank = 2, .dims = {3, 4}, .low = -9, .high = 9}}, TO(LM_I32)},
    {.nin = 1, .in = {{.dtype = LM_BOOL, .rank = 2, .dims = {3, 4}, .low = 0, .high = 2}}, TO(LM_F32)},
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -9, .high = 9, .fixed = true}}, TO(LM_I32)},
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .fixed = true}}, TO(LM_BOOL)},
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .fixed = true}}, TO(LM_BF16)},
    {.nin = 1, .in = {{.dtype = LM_BF16, .rank = 2, .dims = {3, 4}, .fixed = true}}, TO(LM_F32)},
    {.nin = 1, .in = {{.dtype = LM_F16, .rank = 2, .dims = {3, 4}, .fixed = true}}, TO(LM_F32)},
    {0},
};

#define DECLARE(to)                                                                                              \
    lm__row_fn lm__ref_cast_to_##to##_f32, lm__ref_cast_to_##to##_f64, lm__ref_cast_to_##to##_bf16,              \
        lm__ref_cast_to_##to##_f16, lm__ref_cast_to_##to##_u8, lm__ref_cast_to_##to##_i8,                        \
        lm__ref_cast_to_##to##_i32, lm__ref_cast_to_##to##_i64, lm__ref_cast_to_##to##_bool;
#define ROWS(to)                                                                                                 \
    {                                                                                                            \
        .of = {                                                                                                  \
            [LM_F32] = lm__ref_cast_to_##to##_f32, [LM_F64] = lm__ref_cast_to_##to##_f64,                        \
            [LM_BF16] = lm__ref_cast_to_##to##_bf16, [LM_F16] = lm__ref_cast_to_##to##_f16,                      \
            [LM_U8] = lm__ref_cast_to_##to##_u8, [LM_I8] = lm__ref_cast_to_##to##_i8,                            \
            [LM_I32] = lm__ref_cast_to_##to##_i32, [LM_I64] = lm__ref_cast_to_##to##_i64,                        \
            [LM_BOOL] = lm__ref_cast_to_##to##_bool,                                                             \
        }                                                                                                        \
    }
DECLARE(f32)
DECLARE(f64)
DECLARE(bf16)
DECLARE(f16)
DECLARE(u8)
DECLARE(i8)
DECLARE(i32)
DECLARE(i64)
DECLARE(bool)
static const lm__rows by_result[LM_DTYPE_COUNT] = {
    [LM_F32] = ROWS(f32), [LM_F64] = ROWS(f64), [LM_BF16] = ROWS(bf16), [LM_F16] = ROWS(f16), [LM_U8] = ROWS(u8),
    [LM_I8] = ROWS(i8),   [LM_I32] = ROWS(i32), [LM_I64] = ROWS(i64),   [LM_BOOL] = ROWS(bool),
};
static const lm__rows rows = {.to = by_result};

const lm__op lm__op_cast = {
    .name = "cast",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(cast_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_cast(lm_value *x, lm_dtype dtype)
{
    if (!lm__bad(x) && x->dtype == dtype) return x;
    cast_attr attr = {dtype};
    return lm__apply1(&lm__op_cast, &attr, x);
}
