/* train/predict.c: outputs for all of a dataset as one array. */
#include "train/model.h"

#include <string.h>

enum { PREDICT_BATCH = 32 };

static lm_tensor *poison(void)
{
    return lm__object_poison(&lm__tensor_type);
}

/* An output tensor for n examples; sizes other than the batch must be known. */
static lm_tensor *outputs_for(const lm_model *model, int64_t n)
{
    int64_t dims[LM_MAX_RANK] = {n};
    if (!model->built) {
        lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
        return poison();
    }
    for (int i = 1; i < model->output.rank; i++) {
        if (!lm__dim_known(model->output.dim[i])) {
            lm__fail(LM_UNSUPPORTED, "the size of output dimension %d depends on the input; use lm_predict_into", i);
            return poison();
        }
        dims[i] = model->output.dim[i];
    }
    return lm_tensor_new(model->output_dtype, model->output.rank, dims);
}

/* One batch to row `done` of y, on the model as it is now: a layer may have been added since y was made. */
static lm_status run_batch(const lm_model *model, const lm_tensor *x, int64_t done, lm_tensor *y)
{
    size_t row = lm_tensor_bytes(y) / (size_t)y->dims[0];
    bool same = y->dtype == model->output_dtype && y->rank == model->output.rank;
    LM_TRY(lm__model_takes(model, "the data have", x->rank, x->dims));
    for (int i = 1; same && i < y->rank; i++) same = model->output.dim[i] == y->dims[i];
    if (!same) return lm__fail(LM_BUSY, "the model's output was changed by another thread");
    return lm__model_predict_into(model, x->dims[0], x->dtype, x->dims, x->data,
                                  (char *)y->data + (size_t)done * row);
}

static lm_status run(const lm_model *model, lm_iterator *it, int64_t total, lm_tensor *y)
{
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    int64_t done = 0;
    int count;
    while ((count = lm_iterator_next(it, batch)) > 0) {
        int64_t n = batch[0]->dims[0];
        if (done + n > total) return lm__fail(LM_INTERNAL, "the dataset gave more examples than it announced");
        lm__model_look(model);
        lm_status status = run_batch(model, batch[0], done, y);
        lm__model_looked(model);
        LM_TRY(status);
        done += n;
    }
    if (count < 0) return lm_last_status();
    return done == total ? LM_OK : lm__fail(LM_INTERNAL, "the dataset gave fewer examples than it announced");
}

lm_tensor *lm__model_predict(const lm_model *model, lm_dataset *data)
{
    int64_t total = lm_data_examples(data);
    if (total == LM_ANY) {
        lm__fail(LM_INVALID, "the data have no end; take a part of them with lm_data_take");
        return poison();
    }
    lm_dataset *batches = lm_retain(data);
    if (!lm_data_batch_size(data)) batches = lm_data_batch(batches, PREDICT_BATCH, false);
    lm_iterator *it = lm_data_iterate(batches, 0, 0);
    lm__model_look(model);
    lm_tensor *y = outputs_for(model, total);
    lm__model_looked(model);
    lm_status status = lm_failed(it) ? lm__fail(lm_status_of(it), "%s", lm_error(it))
                                     : lm__object_check(y, &lm__tensor_type, "predictions");
    if (!status) status = run(model, it, total, y);
    if (status) {
        lm_free(y);
        y = poison();
    }
    lm_free(it), lm_free(batches);
    return y;
}
