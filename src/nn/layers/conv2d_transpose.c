/* nn/layers/conv2d_transpose.c: what the gradient of conv2d does to its image: y = activation(Kᵀ x + bias). */
#include "nn/layer.h"
#include "ops/conv2d.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#include <math.h>

#ifdef LM_HEADER
/* Conv2DTranspose: the transpose of a Conv2D that would make the input's size of the output's, over height and
 * width, channels last: it enlarges by the strides (Zeiler et al., CVPR 2010).
 * Input (N, H, W, in), output (N, H', W', filters). With k = (kernel_size - 1)·dilation + 1 and p = output_padding,
 * H' is for "valid" (H - 1)·stride + k + p, without p at least H·stride; for "same" H·stride, with p
 * (H - 1)·stride + k mod 2 + p. Weights: kernel (kh, kw, filters, in), bias (filters,). */
typedef struct lm_conv2d_transpose_args {
    LM_LAYER_FIELDS;
    int64_t filters;                            /* channels of the output, required */
    int64_t kernel_size[2];                     /* required; {3} is {3, 3} */
    int64_t strides[2];
    const char *padding;                        /* "valid" or "same" */
    int64_t output_padding[2];                  /* both numbers, less than the strides; LM_ANY: None, the default */
    int64_t dilation_rate[2];                   /* greater than 1 only where the strides are 1 */
    const char *activation;                     /* NULL: linear */
    bool use_bias;
    const char *kernel_initializer, *bias_initializer;
    lm_initializer *kernel_initializer_object, *bias_initializer_object; /* taken over */
} lm_conv2d_transpose_args;
#define LM_CONV2D_TRANSPOSE_DEFAULTS                                                                             \
    LM__LIST(LM_LAYER_DEFAULTS, .strides = {1, 1}, .padding = "valid", .output_padding = {LM_ANY, LM_ANY},       \
             .dilation_rate = {1, 1}, .use_bias = true, .kernel_initializer = "glorot_uniform",                  \
             .bias_initializer = "zeros")
lm_conv2d_transpose_args lm_conv2d_transpose_defaults(void);
lm_layer *lm_conv2d_transpose_new(const lm_conv2d_transpose_args *args);
#define lm_conv2d_transpose(...)                                                                                 \
    LM__WITH(lm_conv2d_transpose_args, LM_CONV2D_TRANSPOSE_DEFAULTS, lm_conv2d_transpose_new(&lm__a), __VA_ARGS__)
#endif

/* The output must be one of which the convolution makes the input's size. */
static lm_status check_output_padding(const lm_conv2d_transpose_args *a)
{
    for (int i = 0; i < 2; i++) {
        if (a->output_padding[i] == LM_ANY) continue;
        if (a->output_padding[i] >= a->strides[i])
            return lm__fail(LM_INVALID,
                            "Conv2DTranspose: output_padding = {%lld, %lld}, but each must be less than its stride, "
                            "and strides = {%lld, %lld}",
                            (long long)a->output_padding[0], (long long)a->output_padding[1],
                            (long long)a->strides[0], (long long)a->strides[1]);
        bool even = a->kernel_size[i] % 2 == 0 && a->dilation_rate[i] % 2 == 1;
        if (!strcmp(a->padding, "same") && even && a->output_padding[i] == 0)
            return lm__fail(LM_INVALID,
                            "Conv2DTranspose: with padding \"same\" and an even kernel_size (%lld) output_padding "
                            "must be 1 or more; leave it out to have the output %lld times as large",
                            (long long)a->kernel_size[i], (long long)a->strides[i]);
    }
    return LM_OK;
}

static lm_status check(const lm__configured *self)
{
    const lm_conv2d_transpose_args *a = self->args;
    if (!a->kernel_size[0])
        return lm__fail(LM_INVALID, "Conv2DTranspose: kernel_size is missing, for example {3, 3}");
    if ((a->strides[0] > 1 || a->strides[1] > 1) && (a->dilation_rate[0] > 1 || a->dilation_rate[1] > 1))
        return lm__fail(LM_INVALID, "Conv2DTranspose: strides and dilation_rate cannot both be greater than 1");
    return check_output_padding(a);
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_conv2d_transpose_args *a = layer->base.args;
    LM_TRY(lm__layer_pictures(layer, input));
    LM_TRY(lm__layer_known(layer, input, 3));
    int64_t dims[4] = {a->kernel_size[0], a->kernel_size[1], a->filters, input->dim[3]};
    LM_TRY(
        lm__layer_weight(layer, "kernel", 4, dims, true, a->kernel_initializer_object, a->kernel_initializer, seed));
    if (!a->use_bias) return LM_OK;
    return lm__layer_weight(layer, "bias", 1, &a->filters, true, a->bias_initializer_object, a->bias_initializer,
                            seed);
}

/* How large an axis of `size` becomes. */
static lm__dim enlarged(lm__dims *dims, const lm_conv2d_transpose_args *a, int axis, lm__dim size)
{
    int64_t stride = a->strides[axis], more = a->output_padding[axis];
    lm__dim kernel = lm__dim_add(dims, lm__dim_mul(dims, a->kernel_size[axis] - 1, a->dilation_rate[axis]), 1);
    bool same = !strcmp(a->padding, "same");
    if (kernel == LM__DIM_BAD) return kernel;
    if (same && more == LM_ANY) return lm__dim_mul(dims, size, stride);
    if (more == LM_ANY) more = stride > kernel ? stride - kernel : 0;
    lm__dim reach = same ? kernel % 2 : kernel;
    lm__dim steps = lm__dim_mul(dims, lm__dim_sub(dims, size, 1), stride);
    return lm__dim_add(dims, lm__dim_add(dims, steps, reach), more);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_conv2d_transpose_args *a = layer->base.args;
    if (lm__bad(x)) return x;
    lm__conv2d conv = {.strides = {a->strides[0], a->strides[1]},
                       .dilation = {a->dilation_rate[0], a->dilation_rate[1]},
                       .groups = 1,
                       .padding = strcmp(a->padding, "same") ? LM__PAD_VALID : LM__PAD_SAME};
    lm__shape image = {.rank = 4, .dim = {x->shape.dim[0], 0, 0, a->filters}};
    for (int i = 0; i < 2; i++) {
        image.dim[1 + i] = enlarged(call->graph->dims, a, i, x->shape.dim[1 + i]);
        if (image.dim[1 + i] != LM__DIM_BAD) continue;
        lm__fail(LM_INVALID, "Conv2DTranspose: the output would be too large");
        return lm__graph_fail(call->graph, 1, &x);
    }
    lm_value *y = lm__conv2d_backward_input(x, lm__layer_read(layer, call, 0), &conv, &image);
    if (a->use_bias) y = lm_op_add(y, lm__layer_read(layer, call, 1));
    return lm__activate(a->activation, y);
}

static const lm_conv2d_transpose_args defaults = {.size = sizeof defaults, LM_CONV2D_TRANSPOSE_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_conv2d_transpose_args),
    LM__FIELD(lm_conv2d_transpose_args, filters, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_transpose_args, kernel_size, LM__FIELD_INTS, .count = 2, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_conv2d_transpose_args, strides, LM__FIELD_INTS, .count = 2, .low = 1, .high = INT32_MAX),
    LM__FIELD(lm_conv2d_transpose_args, padding, LM__FIELD_STRING, .choices = "valid|same"),
    LM__FIELD(lm_conv2d_transpose_args, output_padding, LM__FIELD_PADS, .count = 2),
    LM__FIELD(lm_conv2d_transpose_args, dilation_rate, LM__FIELD_INTS, .count = 2, .low = 1, .high = INT32_MAX),
    LM__FIELD(lm_conv2d_transpose_args, activation, LM__FIELD_ACTIVATION),
    LM__FIELD(lm_conv2d_transpose_args, use_bias, LM__FIELD_BOOL),
    LM__FIELD_INIT(lm_conv2d_transpose_args, kernel_initializer),
    LM__FIELD_INIT(lm_conv2d_transpose_args, bias_initializer),
    {0},
};

const lm__layer_class lm__layer_conv2d_transpose = {
    .base = LM__LAYER_CLASS("Conv2DTranspose", defaults, fields, .aliases = "Convolution2DTranspose", .check = check),
    .build = build,
    .call = call,
};

lm_conv2d_transpose_args lm_conv2d_transpose_defaults(void) { return defaults; }
lm_layer *lm_conv2d_transpose_new(const lm_conv2d_transpose_args *args)
{
    return lm__layer_new(&lm__layer_conv2d_transpose, args);
}
