/* tests/support/random_graph.h: graphs drawn at random, with variables and stores, for tests that compare two ways of
 * computing the same. */
#ifndef LM_TESTS_RANDOM_GRAPH_H
#define LM_TESTS_RANDOM_GRAPH_H

#include "graph/graph.h"

enum { RANDOM_INPUTS = 4, RANDOM_VARIABLES = 3, RANDOM_OUTPUTS = 4, RANDOM_MOST = 64 };

typedef struct random_graph {
    lm_graph *graph;
    lm_variable *variables[RANDOM_VARIABLES];
    const void *inputs[RANDOM_INPUTS];
    float input_data[RANDOM_INPUTS][RANDOM_MOST];
    void *outputs[RANDOM_OUTPUTS];
    float output_data[RANDOM_OUTPUTS][RANDOM_MOST];
    lm_tensor *initial[RANDOM_VARIABLES];
} random_graph;

/* The graph number `seed`, of about `nodes` nodes; committed, with a guard in some. */
void random_graph_make(random_graph *r, unsigned seed, int nodes);
void random_graph_free(random_graph *r);

/* Sets inputs, outputs and variables to what they are before a run. */
void random_graph_reset(random_graph *r);

/* All outputs and variables one after the other. */
enum { RANDOM_RESULTS = (RANDOM_OUTPUTS + RANDOM_VARIABLES) * RANDOM_MOST };
void random_graph_results(const random_graph *r, float *out);

#endif
