/* train/model.h: the inside of models. */
#ifndef LM_TRAIN_MODEL_H
#define LM_TRAIN_MODEL_H

#include "graph/graph.h"
#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/metric.h"
#include "nn/optimizer.h"
#include "plan/function.h"
#include "train/state.h"
#include <lamina/files.h>
#include <pthread.h>

/* What an array given to the model looks like: its type and, apart from the batch, its shape. A step is built for
 * it. */
typedef struct lm__array_kind {
    lm_dtype dtype;
    int rank;                           /* 0: there is none (no targets, no weights) */
    int64_t dims[LM_MAX_RANK];          /* dims[0] is LM_ANY */
} lm__array_kind;

/* The arrays of a step: the model's inputs, then y, then sample_weight; those behind them have rank 0. */
enum { LM__STEP_ARRAYS = LM_MAX_INPUTS + 2 };

/* A compiled step and what it was built for. */
typedef struct lm__model_step {
    lm_function *function;
    lm__array_kind kind[LM__STEP_ARRAYS];
    lm_dtype loss_dtype;                /* of output 0, the loss */
} lm__model_step;

/* A step that predicts, for data of these types. */
typedef struct lm__predict_step {
    lm_dtype dtype[LM_MAX_INPUTS];
    lm_function *function;              /* NULL: not made yet */
} lm__predict_step;
enum { LM__PREDICT_STEPS = LM_DTYPE_COUNT };

/* What comes into a model, or a call of one of its layers: a layer that is called twice has two nodes. */
typedef struct lm__model_node {
    int layer;                          /* its index in the model; -1: an input of the model */
    int number;                         /* which of the layer's calls this is, as Keras counts them */
    int nin, *in;                       /* the nodes whose results it takes, all of them before it */
    lm__call_options options;
    lm_dtype dtype;                     /* of its result outside the model; known once it is built, like the shape */
    lm__shape shape;                    /* in the model's table */
} lm__model_node;

/* What travels with a model beside its weights (about.c). */
typedef struct lm__about {
    char **classes;                     /* one block; NULL: unknown */
    int nclasses;
    lm_input_info input;
    bool classes_set, input_set;        /* by the program: fit leaves them */
} lm__about;
enum { LM__MAX_CLASSES = 1 << 20, LM__MAX_CLASS_NAME = 1000 };

struct lm_model {
    lm__object object;
    char *name;
    lm_layer **layer;                   /* without input layers */
    int nlayers;
    size_t layers_capacity;
    bool functional;                    /* made of calls (functional.c); otherwise a stack */
    lm_layer *input[LM_MAX_INPUTS];     /* the input layers of a functional model, owned */
    int listed[LM_MAX_INPUTS];          /* and their places among all layers in Keras's order */
    int *filed;                         /* while a file is read: its order of the layers; NULL: the model's */
    struct lm__sketch *sketch;          /* which it was made of, held: the program may make another model of it */
    /* The inputs first, then the calls, in an order in which they can be made. A stack is a chain with one input. */
    lm__model_node *node;
    int nnodes, ninputs;
    size_t nodes_capacity;
    int output[LM_MAX_OUTPUTS], noutputs; /* the nodes whose results the model gives */
    lm__dims *dims;
    bool has_input, built;              /* shapes of the inputs are known; weights are made */
    uint64_t seed;
    /* while a file is read: what its weights may still take; 0: weights are drawn */
    size_t file_bytes;
    lm_variable *random;                /* i64[2]: seed, training steps made */

    bool compiled;
    lm_optimizer *optimizer;
    lm_loss *loss;
    lm_metric *loss_mean;
    lm_metric *metric[LM_MAX_METRICS];  /* "accuracy" is chosen when targets are first seen: NULL until then */
    char *metric_name[LM_MAX_METRICS];
    int nmetrics;
    lm_variable **trained;              /* captured by compile, retained */
    int ntrained;

    lm__model_step train, test;
    pthread_mutex_t predict_lock;       /* guards the next field's making, not its use */
    lm__predict_step predict[LM__PREDICT_STEPS];

    /* Held to read by calls on a const model, to write by whoever changes what those see: layers, weights, functions.
     * Not held while data are read or results shown. */
    pthread_rwlock_t guard;

    lm__about about;
    lm_history *history;
    atomic_int stop, busy, stopped;
    _Atomic(pthread_t) caller;          /* the thread in which a callback of a running fit is called; 0: none */
    int nested;                         /* calls on the model by that callback */
    bool bad_data;                      /* the last loss that was not finite was the data's fault */
    bool enough;                        /* a callback of ours ends the fit after this epoch */
};
extern const lm__type lm__model_type;

/* --- building (build.c, nodes.c) --- */
lm_status lm__model_add(lm_model *model, lm_layer *layer);
/* A model without layers; fails where memory is out. New reference. */
lm_model *lm__model_new(const char *name);
/* The shape and type of an input, by an input layer; then weights and shapes of the calls from node `first` on. */
lm_status lm__model_shape_input(lm_model *model, int input, const lm_layer *layer);
lm_status lm__model_build_from(lm_model *model, int first);
/* A node behind the others, with a copy of the node.nin numbers at `in`. */
lm_status lm__model_add_node(lm_model *model, lm__model_node node, const int *in);
lm_status lm__model_build(lm_model *model, int rank, const int64_t *dims);
/* The name that a layer of the class gets by itself beside these, some of which may have no name yet. */
enum { LM__LAYER_NAME = 96 };
lm_status lm__free_name(lm_layer *const *layers, int count, const lm__class *class, char name[LM__LAYER_NAME]);
/* LM_INVALID with the likely fix unless an array of that shape can come in as that input: "the data have shape …" */
lm_status lm__model_takes(const lm_model *model, int input, const char *what, int rank, const int64_t *dims);
/* The input's sizes as a placeholder has them: LM_ANY where they are open. Returns the rank. */
int lm__model_sizes(const lm_model *model, int node, int64_t dims[LM_MAX_RANK]);
/* Adds the ops of the calls up to node `last` to a graph. x: a value for each input, of any type. *values receives
 * those of all nodes up to there; the array belongs to the graph. */
lm_status lm__model_call(const lm_model *model, const lm__layer_call *call, lm_value *const *x, int last,
                         lm_value ***values);
/* The same up to the model's outputs, y[k]. */
lm_status lm__model_outputs(const lm_model *model, const lm__layer_call *call, lm_value *const *x, lm_value **y);
/* The node that gives output k, and the first call of a layer. */
static inline const lm__model_node *lm__model_output(const lm_model *model, int k)
{
    return &model->node[model->output[k]];
}
const lm__model_node *lm__model_call_of(const lm_model *model, int layer);
/* What made the node: a layer of the model, or one of its input layers; NULL for the input of a stack. */
static inline const lm_layer *lm__model_made_by(const lm_model *model, const lm__model_node *node)
{
    return node->layer < 0 ? model->input[node - model->node] : model->layer[node->layer];
}
/* Whether each layer is called once, on what the one before it gives, as in a stack. */
bool lm__model_is_chain(const lm_model *model);
/* Layer k in the order of the file that is read. */
static inline lm_layer *lm__model_filed(const lm_model *model, int k)
{
    return model->layer[model->filed ? model->filed[k] : k];
}
int lm__model_weight_count(const lm_model *model);
lm_variable *lm__model_weight(const lm_model *model, int index);

/* --- in a graph of a program's own (call.c) --- */
/* The model's output for a sound value x; builds the model if need be. key NULL: in training the model's next. */
lm_value *lm__model_call_in(lm_model *model, lm_value *x, bool training, lm_value *key);
/* How many weights train; with `out` not NULL, room for as many is filled (borrowed). */
int lm__model_trainable(const lm_model *model, lm_variable **out);
lm_variable *lm__model_trainable_at(const lm_model *model, int index);  /* NULL where there is none */
lm_status lm__model_minimize(lm_optimizer *optimizer, lm_value *loss, const lm_model *model);

/* --- lm_adapt (adapt.c) --- */
lm_status lm__layer_adapt(lm_layer *layer, lm_dataset *data);

/* --- compiled steps (compile.c, step.c) --- */
lm_status lm__model_compile(lm_model *model, const lm_compile_args *args);
void lm__release_compile_args(const lm_compile_args *args);
void lm__model_drop_steps(lm_model *model);
void lm__model_drop_compiled(lm_model *model);
/* Captures what trains and makes the optimizer's state: once after compile, on a built model. */
lm_status lm__model_prepare(lm_model *model);
/* Makes the step for arrays of these kinds, unless the one at hand fits. */
lm_status lm__model_train_step(lm_model *model, const lm__array_kind kinds[LM__STEP_ARRAYS]);
lm_status lm__model_test_step(lm_model *model, const lm__array_kind kinds[LM__STEP_ARRAYS]);
/* dtype: those of the model's inputs. */
lm_status lm__model_predict_step(const lm_model *model, const lm_dtype *dtype, lm_function **out);
/* The kinds of a batch's `count` tensors. LM_INVALID where there are more than the model takes: "an element has 4
 * tensors; fit takes …", `who` being "fit". */
lm_status lm__model_kinds(const lm_model *model, const char *who, lm_tensor *const *batch, int count,
                          lm__array_kind kinds[LM__STEP_ARRAYS]);
/* Of array i of a step: "x" where there is one input, "x0", "x1" where there are more; "y", "sample_weight". */
const char *lm__model_array_name(const lm_model *model, int i, char name[16]);
/* Runs a step on tensors x…, y, weight (`count` of them). *loss receives the loss. LM_NOT_FINITE names layer and op,
 * and nothing was changed. */
lm_status lm__model_run(lm_model *model, lm__model_step *step, lm_tensor *const *arrays, int count, double *loss);
void lm__array_kind_of(const lm_tensor *t, lm__array_kind *out);

/* --- results (logs.c) --- */
void lm__model_reset_metrics(lm_model *model);
/* Loss and metrics so far, sorted by name as Keras prints them. */
lm_logs lm__model_logs(const lm_model *model);
void lm__logs_add(lm_logs *logs, const char *prefix, const char *name, double value);
/* Replaces or adds. */
void lm__logs_set(lm_logs *logs, const char *name, double value);
/* Copies of the sums behind them into a state, and back; sums that are not in it become 0. */
lm_status lm__model_keep_metrics(const lm_model *model, lm__run_state *state);
lm_status lm__model_restore_metrics(lm_model *model, const lm__run_state *state);

/* --- the loops (fit.c, evaluate.c, predict.c) --- */
/* `format` is how callbacks write models to files. */
lm_status lm__model_fit(lm_model *model, lm_dataset *data, const lm_fit_args *args,
                        const lm__checkpoint_format *format);
/* One step on x, y and sample_weight (NULL: none), with the metrics of this batch alone. */
lm_status lm__model_on_batch(lm_model *model, lm_tensor *const arrays[3], bool training);
lm_status lm__model_evaluate(lm_model *model, lm_dataset *data, const lm_evaluate_args *args, lm_logs *out);
/* On the batches that an iterator has left. Training's results must have been taken before: the sums are shared with
 * fit. */
lm_status lm__model_evaluate_on(lm_model *model, lm_iterator *it, int64_t steps, int verbose, lm_logs *out);
/* The rate that the optimizer goes by; NaN without one. */
double lm__model_rate(const lm_model *model);
lm_status lm__model_set_rate(lm_model *model, double rate);
/* With the guard held to read, so that weights change between calls, never within one. n examples for each input:
 * their type, their sizes (dims[0] is not read), where they are. y: room for n examples of each output. */
typedef struct lm__array {
    lm_dtype dtype;
    const int64_t *dims;
    const void *data;
} lm__array;
lm_status lm__model_predict_into(const lm_model *model, int64_t n, const lm__array *x, void *const *y);
/* y[k]: output k for all of the data, new references; on failure all poisoned. */
lm_status lm__model_predict(const lm_model *model, lm_dataset *data, lm_tensor **y);
/* The outputs of `count` layers (by index, at most LM__INNER_LAYERS; of their first calls) for an array x, as new
 * tensors; on failure all NULL. Takes the guard itself. */
enum { LM__INNER_LAYERS = 64 };
lm_status lm__model_predict_layers(const lm_model *model, lm_tensor *x, int count, const int *layer, lm_tensor **out);
lm_tensor *lm__model_predict_layer(const lm_model *model, lm_tensor *x, const char *layer);
/* The index of the layer of that name; -1 with LM_NOT_FOUND recorded, which suggests the nearest. */
int lm__model_find_layer(const lm_model *model, const char *name);

/* --- what travels with the model (about.c) --- */
/* Copies the names; 0: none. */
lm_status lm__model_set_classes(lm_model *model, int count, const char *const *names);
lm_status lm__model_set_input(lm_model *model, const lm_input_info *info);
/* Takes over what the data know of themselves, and the range of values that a training step sees: in the first steps
 * of the first epoch. */
lm_status lm__model_observe(lm_model *model, const lm_dataset *data, int epoch, int64_t step, const lm_tensor *x);

/* One user at a time: LM_BUSY if the model is in use. A callback of a running fit may enter its model once more on
 * fit's thread, but not alone: that is for what would change the model under the fit. */
lm_status lm__model_enter(lm_model *model);
lm_status lm__model_enter_alone(lm_model *model);
void lm__model_leave(lm_model *model);
/* The guard: any number look at once, and wait while someone changes the model. */
void lm__model_look(const lm_model *model);
void lm__model_looked(const lm_model *model);
void lm__model_change(lm_model *model);
void lm__model_changed(lm_model *model);

/* --- history (history.c) --- */
extern const lm__type lm__history_type;
/* With room for `epochs` rows, but not for more than a thousand at first. */
lm_history *lm__history_new(int epochs);
/* Of a fit that did not begin: no epochs, and a static object. */
const lm_history *lm__history_none(lm_status status);
/* Adds an epoch's row. */
lm_status lm__history_add(lm_history *history, const lm_logs *logs, double seconds, int64_t steps);
/* All rows into a state, and back into an empty history. */
lm_status lm__history_save(const lm_history *history, lm__run_state *state);
lm_status lm__history_load(lm_history *history, const lm__run_state *state);

/* --- output (sink.c, progress.c, summary.c) --- */
void lm__show(const char *text, size_t bytes);
bool lm__show_live(void);
int lm__show_columns(void);              /* of the terminal; 0 if unknown */
int64_t lm__model_parameters(const lm_model *model, bool trainable_only);
lm_status lm__model_summary(lm_model *model, const lm_summary_args *args);
lm_status lm__model_flops(lm_model *model, int64_t batch_size, bool training, double *flops);

/* A bar like Keras's. verbose as in lm_fit_args, resolved by lm__progress_verbose: 0 nothing, 1 live, 2 one line. */
typedef struct lm__progress {
    int verbose;
    bool live, colour;                  /* drawn in place; with colours */
    int64_t step, steps;                /* steps: LM_ANY while unknown */
    int64_t first;                      /* steps that were made before, by a fit that this one goes on from */
    double begun, warm, drawn;          /* seconds: the beginning, the end of the first step, the last drawing */
    int columns, width;                 /* of the terminal, 0 if unknown; of the line last drawn */
} lm__progress;
int lm__progress_verbose(int verbose);
void lm__progress_begin(lm__progress *p, int verbose, int64_t first, int64_t steps);
void lm__progress_step(lm__progress *p, const lm_model *model);
void lm__progress_end(lm__progress *p, const lm_logs *logs, const lm_logs *validation);
double lm__now(void);

#endif
