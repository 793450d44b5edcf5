/* nn/layers/conv2d.c: y = activation(conv2d(x, kernel) + bias). */
#include "nn/layer.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#include <math.h>

#ifdef LM_HEADER
/* Conv2D: y = activation(x ∗ kernel + bias), a cross-correlation over height and width, channels last.
 * Input (N, H, W, in), output (N, H', W', filters): H' = ceil((H - (kh-1)·dilation) / stride) for "valid", ceil(H /
 * stride) for "same". Weights: kernel (kh, kw, in / groups, filters), bias (filters,). */
typedef struct lm_conv2d_args {
    LM_LAYER_FIELDS;
    int64_t filters;                            /* channels of the output, required */
    int64_t kernel_size[2];                     /* required; {3} is {3, 3} */
    int64_t strides[2];
    const char *padding;                        /* "valid" or "same" */
    int64_t dilation_rate[2];
    int64_t groups;                             /* divides channels and filters */
    const char *activation;                     /* NULL: linear */
    bool use_bias;
    const char *kernel_initializer, *bias_initializer;
    lm_initializer *kernel_initializer_object, *bias_initializer_object; /* taken over */
} lm_conv2d_args;
#define LM_CONV2D_DEFAULTS                                                                                       \
    LM__LIST(LM_LAYER_DEFAULTS, .strides = {1, 1}, .padding = "valid", .dilation_rate = {1, 1}, .groups = 1,     \
             .use_bias = true, .kernel_initializer = "glorot_uniform", .bias_initializer = "zeros")
lm_conv2d_args lm_conv2d_defaults(void);
lm_layer *lm_conv2d_new(const lm_conv2d_args *args);
#define lm_conv2d(...) LM__WITH(lm_conv2d_args, LM_CONV2D_DEFAULTS, lm_conv2d_new(&lm__a), __VA_ARGS__)
#endif

static lm_status check(const lm__configured *self)
{
    const lm_conv2d_args *a = self->args;
    if (!a->kernel_size[0]) return lm__fail(LM_INVALID, "Conv2D: kernel_size is missing, for example {3, 3}");
    if ((a->strides[0] > 1 || a->strides[1] > 1) && (a->dilation_rate[0] > 1 || a->dilation_rate[1] > 1))
        return lm__fail(LM_INVALID, "Conv2D: strides and dilation_rate cannot both be greater than 1");
    if (a->filters % a->groups)
        return lm__fail(LM_INVALID, "Conv2D: filters = %lld is not a multiple of groups = %lld",
                        (long long)a->filters, (long long)a->groups);
    return LM_OK;
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_conv2d_args *a = layer->base.args;
    LM_TRY(lm__layer_pictures(layer, input));
    LM_TRY(lm__layer_known(layer, input, 3));
    int64_t channels = input->dim[3];
    if (channels % a->groups)
        return lm__fail(LM_INVALID, "Conv2D: the input's %lld channels are not a multiple of groups = %lld",
                        (long long)channels, (long long)a->groups);
    int64_t dims[4] = {a->kernel_size[0], a->kernel_size[1], channels / a->groups, a->filters};
    LM_TRY(
        lm__layer_weight(layer, "kernel", 4, dims, true, a->kernel_initializer_object, a->kernel_initializer, seed));
    if (!a->use_bias) return LM_OK;
    return lm__layer_weight(layer, "bias", 1, &a->filters, true, a->bias_initializer_object, a->bias_initializer,
                            seed);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_conv2d_args *a = layer->base.args;
    lm_value *y = lm_op_conv2d(x, lm__layer_read(layer, call, 0), .strides = {a->strides[0], a->strides[1]},
                               .padding = a->padding, .dilation = {a->dilation_rate[0], a->dilation_rate[1]},
                               .groups = a->groups);
    if (a->use_bias) y = lm_op_add(y, lm__layer_read(layer, call, 1));
    return lm__activate(a->activation, y);
}

static const lm_conv2d_args defaults = {.size = sizeof defaults, LM_CONV2D_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_conv2d_args),
    LM__FIELD(lm_conv2d_args, filters, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_args, kernel_size, LM__FIELD_INTS, .count = 2, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_args, strides, LM__FIELD_INTS, .count = 2, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_args, padding, LM__FIELD_STRING, .choices = "valid|same"),
    LM__FIELD(lm_conv2d_args, dilation_rate, LM__FIELD_INTS, .count = 2, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_args, groups, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_args, activation, LM__FIELD_ACTIVATION),
    LM__FIELD(lm_conv2d_args, use_bias, LM__FIELD_BOOL),
    LM__FIELD_INIT(lm_conv2d_args, kernel_initializer),
    LM__FIELD_INIT(lm_conv2d_args, bias_initializer),
    {0},
};

const lm__layer_class lm__layer_conv2d = {
    .base = LM__LAYER_CLASS("Conv2D", defaults, fields, .check = check),
    .build = build,
    .call = call,
};

lm_conv2d_args lm_conv2d_defaults(void) { return defaults; }
lm_layer *lm_conv2d_new(const lm_conv2d_args *args) { return lm__layer_new(&lm__layer_conv2d, args); }
