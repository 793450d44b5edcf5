/* nn/seed.h: keys for random ops from a variable that counts them. */
#ifndef LM_NN_SEED_H
#define LM_NN_SEED_H

#include "graph/graph.h"

/* A variable {seed, 0}. New reference. */
lm_variable *lm__seed_generator(const char *name, uint64_t seed);
/* Its present value, and {seed, step} -> {seed, step + 1} in the graph. Poisoned on failure, which is recorded. */
lm_value *lm__seed_next(lm_graph *graph, lm_variable *generator);

#endif
