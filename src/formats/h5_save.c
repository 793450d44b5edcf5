/* formats/h5_save.c: writing a whole model as a legacy .h5 file. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "formats/h5.h"
#include "formats/keras.h"
#include "formats/weights.h"

#include <string.h>

/* Lists of strings are cut where an attribute is full: name0, name1, … as Keras does. */
enum { NAMES_EACH = 2000 };

static lm_status put_names(lm__h5_writer *h5, const char *path, const char *name, const char *const *names,
                           size_t count)
{
    char part[64];
    if (count <= NAMES_EACH) return lm__h5_put_strings(h5, path, name, names, count);
    for (size_t at = 0; at < count; at += NAMES_EACH) {
        snprintf(part, sizeof part, "%s%zu", name, at / NAMES_EACH);
        size_t n = count - at < NAMES_EACH ? count - at : NAMES_EACH;
        LM_TRY(lm__h5_put_strings(h5, path, part, names + at, n));
    }
    return LM_OK;
}

/* --- configurations --------------------------------------------------------------------------------------------- */

/* The old form has class and config alone, in functional models also the layer's place in the graph. */
static json_t *model_config(const json_t *config)
{
    json_t *inner = json_copy(json_object_get(config, "config")), *list = json_array(), *layer;
    size_t i;
    json_array_foreach(json_object_get(inner, "layers"), i, layer)
    {
        json_t *old = json_pack("{s:O, s:O}", "class_name", json_object_get(layer, "class_name"), "config",
                                json_object_get(layer, "config"));
        const char *const graph[] = {"name", "inbound_nodes"};      /* of functional models */
        for (int k = 0; old && k < 2; k++)
            if (json_object_get(layer, graph[k])) json_object_set(old, graph[k], json_object_get(layer, graph[k]));
        json_array_append_new(list, old);
    }
    if (inner) json_object_set_new(inner, "layers", list);
    else json_decref(list);
    return json_pack("{s:O, s:o}", "class_name", json_object_get(config, "class_name"), "config", inner);
}

static json_t *training_config(const json_t *compile)
{
    json_t *all = json_copy((json_t *)compile), *optimizer = json_object_get(compile, "optimizer");
    json_t *old = json_pack("{s:O, s:O}", "class_name", json_object_get(optimizer, "class_name"), "config",
                            json_object_get(optimizer, "config"));
    if (all) json_object_del(all, "optimizer");
    if (all) json_object_set_new(all, "optimizer_config", old);
    else json_decref(old);
    return all;
}

/* Takes the reference. */
static lm_status put_json(lm__h5_writer *h5, const char *attribute, json_t *json)
{
    char *text = lm__json_text(json, NULL);
    lm_status status = text ? lm__h5_put_string(h5, "", attribute, text) : LM_NO_MEMORY;
    lm__free(text);
    json_decref(json);
    return status;
}

static lm_status put_configs(const lm_model *model, lm__h5_writer *h5)
{
    json_t *config = lm__keras_config(model), *compile = json_object_get(config, "compile_config");
    if (!config) return lm_last_status();
    lm_status status = put_json(h5, "model_config", model_config(config));
    if (!status && compile) status = put_json(h5, "training_config", training_config(compile));
    json_decref(config);
    return status;
}

/* --- weights ---------------------------------------------------------------------------------------------------- */

/* Versions decide nothing in Keras 3; Keras 2 turned kernels of other backends round. */
static lm_status put_origin(lm__h5_writer *h5, const char *path)
{
    LM_TRY(lm__h5_put_string(h5, path, "keras_version", "3.15.1"));
    return lm__h5_put_string(h5, path, "backend", "tensorflow");
}

typedef struct names_of {
    const char *group, *prefix;             /* where the datasets are; what their names begin with, with its '/' */
    const lm_optimizer *optimizer;          /* whose variables they are; NULL: a layer's */
    lm__arena *arena;
} names_of;

static lm_status put_one(lm__h5_writer *h5, const names_of *of, const char *name, const lm_variable *v)
{
    const char *path = lm__arena_printf(of->arena, "%s/%s", of->group, name);
    if (!path) return lm__no_memory(0);
    return of->optimizer ? lm__optimizer_put(h5, path, of->optimizer, v) : lm__h5_put_tensor(h5, path, v->value);
}

/* Under its own name, which holds the prefix already if it is a slot's; long names are cut and may meet: then under
 * its number. */
static lm_status put_variable(lm__h5_writer *h5, const names_of *of, int i, const lm_variable *v, const char **name)
{
    bool whole = of->optimizer && strchr(v->name, '/');
    *name = lm__arena_printf(of->arena, "%s%s", whole ? "" : of->prefix, v->name);
    if (!*name) return lm__no_memory(0);
    lm_status status = put_one(h5, of, *name, v);
    if (status != LM_INVALID) return status;
    *name = lm__arena_printf(of->arena, "%s%d", of->prefix, i);
    return *name ? put_one(h5, of, *name, v) : lm__no_memory(0);
}

static lm_status put_group(lm__h5_writer *h5, const names_of *of, int count, lm_variable *const *variables)
{
    const char **names = lm__arena_alloc(of->arena, ((size_t)count + 1) * sizeof *names);
    if (!names) return lm__no_memory((size_t)count * sizeof *names);
    LM_TRY(lm__h5_put_group(h5, of->group));
    for (int i = 0; i < count; i++) LM_TRY(put_variable(h5, of, i, variables[i], &names[i]));
    return put_names(h5, of->group, "weight_names", names, (size_t)count);
}

static lm_status put_layers(const lm_model *model, lm__h5_writer *h5, lm__arena *arena)
{
    const char **names = lm__arena_alloc(arena, ((size_t)model->nlayers + 1) * sizeof *names);
    if (!names) return lm__no_memory((size_t)model->nlayers * sizeof *names);
    names_of of = {.prefix = lm__arena_printf(arena, "%s/", model->name), .arena = arena};
    if (!of.prefix) return lm__no_memory(0);
    LM_TRY(lm__h5_put_group(h5, "model_weights"));
    LM_TRY(put_origin(h5, "model_weights"));
    for (int i = 0; i < model->nlayers; i++) {
        const lm_layer *layer = model->layer[i];
        names[i] = layer->base.name;
        of.group = lm__arena_printf(arena, "model_weights/%s", names[i]);
        if (!of.group) return lm__no_memory(0);
        LM_TRY(put_group(h5, &of, layer->nweights, layer->weight));
    }
    of.group = "model_weights/top_level_model_weights";
    LM_TRY(put_group(h5, &of, 0, NULL));
    return put_names(h5, "model_weights", "layer_names", names, (size_t)model->nlayers);
}

static lm_status put_optimizer(const lm_model *model, lm__h5_writer *h5, lm__arena *arena)
{
    lm_variable **list;
    int count;
    char class_name[64];
    LM_TRY(lm__optimizer_list(model->optimizer, &list, &count));
    lm_status status = LM_OK;
    if (count) {
        lm__snake_case(model->optimizer->base.class->name, class_name, sizeof class_name);
        names_of of = {"optimizer_weights", lm__arena_printf(arena, "%s/", class_name), model->optimizer, arena};
        status = of.prefix ? put_group(h5, &of, count, list) : lm__no_memory(0);
    }
    lm__free(list);
    return status;
}

static lm_status put_model(const lm_model *model, lm__h5_writer *h5, lm__arena *arena)
{
    LM_TRY(put_origin(h5, ""));
    LM_TRY(put_configs(model, h5));
    LM_TRY(put_layers(model, h5, arena));
    return put_optimizer(model, h5, arena);
}

lm_status lm__h5_model_save(const lm_model *model, const char *path)
{
    lm__h5_writer *h5;
    lm__arena *arena = lm__arena_new();
    if (!arena) return lm__no_memory(0);
    lm_status status = lm__h5_create(&h5);
    if (!status) status = put_model(model, h5, arena);
    if (!status) status = lm__h5_save(h5, path);
    lm__h5_discard(h5);
    lm__arena_free(arena);
    return status;
}
