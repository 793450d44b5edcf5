/* graph/dim.h: dimensions that may be symbols.
 *
 * A dimension is an integer expression over symbols (a batch size, a sequence length). Constants are themselves (>=
 * 0); everything else is a handle (<= -2) into a table that graphs share with their sub-graphs. Expressions are kept
 * as polynomials in a canonical order, so two that are equal for every value of their symbols are the same handle. */
#ifndef LM_GRAPH_DIM_H
#define LM_GRAPH_DIM_H

#include "base/status.h"
#include <lamina/tensor.h>

typedef int64_t lm__dim;
typedef struct lm__dims lm__dims;

typedef struct lm__shape {
    int rank;
    lm__dim dim[LM_MAX_RANK];
} lm__shape;

/* A reference-counted table of expressions. Not thread-safe. NULL when memory is out. */
lm__dims *lm__dims_new(void);
lm__dims *lm__dims_retain(lm__dims *table);
void lm__dims_free(lm__dims *table);
/* A table of its own in which every handle of `table` means the same; NULL when memory is out. Only reads `table`. */
lm__dims *lm__dims_copy(const lm__dims *table);

/* Whether a LM__DIM_BAD since the last call came of memory running out; forgets it. */
int lm__dims_failed(lm__dims *table);

static inline int lm__dim_known(lm__dim d) { return d >= 0; }

/* The symbol of that name: the same name gives the same symbol. Arithmetic returns a canonical handle; when memory is
 * out, a product overflows, a divisor is 0 or the result is a negative constant it returns LM__DIM_BAD, which every
 * function passes on and the graph refuses. Arithmetic on constants does not touch the table. */
#define LM__DIM_BAD INT64_MIN
lm__dim lm__dim_symbol(lm__dims *table, const char *name);
lm__dim lm__dim_add(lm__dims *table, lm__dim a, lm__dim b);
lm__dim lm__dim_sub(lm__dims *table, lm__dim a, lm__dim b);
lm__dim lm__dim_mul(lm__dims *table, lm__dim a, lm__dim b);
lm__dim lm__dim_div(lm__dims *table, lm__dim a, lm__dim b);      /* floor(a / b); exact where it divides */

/* 1: equal for all values; 0: different for all values; -1: depends. */
int lm__dim_equal(lm__dims *table, lm__dim a, lm__dim b);

/* Whether a is a multiple of b, decided: 1 yes, 0 no, -1 depends. */
int lm__dim_divides(lm__dims *table, lm__dim a, lm__dim b);

/* The value with symbols bound: values[k] belongs to the k-th symbol in the order of their making
 * (lm__dim_symbol_count);
 * -1 leaves it unbound, and the result is then a handle. */
lm__dim lm__dim_bind(lm__dims *table, lm__dim d, const int64_t *values);
int lm__dim_symbol_count(const lm__dims *table);
int lm__dim_symbol_index(const lm__dims *table, lm__dim d);      /* k, or -1 if d is no lone symbol */

/* "N", "2*N + 1", "28" into text; returns text. */
char *lm__dim_text(const lm__dims *table, lm__dim d, char *text, size_t bytes);

/* --- shapes ------------------------------------------------------------------------------------------------- */

lm__shape lm__shape_of(int rank, const int64_t *dims);
int lm__shape_equal(lm__dims *table, const lm__shape *a, const lm__shape *b);  /* 1, 0 or -1 as lm__dim_equal */
lm__dim lm__shape_product(lm__dims *table, const lm__shape *s);
char *lm__shape_print(const lm__dims *table, const lm__shape *s, char *text, size_t bytes); /* "(N, 28, 28, 1)" */

/* NumPy's broadcasting of a and b; LM_INVALID names both shapes and the axis. A symbol against a constant other than
 * 1 cannot be decided and is refused. */
lm_status lm__shape_broadcast(lm__dims *table, const lm__shape *a, const lm__shape *b, lm__shape *out);

#endif
