/* train/callbacks/lambda.c: the program's own functions. */
#include "base/philox.h"
#include "train/callback.h"
#include <lamina/callbacks.h>

#ifdef LM_HEADER
/* Callbacks are objects handed to lm_fit(…, .callbacks = {a, b}), which takes the references over. They have
 * Keras's names, arguments and defaults. One that fails ends the fit with its error, which names it. Monitored names
 * are those of the logs: "loss", "val_accuracy", …; mode "auto" finds out whether less or more is better. */

/* LambdaCallback: functions of the program's own, each called with `user` at its moment; those left out are not.
 * What a function returns other than LM_OK ends the fit. release(user), if given, when the callback goes, and at once
 * if it could not be made. */
typedef lm_status lm_callback_fn(void *user, const lm_moment *moment);
typedef struct lm_callback_lambda_args {
    size_t size;
    const char *name;
    lm_callback_fn *on_epoch_begin, *on_epoch_end, *on_train_begin, *on_train_end;
    lm_callback_fn *on_train_batch_begin, *on_train_batch_end, *on_test_begin, *on_test_end;
    void *user;
    void (*release)(void *user);
} lm_callback_lambda_args;
lm_callback *lm_callback_lambda_new(const lm_callback_lambda_args *args);
#define lm_callback_lambda(...)                                                                                      \
    LM__WITH(lm_callback_lambda_args, LM__LIST(.name = NULL), lm_callback_lambda_new(&lm__a), __VA_ARGS__)
#endif

static lm_callback_fn *function(const lm_callback *self, lm__hook hook)
{
    const lm_callback_lambda_args *a = self->base.args;
    switch (hook) {
    case LM__TRAIN_BEGIN: return a->on_train_begin;
    case LM__TRAIN_END: return a->on_train_end;
    case LM__EPOCH_BEGIN: return a->on_epoch_begin;
    case LM__EPOCH_END: return a->on_epoch_end;
    case LM__BATCH_BEGIN: return a->on_train_batch_begin;
    case LM__BATCH_END: return a->on_train_batch_end;
    case LM__TEST_BEGIN: return a->on_test_begin;
    case LM__TEST_END: return a->on_test_end;
    default: return NULL;
    }
}

static bool wants(const lm_callback *self, lm__hook hook) { return function(self, hook) != NULL; }

/* A function that fails without having said why leaves an older message in the thread: that one is not repeated. */
static lm_status call(lm_callback *self, lm_moment *moment, lm__hook hook, const char *name)
{
    uint64_t before = lm__stream(lm_last_error());
    lm_status status = function(self, hook)(((const lm_callback_lambda_args *)self->base.args)->user, moment);
    if (!status) return LM_OK;
    if (lm_last_status() != status || lm__stream(lm_last_error()) == before)
        return lm__fail(status, "its %s returned \"%s\" in epoch %d", name, lm_status_text(status),
                        moment->epoch + 1);
    return lm__fail_in("%s in epoch %d", name, moment->epoch + 1);
}

#define HOOK(name, hook)                                                                                             \
    static lm_status name(lm_callback *self, lm_moment *moment) { return call(self, moment, hook, #name); }
HOOK(on_train_begin, LM__TRAIN_BEGIN)
HOOK(on_train_end, LM__TRAIN_END)
HOOK(on_epoch_begin, LM__EPOCH_BEGIN)
HOOK(on_epoch_end, LM__EPOCH_END)
HOOK(on_train_batch_begin, LM__BATCH_BEGIN)
HOOK(on_train_batch_end, LM__BATCH_END)
HOOK(on_test_begin, LM__TEST_BEGIN)
HOOK(on_test_end, LM__TEST_END)

/* One that could not be made has been released by its maker. */
typedef struct lambda {
    lm_callback base;
    bool made;
} lambda;

static void release(lm_callback *self)
{
    const lm_callback_lambda_args *a = self->base.args;
    if (((lambda *)self)->made && a->release) a->release(a->user);
}

static const lm_callback_lambda_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    {0},
};

const lm__callback_class lm__callback_lambda = {
    .base = LM__CALLBACK_CLASS("LambdaCallback", lambda, defaults, fields),
    .on = {[LM__TRAIN_BEGIN] = on_train_begin, [LM__TRAIN_END] = on_train_end, [LM__EPOCH_BEGIN] = on_epoch_begin,
           [LM__EPOCH_END] = on_epoch_end, [LM__BATCH_BEGIN] = on_train_batch_begin,
           [LM__BATCH_END] = on_train_batch_end, [LM__TEST_BEGIN] = on_test_begin, [LM__TEST_END] = on_test_end},
    .wants = wants,
    .release = release,
};

lm_callback *lm_callback_lambda_new(const lm_callback_lambda_args *args)
{
    lm_callback *self = lm__callback_new(&lm__callback_lambda, args);
    if (!lm_failed(self)) ((lambda *)self)->made = true;
    else if (args && args->size >= sizeof *args && args->release) args->release(args->user);
    return self;
}
