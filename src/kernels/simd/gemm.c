/* kernels/simd/gemm.c: a matrix product on one thread, in float32.
 *
 * A register tile of up to TILE_ROWS rows by two vectors of columns is summed over a block of K. Elements of A are
 * broadcast straight from memory, so any strides will do; B is used where it lies when its rows are contiguous. Both
 * are copied into the order of use where that pays. A transposed C is written through a small tile. Each element of C
 * is summed over k in ascending order within blocks that depend on K alone. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum {
    NV = 2, /* vectors in a tile's row */
    NR = NV * VW,
    KC = LM__GEMM_KC(VW),    /* block of k: a panel of B (KC * NR floats) stays in the second-level cache */
    MC = 192,                /* block of m: with KC, the part of A that stays there too */
    WIDE = VW == 16 ? 8 : 4, /* vectors in the row of a one-row tile */
};

/* c[rows][vectors] (+)= a[rows][k] b[k][vectors]; with `part` the last vector has only `last` columns. */
INLINE void tile(const int rows, const int vectors, const int part, int64_t last, int64_t k, const float *a,
                 int64_t rsa, int64_t csa, const float *b, int64_t ldb, float *c, int64_t ldc, int add)
{
    vf sum[TILE_ROWS * NV];
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) {
        const float *from = c + i / vectors * ldc + i % vectors * VW;
        sum[i] = !add ? (vf){0} : part && i % vectors == vectors - 1 ? load_part(from, last) : load(from);
    }
    for (int64_t p = 0; p < k; p++) {
        vf row[WIDE];
#pragma GCC unroll 8
        for (int j = 0; j < vectors; j++)
            row[j] = part && j == vectors - 1 ? load_part(b + j * VW, last) : load(b + j * VW);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            vf x = splat(a[i * rsa]);
#pragma GCC unroll 8
            for (int j = 0; j < vectors; j++) sum[i * vectors + j] += x * row[j];
        }
        a += csa;
        b += ldb;
    }
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) {
        float *to = c + i / vectors * ldc + i % vectors * VW;
        if (part && i % vectors == vectors - 1) store_part(to, sum[i], last);
        else store(to, sum[i]);
    }
}

typedef void tile_fn(int64_t n, int64_t k, const float *a, int64_t rsa, int64_t csa, const float *b, int64_t ldb,
                     float *c, int64_t ldc, int add);
#define TILE(rows)                                                                                               \
    static void whole_##rows(int64_t n, int64_t k, const float *a, int64_t rsa, int64_t csa, const float *b,     \
                             int64_t ldb, float *c, int64_t ldc, int add)                                        \
    {                                                                                                            \
        tile(rows, NV, 0, n, k, a, rsa, csa, b, ldb, c, ldc, add);                                               \
    }                                                                                                            \
    static void narrow_##rows(int64_t n, int64_t k, const float *a, int64_t rsa, int64_t csa, const float *b,    \
                              int64_t ldb, float *c, int64_t ldc, int add)                                       \
    {                                                                                                            \
        if (n <= VW) tile(rows, 1, 1, n, k, a, rsa, csa, b, ldb, c, ldc, add);                                   \
        else tile(rows, NV, 1, n - VW, k, a, rsa, csa, b, ldb, c, ldc, add);                                     \
    }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if defined(LM_LEVEL_v4)
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#define TILES(f) NULL, f##_1, f##_2, f##_3, f##_4, f##_5, f##_6, f##_7, f##_8, f##_9, f##_10, f##_11, f##_12
#else
#define TILES(f) NULL, f##_1, f##_2, f##_3, f##_4, f##_5, f##_6
#endif
static tile_fn *const tiles[2][TILE_ROWS + 1] = {{TILES(narrow)}, {TILES(whole)}};

/* One row times many columns: enough independent sums to hide an addition's latency. */
static void tile_wide(int64_t k, const float *a, int64_t csa, const float *b, int64_t ldb, float *c, int add)
{
    tile(1, WIDE, 0, 0, k, a, 0, csa, b, ldb, c, 0, add);
}

/* --- copies --------------------------------------------------------------------------------------------------------
 * */

/* to[j][p] = from[p][j] for p < rows, j < columns, both at most VW. */
INLINE void transpose_part(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t ldt)
{
    vf x[VW];
    if (rows == VW && columns == VW) {
#pragma GCC unroll 16
        for (int i = 0; i < VW; i++) x[i] = load(from + i * ld);
        transpose(x);
#pragma GCC unroll 16
        for (int i = 0; i < VW; i++) store(to + i * ldt, x[i]);
        return;
    }
    for (int i = 0; i < VW; i++) x[i] = i < rows ? load_part(from + i * ld, columns) : (vf){0};
    transpose(x);
    for (int i = 0; i < VW; i++)
        if (i < columns) store_part(to + i * ldt, x[i], rows);
}

void LM_SIMD(transpose)(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t ldt)
{
    for (int64_t i = 0; i < rows; i += VW)
        for (int64_t j = 0; j < columns; j += VW)
            transpose_part(from + i * ld + j, ld, rows - i < VW ? rows - i : VW, columns - j < VW ? columns - j : VW,
                           to + j * ldt + i, ldt);
}

/* b[k][n], n <= NR, into panel[k][NR]. What is behind column n stays as it was: narrow tiles don't read it. */
static void copy_panel(int64_t k, int64_t n, const float *b, int64_t rsb, int64_t csb, float *panel)
{
    if (csb == 1) {
        for (int64_t p = 0; p < k; p++) {
            if (n == NR) {
                store(panel + p * NR, load(b + p * rsb));
                store(panel + p * NR + VW, load(b + p * rsb + VW));
            } else {
                memcpy(panel + p * NR, b + p * rsb, (size_t)n * sizeof(float));
            }
        }
    } else {
        LM_SIMD(transpose)(b, csb, n, k, panel, NR);
    }
}

/* Rows [i0, i1) and k [p0, p0 + k) of A into tiles [k][TILE_ROWS]. */
static void copy_rows(const lm__gemm *g, int64_t i0, int64_t i1, int64_t p0, int64_t k, float *to)
{
    for (int64_t i = i0; i < i1; i += TILE_ROWS, to += TILE_ROWS * k) {
        int64_t rows = i1 - i < TILE_ROWS ? i1 - i : TILE_ROWS;
        const float *a = g->a + i * g->rsa + p0 * g->csa;
        if (g->csa == 1) {
            LM_SIMD(transpose)(a, g->rsa, rows, k, to, TILE_ROWS);
        } else if (g->rsa == 1 && VW >= TILE_ROWS) {    /* each store runs into the next row, which comes later */
            for (int64_t p = 0; p < k; p++) store(to + p * TILE_ROWS, load_part(a + p * g->csa, rows));
        } else {
            for (int64_t p = 0; p < k; p++)
                for (int64_t r = 0; r < rows; r++) to[p * TILE_ROWS + r] = a[r * g->rsa + p * g->csa];
        }
    }
}

/* A tile of a transposed C: from[rows][NR], its first n columns. */
static void put_transposed(float *c, int64_t csc, int64_t rows, int64_t n, const float *from, int add, float *turned)
{
    if (!add) {
        LM_SIMD(transpose)(from, NR, rows, n, c, csc);
        return;
    }
    LM_SIMD(transpose)(from, NR, rows, n, turned, VW);
    for (int64_t q = 0; q < n; q++)
        for (int64_t r = 0; r < rows; r++) c[q * csc + r] += turned[q * VW + r];
}

/* --- loops ---------------------------------------------------------------------------------------------------------
 * */

typedef struct work {
    const lm__gemm *g;
    bool copy_a, copy_b;
    float *panel, *rows, *small, *turned;
} work;

/* Rows [i0, i1) and k [p0, p0 + k) times one panel of n <= NR columns beginning at j. */
static void panel_product(const work *w, int64_t i0, int64_t i1, int64_t p0, int64_t k, int64_t j, int64_t n,
                          const float *b, int64_t ldb)
{
    const lm__gemm *g = w->g;
    int64_t tiles_left = (i1 - i0 + TILE_ROWS - 1) / TILE_ROWS;
    int add = g->add || p0 > 0;
    for (int64_t i = i0; i < i1; tiles_left--) {
        /* Tiles of nearly one height, except where the copy of A has fixed ones. */
        int64_t rows = w->copy_a ? (i1 - i < TILE_ROWS ? i1 - i : TILE_ROWS) : (i1 - i + tiles_left - 1) / tiles_left;
        const float *a = w->copy_a ? w->rows + (i - i0) * k : g->a + i * g->rsa + p0 * g->csa;
        int64_t rsa = w->copy_a ? 1 : g->rsa, csa = w->copy_a ? TILE_ROWS : g->csa;
        tiles[n == NR][rows](n, k, a, rsa, csa, b, ldb, g->c + i * g->rsc + j, g->rsc, add);
        i += rows;
    }
}

/* The same for a transposed C, in groups of as many rows as a vector has floats: they become whole vectors of C. */
static void turned_product(const work *w, int64_t i0, int64_t i1, int64_t p0, int64_t k, int64_t j, int64_t n,
                           const float *b, int64_t ldb)
{
    const lm__gemm *g = w->g;
    for (int64_t i = i0; i < i1; i += VW) {
        int64_t rows = i1 - i < VW ? i1 - i : VW, most = rows > TILE_ROWS ? (rows + 1) / 2 : rows;
        for (int64_t r = 0; r < rows; r += most) {
            int64_t some = rows - r < most ? rows - r : most;
            tiles[n == NR][some](n, k, g->a + (i + r) * g->rsa + p0 * g->csa, g->rsa, g->csa, b, ldb,
                                 w->small + r * NR, NR, 0);
        }
        put_transposed(g->c + i + j * g->csc, g->csc, rows, n, w->small, g->add || p0 > 0, w->turned);
    }
}

static void block_product(const work *w, int64_t i0, int64_t i1, int64_t p0, int64_t k)
{
    const lm__gemm *g = w->g;
    int64_t j = 0;
    if (i1 - i0 == 1 && g->csb == 1 && g->csc == 1)
        for (; j + WIDE * VW <= g->n; j += WIDE * VW)
            tile_wide(k, g->a + i0 * g->rsa + p0 * g->csa, g->csa, g->b + p0 * g->rsb + j, g->rsb,
                      g->c + i0 * g->rsc + j, g->add || p0 > 0);
    if (w->copy_a) copy_rows(g, i0, i1, p0, k, w->rows);
    for (; j < g->n; j += NR) {
        int64_t n = g->n - j < NR ? g->n - j : NR;
        const float *b = g->b + p0 * g->rsb + j * g->csb;
        if (w->copy_b) copy_panel(k, n, b, g->rsb, g->csb, w->panel);
        if (w->copy_b) b = w->panel;
        (g->csc == 1 ? panel_product : turned_product)(w, i0, i1, p0, k, j, n, b, w->copy_b ? NR : g->rsb);
    }
}

void LM_SIMD(gemm)(const lm__gemm *g, void *scratch)
{
    work w = {.g = g, .panel = scratch};
    w.rows = w.panel + KC * NR;
    w.small = w.rows + KC * MC;
    w.turned = w.small + VW * NR;
    /* Copies cost one pass: worth it where the copy is read often, or needed for contiguous rows. */
    w.copy_b = g->csb != 1 || g->m >= 32 * TILE_ROWS;
    w.copy_a = g->n >= 32 * NR && g->m >= TILE_ROWS && g->csc == 1;
    int64_t k = 0;
    for (int64_t p = 0; p == 0 || p < g->k; p += k) {
        k = g->k - p < KC ? g->k - p : KC;
        for (int64_t i = 0; i < g->m; i += MC)
            block_product(&w, i, g->m - i < MC ? g->m : i + MC, p, k);
        if (k == 0) break;
    }
}
