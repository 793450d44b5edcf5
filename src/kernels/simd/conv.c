/* kernels/simd/conv.c: the inner loops of convolutions, in float32.
 *
 * Like a matrix product's register tile, with the addresses of the image's elements in a table: one offset for each
 * tap (kernel row, column, channel), counted from a window's first element. No column matrix is built. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum { NV = 2, NR = NV * VW, TAPS = LM__CONV_TAPS };

/* --- results: c[pixel][NR] (+)= sum over taps of a[pixel * step + offset[tap]] b[tap][NR] --------------------------
 * */

typedef struct pixels {
    const float *a;
    int64_t step;
    const int32_t *offset;
    int64_t taps;
    const float *b;
    int64_t ldb;
    float *c;
    int64_t ldc;
    const float *bias;                  /* to begin with; NULL: 0, or c with `add` */
    bool add, relu;
} pixels;

INLINE void pixel_tile(const int rows, const int vectors, const int part, int64_t last, const pixels *t)
{
    vf sum[TILE_ROWS * NV];
    const float *a = t->a, *b = t->b;
    const int64_t step = t->step, ldb = t->ldb, ldc = t->ldc, taps = t->taps;
    const int32_t *offset = t->offset;
    const bool add = t->add, relu = t->relu;
    float *c = t->c;
    for (int j = 0; j < vectors; j++) {
        bool cut = part && j == vectors - 1;
        vf start = !t->bias ? (vf){0} : cut ? load_part(t->bias + j * VW, last) : load(t->bias + j * VW);
#pragma GCC unroll 24
        for (int i = 0; i < rows; i++) {
            const float *from = c + i * ldc + j * VW;
            sum[i * vectors + j] = !add ? start : cut ? load_part(from, last) : load(from);
        }
    }
    /* Pixels in fours, each from one register, its step and three times its step: left alone, compilers go from pixel
     * to pixel by additions that wait for each other (16 channels to 16: 8 % slower). */
    int64_t triple = 3 * step;
    KEEP(triple);
    for (int64_t p = 0; p < taps; p++) {
        const float *at = a + offset[p];
        vf row[NV];
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++)
            row[j] = part && j == vectors - 1 ? load_part(b + j * VW, last) : load(b + j * VW);
#pragma GCC unroll 24
        for (int i = 0; i < rows; i++) {
            if (i && i % 4 == 0) {
                at += 4 * step;
                KEEP(at);
            }
            vf x = splat(at[i % 4 == 3 ? triple : i % 4 * step]);
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++) sum[i * vectors + j] += x * row[j];
        }
        b += ldb;
    }
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) {
        float *to = c + i / vectors * ldc + i % vectors * VW;
        vf y = relu ? vmax(splat(0), sum[i]) : sum[i];
        if (part && i % vectors == vectors - 1) store_part(to, y, last);
        else store(to, y);
    }
}

/* Two vectors of filters, or (n <= VW) one: of twice as many pixels, in the second list. */
typedef void pixels_fn(int64_t n, const pixels *t);
#define PIXELS(rows)                                                                                             \
    static void pixels_##rows(int64_t n, const pixels *t)                                                        \
    {                                                                                                            \
        if (n == NR) pixel_tile(rows, NV, 0, VW, t);                                                             \
        else pixel_tile(rows, NV, 1, n - VW, t);                                                                 \
    }
#define NARROW(rows)                                                                                             \
    static void narrow_##rows(int64_t n, const pixels *t)                                                        \
    {                                                                                                            \
        if (n == VW) pixel_tile(rows, 1, 0, VW, t);                                                              \
        else pixel_tile(rows, 1, 1, n, t);                                                                       \
    }
#define EACH6(f) f(1) f(2) f(3) f(4) f(5) f(6)
#define EACH12(f) EACH6(f) f(7) f(8) f(9) f(10) f(11) f(12)
#define LIST6(f) f##_1, f##_2, f##_3, f##_4, f##_5, f##_6
#define LIST12(f) LIST6(f), f##_7, f##_8, f##_9, f##_10, f##_11, f##_12
#if defined(LM_LEVEL_v4)
#define EACH EACH12
#define LIST LIST12
EACH12(NARROW) NARROW(13) NARROW(14) NARROW(15) NARROW(16) NARROW(17) NARROW(18) NARROW(19) NARROW(20) NARROW(21)
NARROW(22) NARROW(23) NARROW(24)
static pixels_fn *const narrow_tiles[] = {
    NULL, LIST12(narrow), narrow_13, narrow_14, narrow_15, narrow_16, narrow_17, narrow_18, narrow_19, narrow_20,
    narrow_21, narrow_22, narrow_23, narrow_24};
#else
#define EACH EACH6
#define LIST LIST6
EACH12(NARROW)
static pixels_fn *const narrow_tiles[] = {NULL, LIST12(narrow)};
#endif
EACH(PIXELS)
static pixels_fn *const pixel_tiles[] = {NULL, LIST(pixels)};

/* One row of windows, in tiles of nearly one width. */
static void pixel_row(pixels t, int64_t width, int64_t n)
{
    int64_t most = n > VW ? TILE_ROWS : 2 * TILE_ROWS, tiles = (width + most - 1) / most;
    for (int64_t x = 0; x < width; tiles--) {
        int64_t rows = (width - x + tiles - 1) / tiles;
        (n > VW ? pixel_tiles : narrow_tiles)[rows](n, &t);
        t.a += rows * t.step;
        t.c += rows * t.ldc;
        x += rows;
    }
}

static const float *copy_panel(const float *b, int64_t ldb, int64_t taps, int64_t n, float *panel)
{
    for (int64_t p = 0; p < taps; p++) memcpy(panel + p * NR, b + p * ldb, (size_t)n * sizeof(float));
    return panel;
}

void LM_SIMD(conv)(const lm__conv *v, float *panel)
{
    for (int64_t p = 0; p == 0 || p < v->taps; p += TAPS) {     /* no taps: zeros */
        int64_t taps = v->taps - p < TAPS ? v->taps - p : TAPS;
        bool final = p + taps == v->taps;
        for (int64_t j = 0; j < v->filters; j += NR) {
            int64_t n = v->filters - j < NR ? v->filters - j : NR;
            pixels t = {.step = v->a_step, .offset = v->offset + p, .taps = taps, .b = v->b + p * v->ldb + j,
                        .ldb = v->ldb, .ldc = v->c_step, .bias = v->bias ? v->bias + j : NULL,
                        .add = v->add || p > 0, .relu = v->relu && final};
            if (v->copy_b) t.b = copy_panel(t.b, v->ldb, taps, n, panel), t.ldb = NR;
            for (int64_t y = 0; y < v->height; y++) {
                t.a = v->a + y * v->a_row;
                t.c = v->c + y * v->c_row + j;
                pixel_row(t, v->width, n);
            }
        }
    }
}

/* --- kernels: c[tap][NR] (+)= sum over pixels of a[pixel * step + offset[tap]] b[pixel][NR]
 * ------------------------- */

typedef struct taps {
    const float *a;
    int64_t step, row;                  /* of a, from pixel to pixel and from row to row */
    const int32_t *offset;
    const float *b;
    int64_t ldb, b_row;
    int64_t width, height;
    float *c;
    int64_t ldc;
    bool add;
} taps;

INLINE void tap_tile(const int rows, const int vectors, const int part, int64_t last, const taps *t)
{
    vf sum[TILE_ROWS * NV];
    int64_t at[TILE_ROWS];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) at[i] = t->offset[i];
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) {
        const float *from = t->c + i / vectors * t->ldc + i % vectors * VW;
        sum[i] = !t->add ? (vf){0} : part && i % vectors == vectors - 1 ? load_part(from, last) : load(from);
    }
    for (int64_t y = 0; y < t->height; y++) {
        const float *a = t->a + y * t->row, *b = t->b + y * t->b_row;
        for (int64_t x = 0; x < t->width; x++) {
            vf row[NV];
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++)
                row[j] = part && j == vectors - 1 ? load_part(b + j * VW, last) : load(b + j * VW);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                vf value = splat(a[at[i]]);
#pragma GCC unroll 2
                for (int j = 0; j < vectors; j++) sum[i * vectors + j] += value * row[j];
            }
            a += t->step;
            b += t->ldb;
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < rows * vectors; i++) {
        float *to = t->c + i / vectors * t->ldc + i % vectors * VW;
        if (part && i % vectors == vectors - 1) store_part(to, sum[i], last);
        else store(to, sum[i]);
    }
}

typedef void taps_fn(int64_t n, const taps *t);
#define TAPS_TILE(rows)                                                                                          \
    static void taps_##rows(int64_t n, const taps *t)                                                            \
    {                                                                                                            \
        if (n == NR) tap_tile(rows, NV, 0, VW, t);                                                               \
        else if (n > VW) tap_tile(rows, NV, 1, n - VW, t);                                                       \
        else tap_tile(rows, 1, 1, n, t);                                                                         \
    }
EACH(TAPS_TILE)
static taps_fn *const tap_tiles[] = {NULL, LIST(taps)};

void LM_SIMD(conv_kernel)(const lm__conv *v)
{
    for (int64_t j = 0; j < v->filters; j += NR) {
        int64_t n = v->filters - j < NR ? v->filters - j : NR, tiles = (v->taps + TILE_ROWS - 1) / TILE_ROWS;
        for (int64_t p = 0; p < v->taps; tiles--) {
            int64_t rows = (v->taps - p + tiles - 1) / tiles;
            taps t = {.a = v->a, .step = v->a_step, .row = v->a_row, .offset = v->offset + p, .b = v->b + j,
                      .ldb = v->ldb, .b_row = v->b_row, .width = v->width, .height = v->height,
                      .c = v->c + p * v->c_step + j, .ldc = v->c_step, .add = v->add};
            tap_tiles[rows](n, &t);
            p += rows;
        }
    }
}
