/* api/model.c: the public face of models: each function checks its handles, then makes one internal call, and records
 * the first error on the model. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "formats/checkpoint.h"
#include "train/callback.h"
#include "train/model.h"

#include <string.h>

static bool is_model(const lm_model *model) { return lm__object_is(model, &lm__model_type); }

/* Records a failure on the model. */
static lm_status record(lm_model *model, lm_status status)
{
    if (status) lm__object_fail(model, 0);
    return status;
}

lm_compile_args lm_compile_defaults(void)
{
    return (lm_compile_args){.size = sizeof(lm_compile_args), LM_COMPILE_DEFAULTS};
}

lm_summary_args lm_summary_defaults(void)
{
    return (lm_summary_args){.size = sizeof(lm_summary_args), LM_SUMMARY_DEFAULTS};
}

lm_fit_args lm_fit_defaults(void) { return (lm_fit_args){.size = sizeof(lm_fit_args), LM_FIT_DEFAULTS}; }

lm_evaluate_args lm_evaluate_defaults(void)
{
    return (lm_evaluate_args){.size = sizeof(lm_evaluate_args), LM_EVALUATE_DEFAULTS};
}

/* Ready for a changing call: no error recorded, and nobody else at work. */
static lm_status enter(lm_model *model)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    return lm__model_enter(model);
}

/* The same for what would change the model under a fit whose callback asks for it. */
static lm_status enter_alone(lm_model *model)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    return lm__model_enter_alone(model);
}

/* A copy of an argument struct: its first `size` bytes, the rest as they are. */
static lm_status take_args(lm_model *model, const char *what, const void *args, void *all, size_t bytes)
{
    size_t size = 0;
    if (args) memcpy(&size, args, sizeof size);         /* every such struct begins with it */
    if (size >= sizeof size) {
        memcpy(all, args, size < bytes ? size : bytes);
        return LM_OK;
    }
    LM_TRY(enter(model));
    lm_status status = !args ? lm__fail(LM_INVALID, "%s: the arguments are NULL", what)
                             : lm__fail(LM_INVALID,
                                        "%s: .size of the arguments is %zu; begin with what the …_defaults() "
                                        "function returns, which sets it",
                                        what, size);
    record(model, status);
    lm__model_leave(model);
    return status;
}

/* A call that changes the model, between enter and leave. LM_BUSY is the caller's, not the model's. */
#define CHANGE(model, expression)                                                                                \
    do {                                                                                                         \
        LM_TRY(enter_alone(model));                                                                              \
        lm__model_change(model);                                                                                 \
        lm_status status_ = record((model), (expression));                                                       \
        lm__model_changed(model);                                                                                \
        lm__model_leave(model);                                                                                  \
        return status_;                                                                                          \
    } while (0)

lm_status lm_sequential_add(lm_model *model, lm_layer *layer)
{
    lm_status status = enter_alone(model);
    if (status) {
        lm_free(layer);
        return status;
    }
    lm__model_change(model);
    status = record(model, lm__model_add(model, layer));
    lm__model_changed(model);
    lm__model_leave(model);
    return status;
}

/* A layer in no model yet carries the error on: a program that looks at the model only must see it there. */
lm_status lm_adapt(lm_layer *layer, lm_dataset *data)
{
    LM_TRY(lm__object_check(layer, &lm__layer_type, "layer"));
    bool alone = !layer->built;
    lm_status status = lm__layer_adapt(layer, data);
    if (status && alone) lm__object_fail(layer, 0);
    return status;
}

lm_status lm_adapt_array(lm_layer *layer, lm_tensor *x)
{
    lm_dataset *data = lm_data_from_arrays(x, NULL);
    lm_status status = lm_adapt(layer, data);
    lm_free(data);
    return status;
}

lm_status lm_build(lm_model *model, int rank, const int64_t *dims)
{
    CHANGE(model, lm__model_build(model, rank, dims));
}

/* Takes over the arguments' objects, also when the model has failed. */
lm_status lm_compile_with(lm_model *model, const lm_compile_args *args)
{
    lm_compile_args all = {.size = sizeof all};
    LM_TRY(take_args(model, "lm_compile_with", args, &all, sizeof all));
    lm_status status = enter_alone(model);
    if (status) {
        lm__release_compile_args(&all);
        return status;
    }
    lm__model_change(model);
    status = record(model, lm__model_compile(model, &all));
    lm__model_changed(model);
    lm__model_leave(model);
    return status;
}

lm_status lm_summary_with(lm_model *model, const lm_summary_args *args)
{
    lm_summary_args all = {.size = sizeof all};
    LM_TRY(take_args(model, "lm_summary_with", args, &all, sizeof all));
    LM_TRY(enter(model));
    lm_status status = record(model, lm__model_summary(model, &all));
    lm__model_leave(model);
    return status;
}

double lm_flops(lm_model *model, int64_t batch_size, bool training)
{
    double flops = 0;
    if (enter(model)) return LM_NONE;
    lm_status status = record(model, lm__model_flops(model, batch_size, training, &flops));
    lm__model_leave(model);
    return status ? LM_NONE : flops;
}

static lm_status run_fit(lm_model *model, lm_dataset *data, const lm_fit_args *args)
{
    LM_TRY(enter_alone(model));
    lm_status status = lm_failed(data) ? lm__fail(data ? lm_status_of(data) : LM_INVALID, "%s",
                                                  data ? lm_error(data) : "the dataset is NULL")
                                       : lm__model_fit(model, data, args, &lm__checkpoints);
    record(model, status);
    lm__model_leave(model);
    return status;
}

/* Takes over the callbacks, whatever comes. */
static lm_status fit(lm_model *model, lm_dataset *data, const lm_fit_args *args)
{
    lm_fit_args all = lm_fit_defaults();
    lm_status status = take_args(model, "lm_fit_with", args, &all, sizeof all);
    if (!status) status = run_fit(model, data, &all);
    lm__callbacks_release(all.callbacks);
    return status;
}

const lm_history *lm_fit_with(lm_model *model, lm_dataset *data, const lm_fit_args *args)
{
    lm_status status = fit(model, data, args);
    if (!model) return NULL;
    bool mine = is_model(model) && status != LM_BUSY && model->history;
    return mine ? model->history : lm__history_none(status);
}

const lm_history *lm_fit_arrays_with(lm_model *model, lm_tensor *x, lm_tensor *y, const lm_fit_args *args)
{
    lm_dataset *data = lm_data_from_arrays(x, y);
    const lm_history *history = lm_fit_with(model, data, args);
    lm_free(data);
    return history;
}

lm_logs lm_evaluate_with(lm_model *model, lm_dataset *data, const lm_evaluate_args *args)
{
    lm_logs logs = {0};
    lm_evaluate_args all = {.size = sizeof all};
    if (take_args(model, "lm_evaluate_with", args, &all, sizeof all) || enter(model)) return logs;
    record(model, lm__model_evaluate(model, data, &all, &logs));
    lm__model_leave(model);
    return logs;
}

lm_logs lm_evaluate_arrays(lm_model *model, lm_tensor *x, lm_tensor *y)
{
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_logs logs = lm_evaluate(model, data);
    lm_free(data);
    return logs;
}

static lm_logs on_batch(lm_model *model, lm_tensor *x, lm_tensor *y, lm_tensor *weight, bool training)
{
    lm_logs logs = {0};
    lm_tensor *arrays[3] = {x, y, weight};
    if (enter_alone(model)) return logs;
    if (record(model, lm__model_on_batch(model, arrays, training)) == LM_OK) logs = lm__model_logs(model);
    lm__model_leave(model);
    return logs;
}

lm_logs lm_train_on_batch(lm_model *model, lm_tensor *x, lm_tensor *y, lm_tensor *sample_weight)
{
    return on_batch(model, x, y, sample_weight, true);
}

lm_logs lm_test_on_batch(lm_model *model, lm_tensor *x, lm_tensor *y, lm_tensor *sample_weight)
{
    return on_batch(model, x, y, sample_weight, false);
}

double lm_learning_rate(const lm_model *model)
{
    return is_model(model) ? lm__model_rate(model) : LM_NONE;
}

lm_status lm_set_learning_rate(lm_model *model, double rate)
{
    LM_TRY(enter(model));
    lm__model_change(model);
    lm_status status = record(model, lm__model_set_rate(model, rate));
    lm__model_changed(model);
    lm__model_leave(model);
    return status;
}

int lm_stopped(const lm_model *model) { return is_model(model) && atomic_load(&model->stopped); }

/* --- prediction: the model is const, errors are the thread's ------------------------------------------------------
 * */

static lm_tensor *poisoned(void) { return lm__object_poison(&lm__tensor_type); }

lm_tensor *lm_predict(const lm_model *model, lm_dataset *data)
{
    if (lm__object_check(model, &lm__model_type, "model")) return poisoned();
    if (lm_failed(data)) {
        lm__fail(data ? lm_status_of(data) : LM_INVALID, "%s", data ? lm_error(data) : "the dataset is NULL");
        return poisoned();
    }
    lm_tensor *y[LM_MAX_OUTPUTS];
    if (model->noutputs > 1) {
        lm__fail(LM_UNSUPPORTED, "the model gives %d outputs; lm_predict_outputs takes them all", model->noutputs);
        return poisoned();
    }
    lm__model_predict(model, data, y);
    return y[0];
}

lm_status lm_predict_outputs(const lm_model *model, lm_dataset *data, lm_tensor **y)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    if (!y) return lm__fail(LM_INVALID, "lm_predict_outputs: y is NULL");
    if (!lm_failed(data)) return lm__model_predict(model, data, y);
    lm_status status = lm__fail(data ? lm_status_of(data) : LM_INVALID, "%s",
                                data ? lm_error(data) : "the dataset is NULL");
    for (int k = 0; k < model->noutputs; k++) y[k] = poisoned();
    return status;
}

lm_tensor *lm_predict_array(const lm_model *model, lm_tensor *x)
{
    lm_dataset *data = lm_data_from_arrays(x, NULL);
    lm_tensor *y = lm_predict(model, data);
    lm_free(data);
    return y;
}

lm_tensor *lm_predict_layer(const lm_model *model, lm_tensor *x, const char *layer)
{
    if (lm__object_check(model, &lm__model_type, "model")) return poisoned();
    return lm__model_predict_layer(model, x, layer);
}

static lm_status predict_into(const lm_model *model, int64_t n, const void *x, void *y)
{
    int64_t dims[LM_MAX_RANK];
    if (model->ninputs > 1 || model->noutputs > 1)
        return lm__fail(LM_UNSUPPORTED, "lm_predict_into: the model has %d inputs and %d outputs; use "
                                        "lm_predict_outputs", model->ninputs, model->noutputs);
    int rank = lm__model_sizes(model, 0, dims);
    for (int i = 1; i < rank; i++)
        if (dims[i] == LM_ANY)
            return lm__fail(LM_UNSUPPORTED,
                            "lm_predict_into: size %d of the input is not fixed; use lm_predict_array", i);
    return lm__model_predict_into(model, n, &(lm__array){model->node[0].dtype, dims, x}, &y);
}

lm_status lm_predict_into(const lm_model *model, int64_t n, const void *x, void *y)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    if (n < 1 || !x || !y) return lm__fail(LM_INVALID, "lm_predict_into needs n >= 1 and memory for x and y");
    lm__model_look(model);
    lm_status status = predict_into(model, n, x, y);
    lm__model_looked(model);
    return status;
}

/* --- looking: also at a model that carries an error (one that could not be made has nothing), and at what another
 * thread may be changing
 * ------------------------------------------------------------------------------------------------ */

static bool look(const lm_model *model)
{
    if (!is_model(model)) return false;
    lm__model_look(model);
    return true;
}

const char *lm_model_name(const lm_model *model) { return is_model(model) && model->name ? model->name : ""; }

static lm_status set_name(lm_model *model, const char *name)
{
    if (!name || !*name) return lm__fail(LM_INVALID, "a model's name may not be empty");
    if (!lm__is_plain(name))
        return lm__fail(LM_INVALID, "the model's name is not UTF-8 text without control characters");
    char *copy = lm__strdup(name);
    if (!copy) return lm__no_memory(strlen(name) + 1);
    lm__free(model->name);
    model->name = copy;
    return LM_OK;
}

lm_status lm_model_set_name(lm_model *model, const char *name) { CHANGE(model, set_name(model, name)); }

int lm_model_layers(const lm_model *model)
{
    if (!look(model)) return 0;
    int n = model->nlayers;
    lm__model_looked(model);
    return n;
}

lm_layer *lm_model_layer(const lm_model *model, int index)
{
    if (!look(model)) return NULL;
    if (index < 0) index += model->nlayers;
    lm_layer *layer = index >= 0 && index < model->nlayers ? model->layer[index] : NULL;
    lm__model_looked(model);
    return layer;
}

static bool is_layer(const lm_layer *layer) { return lm__object_is(layer, &lm__layer_type) && !lm_failed(layer); }

const char *lm_layer_name(const lm_layer *layer)
{
    return is_layer(layer) && layer->base.name ? layer->base.name : "";
}
const char *lm_layer_class(const lm_layer *layer) { return is_layer(layer) ? layer->base.class->name : ""; }

/* Of an input (or output, where `outputs`) of that number. */
static int shape_out(const lm_model *model, bool outputs, int index, lm_dtype *dtype, int64_t *dims)
{
    int64_t unused[LM_MAX_RANK];
    int rank = -1;
    if (!look(model)) return -1;
    if (model->built && index >= 0 && index < (outputs ? model->noutputs : model->ninputs)) {
        int node = outputs ? model->output[index] : index;
        rank = lm__model_sizes(model, node, dims ? dims : unused);
        if (dtype) *dtype = model->node[node].dtype;
    }
    lm__model_looked(model);
    return rank;
}

int lm_model_input(const lm_model *model, lm_dtype *dtype, int64_t dims[LM_MAX_RANK])
{
    return shape_out(model, false, 0, dtype, dims);
}

int lm_model_output(const lm_model *model, lm_dtype *dtype, int64_t dims[LM_MAX_RANK])
{
    return shape_out(model, true, 0, dtype, dims);
}

int lm_model_inputs(const lm_model *model) { return is_model(model) ? model->ninputs : 0; }
int lm_model_outputs(const lm_model *model) { return is_model(model) ? model->noutputs : 0; }

int lm_model_input_at(const lm_model *model, int index, lm_dtype *dtype, int64_t dims[LM_MAX_RANK])
{
    return shape_out(model, false, index, dtype, dims);
}

int lm_model_output_at(const lm_model *model, int index, lm_dtype *dtype, int64_t dims[LM_MAX_RANK])
{
    return shape_out(model, true, index, dtype, dims);
}

int lm_weights(const lm_model *model)
{
    if (!look(model)) return 0;
    int n = lm__model_weight_count(model);
    lm__model_looked(model);
    return n;
}

lm_variable *lm_weight(const lm_model *model, int index)
{
    if (!look(model)) return NULL;
    lm_variable *weight = lm__model_weight(model, index);
    lm__model_looked(model);
    return weight;
}

int64_t lm_parameters(const lm_model *model, bool trainable_only)
{
    if (!look(model)) return 0;
    int64_t n = lm__model_parameters(model, trainable_only);
    lm__model_looked(model);
    return n;
}

/* --- configurations
 * --------------------------------------------------------------------------------------------------- */

lm_layer *lm_layer_from_config(const char *class_name, const char *json)
{
    const lm__class *class = class_name ? lm__class_find(lm__layer_classes, class_name, "layer") : NULL;
    if (!class_name) lm__fail(LM_INVALID, "the name of the layer's class is NULL");
    json_error_t error;
    json_t *config = class ? json_loads(json ? json : "{}", JSON_REJECT_DUPLICATES, &error) : NULL;
    if (class && !config)
        lm__fail(LM_CORRUPT, "%s: its JSON is wrong in line %d: %s", class->name, error.line, error.text);
    lm_layer *layer = config ? lm__layer_from(class, config) : lm__object_poison(&lm__layer_type);
    json_decref(config);
    return layer;
}

static int append(const char *text, size_t bytes, void *user)
{
    lm__text *t = user;
    lm__text_append(t, text, bytes);
    return t->bad;
}

char *lm_layer_config(const lm_layer *layer)
{
    lm__text t = {0};
    if (lm__object_check(layer, &lm__layer_type, "layer")) return NULL;
    json_t *config = lm__configured_config(&layer->base);
    if (config && !json_dump_callback(config, append, &t, 0) && !t.bad) {
        json_decref(config);
        return t.data;
    }
    json_decref(config);
    lm__free(t.data);
    lm__no_memory(t.size);
    return NULL;
}

void lm_string_free(char *text) { lm__free(text); }
