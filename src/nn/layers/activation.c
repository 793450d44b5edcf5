/* nn/layers/activation.c: an activation as a layer of its own. */
#include "nn/layer.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* Activation: the named activation of each element (softmax and log_softmax: along the last axis). The shape stays.
 * No weights. */
typedef struct lm_activation_args {
    LM_LAYER_FIELDS;
    const char *activation;                     /* required: "relu", "tanh", … */
} lm_activation_args;
#define LM_ACTIVATION_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_activation_args lm_activation_defaults(void);
lm_layer *lm_activation_new(const lm_activation_args *args);
#define lm_activation(...)                                                                                       \
    LM__WITH(lm_activation_args, LM_ACTIVATION_DEFAULTS, lm_activation_new(&lm__a), __VA_ARGS__)
#endif

static lm_status check(const lm__configured *self)
{
    const lm_activation_args *a = self->args;
    return a->activation ? LM_OK
                         : lm__fail(LM_INVALID, "Activation: the activation is missing, for example \"relu\"");
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_activation_args *a = layer->base.args;
    (void)call;
    return lm__activate(a->activation, x);
}

static const lm_activation_args defaults = {.size = sizeof defaults, LM_ACTIVATION_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_activation_args),
    LM__FIELD(lm_activation_args, activation, LM__FIELD_ACTIVATION),
    {0},
};

const lm__layer_class lm__layer_activation = {
    .base = LM__LAYER_CLASS("Activation", defaults, fields, .check = check),
    .call = call,
};

lm_activation_args lm_activation_defaults(void) { return defaults; }
lm_layer *lm_activation_new(const lm_activation_args *args)
{
    return lm__layer_new(&lm__layer_activation, args);
}
