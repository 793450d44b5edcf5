/* tests/train/test_summary.c: the table of layers against what real Keras prints (summary.txt), and where it goes;
 * the lines that fit shows. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/file.h"
#include <lamina/lamina.h>

static char shown[32768];
static size_t size;

static void collect(void *user, const char *text, size_t bytes)
{
    (void)user;
    assert_true(size + bytes < sizeof shown);
    memcpy(shown + size, text, bytes);
    shown[size += bytes] = 0;
}

static void begin(bool terminal)
{
    size = 0, shown[0] = 0;
    lm_set_sink(collect, NULL, terminal);
}

static void end(void) { lm_set_sink(NULL, NULL, false); }

static lm_model *net(void)
{
    return lm_sequential(lm_input(.shape = {28, 28, 1}), lm_rescaling(.scale = 1.0 / 255),
                         lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .activation = "relu"),
                         lm_batch_normalization(), lm_max_pooling2d(), lm_flatten(),
                         lm_dense(.units = 128, .activation = "relu", .trainable = false),
                         lm_dense(.units = 10, .activation = "softmax",
                                  .name = "a_name_that_is_much_too_long_for_its_cell"));
}

/* Built; trained for a step; not built. */
static void as_keras_prints_it(void **state)
{
    (void)state;
    uint8_t *want;
    size_t bytes;
    check_ok(lm__file_read(LM_SOURCE_DIR "/tests/train/summary.txt", sizeof shown, &want, &bytes));
    lm_model *m = net(), *unbuilt = lm_sequential(lm_dense(.units = 3));
    lm_tensor *x = lm_tensor_new(LM_U8, 4, (int64_t[]){2, 28, 28, 1}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){2});
    begin(false);
    check_ok(lm_summary(m));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
    lm_train_on_batch(m, x, y, NULL);
    check_ok(lm_summary(m));
    check_ok(lm_summary(unbuilt));
    end();
    assert_int_equal(size, bytes);
    assert_memory_equal(shown, want, bytes);
    lm__free(want);
    lm_free(x), lm_free(y), lm_free(m), lm_free(unbuilt);
}

/* A graph that is no chain tells what each call takes, its inputs too, and which calls share weights. */
static void graphs(void **state)
{
    (void)state;
    lm_layer *a = lm_input(.shape = {4}, .name = "a"), *b = lm_input(.shape = {4}, .name = "b");
    lm_layer *twice = lm_dense(.units = 4, .name = "twice");
    lm_symbol *x = lm_call(twice, a), *y = lm_call(twice, b);
    lm_model *m = lm_functional(.inputs = {a, b}, .outputs = {lm_call(lm_subtract(.name = "less"), y, x)});
    lm_layer *in = lm_input(.shape = {4});
    lm_model *row = lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = 2), in)});
    begin(false);
    check_ok(lm_summary(m));
    end();
    check_contains(shown, "┃ Layer (type)                ┃ Output Shape          "
                          "┃      Param # ┃ Connected to                ┃\n");
    check_contains(shown, "│ a (InputLayer)              │ (None, 4)             "
                          "│            0 │                             │\n");
    check_contains(shown, "│ twice (Dense)               │ (None, 4)             "
                          "│           20 │ a                           │\n");
    check_contains(shown, "│ twice[1] (Dense)            │ (None, 4)             "
                          "│       shared │ b                           │\n");
    check_contains(shown, "│ less (Subtract)             │ (None, 4)             "
                          "│            0 │ twice[1],                   │\n");
    check_contains(shown, "│                             │                       "
                          "│              │ twice                       │\n");
    check_contains(shown, " Trainable params: 20 ");
    begin(false);
    check_ok(lm_summary(row));
    end();
    assert_null(strstr(shown, "Connected to"));
    lm_free(m), lm_free(row);
}

static void memory(void **state)
{
    (void)state;
    lm_model *m = net();
    begin(false);
    check_ok(lm_summary(m, .memory = true, .batch_size = 7, .line_length = 100));
    end();
    check_contains(shown, "Memory of prediction, batches of 7:");
    check_contains(shown, "(7, 26, 26, 32)");
    check_status(lm_summary(m, .line_length = 3), LM_INVALID);
    assert_string_equal(lm_error(m), "line_length = 3, but it must be between 40 and 400");
    lm_clear(m);
    check_status(lm_summary(m, .memory = true, .batch_size = 0), LM_INVALID);
    assert_string_equal(lm_error(m), "batch_size = 0, but it must be 1 or more");
    lm_free(m);
}

/* --- what fit shows --------------------------------------------------------------------------------------------- */

static lm_model *small(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

static void fit_on(lm_model *m, int verbose, bool terminal)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){10, 3}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){10});
    begin(terminal);
    lm_fit_arrays(m, x, y, .epochs = 2, .batch_size = 4, .validation_split = 0.2, .verbose = verbose);
    end();
    assert_string_equal(lm_error(m), "");
    lm_free(x), lm_free(y);
}

static int count_of(const char *piece)
{
    int n = 0;
    for (const char *at = strstr(shown, piece); at; at = strstr(at + 1, piece)) n++;
    return n;
}

/* A line an epoch where there is no terminal, a bar that is drawn over where there is one. */
static void lines(void **state)
{
    (void)state;
    lm_model *m = small();
    fit_on(m, 0, true);
    assert_string_equal(shown, "");
    fit_on(m, -1, false);
    assert_int_equal(count_of("\n"), 4);
    assert_int_equal(count_of("\r"), 0);
    assert_int_equal(count_of("\033"), 0);
    check_contains(shown, "Epoch 1/2\n2/2 ━━━━━━━━━━━━━━━━━━━━ 0s ");
    check_contains(shown, "/step - accuracy: 1.0000 - loss: 0.6");
    check_contains(shown, " - val_accuracy: 1.0000 - val_loss: 0.6");
    check_contains(shown, "\nEpoch 2/2\n");
    fit_on(m, -1, true);
    assert_int_equal(count_of("\n"), 4);
    assert_true(count_of("\r") >= 2);
    check_contains(shown, "\033[32m━");
    fit_on(m, 2, true);
    assert_int_equal(count_of("\r"), 0);
    lm_free(m);
}

RUN(cmocka_unit_test(as_keras_prints_it), cmocka_unit_test(graphs), cmocka_unit_test(memory), cmocka_unit_test(lines))
