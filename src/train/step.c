/* train/step.c: the graphs behind fit, evaluate and predict: one graph a step. */
#include "train/model.h"

#include "nn/seed.h"
#include "ops/registry.h"
#include "ops/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void lm__array_kind_of(const lm_tensor *t, lm__array_kind *out)
{
    memset(out, 0, sizeof *out);
    if (!t) return;
    out->dtype = t->dtype, out->rank = t->rank;
    memcpy(out->dims, t->dims, (size_t)t->rank * sizeof *t->dims);
    if (t->rank) out->dims[0] = LM_ANY;
}

static bool fits(const lm__model_step *step, const lm__array_kind kinds[LM__STEP_ARRAYS])
{
    return step->function && !memcmp(step->kind, kinds, sizeof step->kind);
}

static lm_value *input_of(lm_graph *graph, const char *name, const lm__array_kind *kind)
{
    return kind->rank ? lm_placeholder_new(graph, name, kind->dtype, kind->rank, kind->dims) : NULL;
}

static lm_value *cast_to(lm_value *x, lm_dtype dtype)
{
    return lm__bad(x) || x->dtype == dtype ? x : lm_op_cast(x, dtype);
}

/* Examples in the batch as a number, computed by the graph so that it follows the batch's size. */
static lm_value *batch_count(lm_graph *graph, const lm_value *y_pred)
{
    lm__shape batch = {.rank = 1, .dim = {y_pred->shape.dim[0]}};
    lm__shape scalar = {0};
    return lm__sum_to(lm__fill(graph, y_pred->dtype, &batch, 1), &scalar);
}

static lm_status choose_metrics(lm_model *model, const lm_value *y, const lm_value *y_pred)
{
    for (int i = 0; i < model->nmetrics; i++) {
        if (!model->metric[i]) {
            model->metric[i] = lm__metric_named(model->metric_name[i], &y->shape, &y_pred->shape);
            lm_status status = lm__object_check(model->metric[i], &lm__metric_type, model->metric_name[i]);
            if (status) {
                lm_free(model->metric[i]);
                model->metric[i] = NULL;
                return status;
            }
        }
        LM_TRY(lm__metric_begin(model->metric[i], y_pred->dtype));
    }
    return lm__metric_begin(model->loss_mean, y_pred->dtype);
}

/* Loss and metrics on the predictions; *loss receives the scalar. */
static lm_status add_results(lm_model *model, lm_graph *graph, lm_value *y, lm_value *y_pred, lm_value *weight,
                             lm_value **loss)
{
    LM_TRY(choose_metrics(model, y, y_pred));
    if (weight) weight = cast_to(weight, y_pred->dtype);
    const char *outer = lm__graph_scope(graph, model->loss->base.name ? model->loss->base.name : "loss");
    *loss = lm__loss_apply(model->loss, y, y_pred, weight);
    lm__graph_scope(graph, "metrics");
    if (!lm__bad(*loss) && (*loss)->shape.rank)
        return lm__fail(LM_INVALID,
                        "a loss with reduction \"none\" cannot be trained on; use \"sum_over_batch_size\"");
    LM_TRY(lm__metric_mean_update(model->loss_mean, *loss, batch_count(graph, y_pred)));
    for (int i = 0; i < model->nmetrics; i++) LM_TRY(lm__metric_update(model->metric[i], y, y_pred, NULL));
    lm__graph_scope(graph, outer);
    return LM_OK;
}

static lm_status add_training(lm_model *model, lm_graph *graph, lm_value *loss)
{
    size_t bytes = (size_t)(model->ntrained + 1) * sizeof(lm_value *);
    lm_value **wrt = lm__arena_alloc(graph->arena, bytes), **gradient = lm__arena_alloc(graph->arena, bytes);
    if (!wrt || !gradient) return lm__no_memory(bytes);
    for (int i = 0; i < model->ntrained; i++) wrt[i] = lm__graph_read(graph, model->trained[i]);
    LM_TRY(lm__graph_gradients(graph, loss, model->ntrained, wrt, gradient));
    return lm__optimizer_step(model->optimizer, graph, model->ntrained, model->trained, gradient);
}

const char *lm__model_array_name(const lm_model *model, int i, char name[16])
{
    if (i >= model->ninputs) return i == model->ninputs ? "y" : "sample_weight";
    if (model->ninputs > 1) snprintf(name, 16, "x%d", i);
    return model->ninputs > 1 ? name : "x";
}

static lm_status build_graph(lm_model *model, const lm__array_kind *kinds, bool training, lm_graph *graph,
                             lm_value **loss)
{
    char name[16];
    int n = model->ninputs;
    lm_value *x[LM_MAX_INPUTS], *y_pred;
    for (int i = 0; i < n; i++) x[i] = input_of(graph, lm__model_array_name(model, i, name), &kinds[i]);
    lm_value *y = input_of(graph, "y", &kinds[n]), *weight = input_of(graph, "sample_weight", &kinds[n + 1]);
    lm_value *key = training ? lm__seed_next(graph, model->random) : NULL; /* it counts steps */
    lm__layer_call call = {.graph = graph, .training = training, .key = key};
    LM_TRY(lm__model_outputs(model, &call, x, &y_pred));
    if (lm__bad(y)) return lm__object_check(graph, &lm__graph_type, "model");
    LM_TRY(add_results(model, graph, y, y_pred, weight, loss));
    if (training) LM_TRY(add_training(model, graph, *loss));
    LM_TRY(lm__graph_output(graph, *loss));
    return lm__graph_commit(graph, lm_op_isfinite(*loss));
}

/* Only a model of one input can be built by what comes. */
static lm_status check_kinds(lm_model *model, const lm__array_kind kinds[LM__STEP_ARRAYS])
{
    char what[48];
    if (model->noutputs > 1)
        return lm__fail(LM_UNSUPPORTED, "the model gives %d outputs; models with several outputs can be predicted "
                                        "with, not yet trained", model->noutputs);
    if (!kinds[model->ninputs].rank)
        return model->ninputs == 1
                   ? lm__fail(LM_INVALID, "the data have no targets; training and evaluation need (x, y)")
                   : lm__fail(LM_INVALID, "the data have no targets; the model takes %d inputs, and training and "
                                          "evaluation need the targets behind them", model->ninputs);
    if (!model->built) LM_TRY(lm__model_build(model, kinds[0].rank, kinds[0].dims));
    for (int i = 0; i < model->ninputs; i++) {
        if (model->ninputs == 1) snprintf(what, sizeof what, "the data have");
        else snprintf(what, sizeof what, "input %d of the data has", i);
        LM_TRY(lm__model_takes(model, i, what, kinds[i].rank, kinds[i].dims));
    }
    return LM_OK;
}

static lm_status make_step(lm_model *model, const lm__array_kind *kinds, bool training, lm__model_step *step)
{
    lm_value *loss = NULL;
    LM_TRY(check_kinds(model, kinds));
    LM_TRY(lm__model_prepare(model));
    lm_graph *graph = lm__graph_new(&lm__ops, NULL);
    lm_status status = lm__object_check(graph, &lm__graph_type, "model");
    if (!status) status = build_graph(model, kinds, training, graph, &loss);
    if (lm_failed(graph)) status = lm__object_check(graph, &lm__graph_type, "model");
    if (status) {
        lm_free(graph);
        return status;
    }
    lm_dtype loss_dtype = loss->dtype;
    lm_function *function = lm__function_new(graph, NULL);
    status = lm__object_check(function, &lm__function_type, "step");
    if (status) {
        lm_free(function);
        return status;
    }
    lm_free(step->function);
    *step = (lm__model_step){.function = function, .loss_dtype = loss_dtype};
    memcpy(step->kind, kinds, sizeof step->kind);
    return LM_OK;
}

/* The first step builds the model, if it was not built. */
static lm_status have_step(lm_model *model, const lm__array_kind *kinds, bool training, lm__model_step *step)
{
    if (fits(step, kinds)) return LM_OK;
    lm__model_change(model);
    lm_status status = make_step(model, kinds, training, step);
    lm__model_changed(model);
    return status;
}

lm_status lm__model_train_step(lm_model *model, const lm__array_kind kinds[LM__STEP_ARRAYS])
{
    return have_step(model, kinds, true, &model->train);
}

lm_status lm__model_test_step(lm_model *model, const lm__array_kind kinds[LM__STEP_ARRAYS])
{
    return have_step(model, kinds, false, &model->test);
}

lm_status lm__model_kinds(const lm_model *model, const char *who, lm_tensor *const *batch, int count,
                          lm__array_kind kinds[LM__STEP_ARRAYS])
{
    int most = model->ninputs + 2;
    memset(kinds, 0, LM__STEP_ARRAYS * sizeof *kinds);
    if (count > most && model->ninputs == 1)
        return lm__fail(LM_INVALID, "an element has %d tensors; %s takes (x, y [, sample_weight])", count, who);
    if (count > most)
        return lm__fail(LM_INVALID, "an element has %d tensors; %s takes the model's %d inputs, then y [, "
                                    "sample_weight]", count, who, model->ninputs);
    for (int i = 0; i < count; i++) lm__array_kind_of(batch[i], &kinds[i]);
    return LM_OK;
}

/* --- prediction ------------------------------------------------------------------------------------------------- */

static lm_status predict_graph(const lm_model *model, const lm_dtype *dtype, lm_graph *graph)
{
    char name[16];
    int64_t dims[LM_MAX_RANK];
    lm_value *x[LM_MAX_INPUTS], *y[LM_MAX_OUTPUTS];
    for (int i = 0; i < model->ninputs; i++) {
        int rank = lm__model_sizes(model, i, dims);
        x[i] = lm_placeholder_new(graph, lm__model_array_name(model, i, name), dtype[i], rank, dims);
    }
    LM_TRY(lm__model_outputs(model, &(lm__layer_call){.graph = graph}, x, y));
    for (int k = 0; k < model->noutputs; k++) LM_TRY(lm__graph_output(graph, y[k]));
    return lm__graph_commit(graph, NULL);
}

static lm_status make_predict(const lm_model *model, const lm_dtype *dtype, lm__predict_step *step)
{
    lm_graph *graph = lm__graph_new(&lm__ops, NULL);
    lm_status status = lm__object_check(graph, &lm__graph_type, "model");
    if (!status) status = predict_graph(model, dtype, graph);
    if (status) {
        lm_free(graph);
        return status;
    }
    lm_function *function = lm__function_new(graph, NULL);
    status = lm__object_check(function, &lm__function_type, "predict");
    if (status) lm_free(function);
    else step->function = function, memcpy(step->dtype, dtype, (size_t)model->ninputs * sizeof *dtype);
    return status;
}

/* The step for these types, or the first free place; NULL: there is none. */
static lm__predict_step *find_predict(lm_model *model, const lm_dtype *dtype)
{
    size_t bytes = (size_t)model->ninputs * sizeof *dtype;
    for (int i = 0; i < LM__PREDICT_STEPS; i++) {
        lm__predict_step *step = &model->predict[i];
        if (!step->function || !memcmp(step->dtype, dtype, bytes)) return step;
    }
    return NULL;
}

/* Const for its callers: what it makes is a cache, made under a lock. */
lm_status lm__model_predict_step(const lm_model *model, const lm_dtype *dtype, lm_function **out)
{
    lm_model *cache = (lm_model *)model;
    if (!model->built)
        return lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
    pthread_mutex_lock(&cache->predict_lock);
    lm__predict_step *step = find_predict(cache, dtype);
    lm_status status = LM_OK;
    if (!step) status = lm__fail(LM_UNSUPPORTED, "the model has been given inputs of %d combinations of types; give "
                                                 "them the model's own types", LM__PREDICT_STEPS);
    else if (!step->function) status = make_predict(model, dtype, step);
    *out = status ? NULL : step->function;
    pthread_mutex_unlock(&cache->predict_lock);
    return status;
}
