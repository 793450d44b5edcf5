/* nn/losses/sparse_categorical_crossentropy.c: -log(p[class]). */
#include "nn/classes.h"
#include "nn/loss.h"
#include "ops/support.h"
#include <lamina/losses.h>

#ifdef LM_HEADER
/* SparseCategoricalCrossentropy: -log(y_pred[class]). y_true: class indices, without y_pred's last axis.
 * Indices outside 0 … classes-1 give NaN, which fit reports. */
typedef struct lm_loss_sparse_categorical_crossentropy_args {
    LM_LOSS_FIELDS;
    bool from_logits;                           /* y_pred are not probabilities yet */
} lm_loss_sparse_categorical_crossentropy_args;
#define LM_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY_DEFAULTS LM__LIST(LM_LOSS_DEFAULTS, .from_logits = false)
lm_loss_sparse_categorical_crossentropy_args lm_loss_sparse_categorical_crossentropy_defaults(void);
lm_loss *lm_loss_sparse_categorical_crossentropy_new(const lm_loss_sparse_categorical_crossentropy_args *args);
#define lm_loss_sparse_categorical_crossentropy(...)                                                                 \
    LM__WITH(lm_loss_sparse_categorical_crossentropy_args, LM_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY_DEFAULTS,         \
             lm_loss_sparse_categorical_crossentropy_new(&lm__a), __VA_ARGS__)
#endif

/* -Σ one-hot·logs; an index that is no class has no one-hot and must not pass as a loss of 0. */
static lm_value *call(const lm_loss *self, lm_value *y_true, lm_value *y_pred)
{
    const lm_loss_sparse_categorical_crossentropy_args *a = self->base.args;
    lm_value *logits = a->from_logits ? y_pred : lm__logits_of(y_pred, "softmax");
    if (!logits) logits = lm_op_log(lm__clip_probability(y_pred));
    return lm_op_negative(lm__pick_class(lm_op_log_softmax(logits, -1), y_true));
}

static const lm_loss_sparse_categorical_crossentropy_args defaults = {
    .size = sizeof defaults, LM_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY_DEFAULTS};
static const lm__field fields[] = {
    LM__LOSS_FIELD_ROWS(lm_loss_sparse_categorical_crossentropy_args),
    LM__FIELD(lm_loss_sparse_categorical_crossentropy_args, from_logits, LM__FIELD_BOOL),
    {0},
};

const lm__loss_class lm__loss_sparse_categorical_crossentropy = {
    .base = LM__LOSS_CLASS("SparseCategoricalCrossentropy", "scce", defaults, fields),
    .call = call,
    .integer_targets = true,
};

lm_loss_sparse_categorical_crossentropy_args lm_loss_sparse_categorical_crossentropy_defaults(void)
{
    return defaults;
}
lm_loss *lm_loss_sparse_categorical_crossentropy_new(const lm_loss_sparse_categorical_crossentropy_args *args)
{
    return lm__loss_new(&lm__loss_sparse_categorical_crossentropy, args);
}
