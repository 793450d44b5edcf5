/* tests/data/test_download.c: built-in sets are told of, and brought to the cache from a mirror on this disk. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/file.h"
#include <lamina/lamina.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static char home[64];
static const char LABELS[] = "t10k-labels-idx1-ubyte.gz", IMAGES[] = "train-images-idx3-ubyte.gz";

static const char *in_cache(const char *name)
{
    static char path[4][400];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/lamina/mnist/%s", home, name);
    return path[turn];
}

static void run(const char *format, const char *a, const char *b)
{
    char command[1000];
    snprintf(command, sizeof command, format, a, b);
    assert_int_equal(system(command), 0);
}

static void empty_cache(void)
{
    run("rm -rf %s/lamina && mkdir -p %s/lamina/mnist", home, home);
}

static void use_mirror(const char *folder)
{
    char url[500];
    snprintf(url, sizeof url, "file://%s", folder);
    setenv("LAMINA_MIRROR", url, 1);
}

static const char *stored(const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/data/mnist/%s", LM_SOURCE_DIR, name);
    return path;
}

static void check_file(const char *name)
{
    run("cmp %s %s", in_cache(name), stored(name));
    char part[100];
    snprintf(part, sizeof part, "%s.part", name);
    assert_false(lm__file_exists(in_cache(part)));
}

typedef struct heard {
    int calls, files;
    int64_t last;
    char file[100];
    bool go_on;
} heard;

static bool hear(void *user, const char *file, int64_t done, int64_t total, double left)
{
    heard *h = user;
    (void)total, (void)left;
    h->calls++;
    if (strcmp(h->file, file) != 0) h->files++;
    snprintf(h->file, sizeof h->file, "%s", file);
    h->last = done;
    return h->go_on;
}

static void sets_are_told_of(void **state)
{
    (void)state;
    int count = 0;
    for (const lm_data_set *set; (set = lm_data_set_at(count)); count++) {
        assert_true(strlen(set->title) > 10 && strlen(set->source) > 10 && *set->licence);
        assert_int_equal(set->files, 4);
        for (int i = 0; i < set->files; i++) assert_true(strlen(set->sha256[i]) == 64 && set->bytes[i] > 10000);
    }
    assert_true(count >= 2);
    assert_null(lm_data_set_at(-1));
    char *folder = lm_data_set_folder("mnist");
    assert_non_null(folder);
    check_contains(folder, "mnist");
    lm_string_free(folder);
    assert_null(lm_data_set_folder("nothing"));
}

static void a_set_is_brought(void **state)
{
    (void)state;
    heard h = {.go_on = true};
    run("rm -rf %s/lamina%s", home, "");
    check_ok(lm_data_download("mnist", hear, &h));
    assert_int_equal(h.files, 4);
    assert_string_equal(h.file, "train-images-idx3-ubyte");
    check_file(IMAGES), check_file(LABELS);
    h.calls = 0;
    check_ok(lm_data_download("mnist", hear, &h));       /* all is there */
    assert_int_equal(h.calls, 0);
}

static void it_goes_on_where_it_was(void **state)
{
    (void)state;
    unlink(in_cache(IMAGES));
    run("head -c 5000000 %s > %s.part", stored(IMAGES), in_cache(IMAGES));
    heard h = {.go_on = true};
    check_ok(lm_data_download("mnist", hear, &h));
    check_file(IMAGES);
    /* what is there is no beginning of it */
    unlink(in_cache(LABELS));
    run("head -c 3000 %s | tr '\\0-\\377' '\\1-\\377\\0' > %s.part", stored(LABELS), in_cache(LABELS));
    check_ok(lm_data_download("mnist", NULL, NULL));
    check_file(LABELS);
    /* it is longer than the whole */
    unlink(in_cache(LABELS));
    run("cp %s %s.part", stored(IMAGES), in_cache(LABELS));
    check_ok(lm_data_download("mnist", NULL, NULL));
    check_file(LABELS);
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    heard h = {.go_on = false};
    empty_cache();
    check_status(lm_data_download("mnist", hear, &h), LM_STOPPED);
    assert_false(lm__file_exists(in_cache(LABELS)));
    check_ok(lm_data_download("mnist", NULL, NULL));
    check_file(LABELS);
}

static void what_is_not_the_file_is_refused(void **state)
{
    char mirror[200];
    (void)state;
    empty_cache();
    snprintf(mirror, sizeof mirror, "%s/mirror", home);
    run("mkdir -p %s/mnist && printf nonsense > %s/mnist/t10k-labels-idx1-ubyte.gz", mirror, mirror);
    use_mirror(mirror);
    check_status(lm_data_download("mnist", NULL, NULL), LM_CORRUPT);
    check_contains(lm_last_error(), "is another file: its SHA-256 is");
    assert_false(lm__file_exists(in_cache(LABELS)));
    assert_false(lm__file_exists(in_cache("t10k-labels-idx1-ubyte.gz.part")));
    run("rm %s/mnist/t10k-labels-idx1-ubyte.gz%s", mirror, "");
    check_status(lm_data_download("mnist", NULL, NULL), LM_IO);
    check_contains(lm_last_error(), "cannot download file://");
    check_status(lm_data_download("minst", NULL, NULL), LM_NOT_FOUND);
    check_contains(lm_last_error(), "did you mean \"mnist\"");
    check_status(lm_data_download(NULL, NULL, NULL), LM_INVALID);
    setenv("XDG_CACHE_HOME", "/dev/null/cache", 1);
    check_status(lm_data_download("mnist", NULL, NULL), LM_IO);
    setenv("XDG_CACHE_HOME", home, 1);
}

/* Neither a file that never ends nor one that unpacks without end fills the disk or the memory. */
static void what_is_too_large_is_refused(void **state)
{
    char mirror[200];
    (void)state;
    empty_cache();
    snprintf(mirror, sizeof mirror, "%s/mirror", home);
    run("mkdir -p %s/mnist && head -c 100000 /dev/zero > %s/mnist/t10k-labels-idx1-ubyte.gz", mirror, mirror);
    use_mirror(mirror);
    check_status(lm_data_download("mnist", NULL, NULL), LM_CORRUPT);
    check_contains(lm_last_error(), "it has more bytes than t10k-labels-idx1-ubyte can have");
    assert_false(lm__file_exists(in_cache("t10k-labels-idx1-ubyte.gz.part")));
    run("head -c 9000000 /dev/zero | gzip > %s/mnist/t10k-labels-idx1-ubyte.gz%s", mirror, "");
    check_status(lm_data_download("mnist", NULL, NULL), LM_CORRUPT);
    check_contains(lm_last_error(), "decompress to more than the limit");
    assert_false(lm__file_exists(in_cache("t10k-labels-idx1-ubyte.gz.part")));
}

/* Another process has just begun: its file is empty yet, and stays. */
static void who_comes_second_leaves_the_first_alone(void **state)
{
    (void)state;
    empty_cache();
    int other = open(in_cache("t10k-labels-idx1-ubyte.gz.part"), O_RDWR | O_CREAT, 0666);
    assert_int_equal(flock(other, LOCK_EX), 0);
    check_status(lm_data_download("mnist", NULL, NULL), LM_BUSY);
    assert_true(lm__file_exists(in_cache("t10k-labels-idx1-ubyte.gz.part")));
    close(other);
}

static int make_home(void **state)
{
    char data[400];
    (void)state;
    strcpy(home, "/tmp/lamina-download-XXXXXX");
    if (!mkdtemp(home)) return -1;
    setenv("XDG_CACHE_HOME", home, 1);
    snprintf(data, sizeof data, "%s/data", LM_SOURCE_DIR);
    use_mirror(data);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    run("rm -rf %s%s", home, "");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_told_of), cmocka_unit_test(a_set_is_brought),
        cmocka_unit_test(it_goes_on_where_it_was), cmocka_unit_test(it_can_be_stopped),
        cmocka_unit_test(what_is_not_the_file_is_refused), cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(who_comes_second_leaves_the_first_alone)};
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
