/* formats/keras_config.c: a model as Keras's config.json. */
#include "formats/c_program.h"
#include "formats/keras.h"

#include <math.h>

static json_t *shape_json(const lm__shape *shape)
{
    json_t *list = json_array();
    for (int i = 0; i < shape->rank; i++)
        json_array_append_new(list, lm__dim_known(shape->dim[i]) ? json_integer(shape->dim[i]) : json_null());
    return list;
}

static json_t *input_layer(const lm_model *model)
{
    return json_pack("{s:s, s:s, s:{s:o, s:s, s:b, s:b, s:s}, s:n}", "module", "keras.layers", "class_name",
                     "InputLayer", "config", "batch_shape", shape_json(&model->node[0].shape), "dtype",
                     lm_dtype_name(model->node[0].dtype), "sparse", 0, "ragged", 0, "name", "input_layer",
                     "registered_name");
}

static json_t *layer_list(const lm_model *model)
{
    json_t *list = json_array();
    if (!list) lm__no_memory(0);
    if (model->has_input) json_array_append_new(list, input_layer(model));
    for (int i = 0; i < model->nlayers; i++) {
        json_t *layer = lm__configured_json(&model->layer[i]->base);
        if (!layer) {
            json_decref(list);
            return NULL;
        }
        if (model->layer[i]->built)
            json_object_set_new(layer, "build_config",
                                json_pack("{s:o}", "input_shape", shape_json(&model->node[i].shape)));
        json_array_append_new(list, layer);
    }
    return list;
}

/* The optimizer with the learning rate it has now. */
static json_t *optimizer_json(const lm_optimizer *optimizer)
{
    json_t *all = lm__configured_json(&optimizer->base), *config = json_object_get(all, "config");
    if (optimizer->learning_rate)
        json_object_set_new(config, "learning_rate", json_real(lm_tensor_get(optimizer->learning_rate->value, 0)));
    return all;
}

/* A name where that says it all. "accuracy" has nothing else until targets choose its class. */
static json_t *metric_list(const lm_model *model)
{
    json_t *list = json_array();
    for (int i = 0; i < model->nmetrics; i++) {
        const lm_metric *metric = model->metric[i];
        bool named = !metric || lm__c_usual(&metric->base);
        json_t *one = named ? json_string(model->metric_name[i]) : lm__configured_json(&metric->base);
        if (json_array_append_new(list, one) == 0) continue;
        if (named || one) lm__no_memory(0);
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *compile_json(const lm_model *model)
{
    json_t *optimizer = optimizer_json(model->optimizer), *loss = lm__configured_json(&model->loss->base);
    json_t *metrics = metric_list(model), *all = NULL;
    if (optimizer && loss && metrics) {
        all = json_pack("{s:O, s:O, s:n, s:O, s:n, s:b, s:i, s:b}", "optimizer", optimizer, "loss", loss,
                        "loss_weights", "metrics", metrics, "weighted_metrics", "run_eagerly", 0,
                        "steps_per_execution", 1, "jit_compile", 0);
        if (!all) lm__no_memory(0);
    }
    json_decref(optimizer), json_decref(loss), json_decref(metrics);
    return all;
}

json_t *lm__keras_config(const lm_model *model)
{
    if (model->functional) {
        lm__fail(LM_UNSUPPORTED, "functional models are not written to files");
        return NULL;
    }
    json_t *layers = layer_list(model);
    if (!layers) return NULL;
    json_t *all = json_pack("{s:s, s:s, s:{s:s, s:b, s:s, s:o}, s:n}", "module", "keras", "class_name", "Sequential",
                            "config", "name", model->name, "trainable", 1, "dtype", "float32", "layers", layers,
                            "registered_name");
    if (all && model->has_input) {
        const lm__shape *input = &model->node[0].shape;
        json_object_set_new(json_object_get(all, "config"), "build_input_shape", shape_json(input));
        json_object_set_new(all, "build_config", json_pack("{s:o}", "input_shape", shape_json(input)));
    }
    if (!all) lm__no_memory(0);
    if (!all || !model->compiled || !json_object_set_new(all, "compile_config", compile_json(model))) return all;
    json_decref(all);
    return NULL;
}
