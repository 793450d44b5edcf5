/* formats/keras_weights.c: weights and optimizer state in Keras's HDF5 tree: layers/<class>[_k]/vars/<i>,
 * optimizer/vars/<i>. */
#include "base/alloc.h"
#include "formats/keras.h"
#include "formats/weights.h"

#include <stdio.h>
#include <string.h>

/* Where weight i is below a layer's path: "vars/1", or "cell/vars/1" where Keras keeps it in a layer inside. One more
 * than the layer has: where a surplus would be. */
static const char *place_of(const lm_layer *layer, int i, char text[64])
{
    const char *inner = ((const lm__layer_class *)layer->base.class)->inner;
    int layers = inner && *inner ? 1 : 0;
    for (const char *c = inner; c && *c; c++) layers += *c == '|';
    int each = layers ? layer->nweights / layers : 0;
    if (!each) {
        snprintf(text, 64, "vars/%d", i);
        return text;
    }
    for (int skip = i / each; skip > 0 && strchr(inner, '|'); skip--) inner = strchr(inner, '|') + 1;
    snprintf(text, 64, "%.*s/vars/%d", (int)strcspn(inner, "|"), inner, i < layer->nweights ? i % each : each);
    return text;
}

/* "layers/dense_1": the class in snake case with a counter per class, not the layer's name. */
static void layer_path(const lm_model *model, int index, char *path, size_t bytes)
{
    char snake[64];
    const lm__class *class = lm__model_filed(model, index)->base.class;
    int k = 0;
    for (int i = 0; i < index; i++) k += lm__model_filed(model, i)->base.class == class;
    lm__snake_case(class->name, snake, sizeof snake);
    if (k) snprintf(path, bytes, "layers/%s_%d", snake, k);
    else snprintf(path, bytes, "layers/%s", snake);
}

static lm_status put_layer(const lm_model *model, int index, lm__h5_writer *writer)
{
    const lm_layer *layer = lm__model_filed(model, index);
    char path[128], full[224], place[64];
    layer_path(model, index, path, sizeof path);
    snprintf(full, sizeof full, "%s/vars", path);
    LM_TRY(lm__h5_put_group(writer, full));
    LM_TRY(lm__h5_put_string(writer, full, "name", layer->base.name));
    for (int i = 0; i < layer->nweights; i++) {
        snprintf(full, sizeof full, "%s/%s", path, place_of(layer, i, place));
        LM_TRY(lm__h5_put_tensor(writer, full, layer->weight[i]->value));
    }
    return LM_OK;
}

static lm_status put_optimizer(const lm_model *model, lm__h5_writer *writer)
{
    lm_variable **list;
    int count;
    char path[64];
    LM_TRY(lm__optimizer_list(model->optimizer, &list, &count));
    lm_status status = count ? lm__h5_put_group(writer, "optimizer/vars") : LM_OK;
    for (int i = 0; !status && i < count; i++) {
        snprintf(path, sizeof path, "optimizer/vars/%d", i);
        status = lm__optimizer_put(writer, path, model->optimizer, list[i]);
    }
    lm__free(list);
    return status;
}

lm_status lm__keras_put_weights(const lm_model *model, lm__h5_writer *writer)
{
    LM_TRY(lm__h5_put_group(writer, "layers"));
    for (int i = 0; i < model->nlayers; i++) LM_TRY(put_layer(model, i, writer));
    return put_optimizer(model, writer);
}

/* --- reading -------------------------------------------------------------------------------------------------- */

/* More numbered datasets than the layer has weights: the file belongs to another model. */
static lm_status check_surplus(const lm__h5 *h5, const char *path, const lm_layer *layer)
{
    char full[224], place[64];
    snprintf(full, sizeof full, "%s/%s", path, place_of(layer, layer->nweights, place));
    if (lm__h5_kind_of(h5, full) != LM__H5_DATASET) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s has more than the %d weights of %s in the model", path, layer->nweights,
                    layer->base.name);
}

static bool has_weights(const lm__h5 *h5, const char *layer)
{
    char full[LM__H5_MAX_NAME + 32];
    snprintf(full, sizeof full, "layers/%s/vars/0", layer);
    if (lm__h5_kind_of(h5, full) == LM__H5_DATASET) return true;
    for (const lm__class *const *class = lm__layer_classes; *class; class++) {
        const char *inner = ((const lm__layer_class *)*class)->inner;
        if (!inner) continue;
        snprintf(full, sizeof full, "layers/%s/%.*s/vars/0", layer, (int)strcspn(inner, "|"), inner);
        if (lm__h5_kind_of(h5, full) == LM__H5_DATASET) return true;
    }
    return false;
}

/* A layer with weights in the file that the model does not have: likewise. `paths`: those of the model's layers. */
static lm_status check_layers(const lm__h5 *h5, const char (*paths)[128], int npaths)
{
    const char *const *names;
    size_t count;
    if (lm__h5_kind_of(h5, "layers") != LM__H5_GROUP) return LM_OK;
    LM_TRY(lm__h5_list(h5, "layers", &names, &count));
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        if (!has_weights(h5, names[i])) continue;
        for (int k = 0; !known && k < npaths; k++) known = !strcmp(paths[k] + strlen("layers/"), names[i]);
        if (!known)
            return lm__fail(LM_CORRUPT, "it has weights for a layer that its configuration lacks: layers/%s",
                            names[i]);
    }
    return LM_OK;
}

/* The datasets of a layer's weights. */
static lm_status add_layer(lm__places *places, const char *path, const lm_layer *layer)
{
    char full[224], place[64];
    for (int i = 0; i < layer->nweights; i++) {
        snprintf(full, sizeof full, "%s/%s", path, place_of(layer, i, place));
        LM_TRY(lm__places_add(places, full, layer->weight[i]));
    }
    return LM_OK;
}

static lm_status get_weights(lm_model *model, const lm__h5 *h5, lm__places *places, char (*paths)[128])
{
    LM_TRY(lm__places_begin(places));
    for (int k = 0; k < model->nlayers; k++) {
        layer_path(model, k, paths[k], sizeof *paths);
        LM_TRY(add_layer(places, paths[k], lm__model_filed(model, k)));
    }
    LM_TRY(lm__places_check(places, h5));
    for (int k = 0; k < model->nlayers; k++) LM_TRY(check_surplus(h5, paths[k], lm__model_filed(model, k)));
    LM_TRY(check_layers(h5, paths, model->nlayers));
    return lm__places_read(places, h5);
}

lm_status lm__keras_get_weights(lm_model *model, const lm__h5 *h5)
{
    lm__places places = {0};
    size_t bytes = (size_t)model->nlayers * 128;
    char (*paths)[128] = lm__alloc(bytes);
    lm_status status = paths ? get_weights(model, h5, &places, paths) : lm__no_memory(bytes);
    lm__places_end(&places);
    lm__free(paths);
    return status;
}

static lm_status add_optimizer(lm__places *places, const lm_model *model)
{
    lm_variable **list;
    int count;
    char path[64];
    LM_TRY(lm__places_begin(places));
    LM_TRY(lm__optimizer_list(model->optimizer, &list, &count));
    lm_status status = LM_OK;
    for (int i = 0; !status && i < count; i++) {
        snprintf(path, sizeof path, "optimizer/vars/%d", i);
        status = lm__places_add(places, path, list[i]);
    }
    lm__free(list);
    return status;
}

lm_status lm__keras_get_optimizer(lm_model *model, const lm__h5 *h5, bool must)
{
    lm__places places = {0};
    if (lm__h5_kind_of(h5, "optimizer/vars/0") != LM__H5_DATASET) return LM_OK;
    LM_TRY(lm__model_prepare(model));
    lm_status status = add_optimizer(&places, model);
    bool fits = !status && !lm__places_check(&places, h5);
    if (!status && (fits || must)) status = lm__places_read(&places, h5);
    if (!status && fits) lm__optimizer_resume(model);
    lm__places_end(&places);
    return status;
}
