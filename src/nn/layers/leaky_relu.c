/* nn/layers/leaky_relu.c: x, or a part of it where it is negative. */
#include "nn/activations/activation.h"
#include "nn/layer.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* LeakyReLU: x where x > 0, else negative_slope · x (Maas et al., ICML 2013). The shape stays. No weights. */
typedef struct lm_leaky_relu_args {
    LM_LAYER_FIELDS;
    double negative_slope;                      /* 0.3; the activation "leaky_relu" has 0.2 */
} lm_leaky_relu_args;
#define LM_LEAKY_RELU_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .negative_slope = 0.3)
lm_leaky_relu_args lm_leaky_relu_defaults(void);
lm_layer *lm_leaky_relu_new(const lm_leaky_relu_args *args);
#define lm_leaky_relu(...)                                                                                       \
    LM__WITH(lm_leaky_relu_args, LM_LEAKY_RELU_DEFAULTS, lm_leaky_relu_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)call;
    return lm__leaky_relu(x, ((const lm_leaky_relu_args *)layer->base.args)->negative_slope);
}

static const lm_leaky_relu_args defaults = {.size = sizeof defaults, LM_LEAKY_RELU_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_leaky_relu_args),
    LM__FIELD(lm_leaky_relu_args, negative_slope, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    {0},
};

const lm__layer_class lm__layer_leaky_relu = {.base = LM__LAYER_CLASS("LeakyReLU", defaults, fields), .call = call};

lm_leaky_relu_args lm_leaky_relu_defaults(void) { return defaults; }
lm_layer *lm_leaky_relu_new(const lm_leaky_relu_args *args) { return lm__layer_new(&lm__layer_leaky_relu, args); }
