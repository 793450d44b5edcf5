/* tests/parity/test_parity_models.c: every model case of real Keras: fit, evaluate, predict and train_on_batch; and
 * the same training once more batch by batch, for what the progress bar shows and because it must give the same
 * weights. */
#include "support/check.h"

#include "formats/keras.h"
#include "support/parity.h"
#include "tensor/tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 32 };

static const json_t *fit_argument(const parity_case *c, const char *key)
{
    return json_object_get(json_object_get(c->json, "fit"), key);
}

/* --- the model -------------------------------------------------------------------------------------------------- */

/* weighted_metrics are what Lamina does not have: it must say so, and the case is run without them. */
static json_t *compile_config(parity_case *c, lm_model *model)
{
    json_t *config = json_copy(json_object_get(c->json, "compile_config"));
    if (json_is_array(json_object_get(config, "weighted_metrics"))) {
        parity_refused(c, lm__keras_compile(model, config) != LM_OK, "weighted_metrics");
        json_object_set_new(config, "weighted_metrics", json_null());
    }
    return config;
}

static lm_status set_weights(parity_case *c, lm_model *model)
{
    for (int i = 0; i < lm_weights(model); i++) {
        lm_variable *w = lm_weight(model, i);
        lm_tensor *value = lm_tensor_cast(parity_array(c, "w%d", i), w->value->dtype);
        lm_status status = lm_variable_set(w, value);
        lm_free(value);
        LM_TRY(status);
    }
    return LM_OK;
}

/* The case's model, compiled, with its first weights; NULL after a problem. */
static lm_model *make(parity_case *c)
{
    json_t *json = json_loads(parity_text(c, "model_json"), 0, NULL);
    lm_model *model = lm__keras_model(json);
    json_decref(json);
    json_t *compile = compile_config(c, model);
    lm_status status = lm_failed(model) ? lm_status_of(model) : lm__keras_compile(model, compile);
    json_decref(compile);
    if (!status) status = set_weights(c, model);
    if (!status) return model;
    parity_problem(c, "%s", lm_failed(model) ? lm_error(model) : lm_last_error());
    lm_free(model);
    return NULL;
}

/* --- data ------------------------------------------------------------------------------------------------------- */

/* class_weight is one way of giving sample weights: by the (whole) label. */
static lm_tensor *class_weights(parity_case *c, const lm_tensor *y)
{
    const json_t *classes = fit_argument(c, "class_weight");
    if (!json_is_object(classes)) return NULL;
    lm_tensor *w = lm_tensor_new(LM_F64, 1, y->dims);
    for (size_t i = 0; i < w->size; i++) {
        char label[24];
        snprintf(label, sizeof label, "%d", (int)lround(lm_tensor_get(y, i)));
        const json_t *weight = json_object_get(classes, label);
        ((double *)w->data)[i] = weight ? json_number_value(weight) : 1;
    }
    return w;
}

static lm_dataset *dataset(lm_tensor *x, lm_tensor *y, lm_tensor *weight)
{
    lm_tensor *all[] = {x, y, weight};
    return lm_data_from_tensors(weight ? 3 : 2, all);
}

typedef struct arrays {
    lm_tensor *x, *y, *weight, *of_class;
} arrays;

static arrays training_arrays(parity_case *c)
{
    arrays a = {parity_array(c, "x"), parity_array(c, "y"), parity_array(c, "sample_weight"), NULL};
    if (!a.weight) a.weight = a.of_class = class_weights(c, a.y);
    return a;
}

/* --- comparing -------------------------------------------------------------------------------------------------- */

/* Whether Keras's column belongs to a weighted metric: "mae" -> "mae" or "weighted_mae", or where that is not
 * taken. */
static bool of_weighted_metric(const parity_case *c, const char *key)
{
    const json_t *list = json_object_get(json_object_get(c->json, "compile_config"), "weighted_metrics");
    size_t i;
    json_t *item;
    if (!strncmp(key, "val_", 4)) key += 4;
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        if (!strcmp(key, name) || (!strncmp(key, "weighted_", 9) && !strcmp(key + 9, name))) return true;
    }
    return false;
}

/* One of Keras's numbers by its name; a number that Lamina has under no name may only be a weighted metric's. */
static void compare_number(parity_case *c, const char *where, const char *key, double got, double want)
{
    char what[96];
    snprintf(what, sizeof what, "%s, %s", where, key);
    if (isnan(got) && of_weighted_metric(c, key)) return;
    parity_number(c, what, got, want);
}

static void compare_logs(parity_case *c, const char *what, lm_logs logs, size_t row)
{
    const json_t *keys = json_object_get(c->json, what);
    const lm_tensor *want = parity_array(c, "%s", what);
    size_t n = json_array_size(keys);
    int skipped = 0;
    for (size_t i = 0; i < n; i++) {
        const char *key = json_string_value(json_array_get(keys, i));
        double got = lm_get(logs, key);
        skipped += isnan(got);
        compare_number(c, what, key, got, lm_tensor_get(want, row * n + i));
    }
    if (logs.count + skipped != (int)n) parity_problem(c, "%s has %d names, expected %zu", what, logs.count, n);
    for (int i = 1; i < logs.count; i++)
        if (strcmp(logs.item[i - 1].name, logs.item[i].name) >= 0) parity_problem(c, "%s is not sorted", what);
}

static void compare_history(parity_case *c, const lm_history *history)
{
    const json_t *keys = json_object_get(c->json, "history");
    const lm_tensor *want = parity_array(c, "history");
    int64_t columns = want->dims[1];
    if (lm_history_epochs(history) != want->dims[0]) parity_problem(c, "%d epochs", lm_history_epochs(history));
    for (int e = 0; e < lm_history_epochs(history); e++)
        for (int64_t k = 0; k < columns; k++) {
            const char *key = json_string_value(json_array_get(keys, (size_t)k));
            compare_number(c, "history", key, lm_history_get(history, key, e),
                           lm_tensor_get(want, (size_t)(e * columns + k)));
        }
}

static void compare_weights(parity_case *c, const lm_model *model, char letter)
{
    for (int i = 0; i < lm_weights(model); i++) {
        lm_variable *w = lm_weight(model, i);
        parity_equal(c, lm_variable_name(w), lm_variable_value(w), parity_array(c, "%c%d", letter, i));
    }
}

static void compare_optimizer(parity_case *c, const lm_model *model)
{
    lm_variable *v[MOST];
    int n = lm__optimizer_variables(model->optimizer, NULL);
    assert_in_range(n, 2, MOST);
    lm__optimizer_variables(model->optimizer, v);
    for (int i = 0; i < n; i++) parity_equal(c, v[i]->name, v[i]->value, parity_array(c, "o%d", i));
}

/* --- the loops -------------------------------------------------------------------------------------------------- */

static lm_fit_args fit_args(const parity_case *c)
{
    return (lm_fit_args){
        .size = sizeof(lm_fit_args),
        .epochs = (int)json_integer_value(fit_argument(c, "epochs")),
        .batch_size = json_integer_value(fit_argument(c, "batch_size")),
        .validation_split = json_number_value(fit_argument(c, "validation_split")),
    };
}

static void run_fit(parity_case *c, lm_model *model)
{
    arrays a = training_arrays(c);
    lm_fit_args args = fit_args(c);
    lm_tensor *val_x = parity_array(c, "val_x"), *val_y = parity_array(c, "val_y");
    lm_tensor *val_weight = parity_array(c, "val_sample_weight");
    lm_dataset *data = dataset(a.x, a.y, a.weight);
    args.validation_data = val_x ? dataset(val_x, val_y, val_weight) : NULL;
    const lm_history *history = lm_fit_with(model, data, &args);
    if (lm_failed(model)) parity_problem(c, "fit: %s", lm_error(model));
    compare_history(c, history);
    compare_weights(c, model, 'f');
    compare_optimizer(c, model);
    lm_free(args.validation_data), lm_free(data), lm_free(a.of_class);
}

static lm_tensor *head(lm_tensor *t, int64_t n) { return lm_tensor_slice(t, 0, n); }

static void run_after(parity_case *c, lm_model *model)
{
    lm_tensor *x = parity_array(c, "x"), *y = parity_array(c, "y");
    lm_dataset *data = dataset(x, y, parity_array(c, "sample_weight"));
    lm_logs logs = lm_evaluate(model, data, .batch_size = parity_integer(c, "evaluate_batch_size"), .verbose = 0);
    lm_free(data);
    compare_logs(c, "evaluate", logs, 0);
    lm_tensor *prediction = lm_predict_array(model, x);
    parity_equal(c, "predict", prediction, parity_array(c, "predict"));
    lm_free(prediction);
    lm_tensor *few_x = head(x, 5), *few_y = head(y, 5);
    compare_logs(c, "train_on_batch", lm_train_on_batch(model, few_x, few_y, NULL), 0);
    lm_free(few_x), lm_free(few_y);
    compare_weights(c, model, 't');
    if (lm_failed(model)) parity_problem(c, "%s", lm_error(model));
}

/* One batch through the inside of fit. */
static void run_batch(parity_case *c, lm_model *model, const arrays *a, int64_t begin, int64_t end)
{
    lm__array_kind kinds[LM__STEP_ARRAYS];
    int count = a->weight ? 3 : 2;
    lm_tensor *batch[3] = {lm_tensor_slice(a->x, begin, end), lm_tensor_slice(a->y, begin, end),
                           a->weight ? lm_tensor_slice(a->weight, begin, end) : NULL};
    double loss;
    if (lm__model_kinds(model, "fit", batch, count, kinds) || lm__model_train_step(model, kinds) ||
        lm__model_run(model, &model->train, batch, count, &loss))
        parity_problem(c, "batch: %s", lm_last_error());
    for (int i = 0; i < 3; i++) lm_free(batch[i]);
}

/* The running means after every batch, and the weights that fit has made, to the bit. */
static void run_by_hand(parity_case *c, const lm_model *fitted)
{
    lm_model *model = make(c);
    arrays a = training_arrays(c);
    lm_fit_args args = fit_args(c);
    int64_t n = a.x->dims[0];
    size_t row = 0;
    if (args.validation_split > 0) n = (int64_t)((double)n * (1 - args.validation_split));
    for (int epoch = 0; epoch < args.epochs; epoch++)
        for (int64_t at = 0; at < n; at += args.batch_size) {
            if (!at && epoch) lm__model_reset_metrics(model);
            run_batch(c, model, &a, at, at + args.batch_size < n ? at + args.batch_size : n);
            compare_logs(c, "batch_logs", lm__model_logs(model), row++);
        }
    if ((int64_t)row != parity_array(c, "batch_logs")->dims[0]) parity_problem(c, "%zu batches", row);
    check_ok(lm__optimizer_finish(model->optimizer));
    for (int i = 0; i < lm_weights(model); i++) {
        const lm_tensor *one = lm_weight(model, i)->value, *other = lm_weight(fitted, i)->value;
        if (memcmp(one->data, other->data, lm_tensor_bytes(one)))
            parity_problem(c, "fit gives other bytes in weight %d", i);
    }
    lm_free(a.of_class), lm_free(model);
}

static void test_model(parity_case *c)
{
    lm_model *model = make(c);
    if (!model) return;
    run_fit(c, model);
    run_by_hand(c, model);
    run_after(c, model);
    lm_free(model);
}

static bool refuse(parity_case *c)
{
    json_t *json = json_loads(parity_text(c, "model_json"), 0, NULL);
    lm_model *model = lm__keras_model(json);
    bool failed = lm__keras_compile(model, json_object_get(json, "compile_config")) != LM_OK;
    json_decref(json);
    lm_free(model);
    return failed;
}

static void models(void **state)
{
    static const parity_refusal refusals[] = {{"gradient accumulation", "gradient_accumulation_steps"}, {NULL, NULL}};
    (void)state;
    parity_run("model", 15, test_model, refusals, refuse);
}

RUN(cmocka_unit_test(models))
