/* tests/support/random_net.h: training steps of small networks drawn at random, for tests that compare two ways of
 * computing the same: dense, convolutional and recurrent layers, normalisation, attention, dropout, loops and
 * branches; losses that share a network; updates under a guard, and weights that nothing changes. */
#ifndef LM_TESTS_RANDOM_NET_H
#define LM_TESTS_RANDOM_NET_H

#include "graph/graph.h"

enum { NET_VARIABLES = 160, NET_OUTPUTS = 8 };

typedef struct random_net {
    lm_graph *graph;
    lm_variable *variable[NET_VARIABLES];
    lm_tensor *initial[NET_VARIABLES];
    int variables;
    float *input;                       /* of the graph's only input */
    size_t inputs;
    void *output[NET_OUTPUTS];          /* float32 all */
    size_t outputs[NET_OUTPUTS];
    int noutputs;
    bool half;                          /* products of bfloat16: compare with its precision */
    bool guarded;                       /* nothing is stored where the loss is not finite */
} random_net;

/* The net number `seed`, committed. */
void random_net_make(random_net *r, unsigned seed);
void random_net_free(random_net *r);

/* Sets variables to what they are before the first step. */
void random_net_reset(random_net *r);

/* The input of step number `step`; spoilt: with a NaN in it. */
void random_net_input(random_net *r, int step, bool spoilt);

#endif
