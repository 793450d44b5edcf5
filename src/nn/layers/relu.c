/* nn/layers/relu.c: max(x, 0), with Keras's three parameters. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* ReLU: x above the threshold, cut off at max_value; below it negative_slope · (x - threshold). The shape stays. No weights. */
typedef struct lm_relu_args {
    LM_LAYER_FIELDS;
    double max_value;                           /* NaN: none */
    double negative_slope, threshold;
} lm_relu_args;
#define LM_RELU_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .max_value = LM_NONE)
lm_relu_args lm_relu_defaults(void);
lm_layer *lm_relu_new(const lm_relu_args *args);
#define lm_relu(...) LM__WITH(lm_relu_args, LM_RELU_DEFAULTS, lm_relu_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_relu_args *a = layer->base.args;
    (void)call;
    lm_value *y = a->threshold == 0 ? lm_op_relu(x)
                                    : lm_op_where(lm_op_greater(x, lm__like(x, a->threshold)), x, lm__like(x, 0));
    if (!isnan(a->max_value)) y = lm_op_minimum(y, lm__like(y, a->max_value));
    if (a->negative_slope == 0) return y;
    lm_value *below = lm_op_relu(lm_op_subtract(lm__like(x, a->threshold), x));
    return lm_op_subtract(y, lm_op_multiply(below, lm__like(x, a->negative_slope)));
}

static const lm_relu_args defaults = {.size = sizeof defaults, LM_RELU_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_relu_args),
    LM__FIELD(lm_relu_args, max_value, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_relu_args, negative_slope, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_relu_args, threshold, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    {0},
};

const lm__layer_class lm__layer_relu = {
    .base = LM__LAYER_CLASS("ReLU", defaults, fields),
    .call = call,
};

lm_relu_args lm_relu_defaults(void) { return defaults; }
lm_layer *lm_relu_new(const lm_relu_args *args) { return lm__layer_new(&lm__layer_relu, args); }
