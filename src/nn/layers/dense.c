/* nn/layers/dense.c: y = activation(x · kernel + bias). */
#include "nn/layer.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#include <math.h>

#ifdef LM_HEADER
/* Dense: y = activation(x · kernel + bias), over the last axis.
 * Input (N, …, in), output (N, …, units). Weights: kernel (in, units), bias (units,). */
typedef struct lm_dense_args {
    LM_LAYER_FIELDS;
    int64_t units;                              /* size of the output, required */
    const char *activation;                     /* NULL: linear */
    bool use_bias;
    const char *kernel_initializer, *bias_initializer;
    lm_initializer *kernel_initializer_object, *bias_initializer_object; /* taken over */
} lm_dense_args;
#define LM_DENSE_DEFAULTS                                                                                        \
    LM__LIST(LM_LAYER_DEFAULTS, .use_bias = true, .kernel_initializer = "glorot_uniform", .bias_initializer = "zeros")
lm_dense_args lm_dense_defaults(void);
lm_layer *lm_dense_new(const lm_dense_args *args);
#define lm_dense(...) LM__WITH(lm_dense_args, LM_DENSE_DEFAULTS, lm_dense_new(&lm__a), __VA_ARGS__)
#endif

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_dense_args *a = layer->base.args;
    LM_TRY(lm__layer_known(layer, input, -1));
    LM_TRY(lm__layer_weight(layer, "kernel", 2, (int64_t[]){input->dim[input->rank - 1], a->units}, true,
                            a->kernel_initializer_object, a->kernel_initializer, seed));
    if (!a->use_bias) return LM_OK;
    return lm__layer_weight(layer, "bias", 1, &a->units, true, a->bias_initializer_object, a->bias_initializer, seed);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_dense_args *a = layer->base.args;
    lm_value *y = lm_op_matmul(x, lm__layer_read(layer, call, 0));
    if (a->use_bias) y = lm_op_add(y, lm__layer_read(layer, call, 1));
    return lm__activate(a->activation, y);
}

static const lm_dense_args defaults = {.size = sizeof defaults, LM_DENSE_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_dense_args),
    LM__FIELD(lm_dense_args, units, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_dense_args, activation, LM__FIELD_ACTIVATION),
    LM__FIELD(lm_dense_args, use_bias, LM__FIELD_BOOL),
    LM__FIELD_INIT(lm_dense_args, kernel_initializer),
    LM__FIELD_INIT(lm_dense_args, bias_initializer),
    {0},
};

const lm__layer_class lm__layer_dense = {
    .base = LM__LAYER_CLASS("Dense", defaults, fields),
    .build = build,
    .call = call,
};

lm_dense_args lm_dense_defaults(void) { return defaults; }
lm_layer *lm_dense_new(const lm_dense_args *args) { return lm__layer_new(&lm__layer_dense, args); }
