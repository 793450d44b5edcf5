/* train/callbacks/tensorboard.c: what TensorBoard shows: event files under train/ and validation/. */
#include "train/callback.h"

#include "base/alloc.h"
#include "train/event_file.h"
#include "train/model.h"
#include <lamina/callbacks.h>

#include <stdio.h>
#include <string.h>

#ifdef LM_HEADER
/* TensorBoard: event files in log_dir/train and log_dir/validation: epoch_loss, epoch_<metric>, epoch_learning_rate,
 * evaluation_<metric>_vs_iterations; with update_freq also batch_<metric> after every so many batches (0: "epoch", 1:
 * "batch"); with write_steps_per_second how many. */
typedef struct lm_callback_tensorboard_args {
    size_t size;
    const char *name;
    const char *log_dir;
    int64_t update_freq;
    bool write_steps_per_second;
} lm_callback_tensorboard_args;
lm_callback *lm_callback_tensorboard_new(const lm_callback_tensorboard_args *args);
#define lm_callback_tensorboard(...)                                                                             \
    LM__WITH(lm_callback_tensorboard_args, LM__LIST(.log_dir = "logs"), lm_callback_tensorboard_new(&lm__a),         \
             __VA_ARGS__)
#endif

enum { TRAIN, VALIDATION };

typedef struct tensorboard {
    lm_callback base;
    lm__append file[2];                 /* opened when first written to */
    bool open[2];
    double batch_begun;
} tensorboard;

static const char *const folders[] = {"train", "validation"};

static const lm_callback_tensorboard_args *args_of(const tensorboard *t) { return t->base.base.args; }

static void release(lm_callback *self)
{
    tensorboard *t = (tensorboard *)self;
    for (int i = 0; i < 2; i++) {
        if (t->open[i]) lm__append_close(&t->file[i]);
        t->open[i] = false;
    }
}

static lm_status need(tensorboard *t, int part)
{
    if (t->open[part]) return LM_OK;
    size_t bytes = strlen(args_of(t)->log_dir) + 16;
    char *folder = lm__alloc(bytes);
    if (!folder) return lm__no_memory(bytes);
    snprintf(folder, bytes, "%s/%s", args_of(t)->log_dir, folders[part]);
    lm_status status = lm__event_open(&t->file[part], folder);
    lm__free(folder);
    if (status) lm__append_close(&t->file[part]);
    t->open[part] = status == LM_OK;
    return status;
}

static lm_status put(tensorboard *t, int part, const char *head, const char *name, const char *tail, double value,
                     int64_t step)
{
    char tag[128];
    snprintf(tag, sizeof tag, "%s%s%s", head, name, tail);
    LM_TRY(need(t, part));
    return lm__event_scalar(&t->file[part], tag, value, step);
}

static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    (void)moment;
    release(self);
    return LM_OK;
}

static lm_status batch_begin(lm_callback *self, lm_moment *moment)
{
    (void)moment;
    ((tensorboard *)self)->batch_begun = lm__now();
    return LM_OK;
}

/* Steps count from 0, as in Keras. */
static lm_status batch_end(lm_callback *self, lm_moment *moment)
{
    tensorboard *t = (tensorboard *)self;
    int64_t every = args_of(t)->update_freq, step = moment->steps_made - 1;
    if (args_of(t)->write_steps_per_second) {
        double seconds = lm__now() - t->batch_begun;
        LM_TRY(put(t, TRAIN, "batch_", "steps_per_second", "", seconds > 0 ? 1 / seconds : 0, step));
    }
    if (!every || step % every) return LM_OK;
    for (int i = 0; i < moment->logs->count; i++)
        LM_TRY(put(t, TRAIN, "batch_", moment->logs->item[i].name, "", moment->logs->item[i].value, step));
    return LM_OK;
}

static lm_status test_end(lm_callback *self, lm_moment *moment)
{
    int64_t iterations = (int64_t)lm_tensor_get(moment->model->optimizer->iteration->value, 0);
    for (int i = 0; i < moment->logs->count; i++)
        LM_TRY(put((tensorboard *)self, VALIDATION, "evaluation_", moment->logs->item[i].name, "_vs_iterations",
                   moment->logs->item[i].value, iterations));
    return LM_OK;
}

static lm_status epoch_end(lm_callback *self, lm_moment *moment)
{
    tensorboard *t = (tensorboard *)self;
    for (int i = 0; i < moment->logs->count; i++) {
        const char *name = moment->logs->item[i].name;
        int part = !strncmp(name, "val_", 4) ? VALIDATION : TRAIN;
        if (!strcmp(name, "learning_rate")) continue;
        LM_TRY(put(t, part, "epoch_", part ? name + 4 : name, "", moment->logs->item[i].value, moment->epoch));
    }
    double rate = moment->seconds > 0 ? (double)moment->step / moment->seconds : 0;
    if (args_of(t)->write_steps_per_second)
        LM_TRY(put(t, TRAIN, "epoch_", "steps_per_second", "", rate, moment->epoch));
    return put(t, TRAIN, "epoch_", "learning_rate", "", lm__model_rate(moment->model), moment->epoch);
}

static lm_status train_end(lm_callback *self, lm_moment *moment)
{
    (void)moment;
    release(self);
    return LM_OK;
}

static bool wants(const lm_callback *self, lm__hook hook)
{
    const lm_callback_tensorboard_args *a = self->base.args;
    if (hook == LM__BATCH_BEGIN) return a->write_steps_per_second;
    return hook != LM__BATCH_END || a->update_freq || a->write_steps_per_second;
}

static lm_status save(const lm_callback *self, lm__keep *keep)
{
    tensorboard *t = (tensorboard *)self;
    for (int i = 0; i < 2; i++) {
        char key[64];
        if (!t->open[i]) continue;
        LM_TRY(lm__append_sync(&t->file[i]));
        if (json_object_set_new(keep->json, folders[i], json_string(t->file[i].path))) return lm__no_memory(64);
        snprintf(key, sizeof key, "%s_position", folders[i]);
        LM_TRY(lm__keep_integer(keep->json, key, (int64_t)t->file[i].position));
    }
    return LM_OK;
}

/* Only a file of this callback's own folder: a state is data, and may say anything. */
static bool is_own(const char *log_dir, const char *part, const char *path)
{
    static const char head[] = "events.out.tfevents.";
    size_t n = strlen(log_dir), m = strlen(part);
    if (strncmp(path, log_dir, n) || path[n] != '/' || strncmp(path + n + 1, part, m) || path[n + 1 + m] != '/')
        return false;
    path += n + m + 2;
    return !strncmp(path, head, sizeof head - 1) && !strchr(path, '/');
}

static lm_status load(lm_callback *self, const lm__keep *keep, lm_moment *moment)
{
    tensorboard *t = (tensorboard *)self;
    (void)moment;
    for (int i = 0; i < 2; i++) {
        char key[64];
        int64_t position;
        const char *path = json_string_value(json_object_get(keep->json, folders[i]));
        if (!path) continue;
        snprintf(key, sizeof key, "%s_position", folders[i]);
        LM_TRY(lm__kept_integer(keep->json, key, 0, INT64_MAX, &position));
        if (!is_own(args_of(t)->log_dir, folders[i], path))
            return lm__fail(LM_INVALID, "the run had written to %s, which is not in log_dir %s", path,
                            args_of(t)->log_dir);
        LM_TRY(lm__append_reopen(&t->file[i], path, (uint64_t)position));
        t->open[i] = true;
    }
    return LM_OK;
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_tensorboard_args *a = self->args;
    return a->log_dir && *a->log_dir ? LM_OK : lm__fail(LM_INVALID, "TensorBoard: log_dir is empty");
}

static const lm_callback_tensorboard_args defaults = {.size = sizeof defaults, .log_dir = "logs"};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_tensorboard_args, log_dir, LM__FIELD_STRING),
    LM__FIELD(lm_callback_tensorboard_args, update_freq, LM__FIELD_COUNT, .low = 0, .high = 1e18),
    LM__FIELD(lm_callback_tensorboard_args, write_steps_per_second, LM__FIELD_BOOL),
    {0},
};

const lm__callback_class lm__callback_tensorboard = {
    .base = LM__CALLBACK_CLASS("TensorBoard", tensorboard, defaults, fields, .check = check),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__BATCH_BEGIN] = batch_begin, [LM__BATCH_END] = batch_end,
           [LM__TEST_END] = test_end, [LM__EPOCH_END] = epoch_end, [LM__TRAIN_END] = train_end},
    .wants = wants,
    .save = save,
    .load = load,
    .release = release,
};

lm_callback *lm_callback_tensorboard_new(const lm_callback_tensorboard_args *args)
{
    return lm__callback_new(&lm__callback_tensorboard, args);
}
