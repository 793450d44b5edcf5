/* train/evaluate.c: loss and metrics on data, without training. */
#include "train/model.h"

lm_status lm__model_evaluate_on(lm_model *model, lm_iterator *it, int64_t steps, int verbose, lm_logs *out)
{
    lm__progress bar;
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    int count;
    lm__progress_begin(&bar, verbose, 0, steps);
    while ((count = bar.step == steps ? 0 : lm_iterator_next(it, batch)) > 0) {
        lm__array_kind kinds[LM__STEP_ARRAYS];
        double loss;
        LM_TRY(lm__model_kinds(model, "evaluate", batch, count, kinds));
        LM_TRY(lm__model_test_step(model, kinds));
        if (!bar.step) lm__model_reset_metrics(model);
        LM_TRY(lm__model_run(model, &model->test, batch, count, &loss));
        lm__progress_step(&bar, model);
    }
    if (count < 0) return lm__fail_in("reading batch %lld", (long long)bar.step);
    if (!bar.step) return lm__fail(LM_INVALID, "the data are empty");
    *out = lm__model_logs(model);
    lm__progress_end(&bar, out, NULL);
    return LM_OK;
}

static lm_status evaluate_once(lm_model *model, lm_dataset *batches, int verbose, lm_logs *out)
{
    lm_iterator *it = lm_data_iterate(batches, 0, 0);
    lm_status status = lm_failed(it) ? lm__fail(lm_status_of(it), "%s", lm_error(it))
                                     : lm__model_evaluate_on(model, it, lm_data_count(batches), verbose, out);
    lm_free(it);
    return status;
}

/* A callback evaluates in the midst of a fit, whose sums go on afterwards. */
static lm_status evaluate(lm_model *model, lm_dataset *batches, int verbose, lm_logs *out)
{
    lm__run_state sums = {0};
    if (!model->nested) return evaluate_once(model, batches, verbose, out);
    lm_status status = lm__model_keep_metrics(model, &sums);
    if (!status) {
        status = evaluate_once(model, batches, verbose, out);
        lm_status back = lm__model_restore_metrics(model, &sums);
        if (!status) status = back;
    }
    lm__run_state_free(&sums);
    return status;
}

lm_status lm__model_evaluate(lm_model *model, lm_dataset *data, const lm_evaluate_args *args, lm_logs *out)
{
    if (!model->compiled) return lm__model_prepare(model);
    if (args->batch_size < 1)
        return lm__fail(LM_INVALID, "batch_size = %lld, but it must be 1 or more", (long long)args->batch_size);
    if (lm_failed(data)) return lm__fail(lm_status_of(data), "%s", data ? lm_error(data) : "the dataset is NULL");
    if (lm_data_count(data) == LM_ANY)
        return lm__fail(LM_INVALID, "the data have no end; take a part of them with lm_data_take");
    lm_dataset *batches = lm_retain(data);
    if (!lm_data_batch_size(data)) batches = lm_data_batch(batches, args->batch_size, false);
    lm_status status = lm_failed(batches) ? lm__fail(lm_status_of(batches), "%s", lm_error(batches))
                                          : evaluate(model, batches, lm__progress_verbose(args->verbose), out);
    lm_free(batches);
    return status;
}
