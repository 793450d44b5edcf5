/* nn/layers/layer_normalization.c: normalisation of each sample by its own statistics. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* LayerNormalization: y = gamma · (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance of each sample
 * over the axes given (Ba, Kiros and Hinton, 2016). Training and prediction are the same. The shape stays. Weights,
 * of the shape of these axes: gamma, beta. */
typedef struct lm_layer_normalization_args {
    LM_LAYER_FIELDS;
    int64_t axis[LM_MAX_RANK]; /* ends at 0; {-1}: the last */
    double epsilon;
    bool center, scale; /* whether there are beta, gamma */
    const char *beta_initializer, *gamma_initializer;
    lm_initializer *beta_initializer_object, *gamma_initializer_object; /* taken over */
} lm_layer_normalization_args;
#define LM_LAYER_NORMALIZATION_DEFAULTS                                                                              \
    LM__LIST(LM_LAYER_DEFAULTS, .axis = {-1}, .epsilon = 0.001, .center = true, .scale = true,                       \
             .beta_initializer = "zeros", .gamma_initializer = "ones")
lm_layer_normalization_args lm_layer_normalization_defaults(void);
lm_layer *lm_layer_normalization_new(const lm_layer_normalization_args *args);
#define lm_layer_normalization(...)                                                                                  \
    LM__WITH(lm_layer_normalization_args, LM_LAYER_NORMALIZATION_DEFAULTS, lm_layer_normalization_new(&lm__a),       \
             __VA_ARGS__)
#endif

/* The axes counted from the front, in order; `n` receives how many. */
static lm_status find_axes(const lm_layer *layer, int rank, bool over[LM_MAX_RANK], int *n)
{
    const lm_layer_normalization_args *a = layer->base.args;
    memset(over, 0, LM_MAX_RANK * sizeof *over);
    *n = 0;
    for (int i = 0; i < LM_MAX_RANK && a->axis[i]; i++) {
        int64_t axis = a->axis[i] < 0 ? a->axis[i] + rank : a->axis[i];
        if (axis < 1 || axis >= rank)
            return lm__fail(
                LM_INVALID,
                "LayerNormalization: axis %lld, but for an input of %d dimensions, batch included, it must "
                "be between 1 and %d, or between -1 and %d",
                (long long)a->axis[i], rank, rank - 1, 1 - rank);
        if (over[axis]) return lm__fail(LM_INVALID, "LayerNormalization: axis %lld is named twice", (long long)axis);
        over[axis] = true;
        ++*n;
    }
    return *n ? LM_OK : lm__fail(LM_INVALID, "LayerNormalization: no axis is given; the last is .axis = {-1}");
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_layer_normalization_args *a = layer->base.args;
    bool over[LM_MAX_RANK];
    int64_t sizes[LM_MAX_RANK];
    int n, at = 0;
    LM_TRY(find_axes(layer, input->rank, over, &n));
    for (int i = 0; i < input->rank; i++) {
        if (!over[i]) continue;
        LM_TRY(lm__layer_known(layer, input, i));
        sizes[at++] = input->dim[i];
    }
    if (a->scale)
        LM_TRY(lm__layer_weight(layer, "gamma", n, sizes, true, a->gamma_initializer_object, a->gamma_initializer,
                                seed));
    if (!a->center) return LM_OK;
    return lm__layer_weight(layer, "beta", n, sizes, true, a->beta_initializer_object, a->beta_initializer, seed);
}

/* Over axes that are not the last ones: made of other ops. */
static lm_value *over_any(lm_layer *layer, lm_value *x, const bool *over, lm_value *gamma, lm_value *beta)
{
    double epsilon = ((const lm_layer_normalization_args *)layer->base.args)->epsilon;
    lm__shape wide = {.rank = x->shape.rank};
    int64_t axes[LM_MAX_RANK];
    lm_value *mean, *variance;
    int n = 0;
    for (int i = 0; i < wide.rank; i++) {
        wide.dim[i] = over[i] ? x->shape.dim[i] : 1;
        if (over[i]) axes[n++] = i;
    }
    lm_op_moments(x, n, axes, true, &mean, &variance);
    lm_value *factor = lm_op_rsqrt(lm_op_add(variance, lm__like(variance, epsilon)));
    lm_value *y = lm_op_multiply(lm_op_subtract(x, mean), factor);
    if (gamma) y = lm_op_multiply(y, lm__reshape_to(gamma, &wide));
    return beta ? lm_op_add(y, lm__reshape_to(beta, &wide)) : y;
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_layer_normalization_args *a = layer->base.args;
    bool over[LM_MAX_RANK], last = true;
    int n;
    if (lm__bad(x)) return x;
    if (find_axes(layer, x->shape.rank, over, &n) != LM_OK) return lm__graph_fail(call->graph, 1, &x);
    lm_value *gamma = a->scale ? lm__layer_read(layer, call, 0) : NULL;
    lm_value *beta = a->center ? lm__layer_read(layer, call, a->scale) : NULL;
    for (int i = 0; i < n; i++) last &= over[x->shape.rank - 1 - i];
    return last ? lm_op_layer_norm(x, gamma, beta, .axes = n, .epsilon = a->epsilon)
                : over_any(layer, x, over, gamma, beta);
}

static const lm_layer_normalization_args defaults = {.size = sizeof defaults, LM_LAYER_NORMALIZATION_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_layer_normalization_args),
    LM__FIELD(lm_layer_normalization_args, axis, LM__FIELD_AXES),
    LM__FIELD(lm_layer_normalization_args, epsilon, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_layer_normalization_args, center, LM__FIELD_BOOL),
    LM__FIELD(lm_layer_normalization_args, scale, LM__FIELD_BOOL),
    LM__FIELD_INIT(lm_layer_normalization_args, beta_initializer),
    LM__FIELD_INIT(lm_layer_normalization_args, gamma_initializer),
    {0},
};

const lm__layer_class lm__layer_layer_normalization = {
    .base = LM__LAYER_CLASS("LayerNormalization", defaults, fields, .ignored = "rms_scaling=false"),
    .wide = true,
    .build = build,
    .call = call,
};

lm_layer_normalization_args lm_layer_normalization_defaults(void) { return defaults; }
lm_layer *lm_layer_normalization_new(const lm_layer_normalization_args *args)
{
    return lm__layer_new(&lm__layer_layer_normalization, args);
}
