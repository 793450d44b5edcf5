/* formats/keras_config.c: a model as Keras's config.json. */
#include "formats/c_program.h"
#include "formats/keras.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *shape_json(const lm__shape *shape)
{
    json_t *list = json_array();
    for (int i = 0; i < shape->rank; i++)
        json_array_append_new(list, lm__dim_known(shape->dim[i]) ? json_integer(shape->dim[i]) : json_null());
    return list;
}

static json_t *input_layer(const lm_model *model, int input, const char *name)
{
    const lm__model_node *node = &model->node[input];
    return json_pack("{s:s, s:s, s:{s:o, s:s, s:b, s:b, s:s}, s:n}", "module", "keras.layers", "class_name",
                     "InputLayer", "config", "batch_shape", shape_json(&node->shape), "dtype",
                     lm_dtype_name(node->dtype), "sparse", 0, "ragged", 0, "name", name, "registered_name");
}

/* What the layer was built for: a shape, several, or those of inputs that have names. */
static json_t *build_config(const lm_model *model, const lm__model_node *call)
{
    const lm__layer_class *class = (const lm__layer_class *)model->layer[call->layer]->base.class;
    json_t *all = class->input_names ? json_object() : json_array();
    const char *names = class->input_names;
    char key[64];
    if (!class->max_inputs) {
        json_decref(all);
        return json_pack("{s:o}", "input_shape", shape_json(&model->node[call->in[0]].shape));
    }
    for (int k = 0; k < call->nin; k++) {
        json_t *shape = shape_json(&model->node[call->in[k]].shape);
        int length = names ? (int)strcspn(names, "|") : 0;
        snprintf(key, sizeof key, "%.*s_shape", length, names ? names : "");
        if (names) json_object_set_new(all, key, shape), names += length + (names[length] == '|');
        else json_array_append_new(all, shape);
    }
    return json_pack("{s:o}", class->input_names ? "shapes_dict" : "input_shape", all);
}

static json_t *layer_json(const lm_model *model, int index)
{
    json_t *layer = lm__configured_json(&model->layer[index]->base);
    if (layer && model->layer[index]->built)
        json_object_set_new(layer, "build_config", build_config(model, lm__model_call_of(model, index)));
    return layer;
}

static json_t *layer_list(const lm_model *model)
{
    json_t *list = json_array();
    if (!list) lm__no_memory(0);
    if (model->has_input) json_array_append_new(list, input_layer(model, 0, "input_layer"));
    for (int i = 0; i < model->nlayers; i++) {
        json_t *layer = layer_json(model, i);
        if (!layer) {
            json_decref(list);
            return NULL;
        }
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

/* --- functional models ------------------------------------------------------------------------------------------ */

static const char *node_name(const lm_model *model, int node)
{
    int layer = model->node[node].layer;
    return layer < 0 ? model->input[node]->base.name : model->layer[layer]->base.name;
}

static json_t *place_json(const lm_model *model, int node)
{
    return json_pack("[s, i, i]", node_name(model, node), model->node[node].number, 0);
}

/* One place, or a list of several. */
static json_t *places_json(const lm_model *model, int count, const int *node)
{
    if (count == 1) return place_json(model, node[0]);
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, place_json(model, node[i]));
    return list;
}

static json_t *call_json(const lm_model *model, const lm__model_node *call)
{
    const lm__layer_class *class = (const lm__layer_class *)model->layer[call->layer]->base.class;
    json_t *args = json_array(), *kwargs = json_object();
    for (int k = 0; k < call->nin; k++) {
        const lm__model_node *from = &model->node[call->in[k]];
        json_array_append_new(args, json_pack("{s:s, s:{s:o, s:s, s:o}}", "class_name", "__keras_tensor__", "config",
                                              "shape", shape_json(&from->shape), "dtype", lm_dtype_name(from->dtype),
                                              "keras_history", place_json(model, call->in[k])));
    }
    if (class->max_inputs && !class->input_names) args = json_pack("[o]", args);
    if (call->options.use_causal_mask) json_object_set_new(kwargs, "use_causal_mask", json_true());
    return json_pack("{s:o, s:o}", "args", args, "kwargs", kwargs);
}

/* The layer's calls, as Keras counts them. */
static json_t *calls_json(const lm_model *model, int layer)
{
    json_t *list = json_array();
    for (int number = 0, found = 1; found; number++) {
        found = 0;
        for (int i = model->ninputs; i < model->nnodes && !found; i++) {
            const lm__model_node *call = &model->node[i];
            if (call->layer != layer || call->number != number) continue;
            json_array_append_new(list, call_json(model, call));
            found = 1;
        }
    }
    return list;
}

static int input_at(const lm_model *model, int place)
{
    for (int i = 0; i < model->ninputs; i++)
        if (model->listed[i] == place) return i;
    return -1;
}

static json_t *graph_layers(const lm_model *model)
{
    json_t *list = json_array();
    if (!list) lm__no_memory(0);
    for (int place = 0, next = 0; list && place < model->ninputs + model->nlayers; place++) {
        int input = input_at(model, place);
        const char *name = input < 0 ? model->layer[next]->base.name : model->input[input]->base.name;
        json_t *layer = input < 0 ? layer_json(model, next) : input_layer(model, input, name);
        if (!layer) {
            json_decref(list);
            return NULL;
        }
        json_object_set_new(layer, "name", json_string(name));
        json_object_set_new(layer, "inbound_nodes", input < 0 ? calls_json(model, next++) : json_array());
        json_array_append_new(list, layer);
    }
    return list;
}

static json_t *graph_config(const lm_model *model)
{
    int inputs[LM_MAX_INPUTS];
    for (int i = 0; i < model->ninputs; i++) inputs[i] = i;
    json_t *layers = graph_layers(model);
    if (!layers) return NULL;
    json_t *all = json_pack("{s:s, s:s, s:{s:s, s:b, s:o, s:o, s:o}, s:s, s:{s:n}}", "module",
                            "keras.src.models.functional", "class_name", "Functional", "config", "name", model->name,
                            "trainable", 1, "layers", layers, "input_layers",
                            places_json(model, model->ninputs, inputs), "output_layers",
                            places_json(model, model->noutputs, model->output), "registered_name", "Functional",
                            "build_config", "input_shape");
    if (!all) lm__no_memory(0);
    return all;
}

/* --- either ----------------------------------------------------------------------------------------------------- */

static json_t *stack_config(const lm_model *model)
{
    json_t *layers = layer_list(model);
    if (!layers) return NULL;
    json_t *all = json_pack("{s:s, s:s, s:{s:s, s:b, s:s, s:o}, s:n}", "module", "keras", "class_name", "Sequential",
                            "config", "name", model->name, "trainable", 1, "dtype", "float32", "layers", layers,
                            "registered_name");
    if (!all) lm__no_memory(0);
    if (all && model->has_input) {
        const lm__shape *input = &model->node[0].shape;
        json_object_set_new(json_object_get(all, "config"), "build_input_shape", shape_json(input));
        json_object_set_new(all, "build_config", json_pack("{s:o}", "input_shape", shape_json(input)));
    }
    return all;
}

json_t *lm__keras_config(const lm_model *model)
{
    json_t *all = model->functional ? graph_config(model) : stack_config(model);
    if (!all || !model->compiled || !json_object_set_new(all, "compile_config", compile_json(model))) return all;
    json_decref(all);
    return NULL;
}
