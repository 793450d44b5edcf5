/* kernels/simd/level.h: what each instruction level offers. The files of this folder are compiled once for each level;
 * everything else reaches them through the table that lm__simd_at returns. */
#ifndef LM_KERNELS_SIMD_LEVEL_H
#define LM_KERNELS_SIMD_LEVEL_H

#include "kernels/map.h"
#include "kernels/simd/rows.h"

/* C = A B, or C += A B with `add`. A: m rows and k columns, element (i, j) at a[i * rsa + j * csa]; B (k, n) and C (m, n)
 * likewise. One of rsb, csb and one of rsc, csc is 1. */
typedef struct lm__gemm {
    int64_t m, n, k;
    const float *a;
    int64_t rsa, csa;
    const float *b;
    int64_t rsb, csb;
    float *c;
    int64_t rsc, csc;
    bool add;
} lm__gemm;

enum { LM__GEMM_KC = 256, LM__GEMM_MC = 192 };  /* blocks of k and m */
#define LM__GEMM_SCRATCH(width, rows)                                                                            \
    ((LM__GEMM_KC * (2 * (width) + LM__GEMM_MC) + 4 * (width) * (rows)) * sizeof(float))

typedef struct lm__simd {
    int width;                          /* floats in a vector */
    int tile_rows, tile_columns;        /* of gemm's register tile */
    size_t gemm_scratch;                /* bytes */
    void (*gemm)(const lm__gemm *g, void *scratch);
    /* y[i] += x[0 * stride + i] + x[1 * stride + i] + … in this order */
    void (*add_up)(float *y, size_t n, const float *x, size_t stride, size_t rows);
    const lm__simd_row_entry *rows[2];  /* each ends with a NULL op */
} lm__simd;

const lm__simd *lm__simd_at(lm__isa isa);

#endif
