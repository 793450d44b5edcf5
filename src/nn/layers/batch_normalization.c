/* nn/layers/batch_normalization.c: normalisation by the statistics of the batch. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* BatchNormalization: y = gamma · (x - mean) / sqrt(variance + epsilon) + beta, channel by channel (Ioffe and
 * Szegedy, ICML 2015). Training: mean and variance of the batch, which move the moving statistics: m = m·momentum +
 * batch·(1 - momentum); prediction, or .trainable = false: the moving statistics. The shape stays. Weights, each
 * (channels,): gamma, beta, moving_mean, moving_variance. */
typedef struct lm_batch_normalization_args {
    LM_LAYER_FIELDS;
    int64_t axis;                               /* of the channels; -1: the last */
    double momentum, epsilon;
    bool center, scale;                         /* whether there are beta, gamma */
    const char *beta_initializer, *gamma_initializer, *moving_mean_initializer, *moving_variance_initializer;
    lm_initializer *beta_initializer_object, *gamma_initializer_object, *moving_mean_initializer_object,
        *moving_variance_initializer_object; /* taken over */
} lm_batch_normalization_args;
#define LM_BATCH_NORMALIZATION_DEFAULTS                                                                              \
    LM__LIST(LM_LAYER_DEFAULTS, .axis = -1, .momentum = 0.99, .epsilon = 0.001, .center = true, .scale = true,       \
             .beta_initializer = "zeros", .gamma_initializer = "ones", .moving_mean_initializer = "zeros",           \
             .moving_variance_initializer = "ones")
lm_batch_normalization_args lm_batch_normalization_defaults(void);
lm_layer *lm_batch_normalization_new(const lm_batch_normalization_args *args);
#define lm_batch_normalization(...)                                                                                  \
    LM__WITH(lm_batch_normalization_args, LM_BATCH_NORMALIZATION_DEFAULTS, lm_batch_normalization_new(&lm__a),       \
             __VA_ARGS__)
#endif

static int axis_of(const lm_layer *layer, int rank)
{
    int64_t axis = ((const lm_batch_normalization_args *)layer->base.args)->axis;
    return (int)(axis < 0 ? axis + rank : axis);
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_batch_normalization_args *a = layer->base.args;
    int axis = axis_of(layer, input->rank);
    if (axis < 1 || axis >= input->rank)
        return lm__fail(LM_INVALID,
                        "BatchNormalization: axis = %lld, but for an input of %d dimensions, batch included, it "
                        "must be between 1 and %d, or -1 for the last",
                        (long long)a->axis, input->rank, input->rank - 1);
    LM_TRY(lm__layer_known(layer, input, axis));
    const int64_t *channels = &input->dim[axis];
    if (a->scale)
        LM_TRY(lm__layer_weight(layer, "gamma", 1, channels, true, a->gamma_initializer_object, a->gamma_initializer,
                                seed));
    if (a->center)
        LM_TRY(lm__layer_weight(layer, "beta", 1, channels, true, a->beta_initializer_object, a->beta_initializer,
                                seed));
    LM_TRY(lm__layer_weight(layer, "moving_mean", 1, channels, false, a->moving_mean_initializer_object,
                            a->moving_mean_initializer, seed));
    return lm__layer_weight(layer, "moving_variance", 1, channels, false, a->moving_variance_initializer_object,
                            a->moving_variance_initializer, seed);
}

/* moving = moving · momentum + batch · (1 - momentum) */
static void move(lm_layer *layer, const lm__layer_call *call, int weight, lm_value *batch)
{
    double momentum = ((const lm_batch_normalization_args *)layer->base.args)->momentum;
    lm_value *old = lm__layer_read(layer, call, weight), *now = lm_op_stop_gradient(batch);
    lm_value *next =
        lm_op_add(lm_op_multiply(old, lm__like(old, momentum)), lm_op_multiply(now, lm__like(now, 1 - momentum)));
    lm__graph_assign(call->graph, layer->weight[weight], next);
}

/* The statistics to normalise by, each (channels,). */
static void statistics(lm_layer *layer, const lm__layer_call *call, lm_value *x, int axis, lm_value **mean,
                       lm_value **variance)
{
    int first = layer->nweights - 2, n = 0;
    if (!call->training || !layer->trainable) {
        *mean = lm__layer_read(layer, call, first);
        *variance = lm__layer_read(layer, call, first + 1);
        return;
    }
    int64_t axes[LM_MAX_RANK];
    for (int i = 0; i < x->shape.rank; i++)
        if (i != axis) axes[n++] = i;
    lm_op_moments(x, n, axes, false, mean, variance);
    move(layer, call, first, *mean);
    move(layer, call, first + 1, *variance);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_batch_normalization_args *a = layer->base.args;
    lm_value *mean, *variance;
    if (lm__bad(x)) return x;
    int axis = axis_of(layer, x->shape.rank);
    lm__shape along = {.rank = x->shape.rank - axis, .dim = {x->shape.dim[axis]}};
    for (int i = 1; i < along.rank; i++) along.dim[i] = 1;
    statistics(layer, call, x, axis, &mean, &variance);
    lm_value *factor = lm_op_rsqrt(lm_op_add(variance, lm__like(variance, a->epsilon)));
    if (a->scale) factor = lm_op_multiply(factor, lm__layer_read(layer, call, 0));
    lm_value *y = lm_op_multiply(lm_op_subtract(x, lm__reshape_to(mean, &along)), lm__reshape_to(factor, &along));
    return a->center ? lm_op_add(y, lm__reshape_to(lm__layer_read(layer, call, a->scale), &along)) : y;
}

static const lm_batch_normalization_args defaults = {.size = sizeof defaults, LM_BATCH_NORMALIZATION_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_batch_normalization_args),
    LM__FIELD(lm_batch_normalization_args, axis, LM__FIELD_INT, .low = -LM_MAX_RANK, .high = LM_MAX_RANK),
    LM__FIELD(lm_batch_normalization_args, momentum, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_batch_normalization_args, epsilon, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_batch_normalization_args, center, LM__FIELD_BOOL),
    LM__FIELD(lm_batch_normalization_args, scale, LM__FIELD_BOOL),
    LM__FIELD_INIT(lm_batch_normalization_args, beta_initializer),
    LM__FIELD_INIT(lm_batch_normalization_args, gamma_initializer),
    LM__FIELD_INIT(lm_batch_normalization_args, moving_mean_initializer),
    LM__FIELD_INIT(lm_batch_normalization_args, moving_variance_initializer),
    {0},
};

const lm__layer_class lm__layer_batch_normalization = {
    .base = LM__LAYER_CLASS("BatchNormalization", defaults, fields,
                            .ignored = "synchronized|renorm=false|renorm_momentum"),
    .wide = true,
    .build = build,
    .call = call,
};

lm_batch_normalization_args lm_batch_normalization_defaults(void) { return defaults; }
lm_layer *lm_batch_normalization_new(const lm_batch_normalization_args *args)
{
    return lm__layer_new(&lm__layer_batch_normalization, args);
}
