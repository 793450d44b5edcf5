/* tests/train/test_mistakes.c: compile, fit, evaluate and predict that cannot work: what is said, word by word; and
 * the model afterwards. */
#include "support/refusal.h"

#include <lamina/lamina.h>
#include <math.h>

#define SPARSE "sparse_categorical_crossentropy"
#define ROWS 8

static lm_model *net(void)
{
    return lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 3, .activation = "softmax"));
}

#define compiled(...) compiled_with(&(lm_compile_args){.size = sizeof(lm_compile_args), __VA_ARGS__})
static lm_model *compiled_with(const lm_compile_args *args)
{
    lm_model *m = net();
    lm_compile_with(m, args);
    return m;
}

static void compile(void **state)
{
    (void)state;
    refused(compiled(.loss = NULL), "compile needs a loss, for example .loss = \"" SPARSE "\"");
    refused(compiled(.loss = "msee"), "unknown loss \"msee\" (did you mean \"mse\"?)");
    refused(compiled(.loss = "cross_entropy"), "unknown loss \"cross_entropy\"; there are BinaryCrossentropy, "
                                               "CategoricalCrossentropy, MeanAbsoluteError, "
                                               "MeanSquaredError, SparseCategoricalCrossentropy");
    refused(compiled(.loss = "mse", .optimizer_name = "adamm"),
            "unknown optimizer \"adamm\" (did you mean \"adam\"?)");
    refused(compiled(.loss = "mse", .metrics = {"acuracy"}),
            "unknown metric \"acuracy\" (did you mean \"accuracy\"?)");
    refused(compiled(.loss = "mse", .metrics = {"crossentropy"}),
            "unknown metric \"crossentropy\"; there are Accuracy, BinaryAccuracy, CategoricalAccuracy, "
            "MeanAbsoluteError, "
            "MeanSquaredError, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy");
    refused(compiled(.loss = "mse", .metrics = {"mae", "mae"}),
            "two metrics are named \"mae\"; give one another .name");
    refused(compiled(.loss = "mse", .metrics = {"loss"}), "a metric may not be named \"loss\"");
    refused(compiled(.loss = "mse", .loss_object = lm_loss_mean_squared_error()),
            "give .loss or .loss_object, not both");
    refused(compiled(.loss = "mse", .optimizer = (lm_optimizer *)lm_loss_mean_squared_error()),
            "optimizer: a loss came where an optimizer was expected");
}

/* Parts that failed are adopted, and everything handed over is given back. */
static void compile_parts(void **state)
{
    (void)state;
    refused(compiled(.loss = "mse", .optimizer = lm_sgd(.learning_rate = -1),
                     .metric_objects = {lm_metric_mean_squared_error()}),
            "SGD: learning_rate = -1, but it must be 0 or more");
    refused(compiled(.loss_object = lm_loss_binary_crossentropy(.label_smoothing = 2), .optimizer = lm_adam()),
            "BinaryCrossentropy: label_smoothing = 2, but it must be between 0 and 1");
    refused(
        compiled(.loss = "mse", .optimizer = lm_adam(),
                 .metric_objects = {lm_metric_mean_squared_error(), lm_metric_top_k_categorical_accuracy(.k = 0)}),
        "TopKCategoricalAccuracy: k = 0, but it must be 1 or more");
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense());
    lm_compile(m, .loss = "mse", .optimizer = lm_adam());       /* on a model that failed already */
    assert_string_equal(lm_error(m), "layer 0: Dense: units = 0, but it must be 1 or more (was it left out?)");
    lm_free(m);
}

/* One optimizer, two models: the state belongs to one. */
static void shared_optimizer(void **state)
{
    (void)state;
    lm_optimizer *optimizer = lm_adam();
    lm_model *a = net(), *b = net();
    check_ok(lm_compile(a, .loss = "mse", .optimizer = lm_retain(optimizer)));
    check_status(lm_compile(b, .loss = "mse", .optimizer = optimizer), LM_INVALID);
    assert_string_equal(lm_error(b), "the optimizer already belongs to a model; each compile needs a new one");
    lm_free(a), lm_free(b);
}

/* Data of these shapes; y in u8 unless it has more than one dimension. */
static lm_tensor *zeros(lm_dtype dtype, int rank, int64_t a, int64_t b, int64_t c)
{
    return lm_tensor_new(dtype, rank, (int64_t[]){a, b, c});
}

/* The model after a fit on (x, y), which it and the caller's references are given to. */
#define fitted(model, x, y, ...)                                                                                 \
    ({                                                                                                           \
        lm_model *fitted_model = (model);                                                                        \
        lm_tensor *fitted_x = (x), *fitted_y = (y);                                                              \
        lm_fit_arrays(fitted_model, fitted_x, fitted_y, .verbose = 0, __VA_ARGS__);                              \
        lm_free(fitted_x), lm_free(fitted_y);                                                                    \
        fitted_model;                                                                                            \
    })
#define ok_x zeros(LM_F32, 2, ROWS, 4, 0)
#define ok_y zeros(LM_U8, 1, ROWS, 0, 0)

static void fit_arguments(void **state)
{
    (void)state;
    refused(fitted(net(), ok_x, ok_y),
            "the model is not compiled; call lm_compile(model, .optimizer = …, .loss = …) first");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .epochs = 0), "epochs = 0, but it must be 1 or more");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .epochs = -1), "epochs = -1, but it must be 1 or more");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .batch_size = 0),
            "batch_size = 0, but it must be 1 or more");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .validation_split = 1.5),
            "validation_split = 1.5, but it must be at least 0 and less than 1");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .validation_split = LM_NONE),
            "validation_split = nan, but it must be at least 0 and less than 1");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .validation_split = 0.99),
            "validation_split = 0.99 leaves one part of 8 examples empty");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .initial_epoch = 3),
            "initial_epoch = 3, but it must be between 0 and epochs - 1 = 0");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .steps_per_epoch = -1),
            "steps_per_epoch = -1, but it must be 0 (all) or more");
    refused(fitted(compiled(.loss = SPARSE), ok_x, ok_y, .verbose = 7),
            "verbose = 7, but it must be 0 (silent), 1 (a bar), 2 (a line an epoch) or -1 (either)");
    refused(fitted(compiled(.loss_object = lm_loss_mean_squared_error(.reduction = "none")), ok_x,
                   zeros(LM_F32, 2, ROWS, 3, 0)),
            "epoch 1, step 1: a loss with reduction \"none\" cannot be trained on; use \"sum_over_batch_size\"");
}

static lm_model *with_loss(lm_model *m)
{
    check_ok(lm_compile(m, .loss = "mse"));
    return m;
}

/* A struct of arguments that was not begun with defaults would be ignored as a whole. */
static void arguments_without_size(void **state)
{
    (void)state;
    lm_adam_args adam = {.learning_rate = 0.1};
    refused(lm_adam_new(&adam), "Adam: .size of the arguments is 0; begin with what the class's …_defaults() "
                                "returns, which sets it");
    lm_compile_args compile = {.loss = "mse"};
    refused(compiled_with(&compile), "lm_compile_with: .size of the arguments is 0; begin with what the …_defaults() "
                                     "function returns, which sets it");
    compile = lm_compile_defaults();
    assert_string_equal(compile.optimizer_name, "rmsprop");
    lm_fit_args fit = lm_fit_defaults();
    assert_true(fit.size == sizeof fit && fit.epochs == 1 && fit.batch_size == 32 && fit.shuffle);
    assert_int_equal(fit.verbose, -1);
    lm_evaluate_args evaluate = lm_evaluate_defaults();
    assert_true(evaluate.size == sizeof evaluate && evaluate.batch_size == 32 && evaluate.verbose == -1);
    lm_summary_args summary = lm_summary_defaults();
    assert_true(summary.size == sizeof summary && summary.batch_size == 32);
}

static void fit_inputs(void **state)
{
    (void)state;
    refused(fitted(compiled(.loss = SPARSE), zeros(LM_F32, 2, ROWS, 5, 0), ok_y),
            "epoch 1, step 1: the data have shape (N, 5), but the model takes (N, 4)");
    refused(
        fitted(compiled(.loss = SPARSE), zeros(LM_F32, 3, ROWS, 2, 2), ok_y),
        "epoch 1, step 1: the data have shape (N, 2, 2), but the model takes (N, 4); lm_tensor_reshape_to(x, -1, 4) "
        "makes them fit");
    refused(fitted(compiled(.loss = SPARSE), zeros(LM_F32, 1, ROWS, 0, 0), ok_y),
            "epoch 1, step 1: the data have shape (N,), but the model takes (N, 4)");
    refused(fitted(compiled(.loss = SPARSE), zeros(LM_F32, 2, 0, 4, 0), zeros(LM_U8, 1, 0, 0, 0)),
            "the data are empty");
    refused(fitted(compiled(.loss = SPARSE), NULL, ok_y), "tensor 0 (x): NULL instead of a tensor");
    refused(fitted(with_loss(lm_sequential()), ok_x, ok_y),
            "epoch 1, step 1: the model has no layers; add some with lm_sequential_add");
    refused(fitted(with_loss(lm_sequential(lm_conv2d(.filters = 2, .kernel_size = {3}))),
                   zeros(LM_F32, 3, ROWS, 28, 28), ok_y),
            "epoch 1, step 1: layer 0 (conv2d): Conv2D takes (N, height, width, channels), but its input has shape "
            "(N, 28, 28); if the channels are missing, put lm_reshape(.target_shape = {28, 28, 1}) before it");
}

static void fit_targets(void **state)
{
    (void)state;
    refused(fitted(compiled(.loss = SPARSE), ok_x, zeros(LM_F32, 2, ROWS, 3, 0)),
            "epoch 1, step 1: loss: targets of shape (N, 3) do not fit predictions of shape (N, 3); class indices "
            "have the "
            "predictions' shape without the last axis (for one-hot targets use \"categorical_crossentropy\" and "
            "\"categorical_accuracy\")");
    refused(fitted(compiled(.loss = "categorical_crossentropy"), ok_x, ok_y),
            "epoch 1, step 1: loss: targets of shape (N,) do not fit predictions of shape (N, 3); they must have the "
            "same "
            "shape (for class indices use \"sparse_categorical_crossentropy\" and \"sparse_categorical_accuracy\"; "
            "for one "
            "number an example the last layer must have 1 unit)");
    refused(fitted(compiled(.loss = "categorical_crossentropy"), ok_x, zeros(LM_F32, 2, ROWS, 4, 0)),
            "epoch 1, step 1: loss: targets of shape (N, 4) do not fit predictions of shape (N, 3); the last layer "
            "must have "
            "as many units as a target has numbers");
    refused(fitted(compiled(.loss = SPARSE), ok_x, zeros(LM_U8, 1, 7, 0, 0)),
            "tensor 0 (x) has 8 rows, shape (8, 4), but tensor 1 (y) has 7, shape (7,): arrays of a dataset need the "
            "same "
            "first dimension");
    refused(fitted(compiled(.loss = SPARSE), ok_x, NULL),
            "epoch 1, step 1: the data have no targets; training and evaluation need (x, y)");
}

static void predict_and_evaluate(void **state)
{
    (void)state;
    lm_tensor *wide = zeros(LM_F32, 2, ROWS, 5, 0), *x = ok_x, *single = zeros(LM_F32, 1, 4, 0, 0);
    lm_model *m = net(), *unbuilt = lm_sequential(lm_dense(.units = 2));
    refused(lm_predict_array(m, wide), "the data have shape (8, 5), but the model takes (N, 4)");
    refused(lm_predict_array(m, single), "the data have shape (4,), but the model takes (N, 4); "
                                         "lm_tensor_reshape_to(x, 1, 4) makes it a batch of one");
    refused(lm_predict_array(unbuilt, x),
            "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
    refused(lm_predict_array(NULL, x), "model: NULL instead of a model");
    refused(lm_predict_array(m, NULL), "tensor 0 (x): NULL instead of a tensor");
    assert_int_equal(lm_failed(m), 0);          /* a const model records nothing */
    lm_evaluate_arrays(m, x, x);
    assert_string_equal(lm_error(m),
                        "the model is not compiled; call lm_compile(model, .optimizer = …, .loss = …) first");
    lm_free(wide), lm_free(x), lm_free(single), lm_free(m), lm_free(unbuilt);
}

static void on_batch(void **state)
{
    (void)state;
    lm_tensor *x = ok_x, *y = ok_y, *weight = zeros(LM_F32, 1, 7, 0, 0);
    lm_model *m = compiled(.loss = SPARSE);
    assert_int_equal(lm_train_on_batch(m, x, NULL, NULL).count, 0);
    assert_string_equal(lm_error(m), "y: NULL instead of a tensor");
    lm_clear(m);
    assert_int_equal(lm_test_on_batch(m, x, y, weight).count, 0);
    assert_string_equal(lm_error(m), "the arrays of a batch differ in length: 8 and 7");
    lm_clear(m);
    assert_int_equal(lm_train_on_batch(m, x, y, NULL).count, 1);
    lm_free(x), lm_free(y), lm_free(weight), lm_free(m);
}

/* The first error stays, and stops everything but lm_clear. */
static void first_error(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_tensor *x = ok_x, *y = ok_y;
    check_status(lm_compile(m, .loss = "msee"), LM_NOT_FOUND);
    check_status(lm_compile(m, .loss = SPARSE), LM_NOT_FOUND);
    assert_int_equal(lm_history_epochs(lm_fit_arrays(m, x, y, .verbose = 0)), 0);
    check_status(lm_build(m, 2, (int64_t[]){LM_ANY, 4}), LM_NOT_FOUND);
    assert_string_equal(lm_error(m), "unknown loss \"msee\" (did you mean \"mse\"?)");
    lm_clear(m);
    assert_int_equal(lm_failed(m), 0);
    check_ok(lm_compile(m, .loss = SPARSE));
    assert_int_equal(lm_history_epochs(lm_fit_arrays(m, x, y, .verbose = 0)), 1);
    assert_int_equal(lm_failed(m), 0);
    lm_free(x), lm_free(y), lm_free(m);
}

/* A layer that could not be made spoils the model for good; adding it later, only until lm_clear. */
static void poisoned_layers(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense());
    lm_clear(m);
    assert_int_equal(lm_failed(m), 1);
    lm_free(m);
    m = net();
    check_status(lm_sequential_add(m, lm_dense()), LM_INVALID);
    assert_string_equal(lm_error(m), "layer 1: Dense: units = 0, but it must be 1 or more (was it left out?)");
    check_status(lm_sequential_add(m, lm_dense(.units = 2)), LM_INVALID);
    lm_clear(m);
    check_ok(lm_sequential_add(m, lm_dense(.units = 2)));
    assert_int_equal(lm_model_layers(m), 2);
    lm_free(m);
    check_status(lm_sequential_add(NULL, lm_dense(.units = 2)), LM_INVALID);
}

RUN(cmocka_unit_test(compile), cmocka_unit_test(compile_parts), cmocka_unit_test(shared_optimizer),
    cmocka_unit_test(fit_arguments), cmocka_unit_test(arguments_without_size),
    cmocka_unit_test(fit_inputs), cmocka_unit_test(fit_targets),
    cmocka_unit_test(predict_and_evaluate), cmocka_unit_test(on_batch), cmocka_unit_test(first_error),
    cmocka_unit_test(poisoned_layers))
