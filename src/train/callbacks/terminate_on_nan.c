/* train/callbacks/terminate_on_nan.c: a loss that is not finite ends training, and is no error. */
#include "train/callback.h"
#include <lamina/callbacks.h>

#ifdef LM_HEADER
/* TerminateOnNaN: a loss that is not finite ends training as early stopping does, instead of being fit's error; the
 * step at fault changes nothing, and a line says what was wrong. raise_error: it stays an error. */
typedef struct lm_callback_terminate_on_nan_args {
    size_t size;
    const char *name;
    bool raise_error;
} lm_callback_terminate_on_nan_args;
lm_callback *lm_callback_terminate_on_nan_new(const lm_callback_terminate_on_nan_args *args);
#define lm_callback_terminate_on_nan(...)                                                                        \
    LM__WITH(lm_callback_terminate_on_nan_args, LM__LIST(.name = NULL), lm_callback_terminate_on_nan_new(&lm__a), \
             __VA_ARGS__)
#endif

static bool forgives(const lm_callback *self)
{
    return !((const lm_callback_terminate_on_nan_args *)self->base.args)->raise_error;
}

static const lm_callback_terminate_on_nan_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_terminate_on_nan_args, raise_error, LM__FIELD_BOOL),
    {0},
};

const lm__callback_class lm__callback_terminate_on_nan = {
    .base = LM__CALLBACK_CLASS("TerminateOnNaN", lm_callback, defaults, fields),
    .forgives = forgives,
};

lm_callback *lm_callback_terminate_on_nan_new(const lm_callback_terminate_on_nan_args *args)
{
    return lm__callback_new(&lm__callback_terminate_on_nan, args);
}
