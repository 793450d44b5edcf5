/* nn/metric.c: what all metrics share: states, the weighted mean, choice by shape. */
#include "nn/metric.h"

#include "nn/match.h"
#include "ops/support.h"

#include <string.h>

static void release_states(lm_metric *self)
{
    for (int i = 0; i < self->nstates; i++) lm_free(self->state[i]);
    self->nstates = 0;
}

static void destroy(void *object)
{
    release_states(object);
    lm__configured_destroy(object);
}

static lm_metric poisoned;
const lm__type lm__metric_type = {
    .name = "metric", .destroy = destroy, .poisoned = &poisoned.base.object, .bytes = sizeof(lm_metric)};
static lm_metric poisoned = {.base.object = LM__POISON(&lm__metric_type)};

#define LM_METRIC(name) extern const lm__metric_class lm__metric_##name;
#include "nn/metrics/metrics.def"
#undef LM_METRIC

const lm__class *const lm__metric_classes[] = {
#define LM_METRIC(name) &lm__metric_##name.base,
#include "nn/metrics/metrics.def"
#undef LM_METRIC
    NULL,
};

static const lm__metric_class *class_of(const lm_metric *self)
{
    return (const lm__metric_class *)self->base.class;
}

lm_metric *lm__metric_new(const lm__metric_class *class, const void *args)
{
    return lm__configured_new(&class->base, args);
}

/* Keras's choice: one output is yes or no; class indices have no last axis; else one-hot. */
static const char *accuracy_for(const lm__shape *y_true, const lm__shape *y_pred)
{
    int last = y_pred->rank - 1;
    if (last < 0 || y_pred->dim[last] == 1) return "binary_accuracy";
    if (y_true->rank < y_pred->rank || y_true->dim[y_true->rank - 1] == 1) return "sparse_categorical_accuracy";
    return "categorical_accuracy";
}

lm_metric *lm__metric_named(const char *name, const lm__shape *y_true, const lm__shape *y_pred)
{
    if (name && y_true && y_pred && (!strcmp(name, "accuracy") || !strcmp(name, "acc")))
        name = accuracy_for(y_true, y_pred);
    const lm__class *class = lm__class_find(lm__metric_classes, name ? name : "", "metric");
    return class ? lm__configured_new(class, NULL) : lm__object_poison(&lm__metric_type);
}

lm_metric *lm__metric_mean(const char *name)
{
    struct lm__args_head args = {sizeof args, name};
    return lm__configured_new(&lm__metric_mean_metric.base, &args);
}

/* total and count, in the model's float type. */
static lm_status begin_mean(lm_metric *self)
{
    static const char *const names[] = {"total", "count"};
    for (int i = 0; i < 2; i++) {
        self->state[self->nstates++] = lm__variable_over(names[i], lm_tensor_scalar(self->dtype, 0), false);
        LM_TRY(lm__object_check(self->state[i], &lm__variable_type, "metric"));
    }
    return LM_OK;
}

lm_status lm__metric_begin(lm_metric *self, lm_dtype dtype)
{
    if (self->nstates) return LM_OK;
    self->dtype = dtype;
    lm_status status = class_of(self)->begin ? class_of(self)->begin(self) : begin_mean(self);
    if (status) release_states(self);
    return status;
}

static lm_status accumulate(lm_metric *self, lm_graph *graph, lm_value *total, lm_value *count)
{
    lm_value *add[] = {total, count};
    for (int i = 0; i < 2; i++) {
        lm_value *state = lm__graph_read(graph, self->state[i]);
        LM_TRY(lm__graph_assign(graph, self->state[i], lm_op_add(state, lm__cast_to(add[i], self->dtype))));
    }
    return LM_OK;
}

/* The mean over all axes but the first. */
static lm_value *row_means(lm_value *values)
{
    int64_t axes[LM_MAX_RANK];
    int n = 0;
    for (int i = 1; !lm__bad(values) && i < values->shape.rank; i++) axes[n++] = i;
    return n ? lm_op_mean_over(values, n, axes, false) : values;
}

/* Keras's Mean: values and weights brought to one rank, each averaged to one number an example, then summed. */
static lm_status update_mean(lm_metric *self, lm_graph *graph, lm_value *values, lm_value *weight)
{
    lm_value *count = NULL;
    if (weight) {
        lm__same_rank(&values, &weight);
        int64_t axes[LM_MAX_RANK];
        int n = 0;
        for (int i = weight->shape.rank; i < values->shape.rank; i++) axes[n++] = i;
        if (n) values = lm_op_mean_over(values, n, axes, false);
        weight = lm__cast_to(weight, self->dtype);
        values = lm_op_multiply(values, weight);
        count = lm_op_sum(row_means(weight));
    }
    lm_value *rows = row_means(values);
    if (!count) count = lm_op_size(rows, self->dtype);
    return accumulate(self, graph, lm_op_sum(rows), count);
}

lm_status lm__metric_update(lm_metric *self, lm_value *y_true, lm_value *y_pred, lm_value *weight)
{
    const lm__metric_class *class = class_of(self);
    if (lm__bad(y_true) || lm__bad(y_pred)) return LM_INVALID;
    lm_graph *graph = y_pred->node->graph;
    if (class->update) return class->update(self, y_true, y_pred, weight);
    LM_TRY(lm__match_targets(&y_true, &y_pred, class->integer_targets));
    lm_value *values = lm__cast_to(class->values(self, y_true, y_pred), self->dtype);
    if (lm__bad(values)) return lm__object_check(graph, &lm__graph_type, "metric");
    return update_mean(self, graph, values, weight);
}

lm_status lm__metric_mean_update(lm_metric *self, lm_value *value, lm_value *count)
{
    if (lm__bad(value) || lm__bad(count)) return LM_INVALID;
    return accumulate(self, value->node->graph, lm_op_multiply(value, count), count);
}

double lm__metric_result(const lm_metric *self)
{
    if (class_of(self)->result) return class_of(self)->result(self);
    if (!self->nstates) return 0;
    double count = lm_tensor_get(self->state[1]->value, 0);
    return count != 0 ? lm_tensor_get(self->state[0]->value, 0) / count : 0;
}

void lm__metric_reset(lm_metric *self)
{
    for (int i = 0; i < self->nstates; i++) {
        lm_tensor *t = self->state[i]->value;
        memset(t->data, 0, lm_tensor_bytes(t));
        self->state[i]->version++;
    }
}
