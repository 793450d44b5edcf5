/* train/batch.c: one step on one batch, on its own. */
#include "train/model.h"

lm_status lm__model_on_batch(lm_model *model, lm_tensor *const arrays[3], bool training)
{
    static const char *const name[] = {"x", "y", "sample_weight"};
    lm__array_kind kinds[LM__STEP_ARRAYS];
    double loss;
    int count = arrays[2] ? 3 : 2;
    if (model->ninputs > 1)
        return lm__fail(LM_UNSUPPORTED, "the model takes %d inputs, and one came; lm_fit and lm_evaluate take data "
                                        "with several (lm_data_from_tensors)", model->ninputs);
    for (int i = 0; i < count; i++) {
        LM_TRY(lm__object_check(arrays[i], &lm__tensor_type, name[i]));
        if (!arrays[i]->rank)
            return lm__fail(LM_INVALID, "%s is a single number; a batch has a first dimension, its examples",
                            name[i]);
    }
    LM_TRY(lm__model_kinds(model, "a step", arrays, count, kinds));
    LM_TRY(training ? lm__model_train_step(model, kinds) : lm__model_test_step(model, kinds));
    lm__model_reset_metrics(model);
    return lm__model_run(model, training ? &model->train : &model->test, arrays, count, &loss);
}
