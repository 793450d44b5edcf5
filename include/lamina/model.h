/* lamina/model.h: models: build, compile, fit, evaluate, predict, save. Keras's words, defaults and numbers.
 *
 * Errors: the first one is recorded on the model (lm_failed, lm_error); compile, fit, evaluate and save then do
 * nothing until lm_clear. Messages name the layer and its index, what came, what was expected, and the likely fix.
 * Threads: lm_predict and other calls on a const model from any thread at once, also while another one trains it
 * (they see the weights between two steps); everything else from one thread. A second thread that trains or changes a
 * model in use gets LM_BUSY. */
#ifndef LAMINA_MODEL_H
#define LAMINA_MODEL_H

#include <lamina/data.h>
#include <lamina/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lm_history lm_history;

/* The seed of what is made from now on in this process: initial weights, shuffling, dropout. 0 at start. */
void lm_set_seed(uint64_t seed);

/* The dtype policy of layers that are made from now on without .dtype, in this process: "float32" at start,
 * "float64", or "mixed_bfloat16": weights, optimizer state, loss and metrics in float32, the factors of products
 * and convolutions in bfloat16 (docs/decisions/0066-mixed-precision.md). Processors with AVX512-BF16 or AMX
 * multiply in bfloat16 where oneDNN is installed; elsewhere the same rounded numbers are multiplied in float32,
 * which is no faster than "float32". Predictions are float32. As in Keras, give the last layer
 * .dtype = "float32" where its softmax should not be rounded. LM_INVALID for another name. Any thread. */
lm_status lm_set_dtype_policy(const char *name);
const char *lm_dtype_policy(void);

/* --- building
 * -------------------------------------------------------------------------------------------------------- */

/* How many arrays may come into a model, and how many it may give. */
enum { LM_MAX_INPUTS = LM_DATA_MAX_TENSORS - 2, LM_MAX_OUTPUTS = 8 };

/* A stack of layers. Takes over the references; the count comes from the array, so a NULL or failed layer is an
 * error, not an end. New reference. */
lm_model *lm_sequential_new(size_t count, lm_layer *const *layers);
#define lm_sequential(...)                                                                                       \
    lm_sequential_new(sizeof((lm_layer *[]){NULL, ##__VA_ARGS__}) / sizeof(lm_layer *) - 1,                      \
                      (lm_layer *[]){NULL, ##__VA_ARGS__} + 1)
lm_status lm_sequential_add(lm_model *model, lm_layer *layer);      /* takes over the reference */

/* A model of any directed graph of layers, the functional way:
 *
 *     lm_layer *in = lm_input(.shape = {32});
 *     lm_symbol *x = lm_call(lm_dense(.units = 32, .activation = "relu"), in);
 *     x = lm_call(lm_add(), x, in);
 *     lm_model *m = lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = 1), x)});
 *
 * lm_call calls a layer on what comes in: symbols, or lm_input. It takes over the layer at its first call; a layer
 * that is called again is shared: it has its weights once. A mistake poisons the symbol, and the model made of it
 * adopts the error, which names the layer; shapes are known, and checked, when the model is made.
 * Symbols are not freed: they go with the model that is made of them (several models may be, such as an autoencoder
 * and its encoder, which then share layers), also with one that failed; they are good as long as one of these lives.
 */
typedef struct lm_symbol lm_symbol;
#define lm_call(layer, ...)                                                                                      \
    (__extension__({                                                                                             \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")                           \
        void *const lm__in[] = {__VA_ARGS__};                                                                    \
        _Pragma("GCC diagnostic pop") lm_call_on((layer), sizeof lm__in / sizeof *lm__in, lm__in);               \
    }))
lm_symbol *lm_call_on(lm_layer *layer, size_t count, void *const *inputs);

/* The same with what Keras lets a program say in the call: lm_call_with(mha, .inputs = {x, x}, .use_causal_mask =
 * true). `inputs` ends at NULL. */
enum { LM_MAX_CALL_INPUTS = 16 };
typedef struct lm_call_args {
    size_t size;
    void *inputs[LM_MAX_CALL_INPUTS];
    bool use_causal_mask;                                           /* of attention: no position sees a later one */
} lm_call_args;
#define LM_CALL_DEFAULTS LM__LIST(.use_causal_mask = false)
lm_call_args lm_call_defaults(void);
lm_symbol *lm_call_new(lm_layer *layer, const lm_call_args *args);
#define lm_call_with(layer, ...)                                                                                 \
    LM__WITH(lm_call_args, LM_CALL_DEFAULTS, lm_call_new((layer), &lm__a), __VA_ARGS__)

/* The model from its inputs (of lm_input) to its outputs (symbols); lists end at NULL. A new reference. */
typedef struct lm_functional_args {
    size_t size;
    const char *name;                                               /* "functional"                        */
    void *inputs[LM_MAX_INPUTS], *outputs[LM_MAX_OUTPUTS];
} lm_functional_args;
#define LM_FUNCTIONAL_DEFAULTS LM__LIST(.name = "functional")
lm_functional_args lm_functional_defaults(void);
lm_model *lm_functional_new(const lm_functional_args *args);
#define lm_functional(...)                                                                                       \
    LM__WITH(lm_functional_args, LM_FUNCTIONAL_DEFAULTS, lm_functional_new(&lm__a), __VA_ARGS__)

/* A layer, loss, … from Keras's class name and configuration: lm_layer_from_config("Dense", "{\"units\": 10}"). */
lm_layer *lm_layer_from_config(const char *class_name, const char *json);
/* What its get_config() would print. A new string, given back with lm_string_free. */
char *lm_layer_config(const lm_layer *layer);
void lm_string_free(char *text);

const char *lm_model_name(const lm_model *model);                   /* "sequential" or "functional" unless set   */
lm_status lm_model_set_name(lm_model *model, const char *name);
int lm_model_layers(const lm_model *model);                         /* number, without the input */
lm_layer *lm_model_layer(const lm_model *model, int index);         /* borrowed; negative counts from the end */
const char *lm_layer_name(const lm_layer *layer);
const char *lm_layer_class(const lm_layer *layer);

/* Shapes with LM_ANY for the batch; the rank, or -1 while not built. Of models with several inputs or outputs this is
 * the first; the others by their numbers, from 0. */
int lm_model_input(const lm_model *model, lm_dtype *dtype, int64_t dims[LM_MAX_RANK]);
int lm_model_output(const lm_model *model, lm_dtype *dtype, int64_t dims[LM_MAX_RANK]);
int lm_model_inputs(const lm_model *model);                         /* how many; a stack has one */
int lm_model_outputs(const lm_model *model);
int lm_model_input_at(const lm_model *model, int index, lm_dtype *dtype, int64_t dims[LM_MAX_RANK]);
int lm_model_output_at(const lm_model *model, int index, lm_dtype *dtype, int64_t dims[LM_MAX_RANK]);

/* Makes the weights for inputs of the given shape, batch included (LM_ANY); models with an input layer are built
 * already. */
lm_status lm_build(lm_model *model, int rank, const int64_t *dims);

/* Lets a layer learn from data what it keeps, before training: Normalization its mean and variance, of the data's
 * first tensors. The layer is one that goes into a model afterwards (which adopts its error), or one that is in a
 * model (lm_model_layer), which nobody may be using meanwhile. On failure nothing changes. */
lm_status lm_adapt(lm_layer *layer, lm_dataset *data);
lm_status lm_adapt_array(lm_layer *layer, lm_tensor *x);

/* Keras's table of layers, shapes and parameters, to the progress sink (stdout). `memory` adds the plan of a training
 * step (or of prediction, if not compiled) for batches of `batch_size`: every buffer, its life, the total. */
typedef struct lm_summary_args {
    size_t size;
    bool memory;
    int64_t batch_size;
    int line_length;                                                /* 0: 76, 100 where it is no chain    */
} lm_summary_args;
#define LM_SUMMARY_DEFAULTS LM__LIST(.batch_size = 32)
lm_summary_args lm_summary_defaults(void);
lm_status lm_summary_with(lm_model *model, const lm_summary_args *args);
#define lm_summary(model, ...)                                                                                   \
    LM__WITH(lm_summary_args, LM_SUMMARY_DEFAULTS, lm_summary_with((model), &lm__a), __VA_ARGS__)

/* Floating-point operations of one step on a batch, of training (compiled models) or of prediction: two for each
 * multiply-add of the matrix products and convolutions that are needed. NaN on failure. */
double lm_flops(lm_model *model, int64_t batch_size, bool training);

/* --- weights
 * ------------------------------------------------------------------------------------------------------------ */

int lm_weights(const lm_model *model);                              /* number: per layer trainable, then the others */
lm_variable *lm_weight(const lm_model *model, int index);           /* borrowed; lm_variable_value, lm_variable_set */
int64_t lm_parameters(const lm_model *model, bool trainable_only);

/* --- training
 * ------------------------------------------------------------------------------------------------------------ */

enum { LM_MAX_METRICS = 16, LM_MAX_CALLBACKS = 16 };
typedef struct lm_compile_args {
    size_t size;
    lm_optimizer *optimizer;                                        /* taken over; NULL: optimizer_name    */
    const char *optimizer_name;                                     /* "rmsprop", Keras's default          */
    const char *loss;
    lm_loss *loss_object;                                           /* taken over                          */
    const char *metrics[LM_MAX_METRICS];
    lm_metric *metric_objects[LM_MAX_METRICS];                      /* taken over; after the named ones    */
} lm_compile_args;
#define LM_COMPILE_DEFAULTS LM__LIST(.optimizer_name = "rmsprop")
lm_compile_args lm_compile_defaults(void);
lm_status lm_compile_with(lm_model *model, const lm_compile_args *args);
#define lm_compile(model, ...)                                                                                   \
    LM__WITH(lm_compile_args, LM_COMPILE_DEFAULTS, lm_compile_with((model), &lm__a), __VA_ARGS__)

typedef struct lm_fit_args {
    size_t size;
    int epochs, initial_epoch;
    int64_t batch_size;                                             /* for data that are not batched yet   */
    lm_dataset *validation_data;                                    /* borrowed                            */
    double validation_split;                                        /* the last part, taken before shuffling */
    bool shuffle;
    int verbose;                         /* 0 silent, 1 bar, 2 a line an epoch, -1: bar on a terminal, else 2 */
    int64_t steps_per_epoch;                     /* 0: all; the end of the data ends an epoch too */
    lm_callback *callbacks[LM_MAX_CALLBACKS];    /* taken over, also when fit fails; called in this order */
    const double *class_weight;                  /* a factor for the examples of each class, `classes` of them: */
    int classes;                                 /* for labels that are class numbers or one-hot; borrowed */
    int validation_freq;                         /* validate every so many epochs; 0: each */
    int64_t validation_batch_size;               /* 0: batch_size */
    int64_t validation_steps;                    /* batches of a validation; 0: all */
} lm_fit_args;
#define LM_FIT_DEFAULTS                                                                                          \
    LM__LIST(.epochs = 1, .batch_size = 32, .shuffle = true, .verbose = -1, .validation_freq = 1)
lm_fit_args lm_fit_defaults(void);
/* The history belongs to the model (lm_retain keeps it) until the next fit. NULL only for a NULL model; where no fit
 * could begin, a static one without epochs. */
const lm_history *lm_fit_with(lm_model *model, lm_dataset *data, const lm_fit_args *args);
#define lm_fit(model, data, ...)                                                                                 \
    LM__WITH(lm_fit_args, LM_FIT_DEFAULTS, lm_fit_with((model), (data), &lm__a), __VA_ARGS__)
const lm_history *lm_fit_arrays_with(lm_model *model, lm_tensor *x, lm_tensor *y, const lm_fit_args *args);
#define lm_fit_arrays(model, x, y, ...)                                                                          \
    LM__WITH(lm_fit_args, LM_FIT_DEFAULTS, lm_fit_arrays_with((model), (x), (y), &lm__a), __VA_ARGS__)

/* A history: a table of epochs by names ("loss", "accuracy", "val_loss", …). */
int lm_history_epochs(const lm_history *history);
int lm_history_columns(const lm_history *history);
const char *lm_history_name(const lm_history *history, int column);
/* NaN where there is none. epoch < 0 counts from the end. */
double lm_history_get(const lm_history *history, const char *name, int epoch);
double lm_history_seconds(const lm_history *history, int epoch);    /* wall time of the epoch's training part */
int64_t lm_history_steps(const lm_history *history, int epoch);     /* training steps the epoch made */

/* Results by name. A plain value: nothing to free. */
enum { LM_MAX_LOGS = 2 * (LM_MAX_METRICS + 1) + 2 };
typedef struct lm_logs {
    int count;
    struct {
        char name[56];
        double value;
    } item[LM_MAX_LOGS];
} lm_logs;
double lm_get(lm_logs logs, const char *name);                      /* NaN where there is none */

/* What a callback is told: where the fit is. On fit's thread; valid during the call.
 * A callback may call lm_request_stop, lm_predict and its like, lm_evaluate, lm_save, lm_summary and
 * lm_set_learning_rate on the model; fit and whatever changes the model's making answer LM_BUSY. */
struct lm_moment {
    lm_model *model;
    int epoch, epochs;                  /* the epoch, from 0; how many there are to be                           */
    int64_t step, steps;                /* batches finished in this epoch; how many it has                       */
    int64_t steps_made;                 /* batches finished since the fit began, before it was resumed too       */
    double seconds;                     /* since the epoch began                                                 */
    bool resumed;                       /* the fit goes on from a backup (lm_callback_backup_and_restore)        */
    lm_logs *logs;                      /* results so far, at the end of an epoch with those of the validation
                                         * ("val_loss"), to which a callback may add; NULL where there are none  */
};

/* The optimizer's learning rate: NaN for a model that is not compiled. From one thread, or a callback. */
double lm_learning_rate(const lm_model *model);
lm_status lm_set_learning_rate(lm_model *model, double rate);

typedef struct lm_evaluate_args {
    size_t size;
    int64_t batch_size;
    int verbose;
} lm_evaluate_args;
#define LM_EVALUATE_DEFAULTS LM__LIST(.batch_size = 32, .verbose = -1)
lm_evaluate_args lm_evaluate_defaults(void);
lm_logs lm_evaluate_with(lm_model *model, lm_dataset *data, const lm_evaluate_args *args);
#define lm_evaluate(model, data, ...)                                                                            \
    LM__WITH(lm_evaluate_args, LM_EVALUATE_DEFAULTS, lm_evaluate_with((model), (data), &lm__a), __VA_ARGS__)
lm_logs lm_evaluate_arrays(lm_model *model, lm_tensor *x, lm_tensor *y);

/* One step on one batch; metrics are those of this batch alone. sample_weight may be NULL. */
lm_logs lm_train_on_batch(lm_model *model, lm_tensor *x, lm_tensor *y, lm_tensor *sample_weight);
lm_logs lm_test_on_batch(lm_model *model, lm_tensor *x, lm_tensor *y, lm_tensor *sample_weight);

/* Asks a running fit to end after its batch; the model stays usable. Without a running fit the next one ends before
 * its first batch. From any thread or signal handler. */
void lm_request_stop(lm_model *model);
/* Whether the last fit ended so. Callbacks of Lamina's own that end training early do not count. */
int lm_stopped(const lm_model *model);

/* --- prediction
 * ---------------------------------------------------------------------------------------------------------- */

/* The outputs for all of the data (its first tensor) as one array. New reference, poisoned on failure; the model
 * itself records nothing. Any thread. */
lm_tensor *lm_predict(const lm_model *model, lm_dataset *data);
lm_tensor *lm_predict_array(const lm_model *model, lm_tensor *x);
/* The same for models of several outputs: y[0] … y[lm_model_outputs(model) - 1] receive a new reference each,
 * poisoned on failure. Of several inputs the data's first tensors are theirs, in order. Any thread. */
lm_status lm_predict_outputs(const lm_model *model, lm_dataset *data, lm_tensor **y);
/* What the layer of that name puts out for all of x, computed in one go, in inference: feature maps, embeddings. Of a
 * layer that is called several times: the first call. New reference, poisoned on failure; LM_NOT_FOUND suggests the
 * nearest name. Any thread. */
lm_tensor *lm_predict_layer(const lm_model *model, lm_tensor *x, const char *layer);
/* One call on the caller's memory: x is (n, …) of the input's type and shape, y receives (n, …). Any thread. */
lm_status lm_predict_into(const lm_model *model, int64_t n, const void *x, void *y);

/* --- output
 * --------------------------------------------------------------------------------------------------------------- */

/* Where progress bars and summaries go: write(user, text, bytes), calls serialised. `terminal`: whether lines may be
 * rewritten. NULL brings stdout back. */
typedef void lm_sink_fn(void *user, const char *text, size_t bytes);
void lm_set_sink(lm_sink_fn *write, void *user, bool terminal);

#ifdef __cplusplus
}
#endif
#endif
