/* api/files.c: models to and from files. */
#include "formats/keras.h"

lm_status lm_save(lm_model *model, const char *path)
{
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__model_enter(model));
    lm_status status = path && *path ? lm__keras_save(model, path) : lm__fail(LM_INVALID, "lm_save needs a path");
    if (status) lm__object_fail(model, 0);
    lm__model_leave(model);
    return status;
}

lm_model *lm_load(const char *path)
{
    if (path && *path) return lm__keras_load(path);
    lm__fail(LM_INVALID, "lm_load needs a path");
    return lm__object_poison(&lm__model_type);
}
