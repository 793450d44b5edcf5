/* kernels/simd/level.h: what each instruction level offers. The files of this folder are compiled once for each
 * level; everything else reaches them through the table that lm__simd_at returns. */
#ifndef LM_KERNELS_SIMD_LEVEL_H
#define LM_KERNELS_SIMD_LEVEL_H

#include "kernels/map.h"
#include "kernels/simd/rows.h"
#include "kernels/simd/winograd.h"

/* C = A B, or C += A B with `add`. A: m rows and k columns, element (i, j) at a[i * rsa + j * csa]; B (k, n) and C
 * (m, n) likewise. One of rsb, csb and one of rsc, csc is 1. */
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

/* Blocks of k, by the floats of a vector, and of m. With AVX-512, where second-level caches have a megabyte or more,
 * 544 instead of 256: 4 % less time on the tutorial's layers, as C is read and written half as often. */
#define LM__GEMM_KC(width) ((width) == 16 ? 544 : 256)
enum { LM__GEMM_MC = 192 };
#define LM__GEMM_SCRATCH(width)                                                                                  \
    ((LM__GEMM_KC(width) * (2 * (width) + LM__GEMM_MC) + 4 * (width) * (width)) * sizeof(float))

/* Convolutions. `a` is the image (padded where windows reach out of it): element a[y * a_row + x * a_step +
 * offset[tap]] is what tap (kernel row, column, channel) sees in the window at (y, x).
 * conv: c[y][x][filter] = bias + sum over taps of a[…] b[tap][filter], rows of c at c_row, pixels at c_step.
 * conv_kernel: c[tap][filter] = sum over y, x of a[…] b[y][x][filter], with rows of b at b_row and of c at c_step. */
typedef struct lm__conv {
    int64_t height, width, taps, filters;
    const float *a;
    int64_t a_row, a_step;
    const int32_t *offset;
    const float *b;
    int64_t ldb, b_row;                 /* from tap to tap, or from pixel to pixel */
    bool copy_b;                        /* conv: a stride of b that does not suit the caches */
    float *c;
    int64_t c_row, c_step;
    const float *bias;                  /* of conv; NULL: none */
    bool add, relu;                     /* add to c instead; max(…, 0) of the result */
} lm__conv;
enum { LM__CONV_TAPS = 576 };           /* taps in a block; the panel that conv may copy has so many tile rows */

/* conv followed by max pooling in windows of 2 x 2: conv.height and conv.width count windows, conv.c is not used. */
typedef struct lm__conv_pool {
    lm__conv conv;
    float *y;                           /* (height, width, filters); NULL: not wanted, as index */
    int32_t *index;
    int64_t place, image_width;         /* of the first window in its plane, in cells; cells in a row of it */
} lm__conv_pool;

/* One row of windows of max_pool2d. */
typedef struct lm__pool_row {
    const float *in;                    /* the first of the image rows that the windows see */
    int64_t rows, width, channels;      /* … how many they are; of the image */
    int64_t out_width, size, stride, left;      /* along the row */
    int64_t place;                      /* of `in` in its plane, in cells */
    float *out;                         /* out_width x channels; NULL: not wanted */
    int32_t *index;                     /* likewise */
} lm__pool_row;

/* One row of windows, size_y x size_x each without overlap: every cell of dx is written, with dy where its place is
 * named and 0 elsewhere. */
typedef struct lm__unpool_row {
    const float *dy;
    const int32_t *index;
    float *dx;                          /* the first image row of the windows; all have `width` cells */
    int64_t width, channels, out_width, size_y, size_x;
    int64_t place;                      /* of dx in its plane, in cells */
} lm__unpool_row;

/* Rows of a batch through all steps of an LSTM (kernels/lstm.h); arrays begin at their first row. */
typedef struct lm__lstm_part {
    int64_t rows, steps, inputs, units;
    int64_t lda, ldc;                   /* floats in a row of (x, h), at least inputs + units; of c, whole vectors */
    const float *x, *packed;            /* packed: for each vector of units, what lstm_pack made */
    float *states, *gates, *cells, *before;     /* NULL: not wanted */
} lm__lstm_part;
/* The scratch memory of lstm, and what lstm_pack makes for one vector of units, in floats. */
#define LM__LSTM_SCRATCH(width, rows, lda, ldc) ((rows) * (2 * (lda) + (ldc) + 4 * (width)))
#define LM__LSTM_PACKED(width, inputs, units) (4 * (width) * (1 + (inputs) + (units)))

/* The way back for rows of a batch. */
typedef struct lm__lstm_back {
    int64_t rows, steps, units;
    int64_t padded, ldh;                /* units in whole vectors, and in whole panels of two */
    const float *gates, *cells, *dy, *packed;   /* packed: for two vectors of units each, by lstm_backward_pack */
    float *dz;                          /* NULL: not wanted */
    float *sum;                         /* (4, padded): dz of all rows and steps */
} lm__lstm_back;
#define LM__LSTM_BACK_SCRATCH(width, rows, padded, ldh) ((rows) * (5 * (padded) + (width) + (ldh)))
#define LM__LSTM_BACK_PACKED(width, padded) (2 * (width) * 4 * (padded))

/* Squares: the sum of (x - center)², with one center a result. */
typedef enum lm__simd_reduction { LM__SIMD_SUM, LM__SIMD_MAX, LM__SIMD_MIN, LM__SIMD_SQUARES } lm__simd_reduction;

/* Rows of n elements; gamma, beta NULL: 1 and 0. Forward: y of x. Backward: y is dx of dy and x (NULL: not wanted),
 * and the rows' shares are added to dgamma and dbeta. */
typedef struct lm__layer_norm_work {
    int64_t rows, n;
    float epsilon;
    const float *x, *dy, *gamma, *beta;
    float *y, *dgamma, *dbeta;
} lm__layer_norm_work;

/* Attention's weights, or their slopes, for a block of queries: query q of key j at [j * ld + q]. `queries` is a
 * multiple of the vectors' width. If causal, query q sees the first `first` + q + 1 keys, else all. */
typedef struct lm__attention_block {
    int64_t queries, keys, ld, first;
    bool causal;
    float scale;
    float *weights, *slopes;
} lm__attention_block;

typedef struct lm__simd {
    int width;                          /* floats in a vector */
    int tile_rows, tile_columns;        /* of gemm's register tile */
    size_t gemm_scratch;                /* bytes */
    void (*gemm)(const lm__gemm *g, void *scratch);
    /* y[i] += x[0 * stride + i] + x[1 * stride + i] + … in this order */
    void (*add_up)(float *y, size_t n, const float *x, size_t stride, size_t rows);
    /* to[j * ldt + i] = from[i * ld + j] */
    void (*transpose)(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t ldt);
    void (*conv)(const lm__conv *v, float *panel);
    /* y (rows, n) = act(y + bias), rows at ld; bias NULL: none; act: lm__act */
    void (*bias_act)(float *y, int64_t ld, int64_t rows, int64_t n, const float *bias, int act);
    void (*conv_kernel)(const lm__conv *v);
    void (*conv_pool)(const lm__conv_pool *t);
    lm__winograd winograd;
    void (*max_pool_row)(const lm__pool_row *w);
    bool (*unpool_row)(const lm__unpool_row *w);        /* whether every place lay in its window */
    /* kind: lm__simd_reduction; at least one row and one column. Columns: y[j] over i < rows of x[i * stride + j], j
     * < n. Rows: y[i] over j < n of x[i * n + j], i < rows. */
    void (*reduce_columns)(int kind, const float *x, int64_t rows, int64_t stride, int64_t n, const float *center,
                           float *y);
    void (*reduce_rows)(int kind, const float *x, int64_t rows, int64_t n, const float *center, float *y);
    void (*softmax_rows)(const float *x, int64_t rows, int64_t n, float *y);
    void (*log_softmax_rows)(const float *x, int64_t rows, int64_t n, float *y);
    void (*layer_norm)(const lm__layer_norm_work *w);
    void (*layer_norm_backward)(const lm__layer_norm_work *w);
    /* weights: from scores to softmax(scale scores), 0 where unseen. slopes: from e to
     * scale weights (e - sum of weights e). */
    /* out[4·b + k] = word k of Philox's block counter + b < limit, b < blocks; counter[0] may not run over. */
    void (*bernoulli)(const uint32_t counter[4], const uint32_t key[2], uint32_t limit, size_t blocks, uint8_t *out);
    /* Of lstm, for the block-th vector of units; bias NULL: none. Of lstm_backward, for the panel-th two vectors. */
    void (*lstm_pack)(const float *kernel, const float *recurrent, const float *bias, int64_t inputs, int64_t units,
                      int64_t block, float *to);
    void (*lstm)(const lm__lstm_part *p, float *scratch);
    void (*lstm_backward_pack)(const float *recurrent, int64_t units, int64_t padded, int64_t panel, float *to);
    void (*lstm_backward)(const lm__lstm_back *p, float *scratch);
    void (*attention_weights)(const lm__attention_block *b);
    void (*attention_slopes)(const lm__attention_block *b);
    const lm__simd_row_entry *rows[2];  /* each ends with a NULL op */
    const lm__simd_chain *chains;       /* ends with a NULL pattern */
} lm__simd;

const lm__simd *lm__simd_at(lm__isa isa);

#endif
