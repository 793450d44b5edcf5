/* train/fit.c: the training loop. */
#include "train/model.h"

#include <stdio.h>
#include <string.h>

/* A fit under way. */
typedef struct fit {
    lm_model *model;
    const lm_fit_args *args;
    lm_dataset *train, *validation;     /* batched; owned */
    lm_iterator *it, *validation_it;    /* kept over the epochs: another pass takes no memory */
    int64_t steps;                      /* an epoch, LM_ANY if unknown */
    int verbose;
} fit;

static lm_status check_args(const lm_fit_args *a)
{
    if (a->epochs < 1) return lm__fail(LM_INVALID, "epochs = %d, but it must be 1 or more", a->epochs);
    if (a->initial_epoch < 0 || a->initial_epoch >= a->epochs)
        return lm__fail(LM_INVALID, "initial_epoch = %d, but it must be between 0 and epochs - 1 = %d",
                        a->initial_epoch, a->epochs - 1);
    if (a->batch_size < 1)
        return lm__fail(LM_INVALID, "batch_size = %lld, but it must be 1 or more", (long long)a->batch_size);
    if (!(a->validation_split >= 0 && a->validation_split < 1))
        return lm__fail(LM_INVALID, "validation_split = %g, but it must be at least 0 and less than 1",
                        a->validation_split);
    if (a->validation_split > 0 && a->validation_data)
        return lm__fail(LM_INVALID, "give validation_data or validation_split, not both");
    if (a->verbose < -1 || a->verbose > 2)
        return lm__fail(LM_INVALID,
                        "verbose = %d, but it must be 0 (silent), 1 (a bar), 2 (a line an epoch) or -1 (either)",
                        a->verbose);
    if (a->steps_per_epoch < 0)
        return lm__fail(LM_INVALID, "steps_per_epoch = %lld, but it must be 0 (all) or more",
                        (long long)a->steps_per_epoch);
    return LM_OK;
}

/* Single examples are joined to batches; data that are batched stay as they are. */
static lm_dataset *batched(lm_dataset *data, int64_t batch_size)
{
    return lm_data_batch_size(data) ? data : lm_data_batch(data, batch_size, false);
}

static lm_status split(fit *f, lm_dataset *data)
{
    int64_t count = lm_data_count(data), kept = count;
    if (f->args->validation_split > 0) {
        if (lm_data_batch_size(data) || count == LM_ANY)
            return lm__fail(LM_INVALID,
                            "validation_split needs data that are not batched and have an end; batch them "
                            "after splitting, or give validation_data");
        kept = (int64_t)((double)count * (1 - f->args->validation_split));
        if (kept < 1 || kept == count)
            return lm__fail(LM_INVALID, "validation_split = %g leaves one part of %lld examples empty",
                            f->args->validation_split, (long long)count);
        f->validation = batched(lm_data_skip(lm_retain(data), kept), f->args->batch_size);
    } else if (f->args->validation_data) {
        f->validation = batched(lm_retain(f->args->validation_data), f->args->batch_size);
    }
    f->train = lm_retain(data);
    if (kept != count) f->train = lm_data_take(f->train, kept);
    if (f->args->shuffle && !lm_data_batch_size(data) && count != LM_ANY)
        f->train = lm_data_shuffle(f->train, f->model->seed);
    f->train = batched(f->train, f->args->batch_size);
    return LM_OK;
}

static lm_status prepare(fit *f, lm_dataset *data)
{
    LM_TRY(check_args(f->args));
    LM_TRY(split(f, data));
    if (lm_failed(f->train)) return lm__fail(lm_status_of(f->train), "%s", lm_error(f->train));
    if (f->validation && lm_failed(f->validation))
        return lm__fail(lm_status_of(f->validation), "validation: %s", lm_error(f->validation));
    if (f->validation && lm_data_count(f->validation) == LM_ANY)
        return lm__fail(LM_INVALID, "validation_data have no end; take a part of them with lm_data_take");
    f->steps = lm_data_count(f->train);
    if (f->args->steps_per_epoch && (f->steps == LM_ANY || f->steps > f->args->steps_per_epoch))
        f->steps = f->args->steps_per_epoch;
    if (f->steps == LM_ANY)
        return lm__fail(LM_INVALID, "the data have no end; give .steps_per_epoch");
    if (f->steps == 0) return lm__fail(LM_INVALID, "the data are empty");
    f->it = lm_data_iterate(f->train, f->args->initial_epoch, 0);
    if (lm_failed(f->it)) return lm__fail(lm_status_of(f->it), "%s", lm_error(f->it));
    f->validation_it = f->validation ? lm_data_iterate(f->validation, 0, 0) : NULL;
    if (f->validation && lm_failed(f->validation_it))
        return lm__fail(lm_status_of(f->validation_it), "validation: %s", lm_error(f->validation_it));
    return LM_OK;
}

static lm_status train_batch(fit *f, lm_tensor *const *batch, int count)
{
    lm__array_kind kinds[3];
    double loss;
    for (int i = 0; i < 3; i++) lm__array_kind_of(i < count ? batch[i] : NULL, &kinds[i]);
    LM_TRY(lm__model_train_step(f->model, kinds));
    return lm__model_run(f->model, &f->model->train, batch, count, &loss);
}

static lm_status train_steps(fit *f, lm__progress *bar, int epoch)
{
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    for (int64_t step = 0; step < f->steps && !atomic_load(&f->model->stop); step++) {
        int count = lm_iterator_next(f->it, batch);
        if (count < 0) return lm__fail_in("reading batch %lld", (long long)step);
        if (!count) break;
        if (count > 3)
            return lm__fail(LM_INVALID, "an element has %d tensors; fit takes (x, y [, sample_weight])", count);
        LM_TRY(lm__model_observe(f->model, f->train, epoch, step, batch[0]));
        if (train_batch(f, batch, count))
            return lm__fail_in("epoch %d, step %lld", epoch + 1, (long long)step + 1);
        lm__progress_step(bar, f->model);
    }
    return LM_OK;
}

static void announce(const fit *f, int epoch)
{
    char text[64];
    int n = snprintf(text, sizeof text, "Epoch %d/%d\n", epoch + 1, f->args->epochs);
    if (f->verbose) lm__show(text, (size_t)n);
}

static lm_status run_validation(fit *f, int epoch, lm_logs *out)
{
    if (epoch > f->args->initial_epoch) LM_TRY(lm_iterator_restart(f->validation_it, 0));
    if (lm__model_evaluate_on(f->model, f->validation_it, lm_data_count(f->validation), 0, out))
        return lm__fail_in("epoch %d, validation", epoch + 1);
    return LM_OK;
}

static lm_status run_epoch(fit *f, int epoch)
{
    lm__progress bar;
    lm_logs validation = {0};
    double begun = lm__now();
    announce(f, epoch);
    lm__progress_begin(&bar, f->verbose, f->steps);
    if (epoch > f->args->initial_epoch) {
        LM_TRY(lm_iterator_restart(f->it, epoch));
        lm__model_reset_metrics(f->model);
    } else if (f->model->train.function) lm__model_reset_metrics(f->model);
    LM_TRY(train_steps(f, &bar, epoch));
    if (!bar.step) return LM_OK;        /* stopped before it began */
    double seconds = lm__now() - begun;
    lm_logs logs = lm__model_logs(f->model);
    bool validate = f->validation && !atomic_load(&f->model->stop);
    if (validate) LM_TRY(run_validation(f, epoch, &validation));
    lm__progress_end(&bar, &logs, validate ? &validation : NULL);
    return lm__history_add(f->model->history, &logs, validate ? &validation : NULL, seconds, bar.step);
}

/* The optimizer may have weights of its own to leave. */
static lm_status finish(lm_model *model)
{
    lm__model_change(model);
    lm_status status = lm__optimizer_finish(model->optimizer);
    lm__model_changed(model);
    return status;
}

lm_status lm__model_fit(lm_model *model, lm_dataset *data, const lm_fit_args *args)
{
    fit f = {.model = model, .args = args, .verbose = lm__progress_verbose(args->verbose)};
    atomic_store(&model->stop, 0);
    atomic_store(&model->stopped, 0);
    lm_free(model->history);
    model->history = lm__history_new(args->epochs > 0 ? args->epochs : 0);
    lm_status status = lm__object_check(model->history, &lm__history_type, "history");
    if (!status && !model->compiled) status = lm__model_prepare(model);
    if (!status) status = prepare(&f, data);
    for (int epoch = args->initial_epoch; !status && epoch < args->epochs && !atomic_load(&model->stop); epoch++)
        status = run_epoch(&f, epoch);
    atomic_store(&model->stopped, atomic_load(&model->stop));
    if (!status) status = finish(model);
    lm_free(f.it), lm_free(f.validation_it), lm_free(f.train), lm_free(f.validation);
    return status;
}
