/* train/callbacks/backup_and_restore.c: a run that can be killed at any moment and goes on. */
#include "train/fit.h"

#include <lamina/callbacks.h>
#include <stdio.h>

#ifdef LM_HEADER
/* BackupAndRestore: writes the whole run to `path`, a .keras file, after each epoch (save_freq 0) or after every
 * save_freq batches, and when a stop was requested. A fit with the same model, data and arguments that finds the
 * file goes on at the very next batch, and ends with the same bytes of weights and the same history as if it had
 * never been interrupted. The file is removed when the fit has ended by itself, unless delete_checkpoint is false.
 * Comes after all other callbacks. A file that is damaged, or of another model or other data, is an error of fit,
 * and stays. */
typedef struct lm_callback_backup_and_restore_args {
    size_t size;
    const char *name;
    const char *path;
    int64_t save_freq;
    bool delete_checkpoint;
} lm_callback_backup_and_restore_args;
lm_callback *lm_callback_backup_and_restore_new(const lm_callback_backup_and_restore_args *args);
#define lm_callback_backup_and_restore(...)                                                                      \
    LM__WITH(lm_callback_backup_and_restore_args, LM__LIST(.delete_checkpoint = true),                           \
             lm_callback_backup_and_restore_new(&lm__a), __VA_ARGS__)
#endif

typedef struct backup {
    lm_callback base;
    bool interrupted;                   /* the run was written in the midst of this epoch, where it is to go on */
} backup;

static const lm_callback_backup_and_restore_args *args_of(const lm_callback *self) { return self->base.args; }

static const char *path_of(const lm_callback *self) { return args_of(self)->path; }

static lm_status write_run(lm_callback *self, lm_moment *moment, int epoch, int64_t step)
{
    return lm__backup_write((lm__fit *)moment, path_of(self), epoch, step);
}

static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    (void)moment;
    ((backup *)self)->interrupted = false;
    return LM_OK;
}

static lm_status batch_end(lm_callback *self, lm_moment *moment)
{
    int64_t every = args_of(self)->save_freq;
    if (!every || moment->steps_made % every) return LM_OK;
    return write_run(self, moment, moment->epoch, moment->step);
}

static lm_status interrupt(lm_callback *self, lm_moment *moment)
{
    ((backup *)self)->interrupted = true;
    return write_run(self, moment, moment->epoch, moment->step);
}

/* With save_freq only where the run ends here: the next fit must know. */
static lm_status epoch_end(lm_callback *self, lm_moment *moment)
{
    bool ends = moment->model->enough || atomic_load(&moment->model->stop);
    if (((backup *)self)->interrupted || (args_of(self)->save_freq && !ends)) return LM_OK;
    return write_run(self, moment, moment->epoch + 1, 0);
}

static lm_status train_end(lm_callback *self, lm_moment *moment)
{
    if (!args_of(self)->delete_checkpoint || atomic_load(&moment->model->stop)) return LM_OK;
    remove(path_of(self));
    return LM_OK;
}

static bool wants(const lm_callback *self, lm__hook hook)
{
    return hook != LM__BATCH_END || args_of(self)->save_freq;
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_backup_and_restore_args *a = self->args;
    if (a->path && *a->path) return LM_OK;
    return lm__fail(LM_INVALID, "BackupAndRestore needs .path, the file that the run is kept in, such as "
                                "\"run/backup.keras\"");
}

static const lm_callback_backup_and_restore_args defaults = {.size = sizeof defaults, .delete_checkpoint = true};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_backup_and_restore_args, path, LM__FIELD_STRING),
    LM__FIELD(lm_callback_backup_and_restore_args, save_freq, LM__FIELD_COUNT, .low = 0, .high = 1e18),
    LM__FIELD(lm_callback_backup_and_restore_args, delete_checkpoint, LM__FIELD_BOOL),
    {0},
};

const lm__callback_class lm__callback_backup_and_restore = {
    .base = LM__CALLBACK_CLASS("BackupAndRestore", backup, defaults, fields, .check = check),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__BATCH_END] = batch_end, [LM__INTERRUPT] = interrupt,
           [LM__EPOCH_END] = epoch_end, [LM__TRAIN_END] = train_end},
    .wants = wants,
    .last = true,
    .backup = path_of,
};

lm_callback *lm_callback_backup_and_restore_new(const lm_callback_backup_and_restore_args *args)
{
    return lm__callback_new(&lm__callback_backup_and_restore, args);
}
