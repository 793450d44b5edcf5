/* Fingerprints: equal for equal data and weights, another for another number; names of what there is. */
#include "support/check.h"

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

/* What a model was compiled with, for another compile: a model that is compiled so learns the same to the byte. */
static void parts(void **state)
{
    char one[65], other[65];
    (void)state;
    lm_model *m[2] = {network(0), network(0)};
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){8, lm_tensor_dim(lm_variable_value(lm_weight(m[0], 0)), 0)});
    lm_tensor *y = lm_predict_array(m[0], x);
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((float *)lm_tensor_data(y))[i] = (float)(i % 3);
    for (int i = 0; i < 2; i++) {
        check_ok(lm_compile(m[i], .optimizer = lm_sgd(.learning_rate = 0.05, .momentum = 0.9),
                            .loss_object = lm_loss_binary_crossentropy(.from_logits = true),
                            .metrics = {"mae"}, .metric_objects = {lm_metric_binary_accuracy(.threshold = 0.2)}));
        if (i) check_ok(lm_compile(m[i], .optimizer = lm_compiled_optimizer(m[i]),
                                   .loss_object = lm_compiled_loss(m[i]), .metrics = {"mae"},
                                   .metric_objects = {lm_compiled_metric(m[i], 1)}));
        for (int k = 0; k < 3; k++) lm_train_on_batch(m[i], x, y, NULL);
    }
    lm_logs a = lm_test_on_batch(m[0], x, y, NULL), b = lm_test_on_batch(m[1], x, y, NULL);
    for (int i = 0; i < 2; i++) assert_string_equal(lm_error(m[i]), "");
    assert_true(lm_get(a, "loss") == lm_get(b, "loss"));
    assert_true(lm_get(a, "binary_accuracy") == lm_get(b, "binary_accuracy"));
    assert_int_equal(lm_model_digest(m[0], one), LM_OK);
    assert_int_equal(lm_model_digest(m[1], other), LM_OK);
    assert_string_equal(one, other);
    assert_null(lm_compiled_metric(m[0], 0));       /* "mae" says it all */
    assert_null(lm_compiled_metric(m[0], 2));
    assert_null(lm_compiled_loss(NULL));
    assert_null(lm_compiled_optimizer(NULL));
    lm_free(m[0]), lm_free(m[1]), lm_free(x), lm_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights), cmocka_unit_test(data), cmocka_unit_test(names),
                                       cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
