/* formats/keras_parse.c: a model from Keras's config.json. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "formats/h5.h"
#include "formats/keras.h"

#include <lamina/layers.h>
#include <string.h>

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

/* Is it a class that somebody wrote? Keras's own have no registered name, or their own; custom ones
 * "package>Name", among which we have some of KerasHub's. */
static bool foreign(const json_t *object)
{
    const char *module = text(object, "module"), *registered = text(object, "registered_name");
    for (const lm__class *const *class = lm__layer_classes; *class; class++) {
        const char *package = (*class)->package;
        size_t n = package ? strlen(package) : 0;
        if (!n || strncmp(registered, package, n) || registered[n] != '>') continue;
        if (!strcmp(registered + n + 1, (*class)->name)) return false;
    }
    bool keras = !*module || !strcmp(module, "keras") || !strncmp(module, "keras.", 6);
    return !keras || (*registered && strcmp(registered, text(object, "class_name")));
}

/* The dtype of an InputLayer: a string, or a policy object. */
static const char *dtype_of(const json_t *config)
{
    const json_t *dtype = json_object_get(config, "dtype");
    if (json_is_object(dtype)) dtype = json_object_get(json_object_get(dtype, "config"), "name");
    return json_string_value(dtype) ? json_string_value(dtype) : "float32";
}

/* batch_shape (or Keras 2's batch_input_shape) -> sizes without the batch. */
static lm_status read_shape(const json_t *list, int64_t *shape)
{
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n < 2 || n > LM_MAX_RANK)
        return lm__fail(LM_CORRUPT, "the input's shape is missing or has more than %d sizes", LM_MAX_RANK);
    for (size_t i = 1; i < n; i++) {
        const json_t *size = json_array_get(list, i);
        shape[i - 1] = json_is_integer(size) ? json_integer_value(size) : LM_ANY;
        if ((!json_is_integer(size) && !json_is_null(size)) || !shape[i - 1] || shape[i - 1] < LM_ANY)
            return lm__fail(LM_CORRUPT, "the input's shape holds something else than sizes of 1 or more");
    }
    return LM_OK;
}

static lm_layer *input_layer(const json_t *shape, const char *dtype, const char *name)
{
    lm_input_args args = lm_input_defaults();
    args.dtype = dtype, args.name = name;
    return read_shape(shape, args.shape) ? lm__object_poison(&lm__layer_type) : lm_input_new(&args);
}

lm_layer *lm__keras_layer(const json_t *layer, const char *name)
{
    const json_t *config = json_object_get(layer, "config");
    const char *class_name = text(layer, "class_name");
    if (!strcmp(class_name, "InputLayer")) {
        const json_t *shape = json_object_get(config, "batch_shape");
        return input_layer(shape ? shape : json_object_get(config, "batch_input_shape"), dtype_of(config),
                           name);
    }
    if (!strcmp(class_name, "Lambda")) {
        lm__fail(LM_UNSUPPORTED, "it holds a Lambda layer: Python code, which Lamina does not run; put a built-in "
                                 "layer in its place");
        return lm__object_poison(&lm__layer_type);
    }
    if (!strncmp(text(layer, "module"), "keras.src.ops", 13)) {
        lm__fail(LM_UNSUPPORTED, "it holds the operation %s, which is no layer; keras.layers has Add, Multiply, … "
                                 "for x + y, x * y, …", class_name);
        return lm__object_poison(&lm__layer_type);
    }
    if (foreign(layer)) {
        lm__fail(LM_UNSUPPORTED, "layer %s is a class of its own (%s), which Lamina does not have", class_name,
                 *text(layer, "registered_name") ? text(layer, "registered_name") : text(layer, "module"));
        return lm__object_poison(&lm__layer_type);
    }
    if (!strcmp(class_name, "Sequential") || !strcmp(class_name, "Functional") || !strcmp(class_name, "Model")) {
        lm__fail(LM_UNSUPPORTED, "it holds a %s model as a layer, and Lamina reads plain layers", class_name);
        return lm__object_poison(&lm__layer_type);
    }
    const lm__class *class = lm__class_find(lm__layer_classes, class_name, "layer");
    json_t *words = class && config ? lm__keras2_layer(config) : NULL;
    lm_layer *made = class && (words || !config) ? lm__layer_from(class, words) : lm__object_poison(&lm__layer_type);
    json_decref(words);
    return made;
}

static lm_status add_layers(lm_model *model, const json_t *config)
{
    const json_t *layers = json_object_get(config, "layers"), *shape = json_object_get(config, "build_input_shape");
    size_t n = json_array_size(layers);
    if (!json_is_array(layers) || !n || n > LM__KERAS_MAX_LAYERS)
        return lm__fail(LM_CORRUPT, "its config has no list of layers, or more than %d", LM__KERAS_MAX_LAYERS);
    const json_t *first = json_array_get(layers, 0), *own = json_object_get(first, "config");
    if (json_object_get(own, "batch_input_shape")) shape = json_object_get(own, "batch_input_shape");   /* Keras 2 */
    if (json_is_array(shape) && strcmp(text(first, "class_name"), "InputLayer"))
        LM_TRY(lm__model_add(model, input_layer(shape, "float32", NULL)));
    for (size_t i = 0; i < n; i++) LM_TRY(lm__model_add(model, lm__keras_layer(json_array_get(layers, i), NULL)));
    return LM_OK;
}

static lm_status set_name(lm_model *model, const char *name)
{
    if (!*name) return LM_OK;
    char *copy = lm__strdup(name);
    if (!copy) return lm__no_memory(strlen(name) + 1);
    lm__free(model->name);
    model->name = copy;
    return LM_OK;
}

static lm_model *read_stack(const json_t *config, const char *name, size_t bytes)
{
    lm_model *model = lm_sequential_new(0, NULL);
    lm_status status = lm__object_check(model, &lm__model_type, "model");
    if (!status) model->file_bytes = bytes;
    if (!status) status = add_layers(model, config);
    if (!status) status = set_name(model, name);
    if (status) {
        lm_free(model);
        return lm__object_poison(&lm__model_type);
    }
    model->file_bytes = 0;
    for (int i = 0; i < model->nlayers; i++) model->layer[i]->file_bytes = 0;
    return model;
}

lm_model *lm__keras_model(const json_t *config) { return lm__keras_model_of_file(config, 0); }

lm_model *lm__keras_model_of_file(const json_t *config, size_t bytes)
{
    const char *class_name = text(config, "class_name");
    const json_t *inner = json_object_get(config, "config");
    const char *name = text(inner, "name");
    bool functional = !strcmp(class_name, "Functional") || !strcmp(class_name, "Model");    /* Keras 2's name */
    if (!functional && strcmp(class_name, "Sequential"))
        lm__fail(LM_UNSUPPORTED, "it is a %s model; Lamina reads Sequential and Functional ones",
                 *class_name ? class_name : "nameless");
    else if (!lm__is_plain(name)) lm__fail(LM_CORRUPT, "its name is not text without control characters");
    else return functional ? lm__keras_graph(inner, name, bytes) : read_stack(inner, name, bytes);
    return lm__object_poison(&lm__model_type);
}

/* --- compile_config ------------------------------------------------------------------------------------------- */

/* A name, or an object with class and config. */
static void *part(const json_t *json, const lm__class *const *classes, const lm__type *type, const char *what)
{
    const char *name = json_is_object(json) ? text(json, "class_name") : json_string_value(json);
    if (!json || json_is_null(json)) {
        lm__fail(LM_UNSUPPORTED, "it was compiled without %s", what);
        return lm__object_poison(type);
    }
    if (json_is_object(json) && foreign(json)) {
        lm__fail(LM_UNSUPPORTED, "%s %s is a class of its own, which Lamina does not have", what, name);
        return lm__object_poison(type);
    }
    const lm__class *class = lm__class_find(classes, name ? name : "", what);
    if (!class) return lm__object_poison(type);
    return json_is_object(json) ? lm__configured_from(class, json_object_get(json, "config"))
                                : lm__configured_new(class, NULL);
}

static lm_status read_metrics(const json_t *list, lm_compile_args *args)
{
    int names = 0, objects = 0;
    if (!list || json_is_null(list)) return LM_OK;
    if (!json_is_array(list)) return lm__fail(LM_UNSUPPORTED, "its metrics are not a list");
    if (json_array_size(list) > LM_MAX_METRICS)
        return lm__fail(LM_UNSUPPORTED, "it was compiled with %zu metrics, more than %d", json_array_size(list),
                        LM_MAX_METRICS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *metric = json_array_get(list, i);
        if (json_is_string(metric)) args->metrics[names++] = json_string_value(metric);
        else args->metric_objects[objects++] = part(metric, lm__metric_classes, &lm__metric_type, "metric");
    }
    return LM_OK;
}

lm_status lm__keras_compile(lm_model *model, const json_t *compile)
{
    const json_t *optimizer = json_object_get(compile, "optimizer"), *loss = json_object_get(compile, "loss");
    lm_compile_args args = {.size = sizeof args};
    lm_status status = read_metrics(json_object_get(compile, "metrics"), &args);
    static const char *const absent[] = {"loss_weights", "weighted_metrics"};
    for (int i = 0; i < 2; i++) {
        const json_t *value = json_object_get(compile, absent[i]);
        if (value && !json_is_null(value)) status = lm__fail(LM_UNSUPPORTED, "it was compiled with %s", absent[i]);
    }
    args.optimizer = part(optimizer, lm__optimizer_classes, &lm__optimizer_type, "optimizer");
    args.loss_object = part(loss, lm__loss_classes, &lm__loss_type, "loss");
    if (status) {
        lm__release_compile_args(&args);
        return status;
    }
    return lm__model_compile(model, &args);
}

lm_status lm__keras_try_compile(lm_model *model, const json_t *compile)
{
    if (!json_is_object(compile)) return LM_OK;
    lm_status status = lm__keras_compile(model, compile);
    return status == LM_NOT_FOUND || status == LM_UNSUPPORTED ? LM_OK : status;
}
