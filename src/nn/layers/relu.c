/* nn/layers/relu.c: max(x, 0), with Keras's three parameters. */
#include "nn/activations/activation.h"
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* ReLU: x above the threshold, cut off at max_value; below it negative_slope · (x - threshold). The shape stays. No
 * weights. */
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

/* y cut off at max_value. The gradient at x = max_value is 1, but 0 for 6 without a threshold: Keras uses relu6
 * there. */
static lm_value *cut_off(const lm_relu_args *a, lm_value *x, lm_value *y)
{
    if (isnan(a->max_value)) return y;
    lm_value *limit = lm__like(y, a->max_value);
    if (a->max_value != 6 || a->threshold != 0) return lm_op_minimum(y, limit);
    return lm_op_where(lm_op_less(x, limit), y, limit);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_relu_args *a = layer->base.args;
    (void)call;
    if (a->negative_slope != 0 && a->threshold == 0 && isnan(a->max_value))
        return lm__leaky_relu(x, a->negative_slope);
    lm_value *y = a->threshold == 0 ? lm_op_relu(x)
                                    : lm_op_where(lm_op_greater(x, lm__like(x, a->threshold)), x, lm__like(x, 0));
    y = cut_off(a, x, y);
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
