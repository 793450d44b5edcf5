/* nn/layers/global_average_pooling2d.c: the mean over height and width. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* GlobalAveragePooling2D: the mean of each channel over height and width.
 * Input (N, H, W, C), output (N, C), or (N, 1, 1, C) with keepdims. No weights. */
typedef struct lm_global_average_pooling2d_args {
    LM_LAYER_FIELDS;
    bool keepdims;
} lm_global_average_pooling2d_args;
#define LM_GLOBAL_AVERAGE_POOLING2D_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_global_average_pooling2d_args lm_global_average_pooling2d_defaults(void);
lm_layer *lm_global_average_pooling2d_new(const lm_global_average_pooling2d_args *args);
#define lm_global_average_pooling2d(...)                                                                             \
    LM__WITH(lm_global_average_pooling2d_args, LM_GLOBAL_AVERAGE_POOLING2D_DEFAULTS,                                 \
             lm_global_average_pooling2d_new(&lm__a), __VA_ARGS__)
#endif

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    (void)seed;
    return lm__layer_pictures(layer, input);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_global_average_pooling2d_args *a = layer->base.args;
    (void)call;
    return lm_op_mean_over(x, 2, (int64_t[]){1, 2}, a->keepdims);
}

static const lm_global_average_pooling2d_args defaults = {.size = sizeof defaults,
                                                          LM_GLOBAL_AVERAGE_POOLING2D_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_global_average_pooling2d_args),
    LM__FIELD(lm_global_average_pooling2d_args, keepdims, LM__FIELD_BOOL),
    {0},
};

const lm__layer_class lm__layer_global_average_pooling2d = {
    .base = LM__LAYER_CLASS("GlobalAveragePooling2D", defaults, fields),
    .build = build,
    .call = call,
};

lm_global_average_pooling2d_args lm_global_average_pooling2d_defaults(void) { return defaults; }
lm_layer *lm_global_average_pooling2d_new(const lm_global_average_pooling2d_args *args)
{
    return lm__layer_new(&lm__layer_global_average_pooling2d, args);
}
