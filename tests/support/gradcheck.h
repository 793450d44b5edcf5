/* tests/support/gradcheck.h: an op's gradient against central differences, in float64. */
#ifndef LM_TESTS_GRADCHECK_H
#define LM_TESTS_GRADCHECK_H

#include "graph/graph.h"

typedef struct gradcheck {
    int compared;               /* elements compared                                                */
    bool wrong;
    char message[400];          /* the worst of what is wrong: op, sample, input, element, both numbers */
} gradcheck;

/* Checks every float input of the sample that is not fixed. order 1: the gradient of random weights on the outputs;
 * 2: the gradient of random weights on that gradient, for the inputs and for what flows back. LM__OP_NO_GRADIENT:
 * that nothing flows. Fails only where the graph cannot be built or run; a wrong or missing gradient is in `out`. */
lm_status gradcheck_op(const lm__op *op, const lm__sample *sample, int number, int order, gradcheck *out);

/* Random contents for an input of a sample: the same for the same op, input and salt. */
void gradcheck_fill(const char *op, const lm__sample_input *input, lm_dtype dtype, int salt, void *data, size_t size);

#endif
