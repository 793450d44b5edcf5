/* tests/support/evaluate.h: arrays in and out of small graphs, for tests of values. */
#ifndef LM_TESTS_EVALUATE_H
#define LM_TESTS_EVALUATE_H

#include "graph/graph.h"
#include <lamina/ops.h>

/* A shape as two arguments: SHAPE(2, 3). */
#define SHAPE(...) LM__INTS(__VA_ARGS__)

/* A constant of the graph with these numbers, converted to the type; …_list: a vector of them. */
lm_value *numbers(lm_graph *g, lm_dtype dtype, int rank, const int64_t *dims, const double *data);
#define number_list(g, dtype, ...)                                                                               \
    numbers((g), (dtype), 1, (int64_t[]){sizeof((double[]){__VA_ARGS__}) / sizeof(double)}, (double[]){__VA_ARGS__})

/* A constant with numbers from [low, high), the same for the same salt. */
lm_value *noise(lm_graph *g, lm_dtype dtype, int rank, const int64_t *dims, int salt, double low, double high);

/* The elements of a value as doubles, computed by the interpreter; in new memory (free), at most `most` and at
 * least one. The test fails where the graph carries an error. */
double *evaluate(lm_value *v);

/* A number between 0 and 1 that depends on its arguments alone. */
double evaluate_noise(int salt, uint64_t i);

/* Elements of both values agree: |a - b| <= tolerance * max(1, |b|); shapes are equal. */
void check_same(lm_value *a, lm_value *b, double tolerance);

/* Elements are these. */
void check_numbers(lm_value *v, const double *want, size_t n, double tolerance);
#define check_list(v, tolerance, ...)                                                                            \
    check_numbers((v), (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (tolerance))

/* The shape is this one. */
void check_shape(const lm_value *v, int rank, const int64_t *dims);

/* sum a * b over all elements, both evaluated. */
double inner_product(lm_value *a, lm_value *b);

/* The graph refuses what was built on it, with these words in the message; the error is cleared. */
void check_refused(lm_graph *g, lm_value *v, const char *words);

#endif
