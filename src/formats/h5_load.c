/* formats/h5_load.c: reading a whole model from a legacy .h5 file. */
#include "base/alloc.h"
#include "base/view.h"
#include "formats/h5.h"
#include "formats/keras.h"

#include <string.h>

/* The JSON object in an attribute of the root. New reference. */
static lm_status read_attribute(const lm__h5 *h5, const char *name, json_t **out)
{
    char *text;
    LM_TRY(lm__h5_string(h5, "", name, &text));
    lm_status status = lm__json_read(name, text, strlen(text), out);
    lm__free(text);
    return status;
}

static lm_status compile_model(lm_model *model, const lm__h5 *h5)
{
    json_t *training;
    if (!lm__h5_has_attribute(h5, "", "training_config")) return LM_OK;
    LM_TRY(read_attribute(h5, "training_config", &training));
    json_t *compile = lm__keras2_compile(training);
    json_decref(training);
    lm_status status = compile ? lm__keras_try_compile(model, compile) : lm__no_memory(0);
    json_decref(compile);
    return !status && model->compiled ? lm__h5_get_optimizer(model, h5) : status;
}

/* Weights in the file may be of a shorter type than in the model: f16 for f64 at most. */
enum { WIDER = 4 };

static lm_status read_model(const lm__h5 *h5, size_t bytes, bool compile, lm_model **out)
{
    json_t *config;
    if (!lm__h5_has_attribute(h5, "", "model_config"))
        return lm__fail(LM_NOT_FOUND, "it holds no model (it has no model_config); lm_load_weights reads a file of "
                                      "weights into a model that is there");
    LM_TRY(read_attribute(h5, "model_config", &config));
    *out = lm__keras_model_of_file(config, WIDER * bytes + 1);
    json_decref(config);
    LM_TRY(lm__object_check(*out, &lm__model_type, "model"));
    if (!(*out)->built) return lm__fail(LM_UNSUPPORTED, "its layers have no input shape");
    LM_TRY(lm__h5_get_weights(*out, h5, "model_weights"));
    lm__free((*out)->filed), (*out)->filed = NULL;
    return compile ? compile_model(*out, h5) : LM_OK;
}

lm_model *lm__h5_model_read(const char *name, const lm__view *view, bool compile)
{
    lm__h5 *h5 = NULL;
    lm_model *model = NULL;
    lm_status status = lm__h5_open_view(name, view, 0, lm__view_size(view), &h5);
    if (!status) status = read_model(h5, lm__view_size(view), compile, &model);
    lm__h5_close(h5);
    if (!status) return model;
    lm_free(model);
    size_t length = strlen(name);
    if (strncmp(lm_last_error(), name, length) || lm_last_error()[length] != ':') lm__fail_in("%s", name);
    return lm__object_poison(&lm__model_type);
}
