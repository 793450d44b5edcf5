/* Shared libraries that are opened at first use: found, missing, of another version, by many threads at once. */
#include "support/check.h"

#include "base/library.h"

#include <math.h>

/* The C library's mathematics is on every system that the tests run on. */
#define MATHS(X) X(cos) X(atan2)

typedef struct maths {
    MATHS(LM__LIBRARY_MEMBER)
} maths;

static lm__library library_of(maths *functions, const char *const *files, const char *const *symbols)
{
    return (lm__library){.name = "maths", .use = "drawing circles", .package = "libc6", .files = files,
                         .symbols = symbols, .functions = functions, LM__LIBRARY_CLOSED};
}

static const char *const files[] = {"libno-such-thing.so.9", "libm.so.6", NULL};
static const char *const symbols[] = {MATHS(LM__LIBRARY_NAME) NULL};

static void opens(void **state)
{
    (void)state;
    maths m = {0};
    lm__library library = library_of(&m, files, symbols);
    check_ok(lm__library_open(&library));
    check_ok(lm__library_open(&library));
    assert_true(m.cos(0) == 1 && m.atan2(0, 1) == 0);
}

static void missing_is_said(void **state)
{
    (void)state;
    maths m = {0};
    lm__library library = library_of(&m, (const char *const[]){"libno-such-thing.so.9", NULL}, symbols);
    for (int i = 0; i < 2; i++) {
        check_status(lm__library_open(&library), LM_UNSUPPORTED);
        check_contains(lm_last_error(), "drawing circles needs the library maths");
        check_contains(lm_last_error(), "libno-such-thing.so.9");
        check_contains(lm_last_error(), "apt-get install libc6");
    }
    library.files = files;                      /* installed meanwhile */
    check_ok(lm__library_open(&library));
    assert_true(m.cos(0) == 1);
}

static void lacking_a_function_fills_in_none(void **state)
{
    (void)state;
    maths m = {0};
    lm__library library = library_of(&m, files, (const char *const[]){"cos", "no_such_function", NULL});
    check_status(lm__library_open(&library), LM_UNSUPPORTED);
    check_contains(lm_last_error(), "libm.so.6 has no function no_such_function");
    assert_null(m.cos);
}

static void *open_it(void *user)
{
    return lm__library_open(user) ? user : NULL;
}

static void threads_open_it_once(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    maths m = {0};
    lm__library library = library_of(&m, files, symbols);
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, open_it, &library), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    assert_true(m.cos(0) == 1);
}

RUN(cmocka_unit_test(opens), cmocka_unit_test(missing_is_said), cmocka_unit_test(lacking_a_function_fills_in_none),
    cmocka_unit_test(threads_open_it_once))
