/* Codes, messages, and the nearest name. */
#include "support/check.h"

#include "base/status.h"

#include <pthread.h>

static void every_code_has_a_text(void **state)
{
    (void)state;
    for (int i = LM_OK; i <= LM_INTERNAL; i++) assert_true(strlen(lm_status_text((lm_status)i)) > 1);
    assert_string_equal(lm_status_text(LM_BUSY), "in use by another thread");
    assert_string_equal(lm_status_text((lm_status)999), "unknown status");
    assert_string_equal(lm_status_text((lm_status)-1), "unknown status");
}

static void a_message_is_kept(void **state)
{
    (void)state;
    check_status(lm__fail(LM_INVALID, "units is %d", -3), LM_INVALID);
    assert_string_equal(lm_last_error(), "units is -3");
    assert_int_equal(lm_last_status(), LM_INVALID);
    check_status(lm__fail_in("layer %d (\"%s\")", 2, "dense"), LM_INVALID);
    assert_string_equal(lm_last_error(), "layer 2 (\"dense\"): units is -3");
    check_status(lm__fail(LM_IO, "again: %s", lm_last_error()), LM_IO);     /* the message itself as an argument */
    assert_string_equal(lm_last_error(), "again: layer 2 (\"dense\"): units is -3");
    check_status(lm__no_memory(12), LM_NO_MEMORY);
    check_contains(lm_last_error(), "12 bytes");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char text[3000];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', sizeof text);
        for (size_t i = 1000 + shift; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xE2\x82\xAC", 3);
        text[sizeof text - 1] = '\0';
        lm__fail(LM_INVALID, "%s", text);
        size_t size = strlen(lm_last_error());
        assert_in_range(size, 1020, 1023);
        assert_int_equal((size - 1000 - shift) % 3, 0);
    }
}

static void a_message_does_not_steer_the_terminal(void **state)
{
    (void)state;
    lm__fail(LM_CORRUPT, "no layer \"%s\" in \"%s\"", "\x1b]0;x\x07\x7f\xC2\x9B" "1m", "Gr\u00F6\u00DFe\t\n\u00A0");
    assert_string_equal(lm_last_error(), "no layer \"?]0;x????1m\" in \"Gr\u00F6\u00DFe\t\n\u00A0\"");
}

static void *fails_elsewhere(void *unused)
{
    lm__fail(LM_CORRUPT, "in the other thread");
    return unused;
}

static void messages_belong_to_their_thread(void **state)
{
    (void)state;
    pthread_t other;
    lm__fail(LM_INVALID, "in this thread");
    assert_int_equal(pthread_create(&other, NULL, fails_elsewhere, NULL), 0);
    pthread_join(other, NULL);
    assert_string_equal(lm_last_error(), "in this thread");
}

static lm_status tries(lm_status status, int *reached)
{
    LM_TRY(status);
    *reached = 1;
    return LM_OK;
}

static lm_status goes(lm_status wanted, int *cleaned)
{
    lm_status status;
    LM_GO(end, wanted);
end:
    *cleaned = 1;
    return status;
}

static void failures_pass_through(void **state)
{
    (void)state;
    int reached = 0, cleaned = 0;
    check_status(tries(LM_IO, &reached), LM_IO);
    assert_int_equal(reached, 0);
    check_ok(tries(LM_OK, &reached));
    assert_int_equal(reached, 1);
    check_status(goes(LM_BUSY, &cleaned), LM_BUSY);
    assert_int_equal(cleaned, 1);
}

static void the_nearest_name(void **state)
{
    (void)state;
    static const char *const list[] = {"relu", "sigmoid", "softmax", "tanh", "categorical_crossentropy",
                                       "max_pooling2d", "leaky_relu", NULL};
    assert_string_equal(lm__nearest("rely", list), "relu");
    assert_string_equal(lm__nearest("ReLU", list), "relu");
    assert_string_equal(lm__nearest("sotfmax", list), "softmax");
    assert_string_equal(lm__nearest("categorical-cross-entropy", list), "categorical_crossentropy");
    assert_string_equal(lm__nearest("maxpool2d", list), "max_pooling2d");
    assert_string_equal(lm__nearest("tahn", list), "tanh");
    assert_string_equal(lm__nearest("categorical", list), "categorical_crossentropy");
    assert_null(lm__nearest("cat", list));
    assert_null(lm__nearest("dense", list));
    assert_null(lm__nearest("", list));
    assert_null(lm__nearest(NULL, list));
    char endless[500];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_null(lm__nearest(endless, list));
}

RUN(cmocka_unit_test(every_code_has_a_text), cmocka_unit_test(a_message_is_kept),
    cmocka_unit_test(a_message_does_not_steer_the_terminal),
    cmocka_unit_test(a_long_message_is_cut_between_characters), cmocka_unit_test(messages_belong_to_their_thread),
    cmocka_unit_test(failures_pass_through), cmocka_unit_test(the_nearest_name))
