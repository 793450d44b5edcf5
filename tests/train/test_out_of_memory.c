/* tests/train/test_out_of_memory.c: a whole program, from building to loading, with each of its allocations failed in
 * turn: it ends with LM_NO_MEMORY and leaves nothing behind; what can be tried again works when it is. */
#include "support/check.h"
#include "support/oom.h"

#include "train/model.h"
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[128];

static lm_tensor *x, *y;

static void arrays(void)
{
    x = lm_tensor_new(LM_F32, 2, (int64_t[]){6, 16}), y = lm_tensor_new(LM_U8, 1, (int64_t[]){6});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)(i % 7) / 7;
    for (size_t i = 0; i < 6; i++) ((uint8_t *)lm_tensor_data(y))[i] = (uint8_t)(i % 3);
}

static lm_model *build(void)
{
    return lm_sequential(lm_input(.shape = {16}), lm_reshape(.target_shape = {4, 4, 1}),
                         lm_conv2d(.filters = 2, .kernel_size = {3}, .activation = "relu"), lm_batch_normalization(),
                         lm_max_pooling2d(), lm_flatten(), lm_dropout(.rate = 0.5),
                         lm_dense(.units = 3, .activation = "softmax",
                                  .kernel_initializer_object = lm_init_random_normal(.stddev = 0.5)));
}

static lm_status compile(lm_model *m)
{
    return lm_compile(m, .optimizer = lm_adam(.amsgrad = true, .use_ema = true),
                      .loss_object = lm_loss_sparse_categorical_crossentropy(), .metrics = {"accuracy"},
                      .metric_objects = {lm_metric_sparse_top_k_categorical_accuracy(.k = 2)});
}

static lm_status first_error(const void *object)
{
    return lm_failed(object) ? lm_status_of(object) : LM_OK;
}

/* Two steps of 4 and 2 examples, with validation; evaluation; prediction. */
static lm_status train(lm_model *m)
{
    lm_fit_arrays(m, x, y, .batch_size = 4, .validation_split = 0.2, .verbose = 0);
    LM_TRY(first_error(m));
    lm_evaluate_arrays(m, x, y);
    LM_TRY(first_error(m));
    lm_tensor *p = lm_predict_array(m, x);
    lm_status status = first_error(p);
    lm_free(p);
    return status;
}

static lm_status program(void *user)
{
    (void)user;
    lm_model *m = build(), *loaded = NULL;
    lm_status status = first_error(m);
    if (!status) status = compile(m);
    if (!status) status = train(m);
    if (!status) status = lm_save(m, path);
    if (!status) status = first_error(loaded = lm_load(path));
    lm_free(loaded), lm_free(m);
    return status;
}

static void discard(void *user, const char *text, size_t bytes)
{
    (void)user, (void)text, (void)bytes;
}

static void whole_program(void **state)
{
    (void)state;
    arrays();
    snprintf(path, sizeof path, "/tmp/lamina_oom_%d.keras", (int)getpid());
    lm_set_sink(discard, NULL, false);
    oom_some(program, NULL, getenv("LAMINA_TEST_VALGRIND") ? 20 : 100000);    /* all of them */
    lm_set_sink(NULL, NULL, false);
    remove(path);
    lm_free(x), lm_free(y);
}

/* --- trying again ----------------------------------------------------------------------------------------------- */

/* Memory runs out in training, for the n-th time that any is asked for: clear, and the same call works. Returns
 * whether it came to that. */
static int train_again(unsigned long n)
{
    lm_model *m = build();
    check_ok(first_error(m));
    check_ok(compile(m));
    oom_fail_nth(n);
    lm_status status = train(m);
    int happened = oom_failed();
    oom_fail_nth(0);
    check_status(status, happened ? LM_NO_MEMORY : LM_OK);
    lm_clear(m);
    check_ok(train(m));
    lm_free(m);
    return happened;
}

static void training_again(void **state)
{
    (void)state;
    arrays();
    lm_set_sink(discard, NULL, false);
    oom_fail_nth(0);
    lm_model *m = build();
    compile(m);
    oom_fail_nth(0);
    check_ok(train(m));
    unsigned long total = oom_allocations(), tries = getenv("LAMINA_TEST_VALGRIND") ? 20 : total;
    lm_free(m);
    for (unsigned long i = 0; i < tries; i++) assert_int_equal(train_again(1 + i * total / tries), 1);
    assert_int_equal(train_again(total + 1000), 0);
    lm_set_sink(NULL, NULL, false);
    lm_free(x), lm_free(y);
    oom_off();
}

RUN(cmocka_unit_test(whole_program), cmocka_unit_test(training_again))
