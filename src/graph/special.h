/* graph/special.h: attributes of the ops that compute nothing, and that the graph itself makes (LM__OP_SPECIAL).
 *
 *   input      no inputs; output 0 is what the caller of a run hands in. Listed in lm_graph.inputs.
 *   constant   no inputs; output 0 is the tensor's contents.
 *   variable   no inputs; output 0 is the variable's value as a run finds it. One node per variable and graph.
 *   store      inputs: the variable node's output, the new value[, a bool scalar]; no outputs. At the end of the run
 * the
 *              variable takes the new value, where the bool is absent or true. */
#ifndef LM_GRAPH_SPECIAL_H
#define LM_GRAPH_SPECIAL_H

#include "graph/dim.h"
#include <lamina/graph.h>

typedef struct lm__input_attr {
    const char *name;
    lm_dtype dtype;
    lm__shape shape;
} lm__input_attr;

typedef struct lm__constant_attr {
    lm_tensor *tensor;
} lm__constant_attr;

typedef struct lm__variable_attr { /* of variable and store */
    lm_variable *variable;
} lm__variable_attr;

#endif
