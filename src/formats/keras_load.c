/* formats/keras_load.c: reading a .keras file. */
#include "base/alloc.h"
#include "formats/keras.h"

#include <string.h>

/* An archive without the member that every .keras file has. */
static lm_status no_config(const lm__zip *zip)
{
    for (size_t i = 0; i < lm__zip_count(zip); i++) {
        const char *slash = strrchr(lm__zip_name(zip, i), '/');
        if (slash && !strcmp(slash, "/data.pkl"))
            return lm__fail(LM_UNSUPPORTED, "it is a PyTorch file, which holds Python code: never read");
    }
    return lm__fail(LM_NOT_FOUND, "it is a ZIP archive, but not a .keras file: it has no member \"config.json\"");
}

lm_status lm__keras_read_json(const lm__zip *zip, const char *name, json_t **out)
{
    size_t member;
    lm__zip_data data = {0};
    LM_TRY(lm__zip_find(zip, name, &member));
    if (lm__zip_size(zip, member) > LM__KERAS_MAX_CONFIG)
        return lm__fail(LM_CORRUPT, "%s is larger than %zu bytes", name, LM__KERAS_MAX_CONFIG);
    LM_TRY(lm__zip_read(zip, member, &data));
    lm_status status = lm__json_read(name, data.bytes, data.size, out);
    lm__zip_release(&data);
    return status;
}

/* Of a stored member, as Keras and we write it, only the checksum and what is asked for are read. */
static lm_status open_weights(const lm__zip *zip, size_t member, const lm__view *view, lm__zip_data *data,
                              lm__h5 **h5)
{
    size_t begin, size;
    if (!lm__zip_stored(zip, member)) {
        LM_TRY(lm__zip_read(zip, member, data));
        return lm__h5_open("model.weights.h5", data->bytes, data->size, h5);
    }
    LM_TRY(lm__zip_place(zip, member, &begin, &size));
    return lm__h5_open_view("model.weights.h5", view, begin, size, h5);
}

static lm_status read_weights(const lm__zip *zip, const lm__view *view, size_t member, lm_model *model,
                              const json_t *compile)
{
    lm__zip_data data = {0};
    lm__h5 *h5 = NULL;
    lm_status status = open_weights(zip, member, view, &data, &h5);
    if (!status) status = lm__keras_get_weights(model, h5);
    if (!status) status = lm__keras_try_compile(model, compile);
    if (!status && model->compiled) status = lm__keras_get_optimizer(model, h5, true);
    lm__h5_close(h5);
    lm__zip_release(&data);
    return status;
}

/* A weight in the file may be of a shorter type than in the model: f16 for f64 at most. */
enum { WIDER = 4 };

static lm_status read_model(const lm__zip *zip, const lm__view *view, bool compile, const lm__keras_members *more,
                            lm_model **out)
{
    size_t member = 0;
    json_t *config = NULL;
    if (!lm__zip_has(zip, "config.json")) return no_config(zip);
    LM_TRY(lm__keras_read_json(zip, "config.json", &config));
    lm_status status = lm__zip_find(zip, "model.weights.h5", &member);
    if (!status) {
        *out = lm__keras_model_of_file(config, WIDER * lm__zip_size(zip, member) + 1);
        status = lm__object_check(*out, &lm__model_type, "model");
    }
    if (!status && !(*out)->built) status = lm__fail(LM_UNSUPPORTED, "its layers have no input shape");
    const json_t *how = compile ? json_object_get(config, "compile_config") : NULL;
    if (!status) status = lm__keras_get_about(*out, zip);
    if (!status) status = read_weights(zip, view, member, *out, how);
    if (!status) lm__free((*out)->filed), (*out)->filed = NULL;
    if (!status && more && more->get) status = more->get(more->user, *out, zip);
    json_decref(config);
    return status;
}

lm_model *lm__keras_read(const char *path, const lm__view *view, bool compile, const lm__keras_members *more)
{
    lm__zip *zip = NULL;
    lm_model *model = NULL;
    lm_status status = lm__zip_open_view(path, view, &zip);
    if (!status) status = read_model(zip, view, compile, more, &model);
    lm__zip_close(zip);
    if (!status) return model;
    lm_free(model);
    /* What the archive's reader says begins with the path already. */
    size_t length = strlen(path);
    if (strncmp(lm_last_error(), path, length) || lm_last_error()[length] != ':') lm__fail_in("%s", path);
    return lm__object_poison(&lm__model_type);
}

lm_model *lm__keras_load(const char *path, bool compile, const lm__keras_members *more)
{
    lm__view *view;
    if (lm__view_open(path, LM__KERAS_MAX_FILE, &view)) return lm__object_poison(&lm__model_type);
    lm_model *model = lm__keras_read(path, view, compile, more);
    lm__view_close(view);
    return model;
}
