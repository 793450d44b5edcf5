/* train/fit_data.c: fit's arguments, and what it makes of the data. */
#include "train/fit.h"

#include <stdio.h>

static lm_status check_epochs(const lm_fit_args *a)
{
    if (a->epochs < 1) return lm__fail(LM_INVALID, "epochs = %d, but it must be 1 or more", a->epochs);
    if (a->initial_epoch < 0 || a->initial_epoch >= a->epochs)
        return lm__fail(LM_INVALID, "initial_epoch = %d, but it must be between 0 and epochs - 1 = %d",
                        a->initial_epoch, a->epochs - 1);
    if (a->batch_size < 1)
        return lm__fail(LM_INVALID, "batch_size = %lld, but it must be 1 or more", (long long)a->batch_size);
    if (a->verbose < -1 || a->verbose > 2)
        return lm__fail(LM_INVALID,
                        "verbose = %d, but it must be 0 (silent), 1 (a bar), 2 (a line an epoch) or -1 (either)",
                        a->verbose);
    if (a->steps_per_epoch < 0)
        return lm__fail(LM_INVALID, "steps_per_epoch = %lld, but it must be 0 (all) or more",
                        (long long)a->steps_per_epoch);
    return LM_OK;
}

static lm_status check_validation(const lm_fit_args *a)
{
    if (!(a->validation_split >= 0 && a->validation_split < 1))
        return lm__fail(LM_INVALID, "validation_split = %g, but it must be at least 0 and less than 1",
                        a->validation_split);
    if (a->validation_split > 0 && a->validation_data)
        return lm__fail(LM_INVALID, "give validation_data or validation_split, not both");
    if (a->validation_freq < 0)
        return lm__fail(LM_INVALID, "validation_freq = %d, but it must be 0 or 1 (every epoch), or more",
                        a->validation_freq);
    if (a->validation_batch_size < 0)
        return lm__fail(LM_INVALID, "validation_batch_size = %lld, but it must be 0 (that of training) or more",
                        (long long)a->validation_batch_size);
    if (a->validation_steps < 0)
        return lm__fail(LM_INVALID, "validation_steps = %lld, but it must be 0 (all) or more",
                        (long long)a->validation_steps);
    return LM_OK;
}

lm_status lm__fit_check(const lm_fit_args *args)
{
    LM_TRY(check_epochs(args));
    return check_validation(args);
}

/* Single examples are joined to batches; data that are batched stay as they are. */
static lm_dataset *batched(lm_dataset *data, int64_t batch_size)
{
    return lm_data_batch_size(data) ? data : lm_data_batch(data, batch_size, false);
}

static lm_status split(lm__fit *f, lm_dataset *data)
{
    const lm_fit_args *a = f->args;
    int64_t count = lm_data_count(data), kept = count;
    int64_t size = a->validation_batch_size ? a->validation_batch_size : a->batch_size;
    if (a->validation_split > 0) {
        if (lm_data_batch_size(data) || count == LM_ANY)
            return lm__fail(LM_INVALID,
                            "validation_split needs data that are not batched and have an end; batch them "
                            "after splitting, or give validation_data");
        kept = (int64_t)((double)count * (1 - a->validation_split));
        if (kept < 1 || kept == count)
            return lm__fail(LM_INVALID, "validation_split = %g leaves one part of %lld examples empty",
                            a->validation_split, (long long)count);
        f->validation = batched(lm_data_skip(lm_retain(data), kept), size);
    } else if (a->validation_data) {
        f->validation = batched(lm_retain(a->validation_data), size);
    }
    f->train = lm_retain(data);
    if (kept != count) f->train = lm_data_take(f->train, kept);
    if (a->shuffle && !lm_data_batch_size(data) && count != LM_ANY) f->train = lm_data_shuffle(f->train, f->seed);
    f->train = batched(f->train, a->batch_size);
    return LM_OK;
}

/* What Keras warns of when its data run out. */
static void tell_short(const lm__fit *f, int64_t steps)
{
    char text[160];
    int n = snprintf(text, sizeof text,
                     "fit: steps_per_epoch = %lld, but the data end after %lld batches, and so does each epoch\n",
                     (long long)f->args->steps_per_epoch, (long long)steps);
    if (f->verbose) lm__show(text, (size_t)n);
}

static lm_status count_steps(lm__fit *f)
{
    int64_t steps = lm_data_count(f->train), asked = f->args->steps_per_epoch;
    if (asked && steps != LM_ANY && steps < asked) tell_short(f, steps);
    if (asked && (steps == LM_ANY || steps > asked)) steps = asked;
    if (steps == LM_ANY) return lm__fail(LM_INVALID, "the data have no end; give .steps_per_epoch");
    if (steps == 0) return lm__fail(LM_INVALID, "the data are empty");
    f->moment.steps = steps;
    if (!f->validation) return LM_OK;
    steps = lm_data_count(f->validation), asked = f->args->validation_steps;
    if (asked && (steps == LM_ANY || steps > asked)) steps = asked;
    if (steps == LM_ANY)
        return lm__fail(LM_INVALID,
                        "validation_data have no end; give .validation_steps, or take a part with lm_data_take");
    f->validation_steps = steps;
    return LM_OK;
}

lm_status lm__fit_data(lm__fit *f, lm_dataset *data)
{
    LM_TRY(split(f, data));
    if (lm_failed(f->train)) return lm__fail(lm_status_of(f->train), "%s", lm_error(f->train));
    if (f->validation && lm_failed(f->validation))
        return lm__fail(lm_status_of(f->validation), "validation: %s", lm_error(f->validation));
    LM_TRY(count_steps(f));
    return lm__fit_class_weights(f);
}

lm_status lm__fit_iterate(lm__fit *f)
{
    f->it = lm_data_iterate(f->train, f->first_epoch, f->first_step);
    if (lm_failed(f->it)) return lm__fail(lm_status_of(f->it), "%s", lm_error(f->it));
    if (!f->validation) return LM_OK;
    f->validation_it = lm_data_iterate(f->validation, 0, 0);
    return lm_failed(f->validation_it)
               ? lm__fail(lm_status_of(f->validation_it), "validation: %s", lm_error(f->validation_it))
               : LM_OK;
}
