/* nn/losses/binary_crossentropy.c: -y·log(p) - (1-y)·log(1-p). */
#include "nn/loss.h"
#include "ops/support.h"
#include <lamina/losses.h>

#ifdef LM_HEADER
/* BinaryCrossentropy: -y·log(p) - (1-y)·log(1-p), the mean over the last axis. y_true: 0 or 1 (or between). */
typedef struct lm_loss_binary_crossentropy_args {
    LM_LOSS_FIELDS;
    bool from_logits;                           /* y_pred are not probabilities yet */
    double label_smoothing;                     /* 0…1: targets are drawn towards the middle */
} lm_loss_binary_crossentropy_args;
#define LM_LOSS_BINARY_CROSSENTROPY_DEFAULTS LM__LIST(LM_LOSS_DEFAULTS, .from_logits = false)
lm_loss_binary_crossentropy_args lm_loss_binary_crossentropy_defaults(void);
lm_loss *lm_loss_binary_crossentropy_new(const lm_loss_binary_crossentropy_args *args);
#define lm_loss_binary_crossentropy(...)                                                                             \
    LM__WITH(lm_loss_binary_crossentropy_args, LM_LOSS_BINARY_CROSSENTROPY_DEFAULTS,                                 \
             lm_loss_binary_crossentropy_new(&lm__a), __VA_ARGS__)
#endif

/* log(1 + e^x) - x·y: neither tail overflows, and its gradient is right at 0 too. */
static lm_value *on_logits(lm_value *y, lm_value *x)
{
    return lm_op_subtract(lm_op_softplus(x), lm_op_multiply(x, y));
}

static lm_value *on_probabilities(lm_value *y, lm_value *p)
{
    lm_value *q = lm__clip_probability(p), *one = lm__like(p, 1);
    lm_value *yes = lm_op_multiply(y, lm_op_log(q));
    lm_value *no = lm_op_multiply(lm_op_subtract(one, y), lm_op_log(lm_op_subtract(one, q)));
    return lm_op_negative(lm_op_add(yes, no));
}

static lm_value *call(const lm_loss *self, lm_value *y_true, lm_value *y_pred)
{
    const lm_loss_binary_crossentropy_args *a = self->base.args;
    lm_value *logits = a->from_logits ? y_pred : lm__logits_of(y_pred, "sigmoid");
    if (a->label_smoothing > 0)
        y_true = lm_op_add(lm_op_multiply(y_true, lm__like(y_true, 1 - a->label_smoothing)),
                           lm__like(y_true, 0.5 * a->label_smoothing));
    return lm_op_mean(logits ? on_logits(y_true, logits) : on_probabilities(y_true, y_pred), -1);
}

static const lm_loss_binary_crossentropy_args defaults = {.size = sizeof defaults,
                                                          LM_LOSS_BINARY_CROSSENTROPY_DEFAULTS};
static const lm__field fields[] = {
    LM__LOSS_FIELD_ROWS(lm_loss_binary_crossentropy_args),
    LM__FIELD(lm_loss_binary_crossentropy_args, from_logits, LM__FIELD_BOOL),
    LM__FIELD(lm_loss_binary_crossentropy_args, label_smoothing, LM__FIELD_FLOAT, .low = 0, .high = 1),
    {0},
};

const lm__loss_class lm__loss_binary_crossentropy = {
    .base = LM__LOSS_CLASS("BinaryCrossentropy", "bce|BCE", defaults, fields),
    .call = call,
};

lm_loss_binary_crossentropy_args lm_loss_binary_crossentropy_defaults(void) { return defaults; }
lm_loss *lm_loss_binary_crossentropy_new(const lm_loss_binary_crossentropy_args *args)
{
    return lm__loss_new(&lm__loss_binary_crossentropy, args);
}
