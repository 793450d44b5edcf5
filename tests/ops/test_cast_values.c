/* Values of cast for every pair of types. */
#include "support/check.h"

#include "ops/registry.h"
#include "tensor/tensor.h"
#include <math.h>

static void cast(lm_dtype from, lm_dtype to, size_t n, const void *x, void *y)
{
    lm__row_fn *row = lm__row_of(lm__op_cast.rows, from, to);
    if (!row) fail_msg("no row from %s to %s", lm_dtype_name(from), lm_dtype_name(to));
    row(n, &x, y, NULL);
}

/* --- floats to everything: each special number through every pair -------------------------------------------------
 * */

static const double numbers[] = {0,      -0.0,    1,    -1,       0.4,        -0.9,         2.5,           127.9,
                                 128,    -129,    255,  256,      300.7,      -5,           65504,         65519,
                                 65520,  1e-7,    6e-8, 2e-8,     2147483647, 2147483648.0, -2147483649.0, 1e10,
                                 9.3e18, -9.3e18, 1e38, INFINITY, -INFINITY,  NAN};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* What a float becomes, by the rule and not by the kernel. */
static double expected(double x, lm_dtype to)
{
    static const double low[LM_DTYPE_COUNT] = {[LM_I8] = -128, [LM_I32] = -2147483648.0, [LM_I64] = -0x1p63};
    static const double high[LM_DTYPE_COUNT] = {
        [LM_U8] = 255, [LM_I8] = 127, [LM_I32] = 2147483647, [LM_I64] = 0x1p63};
    switch (to) {
    case LM_F64: return x;
    case LM_F32: return (float)x;
    case LM_BF16: return lm__bf16_to_f32(lm__f32_to_bf16((float)x));
    case LM_F16: return lm__f16_to_f32(lm__f32_to_f16((float)x));
    case LM_BOOL: return x != 0;
    default: return isnan(x) ? 0 : fmin(fmax(trunc(x), low[to]), high[to]);
    }
}

static void floats_to_every_type(void **state)
{
    static const lm_dtype floats[] = {LM_F32, LM_F64, LM_BF16, LM_F16};
    (void)state;
    for (int f = 0; f < 4; f++)
        for (int to = 0; to < LM_DTYPE_COUNT; to++) {
            uint64_t x[NUMBERS], y[NUMBERS];
            for (int i = 0; i < NUMBERS; i++) lm__store(floats[f], x, (size_t)i, numbers[i]);
            cast(floats[f], (lm_dtype)to, NUMBERS, x, y);
            for (size_t i = 0; i < NUMBERS; i++) {
                double from = lm__load(floats[f], x, i), want = expected(from, (lm_dtype)to);
                double got = lm__load((lm_dtype)to, y, i);
                if (!(got == want || (isnan(got) && isnan(want))))
                    fail_msg("%g as %s becomes %s %.17g, not %.17g", from, lm_dtype_name(floats[f]),
                             lm_dtype_name((lm_dtype)to), got, want);
            }
        }
}

/* --- integers
 * --------------------------------------------------------------------------------------------------------- */

static void integers_to_every_type(void **state)
{
    const int64_t x[] = {0, 1, -1, 200, -129, 70000, 3000000000LL, INT64_MIN, (1LL << 53) + 1};
    enum { N = sizeof x / sizeof *x };
    int32_t i32[N];
    uint8_t u8[N], b[N];
    int8_t i8[N];
    float f32[N];
    double f64[N];
    (void)state;
    cast(LM_I64, LM_I32, N, x, i32);
    cast(LM_I64, LM_U8, N, x, u8);
    cast(LM_I64, LM_I8, N, x, i8);
    cast(LM_I64, LM_BOOL, N, x, b);
    cast(LM_I64, LM_F32, N, x, f32);
    cast(LM_I64, LM_F64, N, x, f64);
    assert_memory_equal(i32, ((int32_t[]){0, 1, -1, 200, -129, 70000, -1294967296, 0, 1}), sizeof i32);
    assert_memory_equal(u8, ((uint8_t[]){0, 1, 255, 200, 127, 112, 0, 0, 1}), N);
    assert_memory_equal(i8, ((int8_t[]){0, 1, -1, -56, 127, 112, 0, 0, 1}), N);
    assert_memory_equal(b, ((uint8_t[]){0, 1, 1, 1, 1, 1, 1, 1, 1}), N);
    assert_memory_equal(f32, ((float[]){0, 1, -1, 200, -129, 70000, 3e9f, -0x1p63f, 0x1p53f}), sizeof f32);
    assert_memory_equal(f64, ((double[]){0, 1, -1, 200, -129, 70000, 3e9, -0x1p63, 0x1p53}), sizeof f64);
}

/* Small numbers that every type holds survive every pair of types there and back. */
static void small_numbers_survive_every_pair(void **state)
{
    (void)state;
    for (int from = 0; from < LM_DTYPE_COUNT; from++)
        for (int to = 0; to < LM_DTYPE_COUNT; to++) {
            uint64_t x[8], y[8], z[8];
            bool two = from == LM_BOOL || to == LM_BOOL;
            for (size_t i = 0; i < 8; i++) lm__store((lm_dtype)from, x, i, (double)(two ? i % 2 : 15 * i));
            cast((lm_dtype)from, (lm_dtype)to, 8, x, y);
            cast((lm_dtype)to, (lm_dtype)from, 8, y, z);
            for (size_t i = 0; i < 8; i++)
                assert_true(lm__load((lm_dtype)to, y, i) == (double)(two ? i % 2 : 15 * i));
            assert_memory_equal(x, z, 8 * lm_dtype_size((lm_dtype)from));
        }
}

/* --- half precision
 * -------------------------------------------------------------------------------------------------- */

static void every_half_is_read(void **state)
{
    static const lm_dtype halves[] = {LM_BF16, LM_F16};
    static uint16_t bits[65536], back[65536];
    static float value[65536];
    (void)state;
    for (int i = 0; i < 65536; i++) bits[i] = (uint16_t)i;
    for (int h = 0; h < 2; h++) {
        cast(halves[h], LM_F32, 65536, bits, value);
        cast(LM_F32, halves[h], 65536, value, back);
        for (int i = 0; i < 65536; i++) {
            float want = halves[h] == LM_F16 ? lm__f16_to_f32(bits[i]) : lm__bf16_to_f32(bits[i]);
            if (isnan(want) ? !isnan(value[i]) : memcmp(&value[i], &want, sizeof want) != 0 || back[i] != bits[i])
                fail_msg("%s %04x is %g, not %g; and back %04x", lm_dtype_name(halves[h]), i, value[i], want,
                         back[i]);
        }
    }
}

static void floats_round_to_the_nearest_half(void **state)
{
    enum { N = 200000 };
    static float x[N];
    static uint16_t f16[N], bf16[N];
    uint32_t random = 1;
    (void)state;
    for (int i = 0; i < N; i++) {
        random = random * 1664525u + 1013904223u;
        uint32_t bits = random;
        if (i % 2) bits = (bits & 0x8FFFFFFF) | 0x30000000; /* more of those that float16 holds */
        if (i % 3 == 0) bits &= 0xFFFFF000;                   /* ties */
        memcpy(&x[i], &bits, sizeof bits);
    }
    cast(LM_F32, LM_F16, N, x, f16);
    cast(LM_F32, LM_BF16, N, x, bf16);
    for (int i = 0; i < N; i++) {
        if (isnan(x[i])) {
            assert_true(isnan(lm__f16_to_f32(f16[i])) && isnan(lm__bf16_to_f32(bf16[i])));
            continue;
        }
        if (f16[i] != lm__f32_to_f16(x[i]))
            fail_msg("%a as float16: %04x, not %04x", x[i], f16[i], lm__f32_to_f16(x[i]));
        if (bf16[i] != lm__f32_to_bf16(x[i]))
            fail_msg("%a as bfloat16: %04x, not %04x", x[i], bf16[i], lm__f32_to_bf16(x[i]));
    }
}

RUN(cmocka_unit_test(floats_to_every_type), cmocka_unit_test(integers_to_every_type),
    cmocka_unit_test(small_numbers_survive_every_pair), cmocka_unit_test(every_half_is_read),
    cmocka_unit_test(floats_round_to_the_nearest_half))
