/* train/callbacks/early_stopping.c: ends training when a result gets no better. */
#include "train/monitor.h"

#include "base/alloc.h"
#include "train/model.h"
#include <lamina/callbacks.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#ifdef LM_HEADER
/* EarlyStopping: ends training when `monitor` has not become better by more than min_delta for `patience` epochs, nor
 * better than `baseline` (NaN: none). restore_best_weights: the model gets the weights of its best epoch at the end.
 * Epochs before start_from_epoch do not count. */
typedef struct lm_callback_early_stopping_args {
    size_t size;
    const char *name;
    const char *monitor, *mode;
    double min_delta, baseline;
    int64_t patience, start_from_epoch;
    bool restore_best_weights;
    int64_t verbose;
} lm_callback_early_stopping_args;
lm_callback *lm_callback_early_stopping_new(const lm_callback_early_stopping_args *args);
#define lm_callback_early_stopping(...)                                                                          \
    LM__WITH(lm_callback_early_stopping_args,                                                                    \
             LM__LIST(.monitor = "val_loss", .mode = "auto", .baseline = LM_NONE),                               \
             lm_callback_early_stopping_new(&lm__a), __VA_ARGS__)
/* Keras's stopped_epoch (0: it did not stop the fit) and best_epoch, counted from 0; of a callback that was retained
 * beyond its fit. 0 for other callbacks. */
int lm_callback_stopped_epoch(const lm_callback *early_stopping);
int lm_callback_best_epoch(const lm_callback *early_stopping);
#endif

typedef struct early_stopping {
    lm_callback base;
    lm__monitor monitor;
    int64_t wait, stopped_epoch, best_epoch;
    lm_tensor **best;                   /* the weights; NULL: none kept */
    int nbest;
} early_stopping;

static const lm_callback_early_stopping_args *args_of(const lm_callback *self) { return self->base.args; }

static void drop_best(early_stopping *e)
{
    for (int i = 0; i < e->nbest; i++) lm_free(e->best[i]);
    lm__free(e->best);
    e->best = NULL, e->nbest = 0;
}

static void release(lm_callback *self) { drop_best((early_stopping *)self); }

static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    early_stopping *e = (early_stopping *)self;
    const lm_callback_early_stopping_args *a = args_of(self);
    (void)moment;
    drop_best(e);
    e->monitor = (lm__monitor){.name = a->monitor, .mode = a->mode, .min_delta = a->min_delta};
    e->wait = e->stopped_epoch = e->best_epoch = 0;
    return LM_OK;
}

/* Room for the weights, once. */
static lm_status make_room(early_stopping *e, const lm_model *model)
{
    if (e->best) return LM_OK;
    int count = lm__model_weight_count(model);
    e->best = lm__calloc((size_t)count + 1, sizeof *e->best);
    if (!e->best) return lm__no_memory((size_t)count * sizeof *e->best);
    for (; e->nbest < count; e->nbest++) {
        const lm_tensor *t = lm__model_weight(model, e->nbest)->value;
        e->best[e->nbest] = lm_tensor_new(t->dtype, t->rank, t->dims);
        lm_status status = lm__object_check(e->best[e->nbest], &lm__tensor_type, "best weights");
        if (!status) continue;
        e->nbest++;
        drop_best(e);
        return status;
    }
    return LM_OK;
}

static lm_status keep_weights(early_stopping *e, const lm_model *model)
{
    LM_TRY(make_room(e, model));
    for (int i = 0; i < e->nbest; i++)
        memcpy(e->best[i]->data, lm__model_weight(model, i)->value->data, lm_tensor_bytes(e->best[i]));
    return LM_OK;
}

static lm_status epoch_end(lm_callback *self, lm_moment *moment)
{
    early_stopping *e = (early_stopping *)self;
    const lm_callback_early_stopping_args *a = args_of(self);
    double value = 0;
    bool found;
    LM_TRY(lm__monitor_value(&e->monitor, moment, &value, &found));
    if (!found || moment->epoch < a->start_from_epoch) return LM_OK;
    if (a->restore_best_weights && !e->best) {
        LM_TRY(keep_weights(e, moment->model));
        e->best_epoch = moment->epoch;
    }
    e->wait++;
    if (lm__monitor_improves(&e->monitor, moment, value)) {
        lm__monitor_set(&e->monitor, value);
        e->best_epoch = moment->epoch;
        if (a->restore_best_weights) LM_TRY(keep_weights(e, moment->model));
        if (isnan(a->baseline) || lm__monitor_better(&e->monitor, moment, value, a->baseline)) e->wait = 0;
        return LM_OK;
    }
    if (e->wait < a->patience || moment->epoch == 0) return LM_OK;
    e->stopped_epoch = moment->epoch;
    lm__end_training(moment);
    return LM_OK;
}

static lm_status restore(early_stopping *e, lm_model *model)
{
    lm_status status = LM_OK;
    lm__model_change(model);
    for (int i = 0; !status && i < e->nbest; i++) status = lm_variable_set(lm__model_weight(model, i), e->best[i]);
    lm__model_changed(model);
    return status;
}

static lm_status train_end(lm_callback *self, lm_moment *moment)
{
    early_stopping *e = (early_stopping *)self;
    const lm_callback_early_stopping_args *a = args_of(self);
    if (e->stopped_epoch > 0 && a->verbose > 0) lm__tell("Epoch %d: early stopping", (int)e->stopped_epoch + 1);
    if (!a->restore_best_weights || !e->best) return LM_OK;
    if (a->verbose > 0)
        lm__tell("Restoring model weights from the end of the best epoch: %d.", (int)e->best_epoch + 1);
    return restore(e, moment->model);
}

static void name_weight(const lm__keep *keep, int i, char *name, size_t bytes)
{
    snprintf(name, bytes, "callbacks/%s/%d", keep->prefix, i);
}

static lm_status save(const lm_callback *self, lm__keep *keep)
{
    const early_stopping *e = (const early_stopping *)self;
    char name[128];
    LM_TRY(lm__monitor_save(&e->monitor, keep));
    LM_TRY(lm__keep_integer(keep->json, "wait", e->wait));
    LM_TRY(lm__keep_integer(keep->json, "stopped_epoch", e->stopped_epoch));
    LM_TRY(lm__keep_integer(keep->json, "best_epoch", e->best_epoch));
    for (int i = 0; i < e->nbest; i++) {
        name_weight(keep, i, name, sizeof name);
        LM_TRY(lm__run_state_put(keep->state, name, e->best[i]));
    }
    return LM_OK;
}

static lm_status load(lm_callback *self, const lm__keep *keep, lm_moment *moment)
{
    early_stopping *e = (early_stopping *)self;
    char name[128];
    LM_TRY(lm__monitor_load(&e->monitor, keep));
    LM_TRY(lm__kept_integer(keep->json, "wait", 0, INT32_MAX, &e->wait));
    LM_TRY(lm__kept_integer(keep->json, "stopped_epoch", 0, INT32_MAX, &e->stopped_epoch));
    LM_TRY(lm__kept_integer(keep->json, "best_epoch", 0, INT32_MAX, &e->best_epoch));
    name_weight(keep, 0, name, sizeof name);
    if (!args_of(self)->restore_best_weights || !lm__run_state_get(keep->state, name)) return LM_OK;
    LM_TRY(make_room(e, moment->model));
    for (int i = 0; i < e->nbest; i++) {
        name_weight(keep, i, name, sizeof name);
        LM_TRY(lm__run_state_copy(keep->state, name, e->best[i]));
    }
    return LM_OK;
}

static const lm_callback_early_stopping_args defaults = {
    .size = sizeof defaults, .monitor = "val_loss", .mode = "auto", .baseline = LM_NONE};
static const lm__field fields[] = {
    LM__MONITOR_FIELD_ROWS(lm_callback_early_stopping_args),
    LM__FIELD(lm_callback_early_stopping_args, min_delta, LM__FIELD_FLOAT, .low = -HUGE_VAL, .high = HUGE_VAL),
    LM__FIELD(lm_callback_early_stopping_args, baseline, LM__FIELD_FLOAT, .low = -HUGE_VAL, .high = HUGE_VAL),
    LM__FIELD(lm_callback_early_stopping_args, patience, LM__FIELD_COUNT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_callback_early_stopping_args, start_from_epoch, LM__FIELD_COUNT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_callback_early_stopping_args, restore_best_weights, LM__FIELD_BOOL),
    LM__FIELD(lm_callback_early_stopping_args, verbose, LM__FIELD_COUNT, .low = 0, .high = 1),
    {0},
};

const lm__callback_class lm__callback_early_stopping = {
    .base = LM__CALLBACK_CLASS("EarlyStopping", early_stopping, defaults, fields),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__EPOCH_END] = epoch_end, [LM__TRAIN_END] = train_end},
    .save = save,
    .load = load,
    .release = release,
};

lm_callback *lm_callback_early_stopping_new(const lm_callback_early_stopping_args *args)
{
    return lm__callback_new(&lm__callback_early_stopping, args);
}

static const early_stopping *is_one(const lm_callback *self)
{
    bool one = lm__object_is(self, &lm__callback_type) && self->base.class == &lm__callback_early_stopping.base;
    return one ? (const early_stopping *)self : NULL;
}

int lm_callback_stopped_epoch(const lm_callback *self) { return is_one(self) ? (int)is_one(self)->stopped_epoch : 0; }
int lm_callback_best_epoch(const lm_callback *self) { return is_one(self) ? (int)is_one(self)->best_epoch : 0; }
