/* tests/support/interpret.h: evaluates a graph node by node with the reference rows and kernels alone: nothing
 * folded, fused or overwritten, every value in memory of its own. The oracle of the planner, and of what is tested
 * before a plan exists. */
#ifndef LM_TESTS_INTERPRET_H
#define LM_TESTS_INTERPRET_H

#include "graph/graph.h"

typedef struct interpreter interpreter;

/* Prepares the graph, which is only read, with its symbols bound (as lm__dim_bind; NULL: it has none). */
lm_status interpret_new(const lm_graph *graph, const int64_t *symbols, interpreter **out);

/* inputs[i] and outputs[j]: the memory of the graph's inputs and outputs, in order. An entry of outputs may be NULL:
 * not wanted. Variables are read, and stored after the last node. */
lm_status interpret_run(interpreter *it, const void *const *inputs, void *const *outputs);
void interpret_free(interpreter *it);

/* All three at once. */
lm_status interpret(const lm_graph *graph, const int64_t *symbols, const void *const *inputs, void *const *outputs);

/* Elements of a value whose shape is known. */
size_t interpret_size(const lm_value *value);

#endif
