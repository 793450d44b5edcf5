/* tensor/half.c: the 16-bit floats, by integer arithmetic alone: right also where denormals count as zero. */
#include "tensor/tensor.h"

#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float lm__bf16_to_f32(uint16_t bits)
{
    return float_of((uint32_t)bits << 16);
}

uint16_t lm__f32_to_bf16(float value)
{
    uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);    /* NaN stays NaN */
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

float lm__f16_to_f32(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    if (exponent == 0x1F) return float_of(sign | 0x7F800000 | (fraction ? 0x400000 : 0) | fraction << 13);
    if (exponent) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    if (!fraction) return float_of(sign);
    int shift = __builtin_clz(fraction) - 21;       /* brings the first set bit to bit 10 */
    return float_of(sign | (uint32_t)(113 - shift) << 23 | (fraction << shift & 0x3FF) << 13);
}

/* bits / 2^shift to nearest, ties to even. */
static uint32_t shift_rounded(uint32_t bits, unsigned shift)
{
    uint32_t half = 1u << (shift - 1), rest = bits & (2 * half - 1), whole = bits >> shift;
    return whole + (rest > half || (rest == half && (whole & 1)));
}

uint16_t lm__f32_to_f16(float value)
{
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
    if (size > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (size >> 13 & 0x3FF));
    if (size >= 0x47800000) return (uint16_t)(sign | 0x7C00);                       /* 2^16 and more */
    if (size >= 0x38800000) return (uint16_t)(sign | shift_rounded(size - (112u << 23), 13));
    if (size < 0x33000000) return (uint16_t)sign;                                   /* below half of the smallest */
    return (uint16_t)(sign | shift_rounded((size & 0x7FFFFF) | 0x800000, 126 - (size >> 23)));
}
