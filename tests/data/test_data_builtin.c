/* tests/data/test_data_builtin.c: the built-in datasets: what is in them, where they are looked for, what is said without them. */
#include "support/check.h"
#include "support/oom.h"

#include <lamina/data.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIXELS = 28 * 28 };

static void check_part(lm_dataset *ds, int64_t count, const int *per_class, const uint8_t *first, double mean)
{
    int seen[10] = {0};
    double sum = 0;
    int64_t dims[LM_MAX_RANK];
    lm_dtype dtype;
    assert_int_equal(lm_failed(ds), 0);
    assert_int_equal(lm_data_count(ds), count);
    assert_int_equal(lm_data_examples(ds), count);
    assert_int_equal(lm_data_tensors(ds), 2);
    assert_int_equal(lm_data_shape(ds, 0, &dtype, dims), 3);
    assert_int_equal(dtype, LM_U8);
    assert_true(dims[0] == 28 && dims[1] == 28 && dims[2] == 1);
    assert_int_equal(lm_data_shape(ds, 1, &dtype, dims), 0);
    lm_tensor *x = lm_data_array(ds, 0), *y = lm_data_array(ds, 1);
    assert_int_equal(lm_tensor_rank(x), 4);
    const uint8_t *pixel = lm_tensor_read(x), *label = lm_tensor_read(y);
    for (int64_t i = 0; i < count; i++) seen[label[i]]++;
    for (int64_t i = 0; i < count * PIXELS; i++) sum += pixel[i];
    assert_memory_equal(seen, per_class, sizeof seen);
    assert_memory_equal(label, first, 5);
    assert_true(sum / (double)(count * PIXELS) > mean - 0.0005 && sum / (double)(count * PIXELS) < mean + 0.0005);
    lm_free(x), lm_free(y);
}

static void mnist_is_the_real_one(void **state)
{
    (void)state;
    static const int train_classes[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const int test_classes[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    lm_dataset *train, *test;
    int count;
    check_ok(lm_data_mnist(&train, &test));
    check_part(train, 60000, train_classes, (const uint8_t[]){5, 0, 4, 1, 9}, 33.318);
    check_part(test, 10000, test_classes, (const uint8_t[]){7, 2, 1, 0, 4}, 33.791);
    const char *const *names = lm_data_classes(train, &count);
    assert_int_equal(count, 10);
    assert_string_equal(names[7], "7");
    lm_free(train), lm_free(test);
}

RUN(cmocka_unit_test(mnist_is_the_real_one))
