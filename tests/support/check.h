/* tests/support/check.h: cmocka with the headers it needs, and a few checks more. Include it first. */
#ifndef LM_TESTS_CHECK_H
#define LM_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <lamina/status.h>

/* The call must give this status; else the message is shown. */
#define check_status(expression, wanted)                                                                         \
    do {                                                                                                         \
        lm_status check_got = (expression);                                                                      \
        if (check_got != (wanted))                                                                               \
            fail_msg("%s: \"%s\" (%s)", #expression, lm_status_text(check_got), lm_last_error());                \
    } while (0)
#define check_ok(expression) check_status(expression, LM_OK)

/* The text must contain a piece. */
#define check_contains(text, piece)                                                                              \
    do {                                                                                                         \
        const char *check_text = (text);                                                                         \
        if (!strstr(check_text, (piece))) fail_msg("\"%s\" does not contain \"%s\"", check_text, (piece));       \
    } while (0)

/* All test functions of a program: RUN(cmocka_unit_test(a), …). */
#define RUN(...)                                                                                                 \
    int main(void)                                                                                               \
    {                                                                                                            \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                                         \
        return cmocka_run_group_tests(tests, NULL, NULL);                                                        \
    }

#endif
