/* train/profile.c: the profile of a model's step: its function, on arrays. */
#include "train/profile.h"

#include "plan/profile.h"

static lm_profile *poison(void) { return lm__object_poison(&lm__profile_type); }

static lm_status one_input(const lm_model *model)
{
    if (model->ninputs == 1) return LM_OK;
    return lm__fail(LM_UNSUPPORTED, "the model takes %d inputs; profiles are made of models that take one",
                    model->ninputs);
}

lm_profile *lm__model_profile_training(lm_model *model, lm_tensor *x, lm_tensor *y, const lm_profile_args *args)
{
    lm__array_kind kinds[LM__STEP_ARRAYS];
    lm_tensor *arrays[] = {x, y};
    if (lm__object_check(x, &lm__tensor_type, "x") || lm__object_check(y, &lm__tensor_type, "y")) return poison();
    if (!model->compiled) {
        lm__fail(LM_INVALID, "the model is not compiled, so it has no training step; call lm_compile first");
        return poison();
    }
    if (one_input(model) || lm__model_kinds(model, "a profile", arrays, 2, kinds) ||
        lm__model_train_step(model, kinds))
        return poison();
    lm__model_change(model);
    lm_profile *p = lm__function_profile_on(model->train.function, arrays, args);
    lm__model_changed(model);
    return p;
}

lm_profile *lm__model_profile_prediction(const lm_model *model, lm_tensor *x, const lm_profile_args *args)
{
    lm_function *function;
    if (lm__object_check(x, &lm__tensor_type, "x") || one_input(model) ||
        lm__model_takes(model, 0, "x has", x->rank, x->dims) || lm__model_predict_step(model, &x->dtype, &function))
        return poison();
    return lm__function_profile_on(function, &x, args);
}
