/* formats/keras_save.c: writing a .keras file, whole or not at all. */
#include "base/alloc.h"
#include "codec/zip.h"
#include "formats/keras.h"

#include <string.h>
#include <time.h>

/* The Keras whose layout is written. */
static const char keras_version[] = "3.15.1";

/* JSON as a member. jansson's own memory is handed back to it inside. */
static lm_status add_json(lm__zip_writer *zip, const char *name, json_t *json)
{
    size_t bytes = json ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
    char *text = bytes ? lm__alloc(bytes) : NULL;
    lm_status status = text ? LM_OK : lm__no_memory(bytes);
    if (!status) {
        json_dumpb(json, text, bytes, JSON_COMPACT);
        status = lm__zip_add(zip, name, NULL, text, bytes);
    }
    lm__free(text);
    json_decref(json);
    return status;
}

static json_t *metadata(const struct tm *now)
{
    char date[64];
    strftime(date, sizeof date, "%Y-%m-%d@%H:%M:%S", now);
    return json_pack("{s:s, s:s}", "keras_version", keras_version, "date_saved", date);
}

static lm_status add_weights(lm__zip_writer *zip, const lm_model *model, const struct tm *now)
{
    lm__h5_writer *h5 = NULL;
    uint64_t bytes;
    lm_status status = lm__h5_create(&h5);
    if (!status) status = lm__keras_put_weights(model, h5);
    if (!status) status = lm__h5_layout(h5, &bytes);
    if (!status) status = lm__zip_begin(zip, "model.weights.h5", now, bytes);
    if (!status) {
        lm__sink sink = lm__zip_sink(zip);
        status = lm__h5_emit(h5, &sink);
    }
    if (!status) status = lm__zip_end(zip);
    lm__h5_discard(h5);
    return status;
}

/* A name that promises another format, to programs that go by names. */
static lm_status check_name(const char *path)
{
    static const char *const others[] = {"h5", "hdf5", "onnx", "pt", "pth", "safetensors", "tflite", NULL};
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    for (int i = 0; dot && others[i]; i++)
        if (!strcmp(dot + 1, others[i]))
            return lm__fail(LM_UNSUPPORTED,
                            "%s: lm_save writes Keras's .keras format, not .%s; name the file %.*s.keras", path,
                            others[i], (int)(dot - path), path);
    return LM_OK;
}

lm_status lm__keras_save(const lm_model *model, const char *path)
{
    lm__zip_writer *zip;
    struct tm now;
    time_t clock = time(NULL);
    localtime_r(&clock, &now);
    LM_TRY(check_name(path));
    if (!model->built)
        return lm__fail(LM_INVALID, "%s: the model has no weights yet; begin it with lm_input, or fit it first",
                        path);
    LM_TRY(lm__zip_create(path, &zip));
    lm_status status = add_json(zip, "metadata.json", metadata(&now));
    if (!status) status = add_json(zip, "config.json", lm__keras_config(model));
    if (!status) status = add_weights(zip, model, &now);
    if (!status) return lm__zip_commit(zip);
    lm__zip_abort(zip);
    return status;
}
