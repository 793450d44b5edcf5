/* formats/keras_chain.c: Functional models that are a plain chain, layer after layer from one input to one output:
 * many that Keras users export are. Such a configuration's list of layers is that of a stack. */
#include "formats/keras.h"

#include <string.h>

static const char *text(const json_t *value) { return json_string_value(value) ? json_string_value(value) : ""; }

static const char *name_of(const json_t *layer)
{
    const json_t *name = json_object_get(layer, "name");
    return text(name ? name : json_object_get(json_object_get(layer, "config"), "name"));
}

static lm_status refuse(const char *layer, const char *why)
{
    return lm__fail(LM_UNSUPPORTED, "it is a Functional model that is no plain chain: %s%s%s; Lamina reads stacks of "
                    "layers",
                    layer, *layer ? " " : "", why);
}

/* Arguments given by name change what a layer does, unless they are None. `training` is what it was when the model
 * was put together; each run of the model says it anew. */
static bool plain_arguments(const json_t *arguments)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)arguments, key, value)
        if (!json_is_null(value) && strcmp(key, "training")) return false;
    return true;
}

/* ["layer", node, tensor] must be the first output of the first call; the layer's name, or NULL. */
static const char *first_output(const json_t *place)
{
    if (json_array_size(place) < 3) return NULL;
    bool later = json_integer_value(json_array_get(place, 1)) || json_integer_value(json_array_get(place, 2));
    return later ? NULL : json_string_value(json_array_get(place, 0));
}

/* What a layer's only call takes: in Keras 3 {"args": [tensor], "kwargs": {}}, in Keras 2 [["layer", 0, 0, {}]]. */
static const char *source_of(const json_t *layer)
{
    const json_t *nodes = json_object_get(layer, "inbound_nodes"), *node = json_array_get(nodes, 0);
    if (json_array_size(nodes) != 1) return NULL;
    if (json_is_array(node)) {
        const json_t *place = json_array_get(node, 0);
        return json_array_size(node) == 1 && plain_arguments(json_array_get(place, 3)) ? first_output(place) : NULL;
    }
    const json_t *args = json_object_get(node, "args"), *tensor = json_array_get(args, 0);
    if (json_array_size(args) != 1 || !plain_arguments(json_object_get(node, "kwargs"))) return NULL;
    if (strcmp(text(json_object_get(tensor, "class_name")), "__keras_tensor__")) return NULL;
    return first_output(json_object_get(json_object_get(tensor, "config"), "keras_history"));
}

/* Inputs and outputs: ["layer", 0, 0], or a list of those. */
static const char *only_one(const json_t *places)
{
    if (json_is_array(json_array_get(places, 0)))
        return json_array_size(places) == 1 ? first_output(json_array_get(places, 0)) : NULL;
    return first_output(places);
}

lm_status lm__keras_chain(const json_t *config)
{
    const json_t *layers = json_object_get(config, "layers"), *layer;
    const char *before = NULL, *in = only_one(json_object_get(config, "input_layers")),
               *out = only_one(json_object_get(config, "output_layers"));
    size_t i;
    if (!in || !out) return refuse("", "it has several inputs or outputs");
    json_array_foreach((json_t *)layers, i, layer)
    {
        const char *name = name_of(layer), *from = i ? source_of(layer) : NULL;
        bool input = !strcmp(text(json_object_get(layer, "class_name")), "InputLayer");
        if (i ? input : !input || strcmp(name, in)) return refuse(name, i ? "is a second input" : "is no input");
        if (i && !from) return refuse(name, "is called several times, or with more than the layer before it");
        if (i && strcmp(from, before)) return refuse(name, "does not take what the layer before it gives");
        before = name;
    }
    return before && !strcmp(before, out) ? LM_OK : refuse(out, "is an output, but not its last layer");
}
