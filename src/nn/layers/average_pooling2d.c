/* nn/layers/average_pooling2d.c: the mean of each window. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* AveragePooling2D: the mean of each window, channel by channel; padding does not count.
 * Input (N, H, W, C), output (N, H', W', C). No weights. strides left out: the pool size. */
typedef struct lm_average_pooling2d_args {
    LM_LAYER_FIELDS;
    int64_t pool_size[2], strides[2];
    const char *padding;                        /* "valid" or "same" */
} lm_average_pooling2d_args;
#define LM_AVERAGE_POOLING2D_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .pool_size = {2, 2}, .padding = "valid")
lm_average_pooling2d_args lm_average_pooling2d_defaults(void);
lm_layer *lm_average_pooling2d_new(const lm_average_pooling2d_args *args);
#define lm_average_pooling2d(...) \
    LM__WITH(lm_average_pooling2d_args, LM_AVERAGE_POOLING2D_DEFAULTS, lm_average_pooling2d_new(&lm__a), __VA_ARGS__)
#endif

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    (void)seed;
    return lm__layer_pictures(layer, input);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_average_pooling2d_args *a = layer->base.args;
    const int64_t *strides = a->strides[0] ? a->strides : a->pool_size;
    (void)call;
    return lm_op_average_pool2d(x, .pool_size = {a->pool_size[0], a->pool_size[1]},
                                .strides = {strides[0], strides[1]}, .padding = a->padding);
}

static const lm_average_pooling2d_args defaults = {.size = sizeof defaults, LM_AVERAGE_POOLING2D_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_average_pooling2d_args),
    LM__FIELD(lm_average_pooling2d_args, pool_size, LM__FIELD_INTS, .count = 2, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_average_pooling2d_args, strides, LM__FIELD_INTS, .count = 2, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_average_pooling2d_args, padding, LM__FIELD_STRING, .choices = "valid|same"),
    {0},
};

const lm__layer_class lm__layer_average_pooling2d = {
    .base = LM__LAYER_CLASS("AveragePooling2D", defaults, fields),
    .build = build,
    .call = call,
};

lm_average_pooling2d_args lm_average_pooling2d_defaults(void) { return defaults; }
lm_layer *lm_average_pooling2d_new(const lm_average_pooling2d_args *args)
{
    return lm__layer_new(&lm__layer_average_pooling2d, args);
}
