/* train/compile.c: optimizer, loss and metrics of a model, and what it trains. */
#include "train/model.h"

#include "base/alloc.h"

#include <string.h>

void lm__model_drop_steps(lm_model *model)
{
    lm_free(model->train.function), lm_free(model->test.function);
    memset(&model->train, 0, sizeof model->train);
    memset(&model->test, 0, sizeof model->test);
    for (int i = 0; i < LM__PREDICT_STEPS; i++) lm_free(model->predict[i].function);
    memset(model->predict, 0, sizeof model->predict);
}

static void release_trained(lm_model *model)
{
    for (int i = 0; i < model->ntrained; i++) lm_free(model->trained[i]);
    lm__free(model->trained);
    model->trained = NULL, model->ntrained = 0;
}

void lm__model_drop_compiled(lm_model *model)
{
    lm__model_drop_steps(model);
    lm_free(model->optimizer), lm_free(model->loss), lm_free(model->loss_mean);
    model->optimizer = NULL, model->loss = NULL, model->loss_mean = NULL;
    for (int i = 0; i < model->nmetrics; i++) {
        lm_free(model->metric[i]);
        lm__free(model->metric_name[i]);
        model->metric[i] = NULL, model->metric_name[i] = NULL;
    }
    release_trained(model);
    model->nmetrics = 0;
    model->compiled = false;
}

static bool choosable(const char *name)
{
    return !strcmp(name, "accuracy") || !strcmp(name, "acc");
}

/* A metric whose class depends on the shapes of targets and predictions is made when they are first seen. */
static lm_status take_metric(lm_model *model, const char *name, lm_metric *object)
{
    if (model->nmetrics == LM_MAX_METRICS)
        return lm__fail(LM_INVALID, "more than %d metrics", LM_MAX_METRICS);
    char usual[64];
    lm__snake_case(object ? object->base.class->name : "", usual, sizeof usual);
    const char *label = name ? name : object->base.name ? object->base.name : usual;
    for (int i = 0; i < model->nmetrics; i++)
        if (!strcmp(model->metric_name[i], label))
            return lm__fail(LM_INVALID, "two metrics are named \"%s\"; give one another .name", label);
    if (!strcmp(label, "loss")) return lm__fail(LM_INVALID, "a metric may not be named \"loss\"");
    lm_metric **slot = &model->metric[model->nmetrics];
    if (object) *slot = lm_retain(object);
    else if (!choosable(name)) *slot = lm__metric_named(name, NULL, NULL);
    model->metric_name[model->nmetrics] = lm__strdup(label);
    model->nmetrics++;
    if (!model->metric_name[model->nmetrics - 1]) return lm__no_memory(strlen(label) + 1);
    return *slot ? lm__object_check(*slot, &lm__metric_type, "metric") : LM_OK;
}

static lm_status take_metrics(lm_model *model, const lm_compile_args *args)
{
    for (int i = 0; i < LM_MAX_METRICS && args->metrics[i]; i++)
        LM_TRY(take_metric(model, args->metrics[i], NULL));
    for (int i = 0; i < LM_MAX_METRICS && args->metric_objects[i]; i++) {
        LM_TRY(lm__object_check(args->metric_objects[i], &lm__metric_type, "metric"));
        LM_TRY(take_metric(model, NULL, args->metric_objects[i]));
    }
    return LM_OK;
}

static lm_status take_parts(lm_model *model, const lm_compile_args *args)
{
    if (model->noutputs > 1)
        return lm__fail(LM_UNSUPPORTED, "the model gives %d outputs; models with several outputs can be predicted "
                                        "with, not yet trained", model->noutputs);
    model->optimizer = args->optimizer ? lm_retain(args->optimizer)
                                       : lm__optimizer_named(args->optimizer_name ? args->optimizer_name : "rmsprop");
    LM_TRY(lm__object_check(model->optimizer, &lm__optimizer_type, "optimizer"));
    if (!args->loss && !args->loss_object)
        return lm__fail(LM_INVALID, "compile needs a loss, for example .loss = \"sparse_categorical_crossentropy\"");
    if (args->loss && args->loss_object) return lm__fail(LM_INVALID, "give .loss or .loss_object, not both");
    model->loss = args->loss_object ? lm_retain(args->loss_object) : lm__loss_named(args->loss);
    LM_TRY(lm__object_check(model->loss, &lm__loss_type, "loss"));
    model->loss_mean = lm__metric_mean("loss");
    LM_TRY(lm__object_check(model->loss_mean, &lm__metric_type, "loss"));
    return take_metrics(model, args);
}

/* Compile takes the caller's references whether it succeeds or not. */
void lm__release_compile_args(const lm_compile_args *args)
{
    lm_free(args->optimizer), lm_free(args->loss_object);
    for (int i = 0; i < LM_MAX_METRICS && args->metric_objects[i]; i++) lm_free(args->metric_objects[i]);
}

lm_status lm__model_compile(lm_model *model, const lm_compile_args *args)
{
    lm__model_drop_compiled(model);
    lm_status status = take_parts(model, args);
    lm__release_compile_args(args);
    model->compiled = status == LM_OK;
    if (!status && model->built) status = lm__model_prepare(model);
    if (status) lm__model_drop_compiled(model);
    return status;
}

static lm_status capture_trained(lm_model *model)
{
    int count = lm__model_trainable(model, NULL);
    model->trained = lm__calloc((size_t)count + 1, sizeof *model->trained);
    if (!model->trained) return lm__no_memory((size_t)count * sizeof *model->trained);
    model->ntrained = lm__model_trainable(model, model->trained);
    for (int i = 0; i < model->ntrained; i++) lm_retain(model->trained[i]);
    return LM_OK;
}

/* What needs the weights: done by compile, or by the first step where the model was not built yet. */
lm_status lm__model_prepare(lm_model *model)
{
    if (!model->compiled)
        return lm__fail(LM_INVALID,
                        "the model is not compiled; call lm_compile(model, .optimizer = …, .loss = …) first");
    if (model->trained) return LM_OK;
    lm_status status = capture_trained(model);
    if (!status) status = lm__optimizer_build(model->optimizer, model->ntrained, model->trained);
    if (status) release_trained(model);
    return status;
}

double lm__model_rate(const lm_model *model)
{
    return model->optimizer ? lm__optimizer_rate(model->optimizer) : LM_NONE;
}

lm_status lm__model_set_rate(lm_model *model, double rate)
{
    if (!model->optimizer)
        return lm__fail(LM_INVALID, "the model is not compiled; it has no optimizer whose rate could be set");
    return lm__optimizer_set_rate(model->optimizer, rate);
}
