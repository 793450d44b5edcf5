/* train/callbacks/learning_rate_scheduler.c: a learning rate for each epoch. */
#include "train/callback.h"

#include "train/model.h"
#include <lamina/callbacks.h>

#include <math.h>

#ifdef LM_HEADER
/* LearningRateScheduler: at the beginning of each epoch (from 0) the rate becomes schedule(user, epoch, rate now).
 * Adds "learning_rate" to the results. */
typedef double lm_rate_fn(void *user, int epoch, double rate);
typedef struct lm_callback_learning_rate_scheduler_args {
    size_t size;
    const char *name;
    lm_rate_fn *schedule;
    void *user;
    int64_t verbose;
} lm_callback_learning_rate_scheduler_args;
lm_callback *lm_callback_learning_rate_scheduler_new(const lm_callback_learning_rate_scheduler_args *args);
#define lm_callback_learning_rate_scheduler(...)                                                                 \
    LM__WITH(lm_callback_learning_rate_scheduler_args, LM__LIST(.name = NULL),                                   \
             lm_callback_learning_rate_scheduler_new(&lm__a), __VA_ARGS__)
#endif

static lm_status epoch_begin(lm_callback *self, lm_moment *moment)
{
    const lm_callback_learning_rate_scheduler_args *a = self->base.args;
    double rate = a->schedule(a->user, moment->epoch, lm__model_rate(moment->model));
    lm__model_change(moment->model);
    lm_status status = lm__model_set_rate(moment->model, rate);
    lm__model_changed(moment->model);
    if (status) return lm__fail_in("its schedule gave epoch %d", moment->epoch + 1);
    if (a->verbose > 0)
        lm__tell("Epoch %d: LearningRateScheduler setting learning rate to %g.", moment->epoch + 1, rate);
    return LM_OK;
}

static lm_status epoch_end(lm_callback *self, lm_moment *moment)
{
    (void)self;
    lm__logs_set(moment->logs, "learning_rate", lm__model_rate(moment->model));
    return LM_OK;
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_learning_rate_scheduler_args *a = self->args;
    if (a->schedule) return LM_OK;
    return lm__fail(LM_INVALID, "LearningRateScheduler needs .schedule, a function of the epoch and the rate");
}

static const lm_callback_learning_rate_scheduler_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_learning_rate_scheduler_args, verbose, LM__FIELD_COUNT, .low = 0, .high = 1),
    {0},
};

const lm__callback_class lm__callback_learning_rate_scheduler = {
    .base = LM__CALLBACK_CLASS("LearningRateScheduler", lm_callback, defaults, fields, .check = check),
    .on = {[LM__EPOCH_BEGIN] = epoch_begin, [LM__EPOCH_END] = epoch_end},
};

lm_callback *lm_callback_learning_rate_scheduler_new(const lm_callback_learning_rate_scheduler_args *args)
{
    return lm__callback_new(&lm__callback_learning_rate_scheduler, args);
}
