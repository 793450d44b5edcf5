/* formats/json.c: configurations alone, as Keras's model.to_json() prints them. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "formats/files.h"
#include "formats/keras.h"

#include <string.h>

lm_status lm__json_read(const char *what, const void *text, size_t bytes, json_t **out)
{
    json_error_t error;
    size_t mark = bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;     /* editors of Windows put it there */
    *out = NULL;
    if (bytes > LM__KERAS_MAX_CONFIG)
        return lm__fail(LM_CORRUPT, "%s is larger than %zu bytes", what, LM__KERAS_MAX_CONFIG);
    *out = json_loadb((const char *)text + mark, bytes - mark, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(*out)) return LM_OK;
    if (!*out) return lm__fail(LM_CORRUPT, "%s is wrong in line %d: %s", what, error.line, error.text);
    json_decref(*out);
    *out = NULL;
    return lm__fail(LM_CORRUPT, "%s is no object", what);
}

static int append(const char *text, size_t bytes, void *user)
{
    lm__text *t = user;
    lm__text_append(t, text, bytes);
    return t->bad;
}

char *lm__json_text(const json_t *json, size_t *bytes)
{
    lm__text t = {0};
    if (json && !json_dump_callback(json, append, &t, JSON_COMPACT) && !t.bad) {
        if (bytes) *bytes = t.size;
        return t.data;
    }
    lm__free(t.data);
    lm__no_memory(t.size);
    return NULL;
}

char *lm__model_json(const lm_model *model)
{
    json_t *config = lm__keras_config(model);
    char *text = config ? lm__json_text(config, NULL) : NULL;
    json_decref(config);
    return text;
}

static lm_status model_of(const char *text, size_t bytes, bool compile, lm_model **model)
{
    json_t *config;
    LM_TRY(lm__json_read("the configuration", text, bytes, &config));
    *model = lm__keras_model(config);
    lm_status status = lm__object_check(*model, &lm__model_type, "model");
    if (!status) lm__free((*model)->filed), (*model)->filed = NULL;        /* there are no weights to read */
    if (!status && compile) status = lm__keras_try_compile(*model, json_object_get(config, "compile_config"));
    json_decref(config);
    return status;
}

lm_model *lm__json_model(const char *name, const char *text, size_t bytes, bool compile)
{
    lm_model *model = NULL;
    if (model_of(text, bytes, compile, &model) == LM_OK) return model;
    lm_free(model);
    if (*name) lm__fail_in("%s", name);
    return lm__object_poison(&lm__model_type);
}
