/* formats/files.c: which format a file is in. */
#include "formats/files.h"

#include "base/view.h"
#include "formats/h5.h"
#include "formats/keras.h"

#include <string.h>

/* --- by name: writing ------------------------------------------------------------------------------------------- */

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n > m && !strcmp(path + n - m, end);
}

/* A name that promises another format, to programs that go by names. */
static lm_status check_name(const char *path)
{
    static const char *const others[] = {"onnx", "pt", "pth", "safetensors", "tflite", NULL};
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    if (ends_with(path, ".json"))
        return lm__fail(LM_UNSUPPORTED, "%s: a .json file holds no weights; lm_model_to_json gives its text", path);
    if (ends_with(path, ".weights.h5"))
        return lm__fail(LM_UNSUPPORTED, "%s: such a file holds weights alone; lm_save_weights writes it", path);
    for (int i = 0; dot && others[i]; i++)
        if (!strcmp(dot + 1, others[i]))
            return lm__fail(LM_UNSUPPORTED,
                            "%s: lm_save writes Keras's .keras format, not .%s; name the file %.*s.keras", path,
                            others[i], (int)(dot - path), path);
    return LM_OK;
}

lm_status lm__model_save(const lm_model *model, const char *path)
{
    LM_TRY(check_name(path));
    if (!model->built)
        return lm__fail(LM_INVALID, "%s: the model has no weights yet; begin it with lm_input, or fit it first",
                        path);
    bool h5 = ends_with(path, ".h5") || ends_with(path, ".hdf5");
    return h5 ? lm__h5_model_save(model, path) : lm__keras_save(model, path, NULL);
}

/* --- by content: reading ---------------------------------------------------------------------------------------- */

typedef enum file_kind { KIND_KERAS, KIND_H5, KIND_JSON, KIND_UNKNOWN } file_kind;

/* JSON may begin with white space, and with the mark that Windows's editors put there. */
static bool is_json(const uint8_t *data, size_t bytes)
{
    size_t i = bytes >= 3 && !memcmp(data, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (i < bytes && data[i] && strchr(" \t\r\n", data[i])) i++;
    return i < bytes && data[i] == '{';
}

static file_kind kind_of(const lm__view *view)
{
    enum { LOOK = 64 };
    static const uint8_t hdf5[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    const uint8_t *data = lm__view_data(view);
    size_t bytes = lm__view_size(view) < LOOK ? lm__view_size(view) : LOOK;
    if (lm__view_need(view, 0, bytes)) return KIND_UNKNOWN;
    if (bytes >= 2 && !memcmp(data, "PK", 2)) return KIND_KERAS;
    if (bytes >= sizeof hdf5 && !memcmp(data, hdf5, sizeof hdf5)) return KIND_H5;
    return is_json(data, bytes) ? KIND_JSON : KIND_UNKNOWN;
}

static lm_model *read_model(const char *name, const lm__view *view, const lm_load_args *args)
{
    file_kind kind = kind_of(view);
    if (kind == KIND_KERAS) return lm__keras_read(name, view, args->compile, NULL);
    if (kind == KIND_H5) return lm__h5_model_read(name, view, args->compile);
    if (kind == KIND_UNKNOWN) {
        lm__fail(LM_CORRUPT, "%s: it is not a .keras file (Keras's model.save(\"model.keras\") or lm_save write them)"
                 ", nor .h5 or .json", name);
        return lm__object_poison(&lm__model_type);
    }
    if (lm__view_need(view, 0, lm__view_size(view))) return lm__object_poison(&lm__model_type);
    return lm__json_model(name, (const char *)lm__view_data(view), lm__view_size(view), args->compile);
}

lm_model *lm__model_decode(const char *name, const void *data, size_t bytes, const lm_load_args *args)
{
    lm__view *view;
    if (lm__view_of(data, bytes, &view)) return lm__object_poison(&lm__model_type);
    lm_model *model = read_model(name, view, args);
    lm__view_close(view);
    return model;
}

lm_model *lm__model_load(const char *path, const lm_load_args *args)
{
    lm__view *view;
    if (lm__view_open(path, LM__KERAS_MAX_FILE, &view)) return lm__object_poison(&lm__model_type);
    lm_model *model = read_model(path, view, args);
    lm__view_close(view);
    return model;
}
