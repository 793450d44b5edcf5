/* formats/keras_save.c: writing a .keras file, whole or not at all. */
#include "base/alloc.h"
#include "formats/keras.h"

#include <time.h>

/* The Keras whose layout is written. */
static const char keras_version[] = "3.15.1";

lm_status lm__keras_add_json(lm__zip_writer *zip, const char *name, json_t *json)
{
    size_t bytes = 0;
    char *text = lm__json_text(json, &bytes);
    lm_status status = text ? lm__zip_add(zip, name, NULL, text, bytes) : LM_NO_MEMORY;
    lm__free(text);
    json_decref(json);
    return status;
}

static lm_status add_h5(lm__zip_writer *zip, const char *name, const struct tm *date, lm__h5_writer *h5)
{
    uint64_t bytes;
    LM_TRY(lm__h5_layout(h5, &bytes));
    LM_TRY(lm__zip_begin(zip, name, date, bytes));
    lm__sink sink = lm__zip_sink(zip);
    LM_TRY(lm__h5_emit(h5, &sink));
    return lm__zip_end(zip);
}

lm_status lm__keras_add_h5(lm__zip_writer *zip, const char *name, lm__h5_writer *h5)
{
    return add_h5(zip, name, NULL, h5);
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
    lm_status status = lm__h5_create(&h5);
    if (!status) status = lm__keras_put_weights(model, h5);
    if (!status) status = add_h5(zip, "model.weights.h5", now, h5);
    lm__h5_discard(h5);
    return status;
}

lm_status lm__keras_save(const lm_model *model, const char *path, const lm__keras_members *more)
{
    lm__zip_writer *zip;
    struct tm now;
    time_t clock = time(NULL);
    localtime_r(&clock, &now);
    LM_TRY(lm__zip_create(path, &zip));
    lm_status status = lm__keras_add_json(zip, "metadata.json", metadata(&now));
    if (!status) status = lm__keras_add_json(zip, "config.json", lm__keras_config(model));
    if (!status) status = add_weights(zip, model, &now);
    if (!status) status = lm__keras_put_about(model, zip);
    if (!status && more && more->put) status = more->put(more->user, zip);
    if (!status) return lm__zip_commit(zip);
    lm__zip_abort(zip);
    return status;
}
