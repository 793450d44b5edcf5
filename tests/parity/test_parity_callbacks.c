/* tests/parity/test_parity_callbacks.c: callbacks do what Keras's do when they are told the same results. */
#include "support/parity.h"

#include "support/check.h"
#include "train/fit.h"
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CASES = 32 };

/* The schedule of gen/callbacks.py. */
static double schedule(void *user, int epoch, double rate)
{
    (void)user;
    return epoch < 3 ? rate : rate * 0.7;
}

static lm_model *small_model(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 2, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.1), .loss = "sparse_categorical_crossentropy",
               .metrics = {"accuracy"});
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){2, 2}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){2});
    lm_test_on_batch(m, x, y, NULL);    /* which decides what "accuracy" is */
    lm_free(x), lm_free(y);
    return m;
}

/* Files that would be saved: their names, one a line. */
static char saved[2048];
static lm_status note(const lm_model *model, const char *path)
{
    (void)model;
    size_t n = strlen(saved);
    snprintf(saved + n, sizeof saved - n, "%s\n", path);
    return LM_OK;
}

static lm_callback *make(parity_case *c, const char *csv)
{
    if (!strcmp(c->class_name, "LearningRateScheduler"))
        return lm_callback_learning_rate_scheduler(.schedule = schedule);
    const char *separator = json_string_value(json_object_get(c->config, "separator"));
    if (!strcmp(c->class_name, "CSVLogger"))
        return lm_callback_csv_logger(.filename = csv, .separator = separator ? separator : ",");
    return parity_object(c, lm__callback_classes, "callback");
}

static void set_weights(const lm_model *m, double value)
{
    for (int i = 0; i < lm_weights(m); i++) {
        lm_tensor *t = lm_variable_value(lm_weight(m, i));
        for (size_t k = 0; k < lm_tensor_size(t); k++) ((float *)lm_tensor_data(t))[k] = (float)value;
    }
}

static lm_logs results(const json_t *json)
{
    lm_logs logs = {0};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)json, name, value) lm__logs_add(&logs, "", name, json_number_value(value));
    return logs;
}

static lm_status tell(lm__fit *f, lm__hook hook, lm_logs *logs)
{
    f->moment.logs = logs;
    return lm__callbacks_call(&f->callbacks, hook, false, &f->moment);
}

/* Plays the sequence; returns the epochs it lasted. */
static size_t play(parity_case *c, lm__fit *f, const json_t *sequence, const json_t *rates)
{
    size_t epoch = 0;
    check_ok(tell(f, LM__TRAIN_BEGIN, NULL));
    for (; epoch < json_array_size(sequence) && !f->model->enough; epoch++) {
        lm_logs logs = results(json_array_get(sequence, epoch));
        f->moment.epoch = (int)epoch;
        set_weights(f->model, (double)epoch);
        check_ok(tell(f, LM__EPOCH_BEGIN, NULL));
        check_ok(tell(f, LM__EPOCH_END, &logs));
        parity_number(c, "rate", lm_learning_rate(f->model), json_number_value(json_array_get(rates, epoch)));
    }
    check_ok(tell(f, LM__TRAIN_END, NULL));
    return epoch;
}

static void compare_files(parity_case *c, const json_t *expected, const char *csv)
{
    char wanted[2048] = "", text[4096] = "";
    size_t i;
    json_t *path;
    json_array_foreach(json_object_get(expected, "saved"), i, path)
    {
        strcat(wanted, json_string_value(path));
        strcat(wanted, "\n");
    }
    if (strcmp(saved, wanted)) parity_problem(c, "saved\n%s instead of\n%s", saved, wanted);
    const char *table = json_string_value(json_object_get(expected, "text"));
    if (!table) return;
    FILE *file = fopen(csv, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    if (strcmp(text, table)) parity_problem(c, "wrote\n%s instead of\n%s", text, table);
}

static void test_callback(parity_case *c)
{
    char csv[64];
    const json_t *expected = json_object_get(c->json, "expected");
    snprintf(csv, sizeof csv, "/tmp/lamina-parity-%ld.csv", (long)getpid());
    saved[0] = 0;
    lm_model *m = small_model();
    lm_callback *callback = make(c, csv);
    if (lm_failed(callback)) {
        parity_problem(c, "%s", lm_error(callback));
        return;
    }
    lm_fit_args args = lm_fit_defaults();
    args.callbacks[0] = callback;
    lm__checkpoint_format format = {.save = note};
    lm__fit f = {.moment = {.model = m, .epochs = 20, .steps = 1}, .model = m, .args = &args, .format = &format};
    check_ok(lm__callbacks_of(args.callbacks, &f.callbacks));
    size_t epochs = play(c, &f, json_object_get(c->json, "logs"), json_object_get(expected, "rates"));
    parity_number(c, "epochs", (double)epochs, json_number_value(json_object_get(expected, "epochs")));
    parity_number(c, "weights", lm_tensor_get(lm_variable_value(lm_weight(m, 0)), 0),
                  json_number_value(json_object_get(expected, "weights")));
    parity_number(c, "stopped_epoch", lm_callback_stopped_epoch(callback),
                  json_number_value(json_object_get(expected, "stopped_epoch")));
    parity_number(c, "best_epoch", lm_callback_best_epoch(callback),
                  json_number_value(json_object_get(expected, "best_epoch")));
    compare_files(c, expected, csv);
    remove(csv);
    lm_free(callback), lm_free(m);
}

static void callbacks(void **state)
{
    (void)state;
    parity_run("callback", CASES, test_callback, NULL, NULL);
}

RUN(cmocka_unit_test(callbacks))
