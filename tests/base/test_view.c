/* A file's bytes, read where they are asked for. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/status.h"
#include "base/view.h"
#include "support/oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK_FAILS(expression, status, piece)                                                                   \
    do {                                                                                                         \
        check_status(expression, status);                                                                        \
        check_contains(lm_last_error(), piece);                                                                  \
    } while (0)

enum { BYTES = 300000 };
static char path[] = "/tmp/lamina-view-XXXXXX";
static uint8_t content[BYTES];

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < BYTES; i++) content[i] = (uint8_t)(i * 31 + i / 251);
    int file = mkstemp(path);
    return file >= 0 && write(file, content, BYTES) == BYTES && !close(file) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void pieces(void **state)
{
    (void)state;
    static const size_t at[] = {0, 1, 32767, 32768, 99999, 270000, 299999}, bytes[] = {8, 70000, 2, 1, 100, 30000, 1};
    uint8_t copy[70000];
    lm__view *view;
    check_ok(lm__view_open(path, BYTES, &view));
    assert_int_equal(lm__view_size(view), BYTES);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        check_ok(lm__view_copy(view, at[i], bytes[i], copy));
        assert_memory_equal(copy, content + at[i], bytes[i]);
        check_ok(lm__view_need(view, at[i], bytes[i]));
        assert_memory_equal(lm__view_data(view) + at[i], content + at[i], bytes[i]);
    }
    check_ok(lm__view_need(view, BYTES - 5, 100));          /* as far as the file goes */
    check_ok(lm__view_need(view, BYTES + 5, 100));
    check_ok(lm__view_copy(view, BYTES, 0, copy));
    CHECK_FAILS(lm__view_copy(view, BYTES - 5, 6, copy), LM_CORRUPT, "6 bytes at offset 299995 of 300000");
    lm__view_close(view);
    check_ok(lm__view_of(content, BYTES, &view));
    check_ok(lm__view_need(view, 7, 10));
    assert_ptr_equal(lm__view_data(view), content);
    check_ok(lm__view_copy(view, 7, 10, copy));
    assert_memory_equal(copy, content + 7, 10);
    lm__view_close(view);
    lm__view_close(NULL);
}

static void cut_meanwhile(void **state)
{
    (void)state;
    uint8_t copy[16];
    lm__view *view;
    check_ok(lm__view_open(path, BYTES, &view));
    assert_int_equal(truncate(path, 100000), 0);
    check_ok(lm__view_need(view, 0, 1000));
    CHECK_FAILS(lm__view_need(view, 200000, 10), LM_IO, "had 300000 bytes, and was cut to");
    CHECK_FAILS(lm__view_copy(view, 200000, 10, copy), LM_IO, "while it was read");
    lm__view_close(view);
    check_ok(lm__file_save(path, content, BYTES));
}

static void other_files(void **state)
{
    (void)state;
    char fifo[64], command[256];
    lm__view *view = (lm__view *)content;
    CHECK_FAILS(lm__view_open("/no/such/file", BYTES, &view), LM_NOT_FOUND, "there is no file '/no/such/file'");
    assert_null(view);
    CHECK_FAILS(lm__view_open(path, BYTES - 1, &view), LM_UNSUPPORTED, "the limit here is 299999");
    CHECK_FAILS(lm__view_open("/tmp", BYTES, &view), LM_IO, "it is a folder");
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    snprintf(command, sizeof command, "cat %s > %s &", path, fifo);
    assert_int_equal(system(command), 0);
    check_ok(lm__view_open(fifo, BYTES, &view));
    unlink(fifo);
    assert_int_equal(lm__view_size(view), BYTES);
    assert_memory_equal(lm__view_data(view), content, BYTES);
    lm__view_close(view);
}

static lm_status open_and_close(void *user)
{
    lm__view *view;
    (void)user;
    LM_TRY(lm__view_open(path, BYTES, &view));
    lm__view_close(view);
    return LM_OK;
}

static void out_of_memory(void **state)
{
    (void)state;
    oom_each(open_and_close, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(cut_meanwhile),
        cmocka_unit_test(other_files),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
