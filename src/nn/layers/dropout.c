/* nn/layers/dropout.c: a random part of the inputs set to zero while training. */
#include "nn/layer.h"
#include "base/philox.h"
#include "ops/support.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* Dropout: in training each element is kept with probability 1 - rate and divided by it, else 0 (Srivastava et al.,
 * JMLR 2014); in prediction nothing happens. The shape stays. No weights. What is dropped depends on the model's
 * seed, the layer's name and the step alone. */
typedef struct lm_dropout_args {
    LM_LAYER_FIELDS;
    double rate;                                /* 0…1, required */
} lm_dropout_args;
#define LM_DROPOUT_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .rate = LM_NONE)
lm_dropout_args lm_dropout_defaults(void);
lm_layer *lm_dropout_new(const lm_dropout_args *args);
#define lm_dropout(...) LM__WITH(lm_dropout_args, LM_DROPOUT_DEFAULTS, lm_dropout_new(&lm__a), __VA_ARGS__)
#endif

static lm_status check(const lm__configured *self)
{
    const lm_dropout_args *a = self->args;
    return a->rate == a->rate ? LM_OK : lm__fail(LM_INVALID, "Dropout: the rate is missing, for example .rate = 0.5");
}

lm_value *lm__layer_drop(const lm__layer_call *call, lm_value *x, double rate, uint64_t stream)
{
    if (!call->training || rate == 0 || lm__bad(x)) return x;
    if (rate == 1) return lm_op_multiply(x, lm__like(x, 0));
    lm_value *kept = lm_op_random_bernoulli(call->key, .like = x, .dtype = LM_BOOL, .p = 1 - rate, .stream = stream);
    return lm_op_where(kept, lm_op_multiply(x, lm__like(x, 1 / (1 - rate))), lm__like(x, 0));
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    return lm__layer_drop(call, x, ((const lm_dropout_args *)layer->base.args)->rate, lm__stream(layer->base.name));
}

static const lm_dropout_args defaults = {.size = sizeof defaults, LM_DROPOUT_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_dropout_args),
    LM__FIELD(lm_dropout_args, rate, LM__FIELD_FLOAT, .low = 0, .high = 1),
    {0},
};

const lm__layer_class lm__layer_dropout = {
    .base = LM__LAYER_CLASS("Dropout", defaults, fields, .check = check),
    .call = call,
};

lm_dropout_args lm_dropout_defaults(void) { return defaults; }
lm_layer *lm_dropout_new(const lm_dropout_args *args) { return lm__layer_new(&lm__layer_dropout, args); }
