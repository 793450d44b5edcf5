/* The bounded reader and growing text. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "support/oom.h"

static void numbers_are_read(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
    lm__bytes b = lm__bytes_of(data, sizeof data);
    assert_int_equal(lm__bytes_u8(&b), 1);
    assert_int_equal(lm__bytes_u16le(&b), 0x0302);
    assert_int_equal(lm__bytes_u32le(&b), 0x07060504);
    assert_true(lm__bytes_u64le(&b) == 0x0F0E0D0C0B0A0908u);
    assert_int_equal(lm__bytes_u32be(&b), 0x10111213);
    assert_int_equal(lm__bytes_left(&b), 0);
    assert_int_equal(b.bad, 0);
    assert_ptr_equal(lm__bytes_take(&b, 0), data + sizeof data);
    lm__bytes_seek(&b, 17);
    assert_int_equal(lm__bytes_left(&b), 2);
    assert_int_equal(lm__bytes_u16le(&b), 0x1312);
}

static void nothing_is_read_outside(void **state)
{
    (void)state;
    uint8_t *data = lm__alloc(3);       /* address sanitizer watches the end */
    memcpy(data, "abc", 3);
    lm__bytes b = lm__bytes_of(data, 3);
    assert_int_equal(lm__bytes_u32le(&b), 0);
    assert_int_equal(b.bad, 1);
    assert_int_equal(lm__bytes_u8(&b), 0);
    assert_int_equal(lm__bytes_left(&b), 0);
    assert_null(lm__bytes_take(&b, 1));
    b = lm__bytes_of(data, 3);
    assert_non_null(lm__bytes_take(&b, 1));
    assert_null(lm__bytes_take(&b, SIZE_MAX));
    b = lm__bytes_of(data, 3);
    lm__bytes_seek(&b, 3);
    assert_int_equal(b.bad, 0);
    lm__bytes_seek(&b, UINT64_MAX);
    assert_int_equal(b.bad, 1);
    b = lm__bytes_of(NULL, 10);
    assert_int_equal(lm__bytes_u8(&b), 0);
    assert_int_equal(b.bad, 1);
    lm__free(data);
}

static void text_grows(void **state)
{
    (void)state;
    lm__text t = {0};
    for (int i = 0; i < 1000; i++) lm__text_printf(&t, "%d,", i % 10);
    lm__text_append(&t, "end", 3);
    assert_int_equal(t.size, 2003);
    assert_int_equal(strlen(t.data), 2003);
    assert_string_equal(t.data + 1998, "9,end");
    assert_int_equal(t.bad, 0);
    lm__free(t.data);
}

static void text_without_memory(void **state)
{
    (void)state;
    lm__text t = {0};
    lm__text_append(&t, "kept", 4);
    char large[400];
    memset(large, 'x', sizeof large);
    oom_fail_nth(1);
    lm__text_append(&t, large, sizeof large);
    oom_off();
    assert_int_equal(t.bad, 1);
    lm__text_append(&t, "no", 2);
    lm__text_printf(&t, "%d", 1);
    assert_string_equal(t.data, "kept");
    lm__free(t.data);
}

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"", "dense_1", "größe",
                                       "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"};
    static const char *const bad[] = {
        "\xFF", "a\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xC3(", "x\xE2(\xA1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(lm__is_utf8(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lm__is_utf8(bad[i])) fail_msg("number %zu passes", i);
}

static void endings(void **state)
{
    (void)state;
    assert_true(lm__ends_with("a/b.PNG", ".png"));
    assert_true(lm__ends_with("b.jpeg", ".jpeg"));
    assert_false(lm__ends_with(".png", ".png"));
    assert_false(lm__ends_with("png", ".png"));
    assert_false(lm__ends_with("b.png.gz", ".png"));
}

RUN(cmocka_unit_test(utf8), cmocka_unit_test(numbers_are_read), cmocka_unit_test(nothing_is_read_outside),
    cmocka_unit_test(endings), cmocka_unit_test(text_grows),
    cmocka_unit_test(text_without_memory))
