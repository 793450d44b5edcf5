/* tests/data/test_data_builtin.c: the built-in datasets: what is in them, where they are looked for, what is said
 * without them. */
#include "support/check.h"
#include "support/oom.h"

#include "base/file.h"
#include "data/builtin/builtin.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PIXELS = 28 * 28 };

/* Counts, first labels, the mean and the checksum of all pixels. */
typedef struct facts {
    int64_t count;
    int per_class[10];
    uint8_t first[5];
    double mean;
    unsigned long crc;
} facts;

static void check_part(lm_dataset *ds, const facts *f)
{
    int seen[10] = {0};
    double sum = 0;
    int64_t dims[LM_MAX_RANK];
    lm_dtype dtype;
    assert_string_equal(lm_error(ds), "");
    assert_int_equal(lm_data_count(ds), f->count);
    assert_int_equal(lm_data_examples(ds), f->count);
    assert_int_equal(lm_data_tensors(ds), 2);
    assert_int_equal(lm_data_shape(ds, 0, &dtype, dims), 3);
    assert_int_equal(dtype, LM_U8);
    assert_true(dims[0] == 28 && dims[1] == 28 && dims[2] == 1);
    assert_int_equal(lm_data_shape(ds, 1, &dtype, dims), 0);
    assert_int_equal(dtype, LM_U8);
    lm_tensor *x = lm_data_array(ds, 0), *y = lm_data_array(ds, 1);
    assert_int_equal(lm_tensor_rank(x), 4);
    const uint8_t *pixel = lm_tensor_read(x), *label = lm_tensor_read(y);
    for (int64_t i = 0; i < f->count; i++) seen[label[i]]++;
    for (int64_t i = 0; i < f->count * PIXELS; i++) sum += pixel[i];
    assert_memory_equal(seen, f->per_class, sizeof seen);
    assert_memory_equal(label, f->first, sizeof f->first);
    double mean = sum / (double)(f->count * PIXELS);
    assert_true(mean > f->mean - 0.0005 && mean < f->mean + 0.0005);
    assert_int_equal(crc32(0, pixel, (uInt)(f->count * PIXELS)), f->crc);
    lm_free(x), lm_free(y);
}

static void mnist_is_the_real_one(void **state)
{
    (void)state;
    static const facts train_facts = {60000, {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
                                      {5, 0, 4, 1, 9}, 33.318, 0xf3639b56};
    static const facts test_facts = {10000, {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009},
                                     {7, 2, 1, 0, 4}, 33.791, 0xe4ca5f57};
    lm_dataset *train, *test;
    int count;
    check_ok(lm_data_mnist(&train, &test));
    check_part(train, &train_facts);
    check_part(test, &test_facts);
    lm_dataset *batches = lm_data_batch(train, 32, false);
    assert_int_equal(lm_data_count(batches), 1875);
    const char *const *names = lm_data_classes(batches, &count);    /* combinators hand them on */
    assert_int_equal(count, 10);
    assert_string_equal(names[7], "7");
    lm_free(batches), lm_free(test);
}

static void fashion_mnist_is_the_real_one(void **state)
{
    (void)state;
    static const facts train_facts = {60000, {6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000},
                                      {9, 0, 0, 3, 0}, 72.940, 0xae65dccd};
    static const facts test_facts = {10000, {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000},
                                     {9, 2, 1, 1, 6}, 73.147, 0x12728439};
    lm_dataset *train, *test;
    int count;
    if (lm_data_load("fashion_mnist", &train, &test) == LM_NOT_FOUND) {
        check_contains(lm_last_error(), "apt-get install dataset-fashion-mnist");
        check_contains(lm_error(train), "train-images-idx3-ubyte.gz");
        lm_free(train), lm_free(test);
        skip();
    }
    check_part(train, &train_facts);
    check_part(test, &test_facts);
    assert_string_equal(lm_data_classes(test, &count)[0], "T-shirt/top");
    assert_string_equal(lm_data_classes(test, &count)[9], "Ankle boot");
    lm_free(train), lm_free(test);
}

static void unknown_names_suggest(void **state)
{
    (void)state;
    lm_dataset *train, *test;
    check_status(lm_data_load("fashon_mnist", &train, &test), LM_NOT_FOUND);
    check_contains(lm_error(train), "did you mean \"fashion_mnist\"?");
    check_contains(lm_error(test), "fashon_mnist");
    lm_free(train), lm_free(test);
    check_status(lm_data_load("the weather", &train, NULL), LM_NOT_FOUND);
    check_contains(lm_error(train), "known are \"fashion_mnist\", \"mnist\"");
    lm_free(train);
    check_status(lm_data_load(NULL, NULL, NULL), LM_INVALID);
}

/* --- a small set of one's own, in a folder that LAMINA_DATA names ----------------------------------------------- */

static const char *const CLASSES[] = {"none", "one"};
static const lm__builtin SMALL = {
    .about = {.name = "small", .files = 4, .file = {"a-x", "a-y", "b-x", "b-y"}},
    .folder = "lamina-small", .how_to_get = "make it", .classes = CLASSES, .class_count = 2,
    .load = lm__builtin_load_idx};

static char folder[] = "/tmp/lamina-data-XXXXXX";

static const char *file(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/lamina-small/%s", folder, name);
    return path;
}

/* Two parts of two pictures each. */
static void write_small(void)
{
    uint8_t x[16 + 2 * PIXELS] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28};
    static const uint8_t y[10] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};
    check_ok(lm__file_save(file("a-x"), x, sizeof x));
    check_ok(lm__file_save(file("a-y"), y, sizeof y));
    x[16] = 99;
    check_ok(lm__file_save(file("b-x"), x, sizeof x));
    check_ok(lm__file_save(file("b-y"), y, sizeof y));
}

static int make_folder(void **state)
{
    (void)state;
    return !mkdtemp(folder) || setenv("LAMINA_DATA", folder, 1) || mkdir(file(""), 0755);
}

static int remove_folder(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) unlink(file(SMALL.about.file[i]));
    unlink(file("a-y.gz"));
    return rmdir(file("")) || rmdir(folder) || unsetenv("LAMINA_DATA");
}

static void check_small(lm_status wanted, const char *part)
{
    lm_dataset *train, *test;
    check_status(lm__builtin_load(&SMALL, &train, &test), wanted);
    if (wanted) {
        assert_int_equal(lm_status_of(train), wanted);
        check_contains(lm_error(train), part);
        assert_string_equal(lm_error(test), lm_error(train));
    } else {
        lm_tensor *x = lm_data_array(test, 0), *y = lm_data_array(train, 1);
        assert_int_equal((int)lm_tensor_get(x, 0), 99);
        assert_int_equal((int)lm_tensor_get(y, 0), 1);
        lm_free(x), lm_free(y);
    }
    lm_free(train), lm_free(test);
}

static lm_status load_small(void *user)
{
    (void)user;
    lm_dataset *train, *test;
    lm_status status = lm__builtin_load(&SMALL, &train, &test);
    lm_free(train), lm_free(test);
    return status;
}

static void files_are_looked_for(void **state)
{
    (void)state;
    check_small(LM_NOT_FOUND,
                "a-x.gz, a-y.gz, b-x.gz, b-y.gz in a folder lamina-small; make it. Looked for in /tmp/lamina-data-");
    check_small(LM_NOT_FOUND, "/usr/share/datasets");
    write_small();
    check_small(LM_OK, NULL);
    oom_each(load_small, NULL);
    unlink(file("b-x"));
    check_small(LM_NOT_FOUND, "lamina-small' has a-x, but lacks b-x.gz");
}

static void contents_are_checked(void **state)
{
    (void)state;
    static const uint8_t y2[10] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 2}, y3[9] = {0, 0, 8, 1, 0, 0, 0, 1, 1};
    static const uint8_t y4[16] = {0, 0, 12, 1, 0, 0, 0, 2};
    static const uint8_t x2[18] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1};
    write_small();
    check_ok(lm__file_save(file("b-y"), y2, sizeof y2));
    check_small(LM_CORRUPT, "b-y: label 1 is 2, expected 0 to 1");
    check_ok(lm__file_save(file("b-y"), y3, sizeof y3));
    check_small(LM_INVALID, "holds 2 images");
    check_ok(lm__file_save(file("b-y"), y4, sizeof y4));
    check_small(LM_CORRUPT, "b-y: labels of type int32");
    write_small();
    check_ok(lm__file_save(file("a-x"), x2, sizeof x2));
    check_small(LM_CORRUPT, "a-x: these are not grey pictures");
    write_small();
    check_ok(lm__file_save(file("a-y.gz"), "\x1f\x8b", 2));         /* found before a-y, and cut off */
    check_small(LM_CORRUPT, "a-y.gz");
    unlink(file("a-y.gz"));
    check_small(LM_OK, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mnist_is_the_real_one), cmocka_unit_test(fashion_mnist_is_the_real_one),
        cmocka_unit_test(unknown_names_suggest), cmocka_unit_test(files_are_looked_for),
        cmocka_unit_test(contents_are_checked),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
