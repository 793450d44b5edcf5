/* tests/train/test_progress.c: what fit, evaluate and summary print, on a terminal and elsewhere. */
#include "support/check.h"

#include <lamina/lamina.h>
#include <stdlib.h>

static char said[1 << 16];
static size_t length;

static void listen(void *user, const char *text, size_t bytes)
{
    (void)user;
    assert_true(length + bytes < sizeof said);
    memcpy(said + length, text, bytes);
    said[length += bytes] = 0;
}

static void begin(bool terminal)
{
    length = 0, said[0] = 0;
    lm_set_sink(listen, NULL, terminal);
}

static int end(void **state)
{
    (void)state;
    lm_set_sink(NULL, NULL, false);
    unsetenv("NO_COLOR");
    return 0;
}

static int count(const char *piece)
{
    int n = 0;
    for (const char *at = said; (at = strstr(at, piece)); at += strlen(piece)) n++;
    return n;
}

static lm_model *model(lm_tensor **x, lm_tensor **y)
{
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 1, .kernel_initializer = "zeros"));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0), .loss = "mse", .metrics = {"mae"});
    *x = lm_tensor_new(LM_F32, 2, (int64_t[]){40, 3}), *y = lm_tensor_new(LM_F32, 2, (int64_t[]){40, 1});
    for (int i = 0; i < 40; i++) ((float *)lm_tensor_data(*y))[i] = 0.5f;
    return m;
}

/* Fits and evaluates; the text is in `said`. */
static void run(int verbose, bool terminal)
{
    lm_tensor *x, *y;
    lm_model *m = model(&x, &y);
    lm_dataset *data = lm_data_from_arrays(x, y);
    begin(terminal);
    lm_fit(m, data, .epochs = 2, .batch_size = 4, .validation_data = data, .verbose = verbose);
    lm_evaluate(m, data, .batch_size = 8, .verbose = verbose);
    check_ok(lm_status_of(m));
    lm_free(data), lm_free(m), lm_free(x), lm_free(y);
}

static void a_line_an_epoch_in_a_pipe(void **state)
{
    (void)state;
    run(-1, false);
    assert_int_equal(count("\n"), 5);
    assert_int_equal(count("\r") + count("\033"), 0);
    check_contains(said, "Epoch 1/2\n10/10 ━━━━━━━━━━━━━━━━━━━━ 0s ");
    check_contains(said, "Epoch 2/2\n10/10 ");
    check_contains(said, "/step - loss: 0.2500 - mae: 0.5000 - val_loss: 0.2500 - "
                         "val_mae: 0.5000\n");
    check_contains(said, "\n5/5 ━");
}

static void in_place_on_a_terminal(void **state)
{
    (void)state;
    run(-1, true);
    assert_int_equal(count("\n"), 5);
    assert_in_range(count("\r"), 6, 30); /* the first step and the last of three passes, and what time makes of it */
    check_contains(said, "Epoch 1/2\n\r 1/10 \033[32m━━\033[37m━");
    check_contains(said, "\r10/10 \033[32m━━━━━━━━━━━━━━━━━━━━\033[0m 0s ");
}

static void without_colours_on_request(void **state)
{
    (void)state;
    setenv("NO_COLOR", "1", 1);
    run(1, true);
    assert_int_equal(count("\033"), 0);
    assert_in_range(count("\r"), 6, 30);
}

static void nothing_when_silent(void **state)
{
    (void)state;
    run(0, true);
    assert_int_equal(length, 0);
    run(2, true);
    assert_int_equal(count("\r"), 0);
    assert_int_equal(count("\n"), 5);
}

static void small_losses_keep_their_digits(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m = model(&x, &y);
    for (int i = 0; i < 40; i++) ((float *)lm_tensor_data(y))[i] = 0.001f;
    begin(false);
    lm_fit_arrays(m, x, y);
    check_contains(said, "- loss: 1.0000e-06 - mae: 0.0010\n");
    lm_free(m), lm_free(x), lm_free(y);
}

/* Keras's table; the optimizer counts once it has made a step. */
static void the_summary(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m =
        lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 1000, .name = "wide"), lm_dense(.units = 1));
    lm_compile(m, .optimizer_name = "adam", .loss = "mse");
    begin(false);
    check_ok(lm_summary(m));
    check_contains(said, "│ wide (Dense)                    │ (None, 1000)           │         4,000 │\n");
    check_contains(said, " Total params: 5,001 (19.54 KB)\n Trainable params: 5,001 (19.54 KB)\n"
                         " Non-trainable params: 0 (0.00 B)\n");
    assert_int_equal(count("Optimizer params"), 0);
    lm_free(model(&x, &y));
    lm_train_on_batch(m, x, y, NULL);
    begin(false);
    check_ok(lm_summary(m, .memory = true, .batch_size = 7));
    check_contains(said, " Optimizer params: 10,004 ");
    check_contains(said, "Memory of a training step, batches of 7:\n");
    check_contains(said, "total: ");
    check_status(lm_summary(m, .line_length = 7), LM_INVALID);
    lm_free(m), lm_free(x), lm_free(y);
}

/* Two for each multiply-add, and none for the gradient of the data, which nobody needs. */
static void flops(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m = lm_sequential(lm_input(.shape = {8, 8, 2}), lm_conv2d(.filters = 3, .kernel_size = {3, 3}),
                                lm_flatten(), lm_dense(.units = 5));
    assert_true(lm_flops(m, 4, false) == 2.0 * 4 * (6 * 6 * 3 * 9 * 2 + 108 * 5));
    assert_true(lm_flops(m, 4, true) != lm_flops(m, 4, true));      /* NaN: not compiled */
    check_contains(lm_error(m), "compile");
    lm_clear(m);
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mse");
    assert_true(lm_flops(m, 4, true) == 2.0 * 4 * (2 * 6 * 6 * 3 * 9 * 2 + 3 * 108 * 5));
    lm_free(m);
    lm_free(model(&x, &y)), lm_free(x), lm_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_line_an_epoch_in_a_pipe, end),
        cmocka_unit_test_teardown(in_place_on_a_terminal, end),
        cmocka_unit_test_teardown(without_colours_on_request, end),
        cmocka_unit_test_teardown(nothing_when_silent, end),
        cmocka_unit_test_teardown(small_losses_keep_their_digits, end),
        cmocka_unit_test_teardown(the_summary, end),
        cmocka_unit_test_teardown(flops, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
