/* nn/metric.h: the inside of metrics: sums that live in variables, updated by the step's own graph, and a result read
 * from them. */
#ifndef LM_NN_METRIC_H
#define LM_NN_METRIC_H

#include "graph/graph.h"
#include "nn/config.h"

enum { LM__METRIC_STATES = 4 };

struct lm_metric {
    lm__configured base;
    lm_dtype dtype;
    lm_variable *state[LM__METRIC_STATES];
    int nstates;
};

typedef struct lm__metric_class {
    lm__class base;
    /* Mean metrics: one value a position (N, …), averaged; states and result are shared. */
    lm_value *(*values)(const lm_metric *self, lm_value *y_true, lm_value *y_pred);
    bool integer_targets;
    int direction;                      /* 1: more is better; -1: less is; 0: it depends on the use */
    /* Others have their own states, update and result; NULL for mean metrics. */
    lm_status (*begin)(lm_metric *self);
    lm_status (*update)(lm_metric *self, lm_value *y_true, lm_value *y_pred, lm_value *weight);
    double (*result)(const lm_metric *self);
} lm__metric_class;

extern const lm__type lm__metric_type;
extern const lm__class *const lm__metric_classes[];

lm_metric *lm__metric_new(const lm__metric_class *class, const void *args);
/* By name or alias. "accuracy" (and "acc") is chosen by the shapes of targets and predictions, as Keras does. New
 * reference, poisoned if unknown. */
lm_metric *lm__metric_named(const char *name, const lm__shape *y_true, const lm__shape *y_pred);
/* Makes the states (zeros) in the given float type; once. */
lm_status lm__metric_begin(lm_metric *self, lm_dtype dtype);
/* Adds the update to the graph (assigns the states). weight may be NULL. */
lm_status lm__metric_update(lm_metric *self, lm_value *y_true, lm_value *y_pred, lm_value *weight);
double lm__metric_result(const lm_metric *self);
void lm__metric_reset(lm_metric *self);

/* The head of a metric's class, and the fields of its argument struct. */
#define LM__METRIC_CLASS(class_name, other_names, default_args, field_rows)                                      \
    {.name = (class_name), .aliases = (other_names), .module = "keras.metrics", .type = &lm__metric_type,        \
     .object_bytes = sizeof(lm_metric), .args_bytes = sizeof(default_args), .defaults = &(default_args),         \
     .fields = (field_rows), .ignored = "dtype"}

/* A plain mean, for the loss: adds value * count to the total and count to the count. */
extern const lm__metric_class lm__metric_mean_metric;
lm_metric *lm__metric_mean(const char *name);
lm_status lm__metric_mean_update(lm_metric *self, lm_value *value, lm_value *count);

#endif
