/* formats/keras_save.c: writing a .keras file, whole or not at all. */
#include "base/alloc.h"
#include "formats/keras.h"

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

lm_status lm__keras_add_h5(lm__zip_writer *zip, const char *name, lm__h5_writer *h5)
{
    uint64_t bytes;
    LM_TRY(lm__h5_layout(h5, &bytes));
    LM_TRY(lm__zip_begin(zip, name, NULL, bytes));
    lm__sink sink = lm__zip_sink(zip);
    LM_TRY(lm__h5_emit(h5, &sink));
    return lm__zip_end(zip);
}

/* Keras's own has the date too. The same run gives the same file, so there is none in ours, which Keras never asks
 * for. */
static json_t *metadata(void) { return json_pack("{s:s}", "keras_version", keras_version); }

static lm_status add_weights(lm__zip_writer *zip, const lm_model *model)
{
    lm__h5_writer *h5 = NULL;
    lm_status status = lm__h5_create(&h5);
    if (!status) status = lm__keras_put_weights(model, h5);
    if (!status) status = lm__keras_add_h5(zip, "model.weights.h5", h5);
    lm__h5_discard(h5);
    return status;
}

lm_status lm__keras_save(const lm_model *model, const char *path, const lm__keras_members *more)
{
    lm__zip_writer *zip;
    LM_TRY(lm__zip_create(path, &zip));
    lm_status status = lm__keras_add_json(zip, "metadata.json", metadata());
    json_t *config = status ? NULL : lm__keras_config(model);
    if (!status) status = config ? lm__keras_add_json(zip, "config.json", config) : lm_last_status();
    if (!status) status = add_weights(zip, model);
    if (!status) status = lm__keras_put_about(model, zip);
    if (!status && more && more->put) status = more->put(more->user, zip);
    if (!status) return lm__zip_commit(zip);
    lm__zip_abort(zip);
    return status;
}
