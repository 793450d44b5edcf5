/* formats/keras2.c: what Keras 2 (tf.keras) says in other words than Keras 3, in configurations. */
#include "formats/h5.h"

#include <string.h>

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

/* Batch normalization's axis was a list. */
json_t *lm__keras2_layer(const json_t *config)
{
    const json_t *axis = json_object_get(config, "axis");
    if (!json_is_array(axis) || json_array_size(axis) != 1) return json_incref((json_t *)config);
    json_t *copy = json_copy((json_t *)config);
    if (copy) json_object_set(copy, "axis", json_array_get(axis, 0));
    return copy;
}

/* Keys that say nothing here. Decay of the learning rate does, unless it is 0. */
static void drop_keys(json_t *config)
{
    json_object_del(config, "jit_compile");
    json_object_del(config, "is_legacy_optimizer");
    json_t *decay = json_object_get(config, "decay"), *rate = json_object_get(config, "lr");
    if (json_is_number(decay) && json_number_value(decay) == 0) json_object_del(config, "decay");
    if (!rate) return;
    json_object_set(config, "learning_rate", rate);
    json_object_del(config, "lr");
}

static json_t *optimizer(const json_t *old)
{
    static const char custom[] = "Custom>";         /* how tf.keras registers its own */
    const char *class_name = text(old, "class_name");
    if (!json_is_object(old)) return json_incref((json_t *)old);
    if (!strncmp(class_name, custom, sizeof custom - 1)) class_name += sizeof custom - 1;
    json_t *config = json_copy(json_object_get(old, "config")), *all = json_copy((json_t *)old);
    if (config) drop_keys(config);
    if (all) {
        json_object_set_new(all, "class_name", json_string(class_name));
        if (config) json_object_set(all, "config", config);
    }
    json_decref(config);
    return all;
}

static json_t *loss(const json_t *old)
{
    const json_t *inner = json_object_get(old, "config");
    if (!json_is_object(inner)) return json_incref((json_t *)old);
    json_t *all = json_copy((json_t *)old), *config = json_copy((json_t *)inner);
    if (!strcmp(text(config, "reduction"), "auto")) json_object_del(config, "reduction");
    json_object_del(config, "fn");
    if (all && config) json_object_set(all, "config", config);
    json_decref(config);
    return all;
}

/* A function in a wrapper: {"name": "mae", "fn": "mean_absolute_error"}. */
static json_t *metric(const json_t *old)
{
    json_t *config = json_object_get(old, "config");
    const char *name = text(config, "name"), *fn = text(config, "fn");
    if (strcmp(text(old, "class_name"), "MeanMetricWrapper") || !*fn) return json_incref((json_t *)old);
    if (!strcmp(name, "accuracy") || !strcmp(name, "acc") || !*name) return json_string(*name ? name : fn);
    return json_pack("{s:s, s:{s:s}}", "class_name", fn, "config", "name", name);
}

/* One list a model, or one an output: a model here has one output. */
static json_t *metrics(const json_t *old)
{
    if (!json_is_array(old)) return old ? json_incref((json_t *)old) : json_null();
    if (json_array_size(old) == 1 && json_is_array(json_array_get(old, 0))) old = json_array_get(old, 0);
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(old); i++) json_array_append_new(list, metric(json_array_get(old, i)));
    return list;
}

json_t *lm__keras2_compile(const json_t *old)
{
    json_t *all = json_copy((json_t *)old);
    if (!all) return NULL;
    json_object_set_new(all, "optimizer", optimizer(json_object_get(old, "optimizer_config")));
    json_object_del(all, "optimizer_config");
    if (json_object_get(old, "loss")) json_object_set_new(all, "loss", loss(json_object_get(old, "loss")));
    json_object_set_new(all, "metrics", metrics(json_object_get(old, "metrics")));
    return all;
}
