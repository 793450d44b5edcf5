/* train/digest.c: the fingerprint of a model's weights, and what it is compiled with. */
#include <lamina/about.h>

#include "base/sha256.h"
#include "train/model.h"

#include <stdio.h>
#include <string.h>

static void feed_layer(lm__sha256 *s, const lm_layer *layer)
{
    for (int k = 0; k < layer->nweights; k++) {
        const lm_tensor *value = layer->weight[k]->value;
        lm__sha256_feed_u64(s, (uint64_t)value->dtype);
        lm__sha256_feed_u64(s, (uint64_t)value->rank);
        for (int d = 0; d < value->rank; d++) lm__sha256_feed_u64(s, (uint64_t)value->dims[d]);
        lm__sha256_feed(s, value->data, lm_tensor_bytes(value));
    }
}

lm_status lm_model_digest(const lm_model *model, char hex[65])
{
    lm__sha256 s;
    hex[0] = 0;
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    lm__model_look(model);
    lm__sha256_begin(&s);
    for (int i = 0; i < model->nlayers; i++) feed_layer(&s, model->layer[i]);
    lm__model_looked(model);
    lm__sha256_end(&s, hex);
    return LM_OK;
}

int lm_compiled_name(const lm_model *model, const char *what, int index, char *name, size_t bytes)
{
    int found = 0;
    if (bytes) name[0] = 0;
    if (!lm__object_is(model, &lm__model_type) || !what || index < 0) return 0;
    lm__model_look(model);
    if (model->compiled && !strcmp(what, "metric") && index < model->nmetrics) {
        snprintf(name, bytes, "%s", model->metric_name[index]);
        found = 1;
    }
    bool loss = !strcmp(what, "loss"), optimizer = !strcmp(what, "optimizer");
    if (model->compiled && !index && (loss || optimizer)) {
        const lm__configured *part = loss ? &model->loss->base : &model->optimizer->base;
        lm__class_usual_name(part->class, name, bytes);
        found = 1;
    }
    lm__model_looked(model);
    return found;
}

/* A copy of a part, or NULL where there is none. */
static void *copy_part(const lm_model *model, const lm__configured *part)
{
    return model->compiled && part ? lm__configured_copy(part) : NULL;
}

/* A metric that its name alone makes, such as "accuracy" or "mae", is called otherwise than its class. */
static bool named_by_class(const lm_model *model, int index)
{
    char usual[64];
    const lm_metric *metric = model->metric[index];
    if (!metric) return false;
    lm__snake_case(metric->base.class->name, usual, sizeof usual);
    return !strcmp(model->metric_name[index], metric->base.name ? metric->base.name : usual);
}

lm_loss *lm_compiled_loss(const lm_model *model)
{
    if (!lm__object_is(model, &lm__model_type)) return NULL;
    lm__model_look(model);
    lm_loss *loss = copy_part(model, model->loss ? &model->loss->base : NULL);
    lm__model_looked(model);
    return loss;
}

lm_optimizer *lm_compiled_optimizer(const lm_model *model)
{
    if (!lm__object_is(model, &lm__model_type)) return NULL;
    lm__model_look(model);
    lm_optimizer *optimizer = copy_part(model, model->optimizer ? &model->optimizer->base : NULL);
    lm__model_looked(model);
    return optimizer;
}

lm_metric *lm_compiled_metric(const lm_model *model, int index)
{
    lm_metric *metric = NULL;
    if (!lm__object_is(model, &lm__model_type) || index < 0) return NULL;
    lm__model_look(model);
    if (index < model->nmetrics && named_by_class(model, index))
        metric = copy_part(model, &model->metric[index]->base);
    lm__model_looked(model);
    return metric;
}
