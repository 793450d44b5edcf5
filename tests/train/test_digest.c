/* Fingerprints: equal for equal data and weights, another for another number; names of what there is. */
#include <lamina/lamina.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static lm_model *network(uint64_t seed)
{
    lm_set_seed(seed);
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2), lm_dense(.units = 1));
    lm_compile(m, .optimizer = lm_adam(), .loss = "mse", .metrics = {"mae"});
    return m;
}

static void weights(void **state)
{
    char a[65], b[65], c[65];
    char path[64];
    (void)state;
    lm_model *m = network(1), *other = network(2);
    snprintf(path, sizeof path, "digest.%ld.keras", (long)getpid());
    assert_int_equal(lm_model_digest(m, a), LM_OK);
    assert_int_equal(lm_model_digest(other, b), LM_OK);
    assert_int_equal(strlen(a), 64);
    assert_string_not_equal(a, b);
    assert_int_equal(lm_save(m, path), LM_OK);
    lm_model *read = lm_load(path);
    assert_int_equal(lm_model_digest(read, c), LM_OK);
    assert_string_equal(a, c);
    remove(path);
    assert_int_equal(lm_model_digest(NULL, a), LM_INVALID);
    assert_string_equal(a, "");
    lm_free(m), lm_free(other), lm_free(read);
}

static lm_dataset *numbers(float last, int64_t batch)
{
    float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, last};
    lm_tensor *t = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 3}, x);
    lm_dataset *ds = lm_data_from_arrays(t, NULL);
    lm_free(t);
    return batch ? lm_data_batch(ds, batch, false) : ds;
}

static void data(void **state)
{
    char a[65], b[65];
    (void)state;
    lm_dataset *one = numbers(12, 0), *batched = numbers(12, 3), *other = numbers(13, 0);
    assert_int_equal(lm_data_digest(one, a), LM_OK);
    assert_int_equal(lm_data_digest(batched, b), LM_OK);
    assert_string_equal(a, b);
    assert_int_equal(lm_data_digest(other, b), LM_OK);
    assert_string_not_equal(a, b);
    lm_dataset *endless = lm_data_repeat(one, LM_ANY);
    assert_int_equal(lm_data_digest(endless, a), LM_INVALID);
    assert_string_equal(a, "");
    lm_free(endless), lm_free(batched), lm_free(other);
}

static int has(const char *what, const char *wanted)
{
    char name[64];
    for (int i = 0; lm_name_of(what, i, name, sizeof name); i++)
        if (!strcmp(name, wanted)) return 1;
    return 0;
}

static void names(void **state)
{
    char name[64];
    (void)state;
    assert_true(has("loss", "sparse_categorical_crossentropy"));
    assert_true(has("optimizer", "rmsprop"));
    assert_true(has("metric", "mean_absolute_error"));
    assert_true(has("layer", "Dense"));
    assert_false(has("nonsense", "Dense"));
    lm_model *m = network(0);
    assert_true(lm_compiled_name(m, "loss", 0, name, sizeof name));
    assert_string_equal(name, "mean_squared_error");
    assert_true(lm_compiled_name(m, "optimizer", 0, name, sizeof name));
    assert_string_equal(name, "adam");
    assert_true(lm_compiled_name(m, "metric", 0, name, sizeof name));
    assert_string_equal(name, "mae");
    assert_false(lm_compiled_name(m, "metric", 1, name, sizeof name));
    assert_false(lm_compiled_name(NULL, "loss", 0, name, sizeof name));
    lm_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights), cmocka_unit_test(data), cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
