/* api/files.c: models to and from files, and what travels with them. */
#include "base/alloc.h"
#include "formats/files.h"
#include "formats/h5.h"

#include <math.h>
#include <string.h>

lm_status lm_save(lm_model *model, const char *path)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__model_enter(model));
    lm_status status = path && *path ? lm__model_save(model, path) : lm__fail(LM_INVALID, "lm_save needs a path");
    if (status) lm__object_fail(model, 0);
    lm__model_leave(model);
    return status;
}

lm_load_args lm_load_defaults(void) { return (lm_load_args){.size = sizeof(lm_load_args), LM_LOAD_DEFAULTS}; }

lm_model *lm_load_with(const char *path, const lm_load_args *args)
{
    lm_load_args all = lm_load_defaults();
    if (args && args->size >= sizeof args->size)
        memcpy(&all, args, args->size < sizeof all ? args->size : sizeof all);
    else if (args) lm__fail(LM_INVALID, "lm_load_with: .size of the arguments is %zu; begin with lm_load_defaults()",
                            args->size);
    if (!args) lm__fail(LM_INVALID, "lm_load_with: the arguments are NULL");
    if (!args || args->size < sizeof args->size) return lm__object_poison(&lm__model_type);
    if (path && *path) return lm__model_load(path, &all);
    lm__fail(LM_INVALID, "lm_load needs a path");
    return lm__object_poison(&lm__model_type);
}

lm_model *(lm_load)(const char *path)
{
    lm_load_args args = lm_load_defaults();
    return lm_load_with(path, &args);
}

lm_status lm_save_weights(lm_model *model, const char *path)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__model_enter(model));
    lm_status status = path && *path ? lm__weights_save(model, path)
                                     : lm__fail(LM_INVALID, "lm_save_weights needs a path");
    if (status) lm__object_fail(model, 0);
    lm__model_leave(model);
    return status;
}

lm_status lm_load_weights(lm_model *model, const char *path)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__model_enter(model));
    lm__model_change(model);
    lm_status status = path && *path ? lm__weights_load(model, path)
                                     : lm__fail(LM_INVALID, "lm_load_weights needs a path");
    if (status) lm__object_fail(model, 0);
    lm__model_changed(model);
    lm__model_leave(model);
    return status;
}

/* --- configurations ------------------------------------------------------------------------------------------- */

char *lm_model_to_json(const lm_model *model)
{
    if (lm__object_check(model, &lm__model_type, "model")) return NULL;
    lm__model_look(model);
    char *text = lm__model_json(model);
    lm__model_looked(model);
    return text;
}

lm_model *lm_model_from_json(const char *json)
{
    if (json) return lm__json_model("", json, strlen(json), true);
    lm__fail(LM_INVALID, "lm_model_from_json: the text is NULL");
    return lm__object_poison(&lm__model_type);
}

/* --- what travels with a model -------------------------------------------------------------------------------- */

static bool is_model(const lm_model *model) { return lm__object_is(model, &lm__model_type); }

const char *const *lm_model_classes(const lm_model *model, int *count)
{
    if (count) *count = 0;
    if (!is_model(model)) return NULL;
    lm__model_look(model);
    const char *const *names = (const char *const *)model->about.classes;
    if (count) *count = model->about.nclasses;
    lm__model_looked(model);
    return names;
}

lm_status lm_model_set_classes(lm_model *model, int count, const char *const *names)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__model_enter(model));
    lm_status status = lm__model_set_classes(model, count, names);
    if (status) lm__object_fail(model, 0);
    else model->about.classes_set = true;
    lm__model_leave(model);
    return status;
}

lm_input_info lm_model_input_info(const lm_model *model)
{
    lm_input_info info = {.low = NAN, .high = NAN};
    if (!is_model(model) || !model->name) return info;
    lm__model_look(model);
    info = model->about.input;
    lm__model_looked(model);
    return info;
}

lm_status lm_model_set_input_info(lm_model *model, const lm_input_info *info)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__model_enter(model));
    lm_status status = info ? lm__model_set_input(model, info)
                            : lm__fail(LM_INVALID, "lm_model_set_input_info: the info is NULL");
    if (status) lm__object_fail(model, 0);
    else model->about.input_set = true;
    lm__model_leave(model);
    return status;
}
