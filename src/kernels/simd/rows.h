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

#endif
