/* formats/keras_load.c: reading a .keras file. */
#include "codec/zip.h"
#include "formats/keras.h"

#include <string.h>

/* A file that another program's users would expect to work: what it is, and how to get a .keras file from it. */
static lm_status known_kind(const lm__view *view)
{
    size_t bytes = lm__view_size(view);
    LM_TRY(lm__view_need(view, 0, 8));
    const uint8_t *data = lm__view_data(view);
    static const uint8_t hdf5[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    if (bytes >= sizeof hdf5 && !memcmp(data, hdf5, sizeof hdf5))
        return lm__fail(LM_UNSUPPORTED,
                        "it is an HDF5 file (.h5), not a .keras file; in Python, "
                        "keras.models.load_model(…).save(\"model.keras\") makes one of a whole model");
    if (bytes < 2 || memcmp(data, "PK", 2))
        return lm__fail(LM_CORRUPT, "it is not a .keras file (Keras's model.save(\"model.keras\") or lm_save write "
                                    "them)");
    return LM_OK;
}

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

static lm_status read_config(const lm__zip *zip, json_t **out)
{
    size_t member;
    lm__zip_data data = {0};
    json_error_t error;
    if (!lm__zip_has(zip, "config.json")) return no_config(zip);
    LM_TRY(lm__zip_find(zip, "config.json", &member));
    if (lm__zip_size(zip, member) > LM__KERAS_MAX_CONFIG)
        return lm__fail(LM_CORRUPT, "config.json is larger than %zu bytes", LM__KERAS_MAX_CONFIG);
    LM_TRY(lm__zip_read(zip, member, &data));
    *out = json_loadb((const char *)data.bytes, data.size, JSON_REJECT_DUPLICATES, &error);
    lm__zip_release(&data);
    if (json_is_object(*out)) return LM_OK;
    if (!*out) return lm__fail(LM_CORRUPT, "config.json is wrong in line %d: %s", error.line, error.text);
    json_decref(*out);
    *out = NULL;
    return lm__fail(LM_CORRUPT, "config.json is no object");
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
    if (!status && json_is_object(compile)) {
        status = lm__keras_compile(model, compile);
        if (!status) status = lm__keras_get_optimizer(model, h5);
        /* What cannot be compiled here can still predict; the reason stays in lm_last_error. */
        else if (status == LM_NOT_FOUND || status == LM_UNSUPPORTED) status = LM_OK;
    }
    lm__h5_close(h5);
    lm__zip_release(&data);
    return status;
}

/* A weight in the file may be of a shorter type than in the model: f16 for f64 at most. */
enum { WIDER = 4 };

static lm_model *decode(const char *path, const lm__view *view)
{
    lm__zip *zip = NULL;
    size_t member = 0;
    json_t *config = NULL;
    lm_model *model = NULL;
    lm_status status = known_kind(view);
    if (!status) status = lm__zip_open_view(path, view, &zip);
    if (!status) status = read_config(zip, &config);
    if (!status) status = lm__zip_find(zip, "model.weights.h5", &member);
    if (!status) {
        model = lm__keras_model_of_file(config, WIDER * lm__zip_size(zip, member) + 1);
        status = lm__object_check(model, &lm__model_type, "model");
    }
    if (!status && !model->built) status = lm__fail(LM_UNSUPPORTED, "its layers have no input shape");
    if (!status) status = read_weights(zip, view, member, model, json_object_get(config, "compile_config"));
    json_decref(config);
    lm__zip_close(zip);
    if (!status) return model;
    lm_free(model);
    /* What the archive's reader says begins with the path already. */
    size_t length = strlen(path);
    if (strncmp(lm_last_error(), path, length) || lm_last_error()[length] != ':') lm__fail_in("%s", path);
    return lm__object_poison(&lm__model_type);
}

lm_model *lm__keras_decode(const char *name, const void *data, size_t bytes)
{
    lm__view *view;
    if (lm__view_of(data, bytes, &view)) return lm__object_poison(&lm__model_type);
    lm_model *model = decode(name, view);
    lm__view_close(view);
    return model;
}

lm_model *lm__keras_load(const char *path)
{
    lm__view *view;
    if (lm__view_open(path, LM__KERAS_MAX_FILE, &view)) return lm__object_poison(&lm__model_type);
    lm_model *model = decode(path, view);
    lm__view_close(view);
    return model;
}
