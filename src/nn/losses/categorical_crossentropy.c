/* nn/losses/categorical_crossentropy.c: -Σ y·log(p). */
#include "nn/loss.h"
#include "ops/support.h"
#include <lamina/losses.h>

#ifdef LM_HEADER
/* CategoricalCrossentropy: -Σ y_true·log(y_pred) over the last axis. y_true: one-hot, or any distribution. */
typedef struct lm_loss_categorical_crossentropy_args {
    LM_LOSS_FIELDS;
    bool from_logits;                           /* y_pred are not probabilities yet */
    double label_smoothing;                     /* 0…1: targets are drawn towards the middle */
} lm_loss_categorical_crossentropy_args;
#define LM_LOSS_CATEGORICAL_CROSSENTROPY_DEFAULTS LM__LIST(LM_LOSS_DEFAULTS, .from_logits = false)
lm_loss_categorical_crossentropy_args lm_loss_categorical_crossentropy_defaults(void);
lm_loss *lm_loss_categorical_crossentropy_new(const lm_loss_categorical_crossentropy_args *args);
#define lm_loss_categorical_crossentropy(...)                                                                        \
    LM__WITH(lm_loss_categorical_crossentropy_args, LM_LOSS_CATEGORICAL_CROSSENTROPY_DEFAULTS,                       \
             lm_loss_categorical_crossentropy_new(&lm__a), __VA_ARGS__)
#endif

/* The logarithms of probabilities that are first made to add up to 1, then clipped. */
static lm_value *log_probabilities(lm_value *p)
{
    lm_value *total = lm_op_sum_over(p, 1, (int64_t[]){-1}, true);
    return lm_op_log(lm__clip_probability(lm_op_divide(p, total)));
}

static lm_value *call(const lm_loss *self, lm_value *y_true, lm_value *y_pred)
{
    const lm_loss_categorical_crossentropy_args *a = self->base.args;
    lm_value *logits = a->from_logits ? y_pred : lm__logits_of(y_pred, "softmax");
    if (a->label_smoothing > 0) {
        int64_t classes = y_true->shape.dim[y_true->shape.rank - 1];
        y_true = lm_op_add(lm_op_multiply(y_true, lm__like(y_true, 1 - a->label_smoothing)),
                           lm__like(y_true, a->label_smoothing / (double)classes));
    }
    lm_value *logs = logits ? lm_op_log_softmax(logits, -1) : log_probabilities(y_pred);
    return lm_op_negative(lm_op_sum(lm_op_multiply(y_true, logs), -1));
}

static const lm_loss_categorical_crossentropy_args defaults = {.size = sizeof defaults,
                                                               LM_LOSS_CATEGORICAL_CROSSENTROPY_DEFAULTS};
static const lm__field fields[] = {
    LM__LOSS_FIELD_ROWS(lm_loss_categorical_crossentropy_args),
    LM__FIELD(lm_loss_categorical_crossentropy_args, from_logits, LM__FIELD_BOOL),
    LM__FIELD(lm_loss_categorical_crossentropy_args, label_smoothing, LM__FIELD_FLOAT, .low = 0, .high = 1),
    {0},
};

const lm__loss_class lm__loss_categorical_crossentropy = {
    .base = LM__LOSS_CLASS("CategoricalCrossentropy", "cce", defaults, fields),
    .call = call,
};

lm_loss_categorical_crossentropy_args lm_loss_categorical_crossentropy_defaults(void) { return defaults; }
lm_loss *lm_loss_categorical_crossentropy_new(const lm_loss_categorical_crossentropy_args *args)
{
    return lm__loss_new(&lm__loss_categorical_crossentropy, args);
}
