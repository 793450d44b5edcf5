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
    lm_variable **slot;                 /* nslots for each variable, in Keras's order */
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
    /* Assigns the slots, and returns the variable's next value. */
    lm_value *(*update)(const lm_optimizer *self, const lm__update *u);
} lm__optimizer_class;

extern const lm__type lm__optimizer_type;
extern const lm__class *const lm__optimizer_classes[];

lm_optimizer *lm__optimizer_new(const lm__optimizer_class *class, const void *args);
lm_optimizer *lm__optimizer_named(const char *name);
/* Makes iteration, learning rate and slots for the variables; once. */
lm_status lm__optimizer_build(lm_optimizer *self, int n, lm_variable *const *variables);
/* Adds clipping, decay, updates, moving averages and the next iteration to the graph; gradients[i] belongs to variable i. */
lm_status lm__optimizer_apply(lm_optimizer *self, lm_graph *graph, lm_value *const *gradients);

#endif
