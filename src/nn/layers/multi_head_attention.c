/* nn/layers/multi_head_attention.c: attention in several heads, between projections that are trained. */
#include "nn/layer.h"
#include "base/philox.h"
#include "ops/attention.h"
#include <lamina/layers.h>

#include <math.h>
#include <stdio.h>

#ifdef LM_HEADER
/* MultiHeadAttention (Vaswani et al., NeurIPS 2017): query, value and key are projected to num_heads heads; in each
 * head softmax(q kᵀ / sqrt(key_dim)) v; a last projection joins the heads. Inputs: query (N, T, features), value (N,
 * S, features) and, if it is not the value, key (N, S, features); output (N, T, features of the query, or
 * output_shape). With .use_causal_mask in the call, position t sees the positions up to t only. In training, dropout
 * drops weights of the softmax. Weights: query, key and value kernel (features, heads, size) and bias (heads, size);
 * attention_output kernel (heads, value_dim, output) and bias (output,). */
typedef struct lm_multi_head_attention_args {
    LM_LAYER_FIELDS;
    int64_t num_heads, key_dim; /* heads; size of queries and keys in each, both required */
    int64_t value_dim;          /* of values in each; 0: key_dim */
    double dropout;             /* 0…1 */
    bool use_bias;
    int64_t output_shape[1]; /* {features of the output}; {0}: those of the query */
    const char *kernel_initializer, *bias_initializer;
    lm_initializer *kernel_initializer_object, *bias_initializer_object; /* taken over */
} lm_multi_head_attention_args;
#define LM_MULTI_HEAD_ATTENTION_DEFAULTS                                                                             \
    LM__LIST(LM_LAYER_DEFAULTS, .use_bias = true, .kernel_initializer = "glorot_uniform", .bias_initializer = "zeros")
lm_multi_head_attention_args lm_multi_head_attention_defaults(void);
lm_layer *lm_multi_head_attention_new(const lm_multi_head_attention_args *args);
#define lm_multi_head_attention(...)                                                                                 \
    LM__WITH(lm_multi_head_attention_args, LM_MULTI_HEAD_ATTENTION_DEFAULTS, lm_multi_head_attention_new(&lm__a),    \
             __VA_ARGS__)
#endif

enum { QUERY, KEY, VALUE, OUTPUT }; /* projections, in the order of their weights */

static int64_t value_dim(const lm_multi_head_attention_args *a) { return a->value_dim ? a->value_dim : a->key_dim; }

/* --- weights ---  */

static lm_status add_projection(lm_layer *layer, const char *name, const int64_t kernel[3], int nbias,
                                const int64_t *bias, uint64_t seed)
{
    const lm_multi_head_attention_args *a = layer->base.args;
    char path[64];
    snprintf(path, sizeof path, "%s/kernel", name);
    LM_TRY(lm__layer_weight(layer, path, 3, kernel, true, a->kernel_initializer_object, a->kernel_initializer, seed));
    if (!a->use_bias) return LM_OK;
    snprintf(path, sizeof path, "%s/bias", name);
    return lm__layer_weight(layer, path, nbias, bias, true, a->bias_initializer_object, a->bias_initializer, seed);
}

/* A projection of `features` numbers to heads of `size`. */
static lm_status add_heads(lm_layer *layer, const char *name, int64_t features, int64_t size, uint64_t seed)
{
    const int64_t kernel[3] = {features, ((const lm_multi_head_attention_args *)layer->base.args)->num_heads, size};
    return add_projection(layer, name, kernel, 2, kernel + 1, seed);
}

static lm_status check_inputs(const lm_layer *layer, const lm__shape *input)
{
    static const char *const names[] = {"query", "value", "key"};
    char got[128], other[128];
    for (int i = 0; i < layer->ninputs; i++) {
        if (input[i].rank != 3)
            return lm__fail(LM_INVALID, "MultiHeadAttention takes (N, positions, features), but its %s has shape %s",
                            names[i], lm__layer_shape_text(&input[i], got, sizeof got));
        LM_TRY(lm__layer_known(layer, &input[i], -1));
    }
    if (layer->ninputs == 3 && lm__dim_known(input[1].dim[1]) && lm__dim_known(input[2].dim[1]) &&
        input[1].dim[1] != input[2].dim[1])
        return lm__fail(LM_INVALID,
                        "MultiHeadAttention: value and key must have as many positions as each other, but "
                        "have shapes %s and %s",
                        lm__layer_shape_text(&input[1], got, sizeof got),
                        lm__layer_shape_text(&input[2], other, sizeof other));
    return LM_OK;
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_multi_head_attention_args *a = layer->base.args;
    LM_TRY(check_inputs(layer, input));
    const int64_t queries = input[0].dim[2], values = input[1].dim[2], output = a->output_shape[0];
    const int64_t keys = layer->ninputs == 3 ? input[2].dim[2] : values;
    LM_TRY(add_heads(layer, "query", queries, a->key_dim, seed));
    LM_TRY(add_heads(layer, "key", keys, a->key_dim, seed));
    LM_TRY(add_heads(layer, "value", values, value_dim(a), seed));
    const int64_t kernel[3] = {a->num_heads, value_dim(a), output ? output : queries};
    return add_projection(layer, "attention_output", kernel, 1, kernel + 2, seed);
}

/* --- the call ---  */

/* x (N, positions, in) times the kernel seen as (in, out), and the bias. */
static lm_value *project(lm_layer *layer, const lm__layer_call *call, int projection, lm_value *x, int64_t in,
                         int64_t out)
{
    bool use_bias = ((const lm_multi_head_attention_args *)layer->base.args)->use_bias;
    const lm__shape flat = {2, {in, out}}, row = {1, {out}};
    int first = projection * (1 + use_bias);
    lm_value *y = lm_op_matmul(x, lm__reshape_to(lm__layer_read(layer, call, first), &flat));
    if (use_bias) y = lm_op_add(y, lm__reshape_to(lm__layer_read(layer, call, first + 1), &row));
    return y;
}

static lm_value *to_heads(lm_layer *layer, const lm__layer_call *call, int projection, lm_value *x, int64_t size)
{
    int64_t heads = ((const lm_multi_head_attention_args *)layer->base.args)->num_heads;
    lm__dim positions = x->shape.dim[1];
    lm_value *y = project(layer, call, projection, x, x->shape.dim[2], heads * size);
    if (lm__bad(y)) return y;
    const lm__shape apart = {4, {y->shape.dim[0], positions, heads, size}};
    return lm__reshape_to(y, &apart);
}

/* With dropout the weights of the softmax are written, to be dropped. */
static lm_value *attend(lm_layer *layer, const lm__layer_call *call, lm_value *q, lm_value *k, lm_value *v)
{
    const lm_multi_head_attention_args *a = layer->base.args;
    const lm__attention attr = {1 / sqrt((double)a->key_dim), call->options.use_causal_mask};
    if (!call->training || a->dropout == 0)
        return lm_op_attention(q, k, v, .scale = attr.scale, .causal = attr.causal);
    lm_value *weights = lm__attention_weights(q, k, &attr);
    char path[160];
    snprintf(path, sizeof path, "%s/dropout", layer->base.name ? layer->base.name : layer->base.class->name);
    return lm__attention_result(lm__layer_drop(call, weights, a->dropout, lm__stream(path)), v);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_multi_head_attention_args *a = layer->base.args;
    for (int i = 0; i < call->nin; i++)
        if (lm__bad(call->in[i])) return call->in[i];
    lm_value *q = to_heads(layer, call, QUERY, x, a->key_dim);
    lm_value *k = to_heads(layer, call, KEY, call->in[call->nin - 1], a->key_dim);
    lm_value *v = to_heads(layer, call, VALUE, call->in[1], value_dim(a));
    lm_value *y = attend(layer, call, q, k, v);
    if (lm__bad(y)) return y;
    const int64_t joined = a->num_heads * value_dim(a), out = a->output_shape[0];
    const lm__shape together = {3, {y->shape.dim[0], y->shape.dim[1], joined}};
    return project(layer, call, OUTPUT, lm__reshape_to(y, &together), joined, out ? out : x->shape.dim[2]);
}

static const lm_multi_head_attention_args defaults = {.size = sizeof defaults, LM_MULTI_HEAD_ATTENTION_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_multi_head_attention_args),
    LM__FIELD(lm_multi_head_attention_args, num_heads, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_multi_head_attention_args, key_dim, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_multi_head_attention_args, value_dim, LM__FIELD_COUNT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_multi_head_attention_args, dropout, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_multi_head_attention_args, use_bias, LM__FIELD_BOOL),
    LM__FIELD(lm_multi_head_attention_args, output_shape, LM__FIELD_INTS, .count = 1),
    LM__FIELD_INIT(lm_multi_head_attention_args, kernel_initializer),
    LM__FIELD_INIT(lm_multi_head_attention_args, bias_initializer),
    {0},
};

const lm__layer_class lm__layer_multi_head_attention = {
    .base = LM__LAYER_CLASS("MultiHeadAttention", defaults, fields, .ignored = "use_gate=false|attention_axes=[1]"),
    .min_inputs = 2,
    .max_inputs = 3,
    .input_names = "query|value|key",
    .options = "use_causal_mask",
    .inner = "query_dense|key_dense|value_dense|output_dense",
    .build = build,
    .call = call,
};

lm_multi_head_attention_args lm_multi_head_attention_defaults(void) { return defaults; }
lm_layer *lm_multi_head_attention_new(const lm_multi_head_attention_args *args)
{
    return lm__layer_new(&lm__layer_multi_head_attention, args);
}
