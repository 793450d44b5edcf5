/* tests/train/test_callbacks.c: the order and contents of what callbacks are told, what they may call, and what
 * becomes of one that fails. */
#include "support/check.h"

#include "support/oom.h"
#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { ROWS = 10, BATCH = 4 };          /* 3 batches, the last of 2 */

static lm_model *net(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 4, .activation = "relu"),
                                lm_dense(.units = 2, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.1), .loss = "sparse_categorical_crossentropy",
               .metrics = {"accuracy"});
    return m;
}

static lm_dataset *numbers(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 3}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){ROWS});
    for (size_t i = 0; x && i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)(i * 7 % 5) - 2;
    for (size_t i = 0; y && i < lm_tensor_size(y); i++) ((uint8_t *)lm_tensor_data(y))[i] = (uint8_t)(i % 2);
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return data;
}

/* --- order ---------------------------------------------------------------------------------------------------- */

typedef struct diary {
    char text[4096];
    int size, released;
    lm_status answer;                   /* of on_epoch_end */
} diary;

static lm_status note(diary *d, const char *what, const lm_moment *m)
{
    d->size += snprintf(d->text + d->size, sizeof d->text - (size_t)d->size, "%s %d/%d %lld/%lld %lld %s;", what,
                        m->epoch, m->epochs, (long long)m->step, (long long)m->steps, (long long)m->steps_made,
                        !m->logs                             ? "-"
                        : !isnan(lm_get(*m->logs, "val_loss")) ? "val"
                        : !isnan(lm_get(*m->logs, "loss"))     ? "loss"
                                                               : "?");
    return LM_OK;
}
static lm_status train_begin(void *user, const lm_moment *m) { return note(user, "T", m); }
static lm_status train_end(void *user, const lm_moment *m) { return note(user, "t", m); }
static lm_status epoch_begin(void *user, const lm_moment *m) { return note(user, "E", m); }
static lm_status epoch_end(void *user, const lm_moment *m)
{
    note(user, "e", m);
    return ((diary *)user)->answer;
}
static lm_status batch_begin(void *user, const lm_moment *m) { return note(user, "B", m); }
static lm_status batch_end(void *user, const lm_moment *m) { return note(user, "b", m); }
static lm_status test_begin(void *user, const lm_moment *m) { return note(user, "V", m); }
static lm_status test_end(void *user, const lm_moment *m) { return note(user, "v", m); }
static void release(void *user) { ((diary *)user)->released++; }

static lm_callback *writer(diary *d)
{
    return lm_callback_lambda(.on_train_begin = train_begin, .on_train_end = train_end, .on_epoch_begin = epoch_begin,
                              .on_epoch_end = epoch_end, .on_train_batch_begin = batch_begin,
                              .on_train_batch_end = batch_end, .on_test_begin = test_begin, .on_test_end = test_end,
                              .user = d, .release = release);
}

static void order(void **state)
{
    (void)state;
    diary d = {.size = 0};
    lm_model *m = net();
    lm_dataset *data = numbers();
    lm_fit(m, data, .epochs = 2, .batch_size = BATCH, .verbose = 0, .validation_data = data,
           .callbacks = {writer(&d)});
    assert_string_equal(lm_error(m), "");
    assert_string_equal(d.text, "T 0/2 0/3 0 -;"
                                "E 0/2 0/3 0 -;B 0/2 0/3 0 -;b 0/2 1/3 1 loss;B 0/2 1/3 1 -;b 0/2 2/3 2 loss;"
                                "B 0/2 2/3 2 -;b 0/2 3/3 3 loss;V 0/2 3/3 3 -;v 0/2 3/3 3 loss;e 0/2 3/3 3 val;"
                                "E 1/2 0/3 3 -;B 1/2 0/3 3 -;b 1/2 1/3 4 loss;B 1/2 1/3 4 -;b 1/2 2/3 5 loss;"
                                "B 1/2 2/3 5 -;b 1/2 3/3 6 loss;V 1/2 3/3 6 -;v 1/2 3/3 6 loss;e 1/2 3/3 6 val;"
                                "t 1/2 3/3 6 val;");
    assert_int_equal(d.released, 1);
    lm_free(m), lm_free(data);
}

/* --- failures ------------------------------------------------------------------------------------------------- */

static void failures(void **state)
{
    (void)state;
    diary d = {.answer = LM_IO}, late = {.size = 0};
    lm_model *m = net();
    lm_dataset *data = numbers();
    lm_fit(m, data, .epochs = 2, .verbose = 0, .callbacks = {writer(&d), writer(&late)});
    assert_int_equal(lm_status_of(m), LM_IO);
    assert_string_equal(lm_error(m), "callback LambdaCallback: its on_epoch_end returned \"input or output failed\" "
                                     "in epoch 1");
    assert_int_equal(d.released + late.released, 2);
    assert_null(strstr(late.text, "e "));
    /* A model that carries an error, and arguments that are refused: the references are taken over too. */
    lm_fit(m, data, .verbose = 0, .callbacks = {writer(&d)});
    lm_clear(m);
    lm_fit(m, data, .epochs = -1, .verbose = 0, .callbacks = {writer(&d)});
    lm_clear(m);
    lm_fit(NULL, data, .verbose = 0, .callbacks = {writer(&d)});
    assert_int_equal(d.released, 4);
    /* The same object twice, an object that is none, one that failed. */
    lm_callback *twice = writer(&d);
    lm_fit(m, data, .verbose = 0, .callbacks = {twice, lm_retain(twice)});
    assert_string_equal(lm_error(m), "callbacks[1] is the same object as callbacks[0]");
    assert_int_equal(d.released, 5);
    lm_clear(m);
    lm_fit(m, data, .verbose = 0, .callbacks = {(lm_callback *)lm_flatten()});
    check_contains(lm_error(m), "callbacks[0]: callback: a layer came where a callback was expected");
    lm_clear(m);
    lm_fit(m, data, .verbose = 0, .callbacks = {lm_callback_lambda(.name = "a/b", .user = &d, .release = release)});
    check_contains(lm_error(m), "name \"a/b\" contains '/'");
    assert_int_equal(d.released, 6);
    lm_free(m), lm_free(data);
}

/* --- what a callback may call --------------------------------------------------------------------------------- */

typedef struct caller {
    lm_dataset *data;
    char path[64];
    lm_logs evaluated;
    lm_status fitted, added;
    char said[256];
    double rate;
} caller;

static lm_status call_things(void *user, const lm_moment *m)
{
    caller *c = user;
    if (m->steps_made != 2) return LM_OK;
    c->evaluated = lm_evaluate(m->model, c->data, .verbose = 0);
    lm_tensor *y = lm_predict(m->model, c->data);
    assert_int_equal(lm_failed(y), 0);
    lm_free(y);
    check_ok(lm_save(m->model, c->path));
    c->rate = lm_learning_rate(m->model);
    check_ok(lm_set_learning_rate(m->model, 0.0625));
    lm_fit(m->model, c->data);
    c->fitted = lm_last_status();
    strcpy(c->said, lm_last_error());
    c->added = lm_sequential_add(m->model, lm_flatten());
    return LM_OK;
}

static void calls_within(void **state)
{
    (void)state;
    caller c = {.data = numbers()};
    snprintf(c.path, sizeof c.path, "/tmp/lamina-callbacks-%ld.keras", (long)getpid());
    lm_set_seed(1);
    lm_model *m = net(), *plain = net();
    lm_set_seed(0);
    const lm_history *h = lm_fit(m, c.data, .epochs = 1, .batch_size = BATCH, .verbose = 0,
                                 .callbacks = {lm_callback_lambda(.on_train_batch_begin = call_things, .user = &c)});
    assert_string_equal(lm_error(m), "");
    assert_false(isnan(lm_get(c.evaluated, "accuracy")));
    assert_int_equal(c.fitted, LM_BUSY);
    assert_int_equal(c.added, LM_BUSY);
    assert_string_equal(c.said, "a callback of lm_fit may not fit, compile, build or change the layers of the model "
                                "that is being fitted");
    assert_true(fabs(c.rate - 0.1) < 1e-8);
    assert_true(lm_learning_rate(m) == 0.0625);
    /* The sums of training went on as if nobody had evaluated: the loss is measured before the rate matters. */
    const lm_history *other = lm_fit(plain, c.data, .epochs = 1, .batch_size = BATCH, .verbose = 0);
    assert_true(lm_history_get(h, "loss", 0) == lm_history_get(other, "loss", 0));
    lm_model *loaded = lm_load(c.path);
    assert_int_equal(lm_failed(loaded), 0);
    remove(c.path);
    lm_free(loaded), lm_free(m), lm_free(plain), lm_free(c.data);
}

/* --- stops, rates, validation --------------------------------------------------------------------------------- */

static lm_status stop_at_two(void *user, const lm_moment *m)
{
    (void)user;
    if (m->steps_made == 2) lm_request_stop(m->model);
    return LM_OK;
}

static void stops(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_dataset *data = numbers();
    const lm_history *h = lm_fit(m, data, .epochs = 5, .batch_size = BATCH, .verbose = 0,
                                 .callbacks = {lm_callback_lambda(.on_train_batch_end = stop_at_two)});
    assert_int_equal(lm_stopped(m), 1);
    assert_int_equal(lm_history_steps(h, 0), 2);
    /* A stop before fit is not lost: that fit makes no step, and the next one is itself again. */
    lm_request_stop(m);
    h = lm_fit(m, data, .verbose = 0);
    assert_int_equal(lm_history_epochs(h), 0);
    assert_int_equal(lm_stopped(m), 1);
    h = lm_fit(m, data, .verbose = 0);
    assert_int_equal(lm_history_epochs(h), 1);
    assert_int_equal(lm_stopped(m), 0);
    lm_free(m), lm_free(data);
}

static void learning_rates(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_dense(.units = 1));
    assert_true(isnan(lm_learning_rate(m)));
    check_status(lm_set_learning_rate(m, 0.5), LM_INVALID);
    lm_clear(m);
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.25), .loss = "mse");
    assert_true(lm_learning_rate(m) == 0.25);
    check_ok(lm_set_learning_rate(m, 0.5));     /* before there are weights */
    check_ok(lm_build(m, 2, (int64_t[]){LM_ANY, 3}));
    assert_true(lm_learning_rate(m) == 0.5);
    check_status(lm_set_learning_rate(m, NAN), LM_INVALID);
    assert_string_equal(lm_error(m), "learning rate nan; it must be a finite number of 0 or more");
    assert_true(isnan(lm_learning_rate(NULL)));
    lm_free(m);
}

static void validation(void **state)
{
    (void)state;
    diary d = {.size = 0};
    lm_model *m = net();
    lm_dataset *data = numbers();
    const lm_history *h = lm_fit(m, data, .epochs = 5, .verbose = 0, .validation_data = data, .validation_freq = 2,
                                 .validation_batch_size = 2, .validation_steps = 2,
                                 .callbacks = {lm_callback_lambda(.on_test_end = test_end, .user = &d)});
    for (int i = 0; i < 5; i++) assert_int_equal(isnan(lm_history_get(h, "val_loss", i)), i % 2 == 0);
    lm_dataset *four = lm_data_take(lm_retain(data), 4);    /* 2 steps of 2 */
    lm_logs logs = lm_evaluate(m, four, .verbose = 0);
    h = lm_fit(m, data, .verbose = 0, .validation_data = data, .validation_batch_size = 2, .validation_steps = 2);
    lm_logs after = lm_evaluate(m, four, .verbose = 0);
    assert_true(fabs(lm_history_get(h, "val_loss", 0) - lm_get(after, "loss")) < 1e-6);
    assert_true(lm_get(logs, "loss") != lm_get(after, "loss"));
    lm_fit(m, data, .validation_data = data, .validation_freq = -1);
    assert_string_equal(lm_error(m), "validation_freq = -1, but it must be 0 or 1 (every epoch), or more");
    lm_free(four), lm_free(m), lm_free(data);
}

/* What a model was tested on before it is trained is no part of its first epoch. */
static void tested_before(void **state)
{
    (void)state;
    double loss[2], accuracy[2];
    lm_dataset *data = numbers();
    for (int i = 0; i < 2; i++) {
        lm_set_seed(1);
        lm_model *m = net();
        if (i) lm_evaluate(m, data, .verbose = 0);
        const lm_history *h = lm_fit(m, data, .batch_size = BATCH, .verbose = 0,
                                     .class_weight = (double[]){1, 5}, .classes = 2);
        assert_string_equal(lm_error(m), "");
        loss[i] = lm_history_get(h, "loss", 0), accuracy[i] = lm_history_get(h, "accuracy", 0);
        lm_free(m);
    }
    lm_set_seed(0);
    assert_true(loss[0] == loss[1]);
    assert_true(accuracy[0] == accuracy[1]);
    lm_free(data);
}

/* --- memory --------------------------------------------------------------------------------------------------- */

static lm_status short_fit(void *user)
{
    lm_dataset *data = numbers();
    lm_model *m = net();
    diary d = {.size = 0};
    (void)user;
    lm_fit(m, data, .batch_size = BATCH, .verbose = 0, .callbacks = {writer(&d)},
           .class_weight = (double[]){1, 2}, .classes = 2);
    lm_status status = lm_failed(data) ? lm_status_of(data) : lm_status_of(m);
    assert_int_equal(d.released, 1);
    lm_free(m), lm_free(data);
    return status;
}

static void memory_runs_out(void **state)
{
    (void)state;
    oom_some(short_fit, NULL, 60);
}

RUN(cmocka_unit_test(order), cmocka_unit_test(failures), cmocka_unit_test(calls_within), cmocka_unit_test(stops),
    cmocka_unit_test(learning_rates), cmocka_unit_test(validation), cmocka_unit_test(tested_before),
    cmocka_unit_test(memory_runs_out))
