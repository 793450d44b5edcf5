/* train/evaluate.c: loss and metrics on data, without training. */
#include "train/model.h"

static lm_status run(lm_model *model, lm_dataset *data, int verbose)
{
    lm__progress bar;
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(data, 0, 0);
    lm_status status = lm_failed(it) ? lm__fail(lm_status_of(it), "%s", lm_error(it)) : LM_OK;
    int count = 0;
    lm__progress_begin(&bar, verbose, lm_data_count(data));
    while (!status && (count = lm_iterator_next(it, batch)) > 0) {
        lm__array_kind kinds[3];
        double loss;
        if (count > 3) count = 3;
        for (int i = 0; i < 3; i++) lm__array_kind_of(i < count ? batch[i] : NULL, &kinds[i]);
        status = lm__model_test_step(model, kinds);
        if (!status && !bar.step) lm__model_reset_metrics(model);
        if (!status) status = lm__model_run(model, &model->test, batch, count, &loss);
        lm__progress_step(&bar, model);
    }
    if (!status && count < 0) status = lm__fail_in("reading batch %lld", (long long)bar.step);
    if (!status && !bar.step) status = lm__fail(LM_INVALID, "the data are empty");
    if (!status) {
        lm_logs logs = lm__model_logs(model);
        lm__progress_end(&bar, &logs, NULL);
    }
    lm_free(it);
    return status;
}

/* Training results of the epoch at hand are kept by the caller: the metrics' states are shared with fit. */
lm_status lm__model_evaluate(lm_model *model, lm_dataset *data, const lm_evaluate_args *args, lm_logs *out)
{
    if (!model->compiled) return lm__model_prepare(model);
    if (args->batch_size < 1)
        return lm__fail(LM_INVALID, "batch_size = %lld, but it must be 1 or more", (long long)args->batch_size);
    if (lm_failed(data)) return lm__fail(lm_status_of(data), "%s", data ? lm_error(data) : "the dataset is NULL");
    lm_dataset *batches = lm_retain(data);
    if (!lm_data_batch_size(data)) batches = lm_data_batch(batches, args->batch_size, false);
    lm_status status = lm_failed(batches) ? lm__fail(lm_status_of(batches), "%s", lm_error(batches))
                                          : run(model, batches, lm__progress_verbose(args->verbose));
    if (!status) *out = lm__model_logs(model);
    lm_free(batches);
    return status;
}
