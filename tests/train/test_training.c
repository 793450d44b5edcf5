/* tests/train/test_training.c: the same bytes for any number of threads, and no memory taken once fit runs, whatever
 * the batches. */
#include "support/check.h"

#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>

enum { ROWS = 50, BATCH = 8, EPOCHS = 3 };      /* 50 = 6 batches and a rest of 2 */

/* Something of everything: convolutions, statistics, dropout, pooling. */
static lm_model *net(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {12, 12, 2}), lm_rescaling(.scale = 1.0 / 255),
        lm_conv2d(.filters = 9, .kernel_size = {3}, .padding = "same", .use_bias = false), lm_batch_normalization(),
        lm_relu(), lm_max_pooling2d(), lm_dropout(.rate = 0.25),
        lm_conv2d(.filters = 5, .kernel_size = {3}, .strides = {2}, .activation = "tanh"), lm_flatten(),
        lm_dense(.units = 33, .activation = "relu"), lm_dense(.units = 7, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    assert_string_equal(lm_error(m), "");
    return m;
}

static void arrays(lm_tensor **x, lm_tensor **y)
{
    *x = lm_tensor_new(LM_U8, 4, (int64_t[]){ROWS, 12, 12, 2}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){ROWS});
    for (size_t i = 0; i < lm_tensor_size(*x); i++) ((uint8_t *)lm_tensor_data(*x))[i] = (uint8_t)(i * i * 31 % 251);
    for (size_t i = 0; i < ROWS; i++) ((uint8_t *)lm_tensor_data(*y))[i] = (uint8_t)(i % 7);
}

static lm_model *trained(uint64_t seed)
{
    lm_tensor *x, *y;
    arrays(&x, &y);
    lm_set_seed(seed);
    lm_model *m = net();
    lm_fit_arrays(m, x, y, .epochs = EPOCHS, .batch_size = BATCH, .validation_split = 0.2, .verbose = 0);
    assert_string_equal(lm_error(m), "");
    lm_set_seed(0);
    lm_free(x), lm_free(y);
    return m;
}

static int same_weights(const lm_model *a, const lm_model *b)
{
    int same = 1;
    for (int i = 0; i < lm_weights(a); i++) {
        const lm_tensor *one = lm_weight(a, i)->value, *other = lm_weight(b, i)->value;
        same &= !memcmp(one->data, other->data, lm_tensor_bytes(one));
    }
    return same;
}

static void same_bytes(void **state)
{
    (void)state;
    lm_model *first = trained(3);
    for (int threads = 1; threads <= 3; threads++) {
        check_ok(lm_set_threads(threads));
        lm_model *again = trained(3);
        assert_int_equal(same_weights(first, again), 1);
        assert_true(lm_history_get(first->history, "val_loss", -1) == lm_history_get(again->history, "val_loss", -1));
        lm_free(again);
    }
    check_ok(lm_set_threads(0));
    lm_model *other = trained(4);
    assert_int_equal(same_weights(first, other), 0);
    lm_free(first), lm_free(other);
}

/* One fit of three epochs is not three of one, which shuffle alike; but without shuffling and dropout's key it goes
 * on. */
static void goes_on(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    arrays(&x, &y);
    lm_model *whole = net(), *parts = net();
    lm_fit_arrays(whole, x, y, .epochs = 3, .batch_size = BATCH, .verbose = 0);
    for (int e = 0; e < 3; e++)
        lm_fit_arrays(parts, x, y, .initial_epoch = e, .epochs = e + 1, .batch_size = BATCH, .verbose = 0);
    assert_int_equal(same_weights(whole, parts), 1);
    lm_free(whole), lm_free(parts), lm_free(x), lm_free(y);
}

static uint64_t allocations_at[2 * EPOCHS];
static int lines;

static void count(void *user, const char *text, size_t bytes)
{
    (void)user, (void)text, (void)bytes;
    if (lines < 2 * EPOCHS) allocations_at[lines++] = lm_memory().allocations;
}

/* Each epoch shows a line when it begins and one when it has ended. The first makes two plans for training and two
 * for validation, as each has a smaller last batch; from then on no memory is taken. */
static void no_memory_while_training(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    arrays(&x, &y);
    lm_model *m = net();
    lines = 0;
    lm_set_sink(count, NULL, false);
    lm_fit_arrays(m, x, y, .epochs = EPOCHS, .batch_size = BATCH, .validation_split = 0.4, .verbose = 2);
    lm_set_sink(NULL, NULL, false);
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lines, 2 * EPOCHS);
    assert_true(allocations_at[1] > allocations_at[0]);
    for (int i = 2; i < 2 * EPOCHS; i++) assert_int_equal(allocations_at[i], allocations_at[1]);
    lm_free(m), lm_free(x), lm_free(y);
}

/* Batches whose sizes come back are planned once. */
static void plans_are_kept(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    arrays(&x, &y);
    lm_model *m = net();
    uint64_t before = 0;
    for (int round = 0; round < 3; round++)
        for (int64_t n = 1; n <= 3; n++) {
            lm_tensor *few_x = lm_tensor_slice(x, 0, n), *few_y = lm_tensor_slice(y, 0, n);
            before = lm_memory().allocations;
            lm_train_on_batch(m, few_x, few_y, NULL);
            if (round) assert_int_equal(lm_memory().allocations, before);
            lm_free(few_x), lm_free(few_y);
        }
    assert_string_equal(lm_error(m), "");
    lm_free(m), lm_free(x), lm_free(y);
}

RUN(cmocka_unit_test(same_bytes), cmocka_unit_test(goes_on), cmocka_unit_test(no_memory_while_training),
    cmocka_unit_test(plans_are_kept))
