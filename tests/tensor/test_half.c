/* bf16 and f16 against the compiler's own arithmetic. Between two neighbours the rounding changes once, in the
 * middle, so checking every value, every middle and what lies beside it checks all floats; a stride over all bits
 * is the net below. */
#include "support/check.h"

#include "base/team.h"
#include "tensor/tensor.h"

#include <math.h>

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* bf16 by another way: the nearer of the two neighbours in double arithmetic, the even one of two as near. */
static uint16_t slow_bf16(float f)
{
    uint16_t below = (uint16_t)(bits_of(f) >> 16);      /* towards zero */
    double low = float_of((uint32_t)below << 16), value = f;
    double high = (below & 0x7FFF) == 0x7F7F ? copysign(0x1p128, value) : float_of((uint32_t)(below + 1) << 16);
    double to_low = fabs(value - low), to_high = fabs(high - value);
    return (uint16_t)(to_low < to_high || (to_low == to_high && !(below & 1)) ? below : below + 1);
}

static void check_bf16(float f)
{
    uint16_t got = lm__f32_to_bf16(f);
    if (isnan(f))
        assert_true(isnan(lm__bf16_to_f32(got)));
    else if (isinf(f))
        assert_int_equal(got, bits_of(f) >> 16);
    else if (got != slow_bf16(f))
        fail_msg("%a: %04x instead of %04x", (double)f, got, slow_bf16(f));
}

static void every_bf16(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float f = lm__bf16_to_f32((uint16_t)h);
        assert_int_equal(bits_of(f), h << 16);
        if (!isnan(f)) assert_int_equal(lm__f32_to_bf16(f), h);
        for (uint32_t middle = 0x7FFF; middle <= 0x8001; middle++) check_bf16(float_of((h << 16) + middle));
    }
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1999) check_bf16(float_of((uint32_t)bits));
}

#if defined(__FLT16_MAX__)
static uint16_t compilers_f16(float f)
{
    _Float16 h = (_Float16)f;
    uint16_t bits;
    memcpy(&bits, &h, sizeof bits);
    return bits;
}

static void check_f16(float f)
{
    uint16_t got = lm__f32_to_f16(f), wanted = compilers_f16(f);
    if (isnan(f))
        assert_true((got & 0x7FFF) > 0x7C00 && (got & 0x200));
    else if (got != wanted)
        fail_msg("%a: %04x instead of %04x", (double)f, got, wanted);
}

static void every_f16(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t h = (uint16_t)i;
        _Float16 known;
        memcpy(&known, &h, sizeof known);
        float f = lm__f16_to_f32(h), wanted = (float)known;
        if (isnan(wanted)) {
            assert_true(isnan(f));
            continue;
        }
        assert_int_equal(bits_of(f), bits_of(wanted));
        assert_int_equal(lm__f32_to_f16(f), h);
        if ((h & 0x7FFF) >= 0x7C00) continue;
        float next = (h & 0x7FFF) == 0x7BFF ? copysignf(0x1p16f, f) : lm__f16_to_f32((uint16_t)(h + 1));
        uint32_t middle = bits_of((f + next) / 2);
        for (uint32_t bits = middle - 1; bits <= middle + 1; bits++) check_f16(float_of(bits));
    }
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 997) check_f16(float_of((uint32_t)bits));
}

/* From double in one rounding, not by way of float. */
static void doubles_round_once(void **state)
{
    (void)state;
    uint16_t got;
    for (uint32_t h = 1; h < 0x7BFF; h += 7) {
        double middle = ((double)lm__f16_to_f32((uint16_t)h) + (double)lm__f16_to_f32((uint16_t)(h + 1))) / 2;
        lm__store(LM_F16, &got, 0, nextafter(middle, INFINITY));
        assert_int_equal(got, h + 1);
        lm__store(LM_F16, &got, 0, -nextafter(middle, 0));
        assert_int_equal(got, h | 0x8000);
        lm__store(LM_F16, &got, 0, middle);
        assert_int_equal(got, h + (h & 1));
    }
    lm__store(LM_F16, &got, 0, 1e300);
    assert_int_equal(got, 0x7C00);
    lm__store(LM_F16, &got, 0, -1e-300);
    assert_int_equal(got, 0x8000);
    lm__store(LM_BF16, &got, 0, 1 + 0x1p-8 + 0x1p-50);
    assert_int_equal(got, 0x3F81);
    lm__store(LM_BF16, &got, 0, 1e300);
    assert_int_equal(got, 0x7F80);
}

static void flushing_denormals_changes_nothing(void **state)
{
    (void)state;
    unsigned before = lm__fp_fast();
    uint32_t low = bits_of(lm__f16_to_f32(1)), high = bits_of(lm__f16_to_f32(0x3FF));
    uint16_t tiny = lm__f32_to_bf16(float_of(0x00012345));
    lm__fp_restore(before);
    assert_int_equal(low, 0x33800000);
    assert_int_equal(high, 0x387FC000);
    assert_int_equal(tiny, 0x0001);
}

RUN(cmocka_unit_test(every_bf16), cmocka_unit_test(every_f16), cmocka_unit_test(doubles_round_once),
    cmocka_unit_test(flushing_denormals_changes_nothing))
#else
RUN(cmocka_unit_test(every_bf16))
#endif
