/* kernels/simd/rows_plain.c: rows that compilers turn into vector code by themselves. Each gives exactly the
 * reference's numbers: one rounding an element, nothing to contract. `out` may be an input: no iteration reads what
 * another wrote. */
#include "kernels/simd/rows.h"
#include "kernels/simd/vec.h"
#include <math.h>

#if defined(__clang__)
#define NO_CARRY _Pragma("clang loop vectorize(assume_safety)")
#else
#define NO_CARRY _Pragma("GCC ivdep")
#endif

#define ROW1(name, T, R, expression)                                                                             \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const T *xs = in[0];                                                                                     \
        R *to = out;                                                                                             \
        (void)imm;                                                                                               \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const T x = xs[i];                                                                                   \
            to[i] = (R)(expression);                                                                             \
        }                                                                                                        \
    }
#define ROW2(name, T, R, expression)                                                                             \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const T *xs = in[0], *ys = in[1];                                                                        \
        R *to = out;                                                                                             \
        (void)imm;                                                                                               \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const T x = xs[i], y = ys[i];                                                                        \
            to[i] = (R)(expression);                                                                             \
        }                                                                                                        \
    }

/* X(op, arguments, result type or SAME, expression): for both float types */
#define FLOAT_ROWS(X, T, FN)                                                                                     \
    X(add, 2, T, x + y) X(subtract, 2, T, x - y) X(multiply, 2, T, x * y) X(divide, 2, T, x / y)                 \
    X(maximum, 2, T, x > y || x != x ? x : y) X(minimum, 2, T, x < y || x != x ? x : y)                          \
    X(negative, 1, T, -x) X(absolute, 1, T, FN(fabs)(x)) X(square, 1, T, x * x) X(reciprocal, 1, T, 1 / x)       \
    X(sqrt, 1, T, FN(sqrt)(x)) X(rsqrt, 1, T, 1 / FN(sqrt)(x)) X(relu, 1, T, x < 0 ? 0 : x)                      \
    X(sign, 1, T, x > 0 ? 1 : x < 0 ? -1 : x)                                                                    \
    X(equal, 2, uint8_t, x == y) X(not_equal, 2, uint8_t, x != y) X(less, 2, uint8_t, x < y)                     \
    X(less_equal, 2, uint8_t, x <= y) X(greater, 2, uint8_t, x > y) X(greater_equal, 2, uint8_t, x >= y)         \
    X(isfinite, 1, uint8_t, x - x == 0)

#define F32(name) name##f
#define F64(name) name
#define DEFINE_F32(op, arguments, R, expression) ROW##arguments(op##_f32, float, R, expression)
#define DEFINE_F64(op, arguments, R, expression) ROW##arguments(op##_f64, double, R, expression)
FLOAT_ROWS(DEFINE_F32, float, F32)
FLOAT_ROWS(DEFINE_F64, double, F64)

#define CLIP(name, T)                                                                                            \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const T *xs = in[0], low = (T)imm[0], high = (T)imm[1];                                                  \
        T *to = out;                                                                                             \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const T x = xs[i];                                                                                   \
            to[i] = (double)x < imm[0] ? low : (double)x > imm[1] ? high : x;                                    \
        }                                                                                                        \
    }
#define WHERE(name, T)                                                                                           \
    static void name(size_t n, const void *const *in, void *out, const double *imm)                              \
    {                                                                                                            \
        const uint8_t *c = in[0];                                                                                \
        const T *xs = in[1], *ys = in[2];                                                                        \
        T *to = out;                                                                                             \
        (void)imm;                                                                                               \
        NO_CARRY for (size_t i = 0; i < n; i++)                                                                  \
        {                                                                                                        \
            const T x = xs[i], y = ys[i];                                                                        \
            to[i] = c[i] ? x : y;                                                                                \
        }                                                                                                        \
    }
CLIP(clip_f64, double)
WHERE(where_f32, float)
WHERE(where_f64, double)

/* The reference compares in double: x < imm[0] for floats x is x < the least float that is not below imm[0]. */
static void clip_f32(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *xs = in[0], low = (float)imm[0], high = (float)imm[1];
    float *to = out;
    const float below = (double)low < imm[0] ? nextafterf(low, INFINITY) : low;
    const float above = (double)high > imm[1] ? nextafterf(high, -INFINITY) : high;
    NO_CARRY for (size_t i = 0; i < n; i++)
    {
        const float x = xs[i];
        to[i] = x < below ? low : x > above ? high : x;
    }
}

ROW2(logical_and_bool, uint8_t, uint8_t, x & y)
ROW2(logical_or_bool, uint8_t, uint8_t, x | y)
ROW1(logical_not_bool, uint8_t, uint8_t, !x)

/* --- casts that training needs -------------------------------------------------------------------------------------
 * */
ROW1(cast_f32_f64, float, double, x)
ROW1(cast_f64_f32, double, float, x)
ROW1(cast_u8_f32, uint8_t, float, x)
ROW1(cast_bool_f32, uint8_t, float, x)
ROW1(cast_i32_f32, int32_t, float, x)
ROW1(cast_i32_i64, int32_t, int64_t, x)
ROW1(cast_f32_bool, float, uint8_t, x != 0)
ROW1(cast_u8_i32, uint8_t, int32_t, x)

static void cast_bf16_f32(size_t n, const void *const *in, void *out, const double *imm)
{
    const uint16_t *x = in[0];
    uint32_t *y = out;
    (void)imm;
    for (size_t i = 0; i < n; i++) y[i] = (uint32_t)x[i] << 16;
}

static void cast_f32_bf16(size_t n, const void *const *in, void *out, const double *imm)
{
    const uint32_t *x = in[0];
    uint16_t *y = out;
    (void)imm;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = x[i], rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
        y[i] = (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? bits >> 16 | 0x40 : rounded);
    }
}

#define ENTRY_F32(op, arguments, R, expression) {#op, LM_F32, LM_F32, op##_f32},
#define ENTRY_F64(op, arguments, R, expression) {#op, LM_F64, LM_F64, op##_f64},
const lm__simd_row_entry LM_SIMD(rows_plain)[] = {
    FLOAT_ROWS(ENTRY_F32, float, F32) FLOAT_ROWS(ENTRY_F64, double, F64)
    {"clip", LM_F32, LM_F32, clip_f32},
    {"clip", LM_F64, LM_F64, clip_f64},
    {"where", LM_F32, LM_F32, where_f32},
    {"where", LM_F64, LM_F64, where_f64},
    {"logical_and", LM_BOOL, LM_BOOL, logical_and_bool},
    {"logical_or", LM_BOOL, LM_BOOL, logical_or_bool},
    {"logical_not", LM_BOOL, LM_BOOL, logical_not_bool},
    {"cast", LM_F32, LM_F64, cast_f32_f64},
    {"cast", LM_F64, LM_F32, cast_f64_f32},
    {"cast", LM_U8, LM_F32, cast_u8_f32},
    {"cast", LM_BOOL, LM_F32, cast_bool_f32},
    {"cast", LM_I32, LM_F32, cast_i32_f32},
    {"cast", LM_I32, LM_I64, cast_i32_i64},
    {"cast", LM_F32, LM_BOOL, cast_f32_bool},
    {"cast", LM_U8, LM_I32, cast_u8_i32},
    {"cast", LM_BF16, LM_F32, cast_bf16_f32},
    {"cast", LM_F32, LM_BF16, cast_f32_bf16},
    {0},
};
