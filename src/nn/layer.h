/* nn/layer.h: the inside of layers. */
#ifndef LM_NN_LAYER_H
#define LM_NN_LAYER_H

#include "graph/graph.h"
#include "nn/config.h"
#include "nn/initializer.h"

enum { LM__LAYER_WEIGHTS = 8 };

struct lm_layer {
    lm__configured base;
    lm_dtype dtype, compute;            /* of its weights; of what it takes, computes and gives (policy.h) */
    bool trainable, built;
    int ninputs;                        /* how many came when it was built */
    lm_variable *weight[LM__LAYER_WEIGHTS]; /* in Keras's order: trainable, then the others */
    int nweights;
    size_t file_bytes;                  /* weights come from a file and take this much at most; 0: they are drawn */
    struct lm_symbol *symbol;           /* its first call by lm_call, whose sketch owns it; NULL: there was none */
    int calls;                          /* by lm_call */
};

/* What Keras lets a program say anew at each call of a layer (its keyword arguments). A model keeps them with the
 * call; a layer finds them in lm__layer_call. `training` is none of them: each run of a model decides it. */
typedef struct lm__call_options {
    bool use_causal_mask;               /* attention: no position sees a later one */
} lm__call_options;

/* What a layer may use while it adds its ops to a graph. */
typedef struct lm__layer_call {
    lm_graph *graph;
    bool training;
    lm_value *key;                      /* i64[2] {seed, step}; NULL where nothing random may happen */
    lm__call_options options;
    /* All that comes in, in the layer's dtype; in[0] is the `x` of `call`. Set by lm__layer_call_on and _on_all. */
    int nin;
    lm_value *const *in;
} lm__layer_call;

typedef struct lm__layer_class {
    lm__class base;
    /* How many inputs it takes; 0, 0: exactly one. max_inputs = LM_ANY: any number. The count has been checked when
     * build and call are called. */
    int min_inputs, max_inputs;
    /* Keras's names of the inputs where each is an argument of its own, in order, separated by '|':
     * "query|value|key". NULL: several come as one list, add([a, b]). */
    const char *input_names;
    /* The lm__call_options that it obeys, separated by '|': "use_causal_mask"; others are refused before any call.
     * NULL: none. */
    const char *options;
    /* Makes the weights for an input shape (dimension 0 is the batch); of several inputs `input` is an array of
     * layer->ninputs shapes. NULL: no weights. */
    lm_status (*build)(lm_layer *layer, const lm__shape *input, uint64_t seed);
    /* Adds the layer's ops; the graph's scope is already the layer's name. x is the first input, call->in all. */
    lm_value *(*call)(lm_layer *layer, const lm__layer_call *call, lm_value *x);
    /* Computes in the weights' type although the policy says a half float, which goes in and comes out: for what
     * would overflow or lose too much in one. */
    bool wide;
    /* For layers that learn from data what they keep (lm_adapt): adapt sees one batch after the other, *state being
     * NULL at first; adapted ends it: `whole` says whether what was learnt counts. It frees the state. */
    lm_status (*adapt)(lm_layer *layer, const lm_tensor *batch, void **state);
    lm_status (*adapted)(lm_layer *layer, void *state, bool whole);
    bool takes_numbers;                 /* integers come to `call` as they are, not in the layer's type */
    /* The layer inside that has the weights in Keras's files, "cell"; several, separated by '|', have as many each.
     * NULL: none. */
    const char *inner;
} lm__layer_class;

extern const lm__type lm__layer_type;
extern const lm__class *const lm__layer_classes[];

/* How every layer's argument struct begins. */
typedef struct lm__layer_args {
    LM_LAYER_FIELDS;
} lm__layer_args;

lm_layer *lm__layer_new(const lm__layer_class *class, const void *args);
/* From Keras's config (a JSON object). */
lm_layer *lm__layer_from(const lm__class *class, const json_t *config);
/* The first rows of every layer's table. */
#define LM__LAYER_FIELD_ROWS(type)                                                                               \
    LM__FIELD(type, trainable, LM__FIELD_BOOL),                                                                  \
        LM__FIELD(type, dtype, LM__FIELD_STRING)

/* Whether the class's layers take integers as they are. */
bool lm__layer_takes_numbers(const lm_layer *layer);

/* The head of a layer's class. */
#define LM__LAYER_CLASS(class_name, default_args, field_rows, ...)                                               \
    {.name = (class_name), .module = "keras.layers", .type = &lm__layer_type, .object_bytes = sizeof(lm_layer),  \
     .args_bytes = sizeof(default_args), .defaults = &(default_args), .fields = (field_rows), __VA_ARGS__}

/* LM_INVALID unless the layer takes that many inputs. */
lm_status lm__layer_takes(const lm_layer *layer, int inputs);
/* Makes the weights (once) and adds the ops, for one input or for several. Errors name the layer and the input's
 * shape. */
lm_status lm__layer_build(lm_layer *layer, const lm__shape *input, uint64_t seed);
lm_status lm__layer_build_all(lm_layer *layer, int inputs, const lm__shape *input, uint64_t seed);
lm_value *lm__layer_call_on(lm_layer *layer, const lm__layer_call *call, lm_value *x);
lm_value *lm__layer_call_on_all(lm_layer *layer, const lm__layer_call *call, int inputs, lm_value *const *in);

/* For build: a weight of the layer's dtype, filled by the initializer (object, or name if NULL) from the stream
 * "<layer>/<name>". */
lm_status lm__layer_weight(lm_layer *layer, const char *name, int rank, const int64_t *dims, bool trainable,
                           const lm_initializer *object, const char *initializer, uint64_t seed);
/* For build: a weight that does not train, of the given type and filled with one value. */
lm_status lm__layer_state(lm_layer *layer, const char *name, lm_dtype dtype, int rank, const int64_t *dims,
                          double value);
/* The layer's weights get its name: that of a layer which was built before a model named it. */
lm_status lm__layer_name_weights(lm_layer *layer);
/* The current version of weight i in the call's graph, in the type that the layer computes in. */
lm_value *lm__layer_read(lm_layer *layer, const lm__layer_call *call, int i);
/* "(N, 28, ?, 1)", for messages: sizes that are not fixed have no better name there. Returns `text`. */
const char *lm__layer_shape_text(const lm__shape *shape, char *text, size_t bytes);
/* LM_INVALID unless the input has the four dimensions of pictures. */
lm_status lm__layer_pictures(const lm_layer *layer, const lm__shape *input);
/* LM_INVALID unless that dimension of the input (not the batch) is a number (axis < 0 counts from the end). */
lm_status lm__layer_known(const lm_layer *layer, const lm__shape *input, int axis);
/* Dropout: in training each element of x is 0 with probability `rate`, else divided by 1 - rate; which ones depends
 * on the key of the call and the stream. */
lm_value *lm__layer_drop(const lm__layer_call *call, lm_value *x, double rate, uint64_t stream);
/* The activation named by a field applied to x (NULL or "linear": x). */
lm_value *lm__activate(const char *name, lm_value *x);

#endif
