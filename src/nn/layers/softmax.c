/* nn/layers/softmax.c: softmax along an axis. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* Softmax: e^x / Σ e^x along the axis (-1: the last). The shape stays. No weights. */
typedef struct lm_softmax_args {
    LM_LAYER_FIELDS;
    int64_t axis;
} lm_softmax_args;
#define LM_SOFTMAX_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .axis = -1)
lm_softmax_args lm_softmax_defaults(void);
lm_layer *lm_softmax_new(const lm_softmax_args *args);
#define lm_softmax(...) LM__WITH(lm_softmax_args, LM_SOFTMAX_DEFAULTS, lm_softmax_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_softmax_args *a = layer->base.args;
    (void)call;
    return lm_op_softmax(x, (int)a->axis);
}

static const lm_softmax_args defaults = {.size = sizeof defaults, LM_SOFTMAX_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_softmax_args),
    LM__FIELD(lm_softmax_args, axis, LM__FIELD_INT, .low = -LM_MAX_RANK, .high = LM_MAX_RANK),
    {0},
};

const lm__layer_class lm__layer_softmax = {
    .base = LM__LAYER_CLASS("Softmax", defaults, fields),
    .call = call,
};

lm_softmax_args lm_softmax_defaults(void) { return defaults; }
lm_layer *lm_softmax_new(const lm_softmax_args *args) { return lm__layer_new(&lm__layer_softmax, args); }
