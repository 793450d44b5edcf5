/* tests/data/test_data_errors.c: what is refused and how; damaged files; memory that runs out. */
#include "data_test.h"

#include "base/file.h"
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static void arrays_must_fit(void **state)
{
    (void)state;
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){6, 2}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){5});
    lm_tensor *scalar = lm_tensor_scalar(LM_F32, 1), *bad = lm_tensor_new(LM_F32, 1, (int64_t[]){-3});
    check_refused(lm_data_from_arrays(x, y), LM_INVALID,
                  "tensor 0 (x) has 6 rows, shape (6, 2), but tensor 1 (y) has 5");
    check_refused(lm_data_from_arrays(x, scalar), LM_INVALID, "tensor 1 (y) is a single number");
    check_refused(lm_data_from_arrays(NULL, y), LM_INVALID, "tensor 0 (x): NULL");
    check_refused(lm_data_from_arrays(x, bad), LM_INVALID, lm_error(bad));
    check_refused(lm_data_from_tensors(0, &x), LM_INVALID, "0 arrays");
    check_refused(lm_data_from_tensors(9, (lm_tensor *[9]){x}), LM_INVALID, "9 arrays");
    check_refused(lm_data_from_tensors(3, (lm_tensor *[]){x, x, y}), LM_INVALID, "tensor 2 has 5");
    lm_free(x), lm_free(y), lm_free(scalar), lm_free(bad);
}

static lm_status nothing(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random, (void)in, (void)out;
    return LM_OK;
}

static void combinators_refuse(void **state)
{
    (void)state;
    lm_dataset *endless = lm_data_repeat(numbers(3), LM_ANY);
    check_refused(lm_data_batch(numbers(3), 0, false), LM_INVALID, "a size of 0");
    check_refused(lm_data_batch(numbers(3), -1, true), LM_INVALID, "a size of -1");
    check_refused(lm_data_take(numbers(3), -2), LM_INVALID, "-2");
    check_refused(lm_data_skip(numbers(3), -1), LM_INVALID, "-1");
    check_refused(lm_data_repeat(numbers(3), 0), LM_INVALID, "0 times");
    check_refused(lm_data_repeat(numbers(3), INT64_MAX), LM_INVALID, "counted");
    check_refused(lm_data_prefetch(numbers(3), 0), LM_INVALID, "0 elements");
    check_refused(lm_data_shuffle(lm_retain(endless), 0), LM_INVALID, "no end");
    check_refused(lm_data_cache(lm_retain(endless)), LM_INVALID, "no end");
    check_refused(lm_data_batch(lm_data_batch(numbers(3), 2, false), 2, false), LM_INVALID, "drop_remainder");
    check_refused(lm_data_batch(lm_retain(endless), INT64_MAX, false), LM_INVALID, "batch");
    lm_dataset *most = lm_data_take(lm_data_batch(lm_retain(endless), 32, false), INT64_MAX);
    assert_int_equal(lm_data_count(most), INT64_MAX);
    assert_int_equal(lm_data_examples(most), LM_ANY);               /* more than can be counted */
    lm_free(most);
    check_refused(lm_data_map(numbers(3), NULL, NULL, 0, NULL), LM_INVALID, "function is NULL");
    check_refused(lm_data_map(numbers(3), nothing, NULL, 3, NULL), LM_INVALID, "3 tensors");
    check_refused(lm_data_map(NULL, nothing, NULL, 0, NULL), LM_INVALID, "NULL instead of a dataset");
    lm_tensor *t = lm_tensor_scalar(LM_F32, 1), *all = lm_data_array(endless, 0);
    check_refused(lm_data_take((lm_dataset *)lm_retain(t), 1), LM_INVALID, "a tensor came");
    assert_int_equal(lm_status_of(all), LM_INVALID);
    check_contains(lm_error(all), "no end");
    lm_free(t), lm_free(all), lm_free(endless);
}

static void iterators_refuse(void **state)
{
    (void)state;
    static const struct { int64_t epoch, start; const char *part; } cases[] = {
        {-1, 0, "epoch -1"}, {0, -1, "start -1"}, {0, 4, "start 4"}};
    lm_dataset *ds = numbers(3);
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lm_iterator *it = lm_data_iterate(ds, cases[i].epoch, cases[i].start);
        assert_int_equal(lm_status_of(it), LM_INVALID);
        check_contains(lm_error(it), cases[i].part);
        assert_int_equal(lm_iterator_next(it, tensors), -1);
        check_status(lm_iterator_restart(it, 0), LM_INVALID);
        lm_free(it);
    }
    assert_int_equal(lm_iterator_next(NULL, tensors), -1);
    lm_free(ds);
}

/* A poisoned dataset goes through everything, and its error with it. */
static void errors_go_up(void **state)
{
    (void)state;
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_dataset *ds = lm_data_shuffle(lm_data_batch(numbers(3), 0, false), 1);
    ds = lm_data_cache(lm_data_repeat(lm_data_map(lm_data_skip(lm_data_take(ds, 2), 1), nothing, NULL, 0, NULL), 2));
    ds = lm_data_prefetch(ds, 2);
    assert_int_equal(lm_status_of(ds), LM_INVALID);
    check_contains(lm_error(ds), "batch: a size of 0");
    assert_int_equal(lm_data_count(ds), 0);
    assert_int_equal(lm_data_examples(ds), 0);
    assert_int_equal(lm_data_shape(ds, 0, NULL, NULL), -1);
    assert_null(lm_data_classes(ds, NULL));
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    check_contains(lm_error(it), "batch: a size of 0");
    assert_int_equal(lm_iterator_next(it, tensors), -1);
    lm_tensor *all = lm_data_array(ds, 0);
    check_contains(lm_error(all), "batch: a size of 0");
    lm_free(it), lm_free(all), lm_free(ds);
}

/* --- files --------------------------------------------------------------------------------------------------------
 * */

static char folder[] = "/tmp/lamina-data-XXXXXX", images[64], labels[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(images, sizeof images, "%s/images", folder);
    snprintf(labels, sizeof labels, "%s/labels", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(images), unlink(labels);
    return rmdir(folder);
}

enum { PICTURES = 3, SIDE = 2, IMAGES_SIZE = 16 + PICTURES * SIDE * SIDE, LABELS_SIZE = 8 + PICTURES };

static void write_pair(uint8_t *x, size_t nx, uint8_t *y, size_t ny)
{
    static const uint8_t x_head[16] = {0, 0, 8, 3, 0, 0, 0, PICTURES, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    static const uint8_t y_head[8] = {0, 0, 8, 1, 0, 0, 0, PICTURES};
    memcpy(x, x_head, sizeof x_head), memcpy(y, y_head, sizeof y_head);
    for (size_t i = sizeof x_head; i < nx; i++) x[i] = (uint8_t)i;
    for (size_t i = sizeof y_head; i < ny; i++) y[i] = (uint8_t)i;
    check_ok(lm__file_save(images, x, nx));
    check_ok(lm__file_save(labels, y, ny));
}

static void idx_files_are_read(void **state)
{
    (void)state;
    uint8_t x[IMAGES_SIZE], y[LABELS_SIZE];
    int64_t dims[LM_MAX_RANK];
    write_pair(x, sizeof x, y, sizeof y);
    lm_dataset *ds = lm_data_from_idx(images, labels), *alone = lm_data_from_idx(images, NULL);
    assert_string_equal(lm_error(ds), "");
    assert_int_equal(lm_data_count(ds), PICTURES);
    assert_int_equal(lm_data_shape(ds, 0, NULL, dims), 3);
    assert_true(dims[0] == SIDE && dims[1] == SIDE && dims[2] == 1);
    assert_int_equal(lm_data_shape(ds, 1, NULL, dims), 0);
    lm_tensor *all = lm_data_array(ds, 0);
    assert_memory_equal(lm_tensor_read(all), x + 16, IMAGES_SIZE - 16);
    assert_int_equal(lm_data_tensors(alone), 1);
    lm_free(all), lm_free(ds), lm_free(alone);

    gzFile gz = gzopen(images, "wb");
    assert_int_equal(gzwrite(gz, x, sizeof x), sizeof x);
    gzclose(gz);
    ds = lm_data_from_idx(images, labels);
    all = lm_data_array(ds, 0);
    assert_memory_equal(lm_tensor_read(all), x + 16, IMAGES_SIZE - 16);
    lm_free(all), lm_free(ds);
}

static void bad_files_are_refused_by_name(void **state)
{
    (void)state;
    uint8_t x[IMAGES_SIZE + 1], y[LABELS_SIZE + 1];
    for (size_t cut = 0; cut < IMAGES_SIZE; cut++) {                /* truncated anywhere */
        write_pair(x, IMAGES_SIZE, y, LABELS_SIZE);
        check_ok(lm__file_save(images, x, cut));
        check_refused(lm_data_from_idx(images, labels), LM_CORRUPT, images);
    }
    write_pair(x, IMAGES_SIZE + 1, y, LABELS_SIZE);                 /* too long */
    check_refused(lm_data_from_idx(images, labels), LM_CORRUPT, images);
    write_pair(x, IMAGES_SIZE, y, LABELS_SIZE - 1);
    check_refused(lm_data_from_idx(images, labels), LM_CORRUPT, labels);
    write_pair(x, IMAGES_SIZE, y, LABELS_SIZE);
    for (int i = 4; i < 16; i++) {                                  /* lying about every dimension */
        uint8_t kept = x[i];
        x[i] = 255;
        check_ok(lm__file_save(images, x, IMAGES_SIZE));
        check_refused(lm_data_from_idx(images, labels), LM_CORRUPT, images);
        x[i] = kept;
    }
    check_ok(lm__file_save(images, x, IMAGES_SIZE));
    y[7] = PICTURES - 1;                                            /* right, but not a pair */
    check_ok(lm__file_save(labels, y, LABELS_SIZE - 1));
    check_refused(lm_data_from_idx(images, labels), LM_INVALID, "holds 3 images");
    check_refused(lm_data_from_idx(images, images), LM_INVALID, "labels have 1 dimension");
    check_refused(lm_data_from_idx("/nowhere/images", labels), LM_NOT_FOUND, "/nowhere/images");
    check_refused(lm_data_from_idx(images, "/nowhere/labels"), LM_NOT_FOUND, "/nowhere/labels");
    check_refused(lm_data_from_idx(folder, labels), LM_IO, folder);
    check_refused(lm_data_from_idx(NULL, labels), LM_INVALID, "NULL");
}

/* --- memory
 * --------------------------------------------------------------------------------------------------------- */

static lm_status copy(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random;
    for (int i = 0; i < 2; i++) memcpy(lm_tensor_data(out[i]), lm_tensor_read(in[i]), lm_tensor_bytes(in[i]));
    return LM_OK;
}

/* Goes once through the dataset and frees it. */
static lm_status go_through(lm_dataset *ds)
{
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_status status = lm_status_of(ds);
    lm_iterator *it = status ? NULL : lm_data_iterate(ds, 0, 0);
    if (it) status = lm_status_of(it);
    int count = 0;
    while (!status && (count = lm_iterator_next(it, tensors)) > 0) continue;
    if (count < 0) status = lm_last_status();
    lm_free(it), lm_free(ds);
    return status;
}

static lm_status long_pipeline(void *user)
{
    (void)user;
    lm_dataset *ds = lm_data_batch(lm_data_skip(lm_data_take(lm_data_shuffle(numbers(20), 1), 15), 2), 4, false);
    return go_through(lm_data_prefetch(lm_data_cache(lm_data_map(lm_data_repeat(ds, 2), copy, NULL, 0, NULL)), 2));
}

static lm_status hoisted_prefetch(void *user)
{
    (void)user;
    return go_through(lm_data_batch(lm_data_shuffle(lm_data_prefetch(numbers(20), 4), 1), 4, false));
}

static lm_status make(void *user, int64_t index, lm_tensor *const *out)
{
    (void)user;
    memset(lm_tensor_data(out[0]), (int)index, lm_tensor_bytes(out[0]));
    return LM_OK;
}

static void give_back(void *user)
{
    --*(int *)user;
}

static lm_status function_and_array(void *user)
{
    ++*(int *)user;
    lm_tensor *like = lm_tensor_new(LM_F32, 1, (int64_t[]){2});
    lm_dataset *ds = lm_data_from_function(9, 1, &like, make, user, give_back);
    lm_tensor *all = lm_data_array(ds, 0);
    lm_status status = lm_status_of(all);
    lm_free(all), lm_free(like), lm_free(ds);
    return status;
}

static lm_status files(void *user)
{
    (void)user;
    return go_through(lm_data_from_idx(images, labels));
}

static void memory_may_run_out(void **state)
{
    (void)state;
    int held = 0;
    uint8_t x[IMAGES_SIZE], y[LABELS_SIZE];
    write_pair(x, sizeof x, y, sizeof y);
    oom_each(long_pipeline, NULL);
    oom_each(hoisted_prefetch, NULL);
    oom_each(function_and_array, &held);
    assert_int_equal(held, 0);
    oom_each(files, NULL);
    lm_dataset *ds = lm_data_cache(lm_data_take(lm_data_repeat(numbers(3), LM_ANY), INT64_MAX));
    lm_iterator *it = lm_data_iterate(ds, 0, 0);                    /* more than there is */
    assert_int_equal(lm_status_of(it), LM_NO_MEMORY);
    lm_free(it), lm_free(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_must_fit),    cmocka_unit_test(combinators_refuse),
        cmocka_unit_test(iterators_refuse),   cmocka_unit_test(errors_go_up),
        cmocka_unit_test(idx_files_are_read), cmocka_unit_test(bad_files_are_refused_by_name),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
