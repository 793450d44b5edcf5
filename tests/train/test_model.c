/* tests/train/test_model.c: one user at a time, stopping, a loss that is not finite, weights, history. */
#include "support/check.h"

#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>
#include <pthread.h>

#define SPARSE "sparse_categorical_crossentropy"

static lm_model *net(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 6, .activation = "relu"),
                                lm_batch_normalization(), lm_dropout(.rate = 0.25),
                                lm_dense(.units = 3, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = SPARSE, .metrics = {"accuracy"});
    assert_string_equal(lm_error(m), "");
    return m;
}

static lm_tensor *inputs(int64_t n)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){n, 4});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)sin((double)i);
    return x;
}

static lm_tensor *labels(int64_t n)
{
    lm_tensor *y = lm_tensor_new(LM_U8, 1, &n);
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((uint8_t *)lm_tensor_data(y))[i] = (uint8_t)(i % 3);
    return y;
}

/* --- all that a step changes, as bytes -------------------------------------------------------------------------- */

typedef struct state_bytes {
    uint8_t data[4096];
    size_t size;
} state_bytes;

static void keep(state_bytes *b, const lm_variable *v)
{
    size_t n = lm_tensor_bytes(v->value);
    assert_true(b->size + n <= sizeof b->data);
    memcpy(b->data + b->size, v->value->data, n);
    b->size += n;
}

static state_bytes state_of(const lm_model *m)
{
    lm_variable *v[32];
    state_bytes b = {.size = 0};
    int n = lm__optimizer_variables(m->optimizer, NULL);
    assert_in_range(n, 2, 32);
    lm__optimizer_variables(m->optimizer, v);
    for (int i = 0; i < n; i++) keep(&b, v[i]);
    for (int i = 0; i < lm_weights(m); i++) keep(&b, lm_weight(m, i));
    keep(&b, m->random);
    return b;
}

static void check_same_state(const lm_model *a, const lm_model *b)
{
    state_bytes x = state_of(a), y = state_of(b);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
}

/* --- a loss that is not finite ---------------------------------------------------------------------------------- */

/* A fit that fails in its second step leaves what one step made. */
static void check_second_step(lm_tensor *x, lm_tensor *y, const char *message)
{
    lm_model *m = net(), *one = net();
    lm_tensor *first_x = inputs(4), *first_y = labels(4);
    const lm_history *history = lm_fit_arrays(m, x, y, .batch_size = 4, .shuffle = false, .verbose = 0);
    assert_int_equal(lm_status_of(m), LM_NOT_FINITE);
    assert_string_equal(lm_error(m), message);
    assert_int_equal(lm_history_epochs(history), 0);
    assert_int_equal(lm_train_on_batch(one, first_x, first_y, NULL).count, 2);
    check_same_state(m, one);
    lm_clear(m);                        /* and goes on from there */
    assert_int_equal(lm_train_on_batch(m, first_x, first_y, NULL).count, 2);
    assert_int_equal(lm_train_on_batch(one, first_x, first_y, NULL).count, 2);
    check_same_state(m, one);
    lm_free(first_x), lm_free(first_y), lm_free(x), lm_free(y), lm_free(m), lm_free(one);
}

static void label_out_of_range(void **state)
{
    (void)state;
    lm_tensor *y = labels(12);
    ((uint8_t *)lm_tensor_data(y))[5] = 3;
    check_second_step(inputs(12), y,
                      "epoch 1, step 2: the loss is not finite because y has class 3 at [1] of the batch, but "
                      "the model has classes 0 … 2");
    lm_tensor *bytes = labels(12);
    y = lm_tensor_cast(bytes, LM_I32);
    lm_free(bytes);
    ((int32_t *)lm_tensor_data(y))[7] = -1;
    check_second_step(inputs(12), y,
                      "epoch 1, step 2: the loss is not finite because y has class -1 at [3] of the batch, "
                      "but the model has classes 0 … 2");
}

static void infinite_input(void **state)
{
    (void)state;
    lm_tensor *x = inputs(12);
    ((float *)lm_tensor_data(x))[25] = -INFINITY;
    check_second_step(x, labels(12),
                      "epoch 1, step 2: the loss is not finite because x has -infinity at [2, 1] of the batch");
}

static lm_model *linear(float weight)
{
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 1, .use_bias = false, .name = "first"),
                                lm_dense(.units = 1, .name = "second"));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mse");
    for (int i = 0; i < 4; i++) ((float *)lm_tensor_data(lm_variable_value(lm_weight(m, 0))))[i] = weight;
    ((float *)lm_tensor_data(lm_variable_value(lm_weight(m, 1))))[0] = 1e20f;
    return m;
}

static void check_linear(float weight, const char *message)
{
    lm_model *m = linear(weight), *before = linear(weight);
    lm_tensor *x = inputs(4), *y = lm_tensor_new(LM_F32, 1, (int64_t[]){4});
    assert_int_equal(lm_train_on_batch(m, x, y, NULL).count, 0);
    assert_int_equal(lm_status_of(m), LM_NOT_FINITE);
    assert_string_equal(lm_error(m), message);
    check_same_state(m, before);
    lm_clear(m);
    assert_int_equal(lm_test_on_batch(m, x, y, NULL).count, 0);         /* evaluation tells the same */
    assert_string_equal(lm_error(m), message);
    lm_free(x), lm_free(y), lm_free(m), lm_free(before);
}

static void overflow(void **state)
{
    (void)state;
    check_linear(1e30f, "layer 'second', op matmul: output has infinity at [0, 0], though its inputs are finite");
    check_linear(NAN, "the loss is not finite because weight first/kernel has NaN at [0, 0]");
}

/* --- one user at a time ----------------------------------------------------------------------------------------- */

typedef struct meddler {
    lm_model *model;
    int64_t at;                         /* the element at which it happens */
    bool stop, second_thread;
    int elements;
} meddler;

static void *other_thread(void *user)
{
    meddler *u = user;
    lm_tensor *x = inputs(4), *y = labels(4);
    check_status(lm_compile(u->model, .optimizer = lm_adam(), .loss = SPARSE), LM_BUSY);
    assert_string_equal(lm_last_error(), "the model is being used by another thread; wait for its call to return");
    check_status(lm_sequential_add(u->model, lm_flatten()), LM_BUSY);
    check_status(lm_build(u->model, 2, (int64_t[]){LM_ANY, 4}), LM_BUSY);
    check_status(lm_summary(u->model), LM_BUSY);
    assert_int_equal(lm_train_on_batch(u->model, x, y, NULL).count, 0);
    assert_int_equal(lm_evaluate_arrays(u->model, x, y).count, 0);
    lm_fit_arrays(u->model, x, y);
    assert_int_equal(lm_last_status(), LM_BUSY);
    lm_tensor *p = lm_predict_array(u->model, x);       /* const: at any time */
    assert_string_equal(lm_error(p), "");
    lm_free(x), lm_free(y), lm_free(p);
    return NULL;
}

static lm_status make_element(void *user, int64_t index, lm_tensor *const *out)
{
    meddler *u = user;
    pthread_t thread;
    u->elements++;
    for (int i = 0; i < 4; i++) ((float *)lm_tensor_data(out[0]))[i] = (float)sin((double)(index * 4 + i));
    *(uint8_t *)lm_tensor_data(out[1]) = (uint8_t)(index % 3);
    if (index != u->at) return LM_OK;
    if (u->stop) lm_request_stop(u->model);
    if (!u->second_thread) return LM_OK;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, u), 0);
    pthread_join(thread, NULL);
    return LM_OK;
}

static lm_dataset *meddling(meddler *u, int64_t count)
{
    lm_tensor *like[] = {lm_tensor_new(LM_F32, 1, (int64_t[]){4}), lm_tensor_new(LM_U8, 0, NULL)};
    lm_dataset *data = lm_data_from_function(count, 2, like, make_element, u, NULL);
    lm_free(like[0]), lm_free(like[1]);
    return data;
}

static void busy(void **state)
{
    (void)state;
    meddler u = {.model = net(), .at = 7, .second_thread = true};
    lm_dataset *data = meddling(&u, 12);
    const lm_history *history = lm_fit(u.model, data, .batch_size = 4, .shuffle = false, .verbose = 0);
    assert_string_equal(lm_error(u.model), "");         /* the other's failures are the other's */
    assert_int_equal(lm_history_steps(history, 0), 3);
    lm_free(data), lm_free(u.model);
}

/* --- stopping --------------------------------------------------------------------------------------------------- */

static void stop_in_the_middle(void **state)
{
    (void)state;
    meddler u = {.model = net(), .at = 5, .stop = true};
    lm_dataset *data = meddling(&u, 12);
    const lm_history *history =
        lm_fit(u.model, data, .epochs = 3, .batch_size = 4, .shuffle = false, .verbose = 0, .validation_data = data);
    assert_string_equal(lm_error(u.model), "");
    assert_int_equal(lm_stopped(u.model), 1);
    assert_int_equal(lm_history_epochs(history), 1);    /* the epoch as far as it came, without validation */
    assert_int_equal(lm_history_steps(history, 0), 2);
    assert_true(lm_history_get(history, "loss", 0) > 0);
    assert_true(isnan(lm_history_get(history, "val_loss", 0)));
    assert_in_range(u.elements, 8, 11);
    u.stop = false;
    history = lm_fit(u.model, data, .batch_size = 4, .verbose = 0);
    assert_int_equal(lm_stopped(u.model), 0);
    assert_int_equal(lm_history_steps(history, 0), 3);
    lm_free(data), lm_free(u.model);
}

static void stop_at_sight(void *user, const char *text, size_t bytes)
{
    (void)text, (void)bytes;
    lm_request_stop(user);
}

/* Asked before the first step: nothing is trained, and nothing is told of an epoch. */
static void stop_before_a_step(void **state)
{
    (void)state;
    lm_model *m = net(), *fresh = net();
    lm_tensor *x = inputs(12), *y = labels(12);
    lm_set_sink(stop_at_sight, m, false);
    const lm_history *history = lm_fit_arrays(m, x, y, .epochs = 2, .verbose = 2);
    lm_set_sink(NULL, NULL, false);
    assert_int_equal(lm_stopped(m), 1);
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lm_history_epochs(history), 0);
    check_same_state(m, fresh);
    lm_request_stop(NULL);
    lm_free(x), lm_free(y), lm_free(m), lm_free(fresh);
}

/* --- weights ---------------------------------------------------------------------------------------------------- */

static void weights(void **state)
{
    (void)state;
    lm_model *m = net();
    static const char *const names[] = {"dense/kernel", "dense/bias", "batch_normalization/gamma",
                                        "batch_normalization/beta", "batch_normalization/moving_mean",
                                        "batch_normalization/moving_variance", "dense_1/kernel", "dense_1/bias"};
    assert_int_equal(lm_weights(m), 8);
    for (int i = 0; i < 8; i++) assert_string_equal(lm_variable_name(lm_weight(m, i)), names[i]);
    assert_null(lm_weight(m, 8));
    assert_null(lm_weight(m, -1));
    assert_int_equal(lm_parameters(m, false), 4 * 6 + 6 + 4 * 6 + 6 * 3 + 3);
    assert_int_equal(lm_parameters(m, true), 4 * 6 + 6 + 2 * 6 + 6 * 3 + 3);
    lm_free(m);
}

/* New values are seen by plans that were made before (weights may be packed). */
static void set_weights(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {64}), lm_dense(.units = 64));
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){8, 64}), *w = lm_tensor_new(LM_F32, 2, (int64_t[]){64, 64});
    for (int i = 0; i < 8 * 64; i++) ((float *)lm_tensor_data(x))[i] = 1;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 64 * 64; i++) ((float *)lm_tensor_data(w))[i] = (float)round;
        check_ok(lm_variable_set(lm_weight(m, 0), w));
        lm_tensor *y = lm_predict_array(m, x);
        for (size_t i = 0; i < lm_tensor_size(y); i++) assert_true(lm_tensor_get(y, i) == 64 * round);
        lm_free(y);
    }
    lm_tensor *other = lm_tensor_new(LM_F32, 2, (int64_t[]){64, 32});
    check_status(lm_variable_set(lm_weight(m, 0), other), LM_INVALID);
    assert_string_equal(lm_last_error(),
                        "variable \"dense/kernel\" is float32 (64, 64), the new value float32 (64, 32)");
    lm_free(other), lm_free(x), lm_free(w), lm_free(m);
}

/* What trains is captured by compile: Keras's rule. */
static void frozen_layers(void **state)
{
    (void)state;
    lm_model *m =
        lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 6, .trainable = false), lm_dense(.units = 3));
    lm_compile(m, .optimizer = lm_sgd(), .loss_object = lm_loss_sparse_categorical_crossentropy(.from_logits = true));
    lm_tensor *x = inputs(8), *y = labels(8), *kernel[2];
    for (int i = 0; i < 2; i++) {
        const lm_tensor *t = lm_variable_value(lm_weight(m, 2 * i));
        kernel[i] = lm_tensor_copy_of(LM_F32, 2, lm_tensor_dims(t), lm_tensor_read(t));
    }
    assert_int_equal(lm_parameters(m, true), 6 * 3 + 3);
    lm_train_on_batch(m, x, y, NULL);
    assert_string_equal(lm_error(m), "");
    assert_memory_equal(lm_tensor_read(kernel[0]), lm_tensor_read(lm_variable_value(lm_weight(m, 0))), 4 * 24);
    assert_memory_not_equal(lm_tensor_read(kernel[1]), lm_tensor_read(lm_variable_value(lm_weight(m, 2))), 4 * 18);
    lm_free(kernel[0]), lm_free(kernel[1]), lm_free(x), lm_free(y), lm_free(m);
}

/* --- history ---------------------------------------------------------------------------------------------------- */

static void history(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_tensor *x = inputs(20), *y = labels(20);
    const lm_history *h =
        lm_fit_arrays(m, x, y, .epochs = 3, .batch_size = 6, .validation_split = 0.25, .verbose = 0);
    static const char *const names[] = {"accuracy", "loss", "val_accuracy", "val_loss"};
    assert_int_equal(lm_history_epochs(h), 3);
    assert_int_equal(lm_history_columns(h), 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(lm_history_name(h, i), names[i]);
        assert_true(lm_history_get(h, names[i], -1) == lm_history_get(h, names[i], 2));
        assert_true(isfinite(lm_history_get(h, names[i], 0)));
    }
    assert_string_equal(lm_history_name(h, 4), "");
    assert_string_equal(lm_history_name(h, -1), "");
    assert_true(isnan(lm_history_get(h, "lost", 0)));
    assert_true(isnan(lm_history_get(h, "loss", 3)));
    assert_true(isnan(lm_history_get(h, "loss", -4)));
    assert_int_equal(lm_history_steps(h, 0), 3);
    assert_true(lm_history_seconds(h, 0) > 0);
    lm_history *kept = lm_retain((void *)h);
    const lm_history *next =
        lm_fit_arrays(m, x, y, .initial_epoch = 1, .epochs = 2, .batch_size = 6, .steps_per_epoch = 2, .verbose = 0);
    assert_int_equal(lm_history_epochs(next), 1);
    assert_int_equal(lm_history_steps(next, 0), 2);
    assert_int_equal(lm_history_columns(next), 2);
    assert_int_equal(lm_history_epochs(kept), 3);
    lm_free(m);
    assert_int_equal(lm_history_epochs(kept), 3);       /* outlives its model */
    lm_free(kept), lm_free(x), lm_free(y);
    assert_null(lm_fit_arrays(NULL, NULL, NULL));
}

/* The first free number, whatever else has such a name; a thousand layers take no time. */
static void automatic_names(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 2, .name = "dense_1"),
                                lm_dense(.units = 2, .name = "dense_01"), lm_dense(.units = 2, .name = "densely"),
                                lm_dense(.units = 2, .name = "dense_99999999999999999999"), lm_dense(.units = 2),
                                lm_dense(.units = 2), lm_dense(.units = 2));
    assert_string_equal(lm_layer_name(lm_model_layer(m, 4)), "dense");
    assert_string_equal(lm_layer_name(lm_model_layer(m, 5)), "dense_2");
    assert_string_equal(lm_layer_name(lm_model_layer(m, 6)), "dense_3");
    for (int i = 0; i < 1000; i++) lm_sequential_add(m, lm_flatten());
    assert_string_equal(lm_layer_name(lm_model_layer(m, -1)), "flatten_999");
    assert_string_equal(lm_error(m), "");
    lm_free(m);
}

RUN(cmocka_unit_test(automatic_names), cmocka_unit_test(label_out_of_range), cmocka_unit_test(infinite_input),
    cmocka_unit_test(overflow),
    cmocka_unit_test(busy), cmocka_unit_test(stop_in_the_middle), cmocka_unit_test(stop_before_a_step),
    cmocka_unit_test(weights), cmocka_unit_test(set_weights), cmocka_unit_test(frozen_layers),
    cmocka_unit_test(history))
