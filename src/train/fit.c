/* train/fit.c: the training loop. */
#include "train/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool stopped(const lm__fit *f) { return atomic_load(&f->model->stop); }

/* The moment as it is now, for those who are called: with or without results. */
static lm_status tell(lm__fit *f, lm__hook hook, bool last, lm_logs *logs)
{
    f->moment.logs = logs;
    f->moment.seconds = f->seconds_before + lm__now() - f->begun;
    return lm__callbacks_call(&f->callbacks, hook, last, &f->moment);
}

static lm_status tell_all(lm__fit *f, lm__hook hook, lm_logs *logs)
{
    if (!(f->callbacks.wanted >> hook & 1)) return LM_OK;
    LM_TRY(tell(f, hook, false, logs));
    return tell(f, hook, true, logs);
}

lm_status lm__fit_step(lm__fit *f, lm_tensor *const *batch, int count)
{
    lm__array_kind kinds[LM__STEP_ARRAYS];
    LM_TRY(lm__model_kinds(f->model, "fit", batch, count, kinds));
    return lm__model_train_step(f->model, kinds);
}

static lm_status train_batch(lm__fit *f, lm_tensor **batch, int count)
{
    double loss;
    LM_TRY(lm__model_observe(f->model, f->train, f->moment.epoch, f->moment.step, batch[0]));
    LM_TRY(lm__fit_weigh(f, batch, &count));
    LM_TRY(lm__fit_step(f, batch, count));
    return lm__model_run(f->model, &f->model->train, batch, count, &loss);
}

/* Results are put together only for those who look at them at every step. */
static lm_status end_batch(lm__fit *f, lm__progress *bar)
{
    f->moment.step++, f->moment.steps_made++;
    lm__progress_step(bar, f->model);
    if (!(f->callbacks.wanted >> LM__BATCH_END & 1)) return LM_OK;
    f->logs = lm__model_logs(f->model);
    return tell_all(f, LM__BATCH_END, &f->logs);
}

/* Finite data, and yet a loss that is not, after steps that went well: they were too large. */
static void advise(const lm__fit *f)
{
    char what[800];
    const lm__optimizer_args *a = f->model->optimizer->base.args;
    bool clips = !isnan(a->clipnorm) || !isnan(a->clipvalue) || !isnan(a->global_clipnorm);
    if (f->model->bad_data || !f->moment.steps_made) return;
    snprintf(what, sizeof what, "%s", lm_last_error());
    lm__fail(LM_NOT_FINITE, "%s; the data are finite, so training exploded: try a smaller learning rate than %g%s",
             what, lm__model_rate(f->model), clips ? "" : ", or .clipnorm = 1 in the optimizer");
}

/* Keras's TerminateOnNaN: the step has changed nothing, and the fit ends in order. */
static lm_status give_up(lm__fit *f)
{
    f->model->enough = true;
    lm__tell("Batch %lld: Invalid loss, terminating training: %s", (long long)f->moment.step, lm_last_error());
    return LM_OK;
}

static lm_status train_steps(lm__fit *f, lm__progress *bar)
{
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    while (f->moment.step < f->moment.steps && !stopped(f)) {
        int count = lm_iterator_next(f->it, batch);
        if (count < 0) return lm__fail_in("reading batch %lld", (long long)f->moment.step);
        if (!count) break;
        LM_TRY(tell_all(f, LM__BATCH_BEGIN, NULL));
        lm_status status = train_batch(f, batch, count);
        if (status == LM_NOT_FINITE) advise(f);
        if (status == LM_NOT_FINITE && lm__callbacks_forgive(&f->callbacks)) return give_up(f);
        if (status) return lm__fail_in("epoch %d, step %lld", f->moment.epoch + 1, (long long)f->moment.step + 1);
        LM_TRY(end_batch(f, bar));
    }
    return LM_OK;
}

static void announce(const lm__fit *f)
{
    char text[64];
    int n = snprintf(text, sizeof text, "Epoch %d/%d\n", f->moment.epoch + 1, f->args->epochs);
    if (f->verbose) lm__show(text, (size_t)n);
}

static lm_status run_validation(lm__fit *f, lm_logs *out)
{
    LM_TRY(tell_all(f, LM__TEST_BEGIN, NULL));
    LM_TRY(lm_iterator_restart(f->validation_it, 0));
    if (lm__model_evaluate_on(f->model, f->validation_it, f->validation_steps, 0, out))
        return lm__fail_in("epoch %d, validation", f->moment.epoch + 1);
    return tell_all(f, LM__TEST_END, out);
}

static bool due(const lm__fit *f)
{
    int every = f->args->validation_freq;
    return f->validation && !stopped(f) && (!every || (f->moment.epoch + 1) % every == 0);
}

/* Validation, the bar's last line, callbacks, history. */
static lm_status end_epoch(lm__fit *f, lm__progress *bar)
{
    lm_logs validation = {0};
    double seconds = f->seconds_before + lm__now() - f->begun;
    lm_logs logs = lm__model_logs(f->model);
    bool validate = due(f);
    if (validate) LM_TRY(run_validation(f, &validation));
    lm__progress_end(bar, &logs, validate ? &validation : NULL);
    f->logs = logs;
    for (int i = 0; i < validation.count; i++)
        lm__logs_add(&f->logs, "val_", validation.item[i].name, validation.item[i].value);
    LM_TRY(tell(f, LM__EPOCH_END, false, &f->logs));
    LM_TRY(lm__history_add(f->model->history, &f->logs, seconds, f->moment.step));
    return tell(f, LM__EPOCH_END, true, &f->logs);
}

static lm_status run_epoch(lm__fit *f, int epoch)
{
    lm__progress bar;
    bool first = epoch == f->first_epoch;
    f->moment.epoch = epoch, f->moment.step = first ? f->first_step : 0;
    f->begun = lm__now();
    if (!first) f->seconds_before = 0;
    announce(f);
    lm__progress_begin(&bar, f->verbose, f->moment.step, f->moment.steps);
    if (!first) LM_TRY(lm_iterator_restart(f->it, epoch));
    if (!f->moment.step) {              /* an epoch that goes on has begun before */
        lm__model_reset_metrics(f->model);
        LM_TRY(tell_all(f, LM__EPOCH_BEGIN, NULL));
    }
    LM_TRY(train_steps(f, &bar));
    if (!f->moment.step) return LM_OK;  /* stopped before it began */
    if (stopped(f)) LM_TRY(tell_all(f, LM__INTERRUPT, NULL));
    return end_epoch(f, &bar);
}

/* The optimizer may have weights of its own to leave. */
static lm_status finish(lm_model *model)
{
    lm__model_change(model);
    lm_status status = lm__optimizer_finish(model->optimizer);
    lm__model_changed(model);
    return status;
}

/* From the data to the first batch; with a backup to the batch that comes next. */
static lm_status begin(lm__fit *f, lm_dataset *data, lm__backup *backup)
{
    LM_TRY(lm__fit_check(f->args));
    LM_TRY(lm__callbacks_of(f->args->callbacks, &f->callbacks));
    LM_TRY(lm__backup_open(f, backup));
    LM_TRY(lm__fit_data(f, data));
    LM_TRY(lm__backup_apply(f, backup));
    LM_TRY(lm__fit_iterate(f));
    LM_TRY(tell_all(f, LM__TRAIN_BEGIN, NULL));
    return backup->model ? lm__callbacks_load(&f->callbacks, &backup->state, &f->moment) : LM_OK;
}

static lm_status run(lm__fit *f, lm_dataset *data)
{
    lm__backup backup = {0};
    lm_status status = begin(f, data, &backup);
    lm__backup_close(&backup);
    LM_TRY(status);
    for (int epoch = f->first_epoch; epoch < f->args->epochs && !stopped(f) && !f->model->enough; epoch++)
        LM_TRY(run_epoch(f, epoch));
    LM_TRY(finish(f->model));
    return tell_all(f, LM__TRAIN_END, f->logs.count ? &f->logs : NULL);
}

lm_status lm__model_fit(lm_model *model, lm_dataset *data, const lm_fit_args *args,
                        const lm__checkpoint_format *format)
{
    lm__fit f = {.moment = {.model = model, .epochs = args->epochs, .epoch = args->initial_epoch},
                 .model = model, .args = args, .format = format, .verbose = lm__progress_verbose(args->verbose),
                 .seed = model->seed, .first_epoch = args->initial_epoch, .begun = lm__now()};
    model->enough = false;
    atomic_store(&model->stopped, 0);
    lm_free(model->history);
    model->history = lm__history_new(args->epochs > 0 ? args->epochs : 0);
    lm_status status = lm__object_check(model->history, &lm__history_type, "history");
    if (!status && !model->compiled) status = lm__model_prepare(model);
    if (!status) status = run(&f, data);
    atomic_store(&model->stopped, atomic_exchange(&model->stop, 0));
    lm_free(f.it), lm_free(f.validation_it), lm_free(f.train), lm_free(f.validation), lm_free(f.class_weights);
    return status;
}
