/* The row for a pair of types is lm__ref_cast_to_<result>_<input>: built here for every input type and, within, for
 * every result type. */
#ifndef T
#define LM_REF_FILE "kernels/ref/cast.c"
#include "kernels/ref/ref.h"

/* bfloat16 is the upper half of a float. */
static float bf16_to_f32(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* To the nearest, halves to even; NaN stays NaN although its payload is cut. */
static uint16_t f32_to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* float16: 5 bits of exponent (bias 15), 10 of fraction, which is worth 2^-24 a unit in subnormal numbers. */
static float f16_to_f32(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                 : exponent == 0 ? ldexpf((float)fraction, -24)
                                 : ldexpf((float)(fraction + 1024), exponent - 25);
    return bits & 0x8000 ? -size : size;
}

/* To the nearest, halves to even: rintf on the scale where a unit of the result is 1. */
static uint16_t f32_to_f16(float value)
{
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const float size = fabsf(value);
    if (value != value) return (uint16_t)(sign | 0x7E00);
    if (size >= 65520.0f) return (uint16_t)(sign | 0x7C00);     /* halfway between the largest number and 65536 */
    if (size < 0x1p-14f) return (uint16_t)(sign | (uint16_t)rintf(ldexpf(size, 24)));
    int exponent;
    const float fraction = frexpf(size, &exponent);             /* in [0.5, 1) */
    /* A fraction that rounds up to 2048 carries into the exponent by the addition. */
    return (uint16_t)(sign | (((exponent + 13) << 10) + (int)rintf(ldexpf(fraction, 11))));
}

/* Floats to integers: towards 0, limited to what the type holds, NaN gives 0. */
#define SATURATE(R, suffix, low, high, end)                                                                      \
    static R to_##suffix(double v)                                                                               \
    {                                                                                                            \
        return v >= end ? high : v <= (double)low ? low : v == v ? (R)v : 0;                                     \
    }
SATURATE(uint8_t, u8, 0, UINT8_MAX, 0x1p8)
SATURATE(int8_t, i8, INT8_MIN, INT8_MAX, 0x1p7)
SATURATE(int32_t, i32, INT32_MIN, INT32_MAX, 0x1p31)
SATURATE(int64_t, i64, INT64_MIN, INT64_MAX, 0x1p63)

#define VALUE(x) (x)
#include "kernels/ref/all.h"
#undef VALUE

#define T uint16_t
#define REF_REAL 1
#define SUFFIX bf16
#define VALUE(x) bf16_to_f32(x)
#include LM_REF_FILE
#undef SUFFIX
#undef VALUE
#define SUFFIX f16
#define VALUE(x) f16_to_f32(x)
#include LM_REF_FILE

#else
REF_ROW1_TO(float, cast_to_f32, VALUE(x))
REF_ROW1_TO(double, cast_to_f64, VALUE(x))
REF_ROW1_TO(uint16_t, cast_to_bf16, f32_to_bf16((float)VALUE(x)))
REF_ROW1_TO(uint16_t, cast_to_f16, f32_to_f16((float)VALUE(x)))
REF_ROW1_TO(uint8_t, cast_to_u8, REF_REAL ? to_u8((double)VALUE(x)) : (uint8_t)VALUE(x))
REF_ROW1_TO(int8_t, cast_to_i8, REF_REAL ? to_i8((double)VALUE(x)) : (int8_t)VALUE(x))
REF_ROW1_TO(int32_t, cast_to_i32, REF_REAL ? to_i32((double)VALUE(x)) : (int32_t)VALUE(x))
REF_ROW1_TO(int64_t, cast_to_i64, REF_REAL ? to_i64((double)VALUE(x)) : (int64_t)VALUE(x))
REF_ROW1_TO(uint8_t, cast_to_bool, VALUE(x) != 0)
#endif
