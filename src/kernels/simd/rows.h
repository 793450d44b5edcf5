/* kernels/simd/rows.h: the tables of row functions that a level brings. */
#ifndef LM_KERNELS_SIMD_ROWS_H
#define LM_KERNELS_SIMD_ROWS_H

#include "kernels/map.h"

/* `result` matters for casts only; elsewhere it is the type that the op has anyway. */
typedef struct lm__simd_row_entry {
    const char *op;
    lm_dtype dtype, result;
    lm__row_fn *row;
} lm__simd_row_entry;

/* A row for several steps of a map. The pattern is a call of ops: 0, 1, … are its arguments, the same figure the same
 * register; $2 is an argument that is one number for all elements, of which the row reads the first; #0 is a bool. */
typedef struct lm__simd_chain {
    const char *pattern;
    int arguments;
    lm__row_fn *row;
} lm__simd_chain;

#endif
