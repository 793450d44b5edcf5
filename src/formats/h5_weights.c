/* formats/h5_weights.c: weights out of legacy HDF5 files, and files of weights alone. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/view.h"
#include "codec/zip.h"
#include "formats/h5.h"
#include "formats/keras.h"
#include "formats/weights.h"

#include <stdio.h>
#include <string.h>

/* --- lists of names --------------------------------------------------------------------------------------------- */

/* Keras cuts long lists into parts: name0, name1, … `part` counts from 0; *more says whether there is one. */
static lm_status read_part(const lm__h5 *h5, const char *group, const char *name, int part, lm__h5_strings *out,
                           bool *more)
{
    char full[64];
    *out = (lm__h5_strings){0};
    if (!part && lm__h5_has_attribute(h5, group, name)) {
        *more = true;
        return lm__h5_strings_of(h5, group, name, out);
    }
    snprintf(full, sizeof full, "%s%d", name, part);
    *more = lm__h5_has_attribute(h5, group, full) && !lm__h5_has_attribute(h5, group, name);
    return *more ? lm__h5_strings_of(h5, group, full, out) : LM_OK;
}

typedef lm_status name_fn(void *user, const char *name);

static lm_status each_name(const lm__h5 *h5, const char *group, const char *list, name_fn *fn, void *user)
{
    bool more = true;
    for (int part = 0; more; part++) {
        lm__h5_strings names;
        LM_TRY(read_part(h5, group, list, part, &names, &more));
        lm_status status = LM_OK;
        for (size_t i = 0; !status && i < names.count; i++) status = fn(user, names.items[i]);
        lm__free(names.items);
        LM_TRY(status);
    }
    return LM_OK;
}

/* --- layers ----------------------------------------------------------------------------------------------------- */

/* Layers with weights, of the model and of the file, are told by their order alone, as Keras does. */
typedef struct reading {
    lm_model *model;
    const lm__h5 *h5;
    const char *group, *name;               /* where the layers are; the layer at hand */
    lm__places places;
    int next, weights;                      /* layer of the model; weights of it that were named */
} reading;

static lm_status join(const char *a, const char *b, const char *c, lm__text *out)
{
    out->size = 0;
    lm__text_printf(out, "%s%s%s%s%s", a, *a ? "/" : "", b, *b && *c ? "/" : "", c);
    return out->bad ? lm__no_memory(out->size) : LM_OK;
}

static lm_status take_weight(void *user, const char *weight)
{
    reading *r = user;
    lm__text path = {0};
    while (!r->weights && r->next < r->model->nlayers && !lm__model_filed(r->model, r->next)->nweights) r->next++;
    if (r->next == r->model->nlayers)
        return lm__fail(LM_CORRUPT, "it has weights for a layer that the model lacks: %s", r->name);
    lm_layer *layer = lm__model_filed(r->model, r->next);
    if (r->weights == layer->nweights)
        return lm__fail(LM_CORRUPT, "layer %s has more than the %d weights of %s in the model", r->name,
                        layer->nweights, layer->base.name);
    lm_status status = join(r->group, r->name, weight, &path);
    if (!status) status = lm__places_add(&r->places, path.data, layer->weight[r->weights++]);
    lm__free(path.data);
    return status;
}

static lm_status take_layer(void *user, const char *name)
{
    reading *r = user;
    lm__text path = {0};
    r->name = name, r->weights = 0;
    lm_status status = join(r->group, name, "", &path);
    if (!status) status = each_name(r->h5, path.data, "weight_names", take_weight, r);
    lm__free(path.data);
    if (status || !r->weights) return status;
    const lm_layer *layer = lm__model_filed(r->model, r->next++);
    if (r->weights == layer->nweights) return LM_OK;
    return lm__fail(LM_CORRUPT, "layer %s has %d weights, but %s in the model has %d", name, r->weights,
                    layer->base.name, layer->nweights);
}

static lm_status find_places(reading *r)
{
    LM_TRY(lm__places_begin(&r->places));
    LM_TRY(each_name(r->h5, r->group, "layer_names", take_layer, r));
    for (; r->next < r->model->nlayers; r->next++)
        if (lm__model_filed(r->model, r->next)->nweights)
            return lm__fail(LM_CORRUPT, "the weights of layer %s are missing",
                            lm__model_filed(r->model, r->next)->base.name);
    return lm__places_check(&r->places, r->h5);
}

lm_status lm__h5_get_weights(lm_model *model, const lm__h5 *h5, const char *group)
{
    reading r = {.model = model, .h5 = h5, .group = group};
    lm_status status = find_places(&r);
    if (!status) status = lm__places_read(&r.places, h5);
    lm__places_end(&r.places);
    return status;
}

/* --- the optimizer's state ------------------------------------------------------------------------------------- */

typedef struct state_list {
    lm__places places;
    lm_variable **variable;
    int count, next;
    const lm_optimizer *optimizer;
    char kind[8];                           /* of the second name: "/m:0" where tf.keras put all of them first */
    bool by_kind;
} state_list;

static const char *kind_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash : "";
}

/* The names that come after the scalars: of old optimizers all m, then all v; of newer ones pairs. */
static lm_status look_at_name(void *user, const char *name)
{
    state_list *s = user;
    const char *kind = kind_of(name);
    if (s->next == 1 && strlen(kind) < sizeof s->kind) strcpy(s->kind, kind);
    s->by_kind |= s->next == 2 && *s->kind && !strcmp(kind, s->kind) && !strcmp(kind, "/m:0");
    s->next++;
    return LM_OK;
}

/* Which variable stands at place i of the file. */
static lm_variable *variable_at(const state_list *s, int i)
{
    const lm_optimizer *o = s->optimizer;
    int n = o->nvariables, scalars = s->count - n * o->nslots;
    if (!s->by_kind || i < scalars) return s->variable[i];
    return o->slot[(i - scalars) % n * o->nslots + (i - scalars) / n];
}

static lm_status take_state(void *user, const char *name)
{
    state_list *s = user;
    char path[LM__H5_MAX_NAME];
    /* tf.keras keeps no learning rate here. */
    if (s->next == 1 && !strstr(name, "learning_rate")) s->next++;
    if (s->next >= s->count || snprintf(path, sizeof path, "optimizer_weights/%s", name) >= (int)sizeof path)
        return lm__fail(LM_UNSUPPORTED, "the optimizer's state is another one's");
    return lm__places_add(&s->places, path, variable_at(s, s->next++));
}

static lm_status find_state(state_list *s, const lm__h5 *h5)
{
    LM_TRY(lm__places_begin(&s->places));
    LM_TRY(lm__optimizer_list(s->optimizer, &s->variable, &s->count));
    LM_TRY(each_name(h5, "optimizer_weights", "weight_names", look_at_name, s));
    s->next = 0;
    LM_TRY(each_name(h5, "optimizer_weights", "weight_names", take_state, s));
    if (s->next != s->count) return lm__fail(LM_UNSUPPORTED, "the optimizer's state is another one's");
    return lm__places_check(&s->places, h5);
}

lm_status lm__h5_get_optimizer(lm_model *model, const lm__h5 *h5)
{
    if (lm__h5_kind_of(h5, "optimizer_weights") != LM__H5_GROUP) return LM_OK;
    LM_TRY(lm__model_prepare(model));
    state_list s = {.optimizer = model->optimizer};
    lm_status status = find_state(&s, h5);
    if (!status) status = lm__places_read(&s.places, h5);
    if (!status) lm__optimizer_resume(model);
    lm__places_end(&s.places);
    lm__free(s.variable);
    /* As Keras does: training begins anew, and lm_last_error says why. */
    return status == LM_UNSUPPORTED || status == LM_CORRUPT ? LM_OK : status;
}

/* --- files of weights ------------------------------------------------------------------------------------------- */

static lm_status read_h5(lm_model *model, const lm__h5 *h5)
{
    if (lm__h5_has_attribute(h5, "", "layer_names") || lm__h5_has_attribute(h5, "", "layer_names0"))
        return lm__h5_get_weights(model, h5, "");
    if (lm__h5_kind_of(h5, "model_weights") == LM__H5_GROUP) return lm__h5_get_weights(model, h5, "model_weights");
    LM_TRY(lm__keras_get_weights(model, h5));
    return model->compiled ? lm__keras_get_optimizer(model, h5, false) : LM_OK;
}

/* The weights within a .keras file. */
static lm_status read_archive(lm_model *model, const char *name, const lm__view *view)
{
    lm__zip *zip = NULL;
    lm__h5 *h5 = NULL;
    lm__zip_data data = {0};
    size_t member;
    lm_status status = lm__zip_open_view(name, view, &zip);
    if (!status) status = lm__zip_find(zip, "model.weights.h5", &member);
    if (!status) status = lm__zip_read(zip, member, &data);
    if (!status) status = lm__h5_open("model.weights.h5", data.bytes, data.size, &h5);
    if (!status) status = read_h5(model, h5);
    lm__h5_close(h5), lm__zip_release(&data), lm__zip_close(zip);
    return status;
}

lm_status lm__weights_read(lm_model *model, const char *name, const lm__view *view)
{
    lm__h5 *h5 = NULL;
    if (!model->built)
        return lm__fail(LM_INVALID, "%s: the model has no weights to load into yet; begin it with lm_input, or call "
                        "lm_build first", name);
    LM_TRY(lm__view_need(view, 0, 2));
    bool archive = lm__view_size(view) >= 2 && !memcmp(lm__view_data(view), "PK", 2);
    lm_status status = archive ? read_archive(model, name, view)
                               : lm__h5_open_view(name, view, 0, lm__view_size(view), &h5);
    if (!status && !archive) status = read_h5(model, h5);
    lm__h5_close(h5);
    size_t length = strlen(name);
    if (status && (strncmp(lm_last_error(), name, length) || lm_last_error()[length] != ':')) lm__fail_in("%s", name);
    return status;
}

lm_status lm__weights_load(lm_model *model, const char *path)
{
    lm__view *view;
    LM_TRY(lm__view_open(path, LM__KERAS_MAX_FILE, &view));
    lm_status status = lm__weights_read(model, path, view);
    lm__view_close(view);
    return status;
}

lm_status lm__weights_save(const lm_model *model, const char *path)
{
    static const char end[] = ".weights.h5";
    size_t length = strlen(path), tail = sizeof end - 1;
    lm__h5_writer *h5 = NULL;
    if (length <= tail || strcmp(path + length - tail, end))
        return lm__fail(LM_INVALID, "%s: the name of a file of weights must end in %s, by which Keras knows it", path,
                        end);
    if (!model->built) return lm__fail(LM_INVALID, "%s: the model has no weights yet", path);
    LM_TRY(lm__h5_create(&h5));
    lm_status status = lm__keras_put_weights(model, h5);
    if (!status) status = lm__h5_save(h5, path);
    lm__h5_discard(h5);
    return status;
}
