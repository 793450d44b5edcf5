/* tests/train/test_fit_args.c: what fit's arguments do to the numbers: class_weight, steps, losses that explode. */
#include "support/check.h"

#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>

enum { ROWS = 21, BATCH = 4, CLASSES = 3 };

static const double factors[] = {0.5, 2, 1.25};

static lm_tensor *inputs(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 4});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)(i * 7 % 11) / 5 - 1;
    return x;
}

static int label(size_t i) { return (int)(i * i % CLASSES); }

static lm_tensor *labels(bool column)
{
    lm_tensor *y = lm_tensor_new(LM_I32, column ? 2 : 1, (int64_t[]){ROWS, 1});
    for (size_t i = 0; i < ROWS; i++) ((int32_t *)lm_tensor_data(y))[i] = label(i);
    return y;
}

static lm_tensor *one_hot(void)
{
    lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, CLASSES});
    for (size_t i = 0; i < ROWS; i++) ((float *)lm_tensor_data(y))[i * CLASSES + (size_t)label(i)] = 1;
    return y;
}

static lm_tensor *weights(double each, bool by_class)
{
    lm_tensor *w = lm_tensor_new(LM_F32, 1, (int64_t[]){ROWS});
    for (size_t i = 0; i < ROWS; i++) {
        double own = each ? each * (double)(i % 3) : 1;
        ((float *)lm_tensor_data(w))[i] = (float)(own * (by_class ? factors[label(i)] : 1));
    }
    return w;
}

static lm_model *net(const char *loss)
{
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense(.units = CLASSES, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.5), .loss = loss);
    return m;
}

/* The loss over two epochs, trained on y with these weights; NULL: none. */
static double trained(const char *loss, lm_tensor *y, lm_tensor *w, const double *class_weight)
{
    lm_tensor *x = inputs(), *all[3] = {x, y, w};
    lm_dataset *data = lm_data_from_tensors(w ? 3 : 2, all);
    lm_model *m = net(loss);
    const lm_history *h = lm_fit(m, data, .epochs = 2, .batch_size = BATCH, .verbose = 0,
                                 .class_weight = class_weight, .classes = class_weight ? CLASSES : 0);
    assert_string_equal(lm_error(m), "");
    double result = lm_history_get(h, "loss", -1);
    lm_free(m), lm_free(data), lm_free(x), lm_free(y), lm_free(w);
    return result;
}

/* The same as sample weights of those numbers, for every form of labels, and their product where both are given. */
static void class_weights(void **state)
{
    (void)state;
    const char *sparse = "sparse_categorical_crossentropy", *dense = "categorical_crossentropy";
    double want = trained(sparse, labels(false), weights(0, true), NULL);
    assert_true(want != trained(sparse, labels(false), NULL, NULL));
    assert_true(trained(sparse, labels(false), NULL, factors) == want);
    assert_true(trained(sparse, labels(true), NULL, factors) == want);
    assert_true(fabs(trained(dense, one_hot(), NULL, factors) - want) < 1e-6);
    double both = trained(sparse, labels(false), weights(0.5, true), NULL);
    assert_true(both != want);
    assert_true(trained(sparse, labels(false), weights(0.5, false), factors) == both);
}

static void wrong_class_weights(void **state)
{
    (void)state;
    lm_tensor *x = inputs(), *y = labels(false);
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_model *m = net("sparse_categorical_crossentropy");
    lm_fit(m, data, .class_weight = factors);
    assert_string_equal(lm_error(m), "class_weight needs both the factors and .classes, how many there are (0 came)");
    lm_clear(m);
    lm_fit(m, data, .class_weight = (double[]){1, -2}, .classes = 2);
    assert_string_equal(lm_error(m), "class_weight[1] = -2, but it must be a finite number of 0 or more");
    lm_clear(m);
    lm_fit(m, data, .class_weight = factors, .classes = 1, .shuffle = false, .verbose = 0);
    assert_string_equal(lm_error(m), "epoch 1, step 1: y has class 1 at [1] of the batch, but class_weight has "
                                     "factors for the classes 0 … 0");
    lm_free(m), lm_free(data), lm_free(x), lm_free(y);
}

/* --- what is said --------------------------------------------------------------------------------------------- */

static char shown[4096];
static void show(void *user, const char *text, size_t bytes)
{
    (void)user;
    size_t n = strlen(shown);
    if (n + bytes < sizeof shown) memcpy(shown + n, text, bytes), shown[n + bytes] = 0;
}

static void data_run_out(void **state)
{
    (void)state;
    lm_tensor *x = inputs(), *y = labels(false);
    lm_model *m = net("sparse_categorical_crossentropy");
    shown[0] = 0;
    lm_set_sink(show, NULL, false);
    const lm_history *h = lm_fit_arrays(m, x, y, .batch_size = BATCH, .steps_per_epoch = 100, .verbose = 2);
    lm_set_sink(NULL, NULL, false);
    assert_int_equal(lm_history_steps(h, 0), 6);
    check_contains(shown, "fit: steps_per_epoch = 100, but the data end after 6 batches, and so does each epoch\n");
    lm_free(m), lm_free(x), lm_free(y);
}

static lm_model *exploding(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 8), lm_dense(.units = 1));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 1e6), .loss = "mse");
    return m;
}

static void explosions(void **state)
{
    (void)state;
    lm_tensor *x = inputs(), *y = labels(true);
    lm_model *m = exploding();
    lm_fit_arrays(m, x, y, .epochs = 50, .verbose = 0);
    assert_int_equal(lm_status_of(m), LM_NOT_FINITE);
    check_contains(lm_error(m), "the data are finite, so training exploded: try a smaller learning rate than 1e+06, "
                                "or .clipnorm = 1 in the optimizer");
    lm_free(m);
    /* The data's own fault is not blamed on the rate. */
    m = net("sparse_categorical_crossentropy");
    lm_tensor *bad = labels(false);
    ((int32_t *)lm_tensor_data(bad))[5] = 7;
    lm_fit_arrays(m, x, bad, .verbose = 0, .shuffle = false);
    check_contains(lm_error(m), "y has class 7 at [5] of the batch, but the model has classes 0 … 2");
    assert_null(strstr(lm_error(m), "exploded"));
    lm_free(m), lm_free(bad), lm_free(x), lm_free(y);
}

/* TerminateOnNaN: the fit ends, is no failure, and says why. */
static void terminates(void **state)
{
    (void)state;
    lm_tensor *x = inputs(), *y = labels(true);
    lm_model *m = exploding();
    shown[0] = 0;
    lm_set_sink(show, NULL, false);
    const lm_history *h = lm_fit_arrays(m, x, y, .epochs = 50, .verbose = 0,
                                        .callbacks = {lm_callback_terminate_on_nan()});
    lm_set_sink(NULL, NULL, false);
    assert_string_equal(lm_error(m), "");
    check_contains(shown, "Batch ");
    check_contains(shown, "Invalid loss, terminating training");
    assert_true(lm_history_epochs(h) < 50);
    assert_int_equal(lm_stopped(m), 0);
    for (int i = 0; i < lm_weights(m); i++)
        for (size_t k = 0; k < lm_tensor_size(lm_weight(m, i)->value); k++)
            assert_true(isfinite(lm_tensor_get(lm_weight(m, i)->value, k)));
    lm_fit_arrays(m, x, y, .epochs = 50, .verbose = 0,
                  .callbacks = {lm_callback_terminate_on_nan(.raise_error = true)});
    assert_int_equal(lm_status_of(m), LM_NOT_FINITE);
    lm_free(m), lm_free(x), lm_free(y);
}

RUN(cmocka_unit_test(class_weights), cmocka_unit_test(wrong_class_weights), cmocka_unit_test(data_run_out),
    cmocka_unit_test(explosions), cmocka_unit_test(terminates))
