/* nn/layers/rescaling.c: y = x · scale + offset. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* Rescaling: y = x · scale + offset, element by element, for example .scale = 1.0 / 255 on pixels. No weights. */
typedef struct lm_rescaling_args {
    LM_LAYER_FIELDS;
    double scale, offset;                       /* scale: required */
} lm_rescaling_args;
#define LM_RESCALING_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .scale = LM_NONE)
lm_rescaling_args lm_rescaling_defaults(void);
lm_layer *lm_rescaling_new(const lm_rescaling_args *args);
#define lm_rescaling(...)                                                                                        \
    LM__WITH(lm_rescaling_args, LM_RESCALING_DEFAULTS, lm_rescaling_new(&lm__a), __VA_ARGS__)
#endif

static lm_status check(const lm__configured *self)
{
    const lm_rescaling_args *a = self->args;
    if (a->scale == a->scale) return LM_OK;
    return lm__fail(LM_INVALID, "Rescaling: the scale is missing, for example .scale = 1.0 / 255");
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_rescaling_args *a = layer->base.args;
    (void)call;
    lm_value *y = lm_op_multiply(x, lm__like(x, a->scale));
    return a->offset == 0 ? y : lm_op_add(y, lm__like(x, a->offset));
}

static const lm_rescaling_args defaults = {.size = sizeof defaults, LM_RESCALING_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_rescaling_args),
    LM__FIELD(lm_rescaling_args, scale, LM__FIELD_FLOAT),
    LM__FIELD(lm_rescaling_args, offset, LM__FIELD_FLOAT),
    {0},
};

const lm__layer_class lm__layer_rescaling = {
    .base = LM__LAYER_CLASS("Rescaling", defaults, fields, .check = check),
    .call = call,
};

lm_rescaling_args lm_rescaling_defaults(void) { return defaults; }
lm_layer *lm_rescaling_new(const lm_rescaling_args *args) { return lm__layer_new(&lm__layer_rescaling, args); }
