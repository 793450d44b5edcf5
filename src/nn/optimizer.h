/* nn/optimizer.h: the inside of optimizers: an update rule as graph ops over variables. */
#ifndef LM_NN_OPTIMIZER_H
#define LM_NN_OPTIMIZER_H

#include "graph/graph.h"
#include "nn/config.h"

enum { LM__OPTIMIZER_SLOTS = 4 };

/* How every optimizer's argument struct begins (LM_OPTIMIZER_FIELDS in lamina/declare.h). */
typedef struct lm__optimizer_args {
    LM_OPTIMIZER_FIELDS;
} lm__optimizer_args;

struct lm_optimizer {
    lm__configured base;
    lm_variable *iteration;             /* i64 scalar: steps made */
    lm_variable *learning_rate;         /* float scalar, of the model's type */
    lm_variable **variable;             /* what it trains, retained */
    lm_variable **slot;                 /* nslots for each variable */
    lm_variable **average;              /* with use_ema: one for each variable */
    int nvariables, nslots;
};

/* One variable's update at hand; scalars are of the variable's type. */
typedef struct lm__update {
    lm_graph *graph;
    lm_variable *variable;
    lm_value *value, *gradient;         /* the variable before, decayed; its gradient, clipped */
    lm_value *rate, *step;              /* learning rate; iteration + 1 */
    lm_variable **slot;
} lm__update;

typedef struct lm__optimizer_class {
    lm__class base;
    /* How many slots a variable has with these arguments, and their names ("momentum", …). */
    int (*slots)(const lm_optimizer *self, const char *names[LM__OPTIMIZER_SLOTS]);
    /* The first `paired` slots of a variable stand together in files (Adam's m, v); the others kind by kind. 0:
     * none. */
    int paired;
    /* Assigns the slots, and returns the variable's next value. */
    lm_value *(*update)(const lm_optimizer *self, const lm__update *u);
} lm__optimizer_class;

extern const lm__type lm__optimizer_type;
extern const lm__class *const lm__optimizer_classes[];

lm_optimizer *lm__optimizer_new(const lm__optimizer_class *class, const void *args);
lm_optimizer *lm__optimizer_named(const char *name);
/* The head of an optimizer's class, and the first rows of its table. */
#define LM__OPTIMIZER_CLASS(class_name, default_args, field_rows)                                                \
    {.name = (class_name), .module = "keras.optimizers", .type = &lm__optimizer_type,                            \
     .object_bytes = sizeof(lm_optimizer), .args_bytes = sizeof(default_args), .defaults = &(default_args),      \
     .fields = (field_rows), .check = lm__optimizer_check}
#define LM__OPTIMIZER_FIELD_ROWS(type)                                                                           \
    LM__FIELD(type, learning_rate, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),                                 \
        LM__FIELD(type, weight_decay, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),                              \
        LM__FIELD(type, clipnorm, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),                                  \
        LM__FIELD(type, clipvalue, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),                                 \
        LM__FIELD(type, global_clipnorm, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),                           \
        LM__FIELD(type, use_ema, LM__FIELD_BOOL),                                                                \
        LM__FIELD(type, ema_momentum, LM__FIELD_FLOAT, .low = 0, .high = 1),                                     \
        LM__FIELD(type, ema_overwrite_frequency, LM__FIELD_COUNT, .low = 0, .high = HUGE_VAL)
/* Only one way of clipping may be given. */
lm_status lm__optimizer_check(const lm__configured *self);

/* All of its variables in the order of Keras's files: iteration, learning rate, averages, slots. Their number; with
 * `out` not NULL, room for as many is filled (borrowed). */
int lm__optimizer_variables(const lm_optimizer *self, lm_variable **out);
/* The learning rate that it goes by; setting it takes effect with the next run. */
double lm__optimizer_rate(const lm_optimizer *self);
lm_status lm__optimizer_set_rate(lm_optimizer *self, double rate);
/* With use_ema: the averages become the weights, which is the end of fit. */
lm_status lm__optimizer_finish(lm_optimizer *self);

/* For update: a scalar of the variable's type; the slot's current version, and its next. */
lm_value *lm__update_scalar(const lm__update *u, double value);
lm_value *lm__update_slot(const lm__update *u, int slot);
void lm__update_set(const lm__update *u, int slot, lm_value *next);

/* Makes iteration, learning rate and slots for the variables; once. */
lm_status lm__optimizer_build(lm_optimizer *self, int n, lm_variable *const *variables);
/* Adds clipping, decay, updates, moving averages and the next iteration to the graph; gradients[i] belongs to
 * variable i. */
lm_status lm__optimizer_apply(lm_optimizer *self, lm_graph *graph, lm_value *const *gradients);
/* Both: builds at the first call; later ones must bring the same variables. */
lm_status lm__optimizer_step(lm_optimizer *self, lm_graph *graph, int n, lm_variable *const *variables,
                             lm_value *const *gradients);

#endif
