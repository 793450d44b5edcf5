/* tensor/dtype.c: element types: names, sizes, and elements as doubles. */
#include "base/status.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
#define LM__DTYPE(code, name, bytes) {name, bytes},
    LM_DTYPE_LIST(LM__DTYPE)
#undef LM__DTYPE
};

static int known(lm_dtype dtype)
{
    return (unsigned)dtype < LM_DTYPE_COUNT;
}

const char *lm_dtype_name(lm_dtype dtype)
{
    return known(dtype) ? types[dtype].name : "?";
}

size_t lm_dtype_size(lm_dtype dtype)
{
    return known(dtype) ? types[dtype].bytes : 0;
}

lm_status lm_dtype_parse(const char *name, lm_dtype *out)
{
    static const char *const names[] = {
#define LM__DTYPE(code, name, bytes) name,
        LM_DTYPE_LIST(LM__DTYPE)
#undef LM__DTYPE
        NULL};
    if (!name) return lm__fail(LM_INVALID, "the name of an element type is NULL");
    for (int i = 0; names[i]; i++) {
        if (strcmp(name, names[i])) continue;
        *out = (lm_dtype)i;
        return LM_OK;
    }
    const char *nearest = lm__nearest(name, names);
    return lm__fail(LM_NOT_FOUND, "unknown element type \"%s\"%s%s%s", name, nearest ? " (did you mean \"" : "",
                    nearest ? nearest : "", nearest ? "\"?)" : "");
}

/* The float next to `value` whose last bit is set where it is not exact: rounding that again to fewer bits gives what
 * rounding `value` once would. */
static float round_to_odd(double value)
{
    float f = (float)value;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if ((double)f == value || isnan(value) || (bits & 1)) return f;
    bits = fabs((double)f) < fabs(value) ? bits + 1 : bits - 1;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static double clamp(double value, double low, double high)
{
    if (!(value == value)) return 0;
    return value < low ? low : value > high ? high : value;
}

/* 2^63 is the first double too large for an int64. */
static int64_t to_i64(double value)
{
    if (!(value == value)) return 0;
    return value >= 0x1p63 ? INT64_MAX : value <= -0x1p63 ? INT64_MIN : (int64_t)value;
}

#define EACH(type, expression)                                                                                   \
    do {                                                                                                         \
        const type *x = (const type *)data + first;                                                              \
        for (size_t i = 0; i < count; i++) out[i] = (expression);                                                \
        return;                                                                                                  \
    } while (0)

void lm__load_many(lm_dtype dtype, const void *data, size_t first, size_t count, double *out)
{
    switch (dtype) {
    case LM_F32: EACH(float, (double)x[i]);
    case LM_F64: EACH(double, x[i]);
    case LM_BF16: EACH(uint16_t, (double)lm__bf16_to_f32(x[i]));
    case LM_F16: EACH(uint16_t, (double)lm__f16_to_f32(x[i]));
    case LM_U8: EACH(uint8_t, x[i]);
    case LM_I8: EACH(int8_t, x[i]);
    case LM_I32: EACH(int32_t, x[i]);
    case LM_I64: EACH(int64_t, (double)x[i]);
    case LM_BOOL: EACH(uint8_t, x[i] != 0);
    case LM_DTYPE_COUNT: break;
    }
}
#undef EACH

#define EACH(type, expression)                                                                                   \
    do {                                                                                                         \
        type *x = (type *)data + first;                                                                          \
        for (size_t i = 0; i < count; i++) {                                                                     \
            double v = values[i];                                                                                \
            x[i] = (type)(expression);                                                                           \
        }                                                                                                        \
        return;                                                                                                  \
    } while (0)

void lm__store_many(lm_dtype dtype, void *data, size_t first, size_t count, const double *values)
{
    switch (dtype) {
    case LM_F32: EACH(float, v);
    case LM_F64: EACH(double, v);
    case LM_BF16: EACH(uint16_t, lm__f32_to_bf16(round_to_odd(v)));
    case LM_F16: EACH(uint16_t, lm__f32_to_f16(round_to_odd(v)));
    case LM_U8: EACH(uint8_t, clamp(v, 0, UINT8_MAX));
    case LM_I8: EACH(int8_t, clamp(v, INT8_MIN, INT8_MAX));
    case LM_I32: EACH(int32_t, clamp(v, INT32_MIN, INT32_MAX));
    case LM_I64: EACH(int64_t, to_i64(v));
    case LM_BOOL: EACH(uint8_t, v != 0);
    case LM_DTYPE_COUNT: break;
    }
}
#undef EACH

double lm__load(lm_dtype dtype, const void *data, size_t i)
{
    double value = 0;
    lm__load_many(dtype, data, i, 1, &value);
    return value;
}

void lm__store(lm_dtype dtype, void *data, size_t i, double value)
{
    lm__store_many(dtype, data, i, 1, &value);
}
