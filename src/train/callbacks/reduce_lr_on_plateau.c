/* train/callbacks/reduce_lr_on_plateau.c: a smaller learning rate when a result gets no better. */
#include "train/monitor.h"

#include "train/model.h"
#include <lamina/callbacks.h>

#include <math.h>

#ifdef LM_HEADER
/* ReduceLROnPlateau: multiplies the learning rate by `factor` when `monitor` has not become better by more than
 * min_delta for `patience` epochs, not below min_lr; then waits `cooldown` epochs before it counts again. Adds
 * "learning_rate" to the results. */
typedef struct lm_callback_reduce_lr_on_plateau_args {
    size_t size;
    const char *name;
    const char *monitor, *mode;
    double factor, min_delta, min_lr;
    int64_t patience, cooldown, verbose;
} lm_callback_reduce_lr_on_plateau_args;
lm_callback *lm_callback_reduce_lr_on_plateau_new(const lm_callback_reduce_lr_on_plateau_args *args);
#define lm_callback_reduce_lr_on_plateau(...)                                                                    \
    LM__WITH(lm_callback_reduce_lr_on_plateau_args,                                                              \
             LM__LIST(.monitor = "val_loss", .mode = "auto", .factor = 0.1, .min_delta = 1e-4, .patience = 10),  \
             lm_callback_reduce_lr_on_plateau_new(&lm__a), __VA_ARGS__)
#endif

typedef struct plateau {
    lm_callback base;
    lm__monitor monitor;
    int64_t wait, cooldown;
} plateau;

static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    plateau *p = (plateau *)self;
    const lm_callback_reduce_lr_on_plateau_args *a = self->base.args;
    (void)moment;
    p->monitor = (lm__monitor){.name = a->monitor, .mode = a->mode, .min_delta = a->min_delta};
    p->wait = p->cooldown = 0;
    return LM_OK;
}

static lm_status reduce(plateau *p, lm_moment *moment)
{
    const lm_callback_reduce_lr_on_plateau_args *a = p->base.base.args;
    double old = lm__model_rate(moment->model), rate = old * a->factor;
    if (!(old > (float)a->min_lr)) return LM_OK;
    if (rate < a->min_lr) rate = a->min_lr;
    lm__model_change(moment->model);
    lm_status status = lm__model_set_rate(moment->model, rate);
    lm__model_changed(moment->model);
    LM_TRY(status);
    if (a->verbose > 0)
        lm__tell("Epoch %d: ReduceLROnPlateau reducing learning rate to %g.", moment->epoch + 1, rate);
    p->cooldown = a->cooldown, p->wait = 0;
    return LM_OK;
}

static lm_status epoch_end(lm_callback *self, lm_moment *moment)
{
    plateau *p = (plateau *)self;
    const lm_callback_reduce_lr_on_plateau_args *a = self->base.args;
    double value = 0;
    bool found;
    lm__logs_set(moment->logs, "learning_rate", lm__model_rate(moment->model));
    LM_TRY(lm__monitor_value(&p->monitor, moment, &value, &found));
    if (!found) return LM_OK;
    if (p->cooldown > 0) p->cooldown--, p->wait = 0;
    if (lm__monitor_improves(&p->monitor, moment, value)) {
        lm__monitor_set(&p->monitor, value);
        p->wait = 0;
    } else if (p->cooldown <= 0 && ++p->wait >= a->patience) {
        return reduce(p, moment);
    }
    return LM_OK;
}

static lm_status save(const lm_callback *self, lm__keep *keep)
{
    const plateau *p = (const plateau *)self;
    LM_TRY(lm__monitor_save(&p->monitor, keep));
    LM_TRY(lm__keep_integer(keep->json, "wait", p->wait));
    return lm__keep_integer(keep->json, "cooldown", p->cooldown);
}

static lm_status load(lm_callback *self, const lm__keep *keep, lm_moment *moment)
{
    plateau *p = (plateau *)self;
    (void)moment;
    LM_TRY(lm__monitor_load(&p->monitor, keep));
    LM_TRY(lm__kept_integer(keep->json, "wait", 0, INT64_MAX, &p->wait));
    return lm__kept_integer(keep->json, "cooldown", INT64_MIN, INT64_MAX, &p->cooldown);
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_reduce_lr_on_plateau_args *a = self->args;
    if (a->factor < 1) return LM_OK;
    return lm__fail(LM_INVALID, "ReduceLROnPlateau: factor = %g, but it must be less than 1", a->factor);
}

static const lm_callback_reduce_lr_on_plateau_args defaults = {.size = sizeof defaults,
                                                               .monitor = "val_loss",
                                                               .mode = "auto",
                                                               .factor = 0.1,
                                                               .min_delta = 1e-4,
                                                               .patience = 10};
static const lm__field fields[] = {
    LM__MONITOR_FIELD_ROWS(lm_callback_reduce_lr_on_plateau_args),
    LM__FIELD(lm_callback_reduce_lr_on_plateau_args, factor, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_callback_reduce_lr_on_plateau_args, min_delta, LM__FIELD_FLOAT, .low = -HUGE_VAL, .high = HUGE_VAL),
    LM__FIELD(lm_callback_reduce_lr_on_plateau_args, min_lr, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_callback_reduce_lr_on_plateau_args, patience, LM__FIELD_COUNT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_callback_reduce_lr_on_plateau_args, cooldown, LM__FIELD_COUNT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_callback_reduce_lr_on_plateau_args, verbose, LM__FIELD_COUNT, .low = 0, .high = 1),
    {0},
};

const lm__callback_class lm__callback_reduce_lr_on_plateau = {
    .base = LM__CALLBACK_CLASS("ReduceLROnPlateau", plateau, defaults, fields, .check = check),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__EPOCH_END] = epoch_end},
    .save = save,
    .load = load,
};

lm_callback *lm_callback_reduce_lr_on_plateau_new(const lm_callback_reduce_lr_on_plateau_args *args)
{
    return lm__callback_new(&lm__callback_reduce_lr_on_plateau, args);
}
