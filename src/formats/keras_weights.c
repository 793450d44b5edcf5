/* formats/keras_weights.c: weights and optimizer state in Keras's HDF5 tree: layers/<class>[_k]/vars/<i>,
 * optimizer/vars/<i>. */
#include "base/alloc.h"
#include "formats/keras.h"

#include <stdio.h>
#include <string.h>

/* "layers/dense_1": the class in snake case with a counter per class, not the layer's name. */
static void layer_path(const lm_model *model, int index, char *path, size_t bytes)
{
    char snake[64];
    const lm__class *class = model->layer[index]->base.class;
    int k = 0;
    for (int i = 0; i < index; i++) k += model->layer[i]->base.class == class;
    lm__snake_case(class->name, snake, sizeof snake);
    if (k) snprintf(path, bytes, "layers/%s_%d", snake, k);
    else snprintf(path, bytes, "layers/%s", snake);
}

static lm_status put_layer(const lm_model *model, int index, lm__h5_writer *writer)
{
    const lm_layer *layer = model->layer[index];
    char path[128], full[160];
    layer_path(model, index, path, sizeof path);
    snprintf(full, sizeof full, "%s/vars", path);
    LM_TRY(lm__h5_put_group(writer, full));
    LM_TRY(lm__h5_put_string(writer, full, "name", layer->base.name));
    for (int i = 0; i < layer->nweights; i++) {
        snprintf(full, sizeof full, "%s/vars/%d", path, i);
        LM_TRY(lm__h5_put_tensor(writer, full, layer->weight[i]->value));
    }
    return LM_OK;
}

/* Keras keeps the learning rate in float32, whatever the model's type; so do we where nothing is lost. */
static lm_status put_variable(lm__h5_writer *writer, const char *path, const lm_optimizer *optimizer,
                              const lm_variable *v)
{
    double value = lm_tensor_get(v->value, 0);
    bool plain = v != optimizer->learning_rate || (double)(float)value != value;
    if (plain) return lm__h5_put_tensor(writer, path, v->value);
    lm_tensor *rate = lm_tensor_cast(v->value, LM_F32);
    lm_status status = lm__object_check(rate, &lm__tensor_type, path);
    if (!status) status = lm__h5_put_tensor(writer, path, rate);
    lm_free(rate);
    return status;
}

/* The optimizer's variables in Keras's order: *list is new memory, NULL if it has none yet. */
static lm_status list_variables(const lm_optimizer *optimizer, lm_variable ***list, int *count)
{
    *list = NULL;
    *count = optimizer ? lm__optimizer_variables(optimizer, NULL) : 0;
    if (!*count) return LM_OK;
    *list = lm__alloc((size_t)*count * sizeof **list);
    if (!*list) return lm__no_memory((size_t)*count * sizeof **list);
    lm__optimizer_variables(optimizer, *list);
    return LM_OK;
}

static lm_status put_optimizer(const lm_model *model, lm__h5_writer *writer)
{
    lm_variable **list;
    int count;
    char path[64];
    LM_TRY(list_variables(model->optimizer, &list, &count));
    lm_status status = count ? lm__h5_put_group(writer, "optimizer/vars") : LM_OK;
    for (int i = 0; !status && i < count; i++) {
        snprintf(path, sizeof path, "optimizer/vars/%d", i);
        status = put_variable(writer, path, model->optimizer, list[i]);
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

/* Copies a dataset into a variable of the same shape. */
static lm_status get_variable(const lm__h5 *h5, const char *path, lm_variable *v)
{
    if (lm__h5_read_into(h5, path, v->value)) return lm__fail_in("%s", v->name);
    v->version++;
    return LM_OK;
}

/* More numbered datasets than the layer has weights: the file belongs to another model. */
static lm_status check_surplus(const lm__h5 *h5, const char *path, const lm_layer *layer)
{
    char full[160];
    snprintf(full, sizeof full, "%s/vars/%d", path, layer->nweights);
    if (lm__h5_kind_of(h5, full) != LM__H5_DATASET) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s has more than the %d weights of %s in the model", path, layer->nweights,
                    layer->base.name);
}

/* A layer with weights in the file that the model does not have: likewise. `paths`: those of the model's layers. */
static lm_status check_layers(const lm__h5 *h5, const char (*paths)[128], int npaths)
{
    const char *const *names;
    size_t count;
    char full[LM__H5_MAX_NAME + 32];
    if (lm__h5_kind_of(h5, "layers") != LM__H5_GROUP) return LM_OK;
    LM_TRY(lm__h5_list(h5, "layers", &names, &count));
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (int k = 0; !known && k < npaths; k++) known = !strcmp(paths[k] + strlen("layers/"), names[i]);
        snprintf(full, sizeof full, "layers/%s/vars/0", names[i]);
        if (!known && lm__h5_kind_of(h5, full) == LM__H5_DATASET)
            return lm__fail(LM_CORRUPT, "it has weights for a layer that its configuration lacks: layers/%s",
                            names[i]);
    }
    return LM_OK;
}

static lm_status get_layer(const lm__h5 *h5, const char *path, lm_layer *layer)
{
    char full[160];
    for (int i = 0; i < layer->nweights; i++) {
        snprintf(full, sizeof full, "%s/vars/%d", path, i);
        if (lm__h5_kind_of(h5, full) != LM__H5_DATASET)
            return lm__fail(LM_CORRUPT, "weight %s (%s) is missing", layer->weight[i]->name, full);
        LM_TRY(get_variable(h5, full, layer->weight[i]));
    }
    return check_surplus(h5, path, layer);
}

lm_status lm__keras_get_weights(lm_model *model, const lm__h5 *h5)
{
    size_t bytes = (size_t)model->nlayers * 128;
    char (*paths)[128] = lm__alloc(bytes);
    lm_status status = paths ? LM_OK : lm__no_memory(bytes);
    for (int k = 0; !status && k < model->nlayers; k++) {
        layer_path(model, k, paths[k], sizeof *paths);
        status = get_layer(h5, paths[k], model->layer[k]);
    }
    if (!status) status = check_layers(h5, paths, model->nlayers);
    lm__free(paths);
    return status;
}

lm_status lm__keras_get_optimizer(lm_model *model, const lm__h5 *h5)
{
    lm_variable **list;
    int count;
    char path[64];
    if (lm__h5_kind_of(h5, "optimizer/vars/0") != LM__H5_DATASET) return LM_OK;
    LM_TRY(lm__model_prepare(model));
    LM_TRY(list_variables(model->optimizer, &list, &count));
    lm_status status = LM_OK;
    for (int i = 0; !status && i < count; i++) {
        snprintf(path, sizeof path, "optimizer/vars/%d", i);
        status = get_variable(h5, path, list[i]);
    }
    lm__free(list);
    if (status) return status;
    /* Training goes on with the dropout masks of the next step, not with the first step's once more. */
    ((int64_t *)model->random->value->data)[1] = *(const int64_t *)model->optimizer->iteration->value->data;
    return LM_OK;
}
