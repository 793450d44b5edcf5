/* nn/loss.h: the inside of losses. */
#ifndef LM_NN_LOSS_H
#define LM_NN_LOSS_H

#include "graph/graph.h"
#include "nn/config.h"

struct lm_loss {
    lm__configured base;
};

/* How every loss's argument struct begins (LM_LOSS_FIELDS in lamina/declare.h). */
typedef struct lm__loss_args {
    LM_LOSS_FIELDS;
} lm__loss_args;

typedef struct lm__loss_class {
    lm__class base;
    /* One value for each position that is left when the last axis is used up. y_true and y_pred come as
     * lm__loss_apply has matched them: of one rank and type, or with `integer_targets` y_true are class indices
     * without the last axis. */
    lm_value *(*call)(const lm_loss *self, lm_value *y_true, lm_value *y_pred);
    bool integer_targets;
} lm__loss_class;

extern const lm__type lm__loss_type;
extern const lm__class *const lm__loss_classes[];

lm_loss *lm__loss_new(const lm__loss_class *class, const void *args);
/* By Keras's name or alias ("mse"). New reference, poisoned if unknown. */
lm_loss *lm__loss_named(const char *name);
/* The reduced loss, a scalar (reduction "none": the values), with Keras's matching of ranks, weighting and mean.
 * weight may be NULL. */
lm_value *lm__loss_apply(const lm_loss *self, lm_value *y_true, lm_value *y_pred, lm_value *weight);

/* What cross-entropies begin with. Predictions that are the activation's own result (op "softmax" over the last axis,
 * or "sigmoid") are taken back to its input, as Keras does: exact where the clip of probabilities is not. NULL: they
 * are not. */
lm_value *lm__logits_of(lm_value *y_pred, const char *op);
/* Probabilities clipped to [1e-7, 1 - 1e-7], Keras's epsilon. */
lm_value *lm__clip_probability(lm_value *p);

/* A loss's class: reduction and name come first in its table. */
#define LM__LOSS_CLASS(class_name, other_names, default_args, field_rows)                                        \
    {.name = (class_name), .aliases = (other_names), .module = "keras.losses", .type = &lm__loss_type,           \
     .object_bytes = sizeof(lm_loss), .args_bytes = sizeof(default_args), .defaults = &(default_args),           \
     .fields = (field_rows), .ignored = "dtype|axis=-1"}
#define LM__LOSS_FIELD_ROWS(type)                                                                                \
    LM__FIELD(type, reduction, LM__FIELD_STRING, .choices = "sum_over_batch_size|sum|mean|none")

#endif
