/* nn/layers/lstm.c: long short-term memory over the steps of a sequence. */
#include "nn/layer.h"

#include "base/philox.h"
#include "ops/structure.h"
#include <lamina/layers.h>
#include <math.h>

#ifdef LM_HEADER
/* LSTM: long short-term memory (Hochreiter and Schmidhuber, Neural Computation 1997), from states of zero:
 *     z = x · kernel + h · recurrent_kernel + bias, cut into i, f, c', o;   i, f, o = recurrent_activation(…)
 *     c = f c + i activation(c');   h = o activation(c)
 * Input (N, steps, in); output (N, units), the last h, or with return_sequences (N, steps, units), all of them.
 * go_backwards: from the last step to the first, and so the states come. dropout: the part of the inputs, the same at
 * every step, that training sets to zero. Weights: kernel (in, 4 units), recurrent_kernel (units, 4 units), bias (4
 * units,), ones for f if unit_forget_bias. return_state, stateful and recurrent_dropout of Keras are refused; unroll
 * is read over. With other activations than the defaults it is slower. Gradients of its gradients are refused with
 * the default activations. */
typedef struct lm_lstm_args {
    LM_LAYER_FIELDS;
    int64_t units;                              /* size of the state, required */
    const char *activation, *recurrent_activation; /* NULL: linear */
    bool use_bias, unit_forget_bias, return_sequences, go_backwards;
    double dropout;                             /* 0…1 */
    const char *kernel_initializer, *recurrent_initializer, *bias_initializer;
    /* taken over */
    lm_initializer *kernel_initializer_object, *recurrent_initializer_object, *bias_initializer_object;
} lm_lstm_args;
#define LM_LSTM_DEFAULTS                                                                                         \
    LM__LIST(LM_LAYER_DEFAULTS, .activation = "tanh", .recurrent_activation = "sigmoid", .use_bias = true,       \
             .unit_forget_bias = true, .kernel_initializer = "glorot_uniform",                                   \
             .recurrent_initializer = "orthogonal", .bias_initializer = "zeros")
lm_lstm_args lm_lstm_defaults(void);
lm_layer *lm_lstm_new(const lm_lstm_args *args);
#define lm_lstm(...) LM__WITH(lm_lstm_args, LM_LSTM_DEFAULTS, lm_lstm_new(&lm__a), __VA_ARGS__)
#endif

enum { GATES = 4, FORGET = 1 };

static lm_status build_bias(lm_layer *layer, uint64_t seed)
{
    const lm_lstm_args *a = layer->base.args;
    LM_TRY(lm__layer_weight(layer, "bias", 1, (int64_t[]){GATES * a->units}, true, a->bias_initializer_object,
                            a->bias_initializer, seed));
    lm_tensor *bias = layer->weight[2]->value;
    if (!a->unit_forget_bias || layer->file_bytes) return LM_OK;
    for (int64_t i = FORGET * a->units; i < (FORGET + 1) * a->units; i++)
        lm__store(bias->dtype, bias->data, (size_t)i, 1);
    return LM_OK;
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_lstm_args *a = layer->base.args;
    if (input->rank != 3)
        return lm__fail(LM_INVALID,
                        "LSTM takes sequences (N, steps, features), but its input has %d dimensions; an lm_embedding "
                        "makes them of whole numbers, lm_reshape(.target_shape = {steps, features}) of rows",
                        input->rank);
    LM_TRY(lm__layer_known(layer, input, -1));
    if (a->units > INT64_MAX / GATES)
        return lm__fail(LM_INVALID, "LSTM: units = %lld are too many", (long long)a->units);
    LM_TRY(lm__layer_weight(layer, "kernel", 2, (int64_t[]){input->dim[2], GATES * a->units}, true,
                            a->kernel_initializer_object, a->kernel_initializer, seed));
    LM_TRY(lm__layer_weight(layer, "recurrent_kernel", 2, (int64_t[]){a->units, GATES * a->units}, true,
                            a->recurrent_initializer_object, a->recurrent_initializer, seed));
    return a->use_bias ? build_bias(layer, seed) : LM_OK;
}

/* One mask for all steps. As in Keras, a rate of 1 drops nothing. */
static lm_value *drop(const lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    double rate = ((const lm_lstm_args *)layer->base.args)->dropout;
    if (!call->training || rate <= 0 || rate >= 1 || lm__bad(x)) return x;
    lm_value *step = lm__slice_axis(x, 1, 0, 1);
    lm_value *kept = lm_op_random_bernoulli(call->key, .like = step, .dtype = LM_BOOL, .p = 1 - rate,
                                            .stream = lm__stream(layer->base.name));
    return lm_op_where(kept, lm_op_multiply(x, lm__like(x, 1 / (1 - rate))), lm__like(x, 0));
}

/* One step with any activations: carries h, c; one slice of x · kernel + bias; the recurrent kernel. */
static lm_status step(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    const lm_lstm_args *a = user;
    lm_value *gate[GATES];
    (void)g;
    lm_op_split(lm_op_add(in[2], lm_op_matmul(in[0], in[3])), GATES, NULL, -1, gate);
    for (int i = 0; i < GATES; i++) gate[i] = lm__activate(i == 2 ? a->activation : a->recurrent_activation, gate[i]);
    out[1] = lm_op_add(lm_op_multiply(gate[1], in[1]), lm_op_multiply(gate[0], gate[2]));
    out[0] = out[2] = lm_op_multiply(gate[3], lm__activate(a->activation, out[1]));
    return LM_OK;
}

static lm_value *scanned(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_lstm_args *a = layer->base.args;
    lm_value *sums = lm_op_matmul(x, lm__layer_read(layer, call, 0)), *recurrent = lm__layer_read(layer, call, 1);
    lm_value *out[3];
    if (a->use_bias) sums = lm_op_add(sums, lm__layer_read(layer, call, 2));
    if (lm__bad(sums)) return sums;
    lm__shape state = {.rank = 2, .dim = {sums->shape.dim[0], a->units}};
    lm_value *zero = lm__fill(call->graph, sums->dtype, &state, 0);
    lm_op_scan(out, .carries = {zero, zero}, .sequences = {lm_op_transpose(sums, 1, 0, 2)},
               .invariants = {recurrent}, .outputs = 1, .body = step, .user = (void *)a);
    return lm_op_transpose(out[2], 1, 0, 2);
}

static bool is(const char *name, const char *wanted)
{
    return name && !strcmp(name, wanted);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_lstm_args *a = layer->base.args;
    lm_value *h;
    x = drop(layer, call, a->go_backwards ? lm_op_flip(x, 1) : x);
    if (is(a->activation, "tanh") && is(a->recurrent_activation, "sigmoid"))
        h = lm_op_lstm(x, lm__layer_read(layer, call, 0), lm__layer_read(layer, call, 1),
                       a->use_bias ? lm__layer_read(layer, call, 2) : NULL);
    else h = scanned(layer, call, x);
    if (a->return_sequences || lm__bad(h)) return h;
    lm__shape last = {.rank = 2, .dim = {h->shape.dim[0], a->units}};
    return lm__reshape_to(lm__slice_axis(h, 1, lm__dim_sub(call->graph->dims, h->shape.dim[1], 1), 1), &last);
}

static const lm_lstm_args defaults = {.size = sizeof defaults, LM_LSTM_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_lstm_args),
    LM__FIELD(lm_lstm_args, units, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_lstm_args, activation, LM__FIELD_ACTIVATION),
    LM__FIELD(lm_lstm_args, recurrent_activation, LM__FIELD_ACTIVATION),
    LM__FIELD(lm_lstm_args, use_bias, LM__FIELD_BOOL),
    LM__FIELD(lm_lstm_args, unit_forget_bias, LM__FIELD_BOOL),
    LM__FIELD(lm_lstm_args, return_sequences, LM__FIELD_BOOL),
    LM__FIELD(lm_lstm_args, go_backwards, LM__FIELD_BOOL),
    LM__FIELD(lm_lstm_args, dropout, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD_INIT(lm_lstm_args, kernel_initializer),
    LM__FIELD_INIT(lm_lstm_args, recurrent_initializer),
    LM__FIELD_INIT(lm_lstm_args, bias_initializer),
    {0},
};

const lm__layer_class lm__layer_lstm = {
    .base = LM__LAYER_CLASS("LSTM", defaults, fields,
                            .ignored = "return_state=false|stateful=false|recurrent_dropout=0.0|unroll|"
                                       "zero_output_for_mask|implementation|time_major=false"),
    .build = build,
    .call = call,
    .inner = "cell",
};

lm_lstm_args lm_lstm_defaults(void) { return defaults; }
lm_layer *lm_lstm_new(const lm_lstm_args *args) { return lm__layer_new(&lm__layer_lstm, args); }
