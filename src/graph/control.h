/* graph/control.h: the ops with sub-graphs (LM__OP_CONTROL): what their inputs, bodies and outputs are.
 *
 * Bodies are graphs of their own that share their graph's table of dimensions. They see nothing of the graph around
 * them but their inputs, and read no variables. A body is not changed once a node has it. Random numbers that differ
 * from step to step are drawn with a key made of the position.
 *
 * scan: `length` steps. Step k is at position t = k, or t = length - 1 - k with `reverse`.
 *   node inputs    carries: their first values; sequences: (length, …); invariants
 *   body[0] inputs carries: (…) as they are now; sequences: slice t, (…); invariants; t itself, an int64 scalar
 *   body[0] outputs the carries' next values; `outputs` step outputs (…)
 *   node outputs   carries: their last values (the first ones where length = 0); step outputs stacked by t: (length,
 * …);
 *                  history: the carries as they came into the step at t, stacked by t: (length, …). The history
 * serves gradients; an output that nobody reads need not be kept.
 *
 * if: one of two bodies.
 *   node inputs    predicate (a bool scalar); captures
 *   body[0], [1]   taken if the predicate is true, false; inputs: the captures; outputs: of the same types and shapes
 *   node outputs   the body's */
#ifndef LM_GRAPH_CONTROL_H
#define LM_GRAPH_CONTROL_H

#include "graph/dim.h"
#include <stdbool.h>

typedef struct lm__scan_attr {
    lm__shape length;                   /* of rank 1 */
    int64_t carries, sequences, invariants, outputs;
    bool reverse;
} lm__scan_attr;

#endif
