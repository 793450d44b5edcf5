/* kernels/simd/winograd.c: the transforms of winograd.h; their products are in winograd_product.c.
 *
 * All of them go along vectors of channels. */
#include "kernels/simd/winograd.h"
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum { GROUP = TILE_ROWS, PLANE = GROUP * VW, CHUNK = LM__WINOGRAD * PLANE };

#define A 0.75f
#define B 1.5f
#define A2 (A * A)
#define B2 (B * B)
#define K0 (1 / (A2 * B2))
#define KA (1 / (2 * A2 * (A2 - B2)))
#define KB (1 / (2 * B2 * (B2 - A2)))

/* Walks the tiles of a unit: where the next one is in its group. */
typedef struct place {
    float *at;
    int64_t left;                       /* tiles of this group, this one among them */
} place;

INLINE place place_of(const lm__winograd_tiles *t, int64_t block, float *base)
{
    int64_t lane = t->first % GROUP;
    return (place){base + (block * t->groups + t->first / GROUP) * CHUNK + lane * VW, GROUP - lane};
}

INLINE void next_place(place *p)
{
    p->at += VW;
    if (--p->left) return;
    p->at += CHUNK - PLANE;
    p->left = GROUP;
}

/* The rows that come next, mostly just behind these: a walk over six rows at once is more than processors foresee.
 * Measured (16 channels, 32 x 32, batch 128): forward 1.7 to 1.2 ms. */
INLINE void fetch(const float *p) { __builtin_prefetch(p, 0, 2); }

/* --- the image -------------------------------------------------------------------------------------------------- */

/* Bᵀ of six cells, to_step apart. */
INLINE void image_6(const vf d[6], float *to, int64_t to_step)
{
    vf even = d[4] - B2 * d[2], odd = A * d[3] - A * B2 * d[1];
    store(to, A2 * B2 * d[0] + (d[4] - (A2 + B2) * d[2]));
    store(to + to_step, even + odd);
    store(to + 2 * to_step, even - odd);
    even = d[4] - A2 * d[2], odd = B * d[3] - A2 * B * d[1];
    store(to + 3 * to_step, even + odd);
    store(to + 4 * to_step, even - odd);
    store(to + 5 * to_step, A2 * B2 * d[1] + (d[5] - (A2 + B2) * d[3]));
}

/* Bᵀ of the columns: into the strip, column by column. Rows that are NULL lie outside the image, as do columns
 * before 0 and behind its width: zeros. */
INLINE void image_columns(const lm__winograd_tiles *t, const float *const row[6], int64_t n, const int whole,
                          float *strip)
{
    int64_t x = t->x, end = x + 4 * t->columns + 2;
    for (; x < end && (x < 0 || x >= t->width); x++, strip += 6 * VW) memset(strip, 0, 6 * VW * sizeof(float));
    for (; x < end && x < t->width; x++, strip += 6 * VW) {
        vf d[6];
        int64_t at = x * t->channels;
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
            if (whole) d[i] = load(row[i] + at);
            else d[i] = row[i] ? load_part(row[i] + at, n) : (vf){0};
        }
#pragma GCC unroll 4
        for (int i = 1; i <= 4 && whole; i++) fetch(row[5] + i * t->width * t->channels + at);
        image_6(d, strip, VW);
    }
    memset(strip, 0, (size_t)(end - x) * 6 * VW * sizeof(float));
}

void LM_SIMD(winograd_image)(const lm__winograd_tiles *t, const float *image, float *v, float *strip)
{
    for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
        const float *row[6];
        bool whole = t->channels - c >= VW;
        for (int i = 0; i < 6; i++) {
            bool inside = t->y + i >= 0 && t->y + i < t->height;
            row[i] = inside ? image + (t->y + i) * t->width * t->channels + c : NULL;
            whole = whole && inside;
        }
        if (whole) image_columns(t, row, VW, 1, strip);
        else image_columns(t, row, t->channels - c < VW ? t->channels - c : VW, 0, strip);
        place to = place_of(t, block, v);
        const float *from = strip;
        for (int64_t k = 0; k < t->columns; k++, from += 24 * VW, next_place(&to))
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) {
                vf d[6];
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) d[j] = load(from + (6 * j + i) * VW);
                image_6(d, to.at + 6 * i * PLANE, PLANE);
            }
    }
}

/* --- the results' gradient -------------------------------------------------------------------------------------- */

/* A of four */
INLINE void gradient_4(const vf *y, int step, vf to[6])
{
    vf even = y[0] + A2 * y[2 * step], odd = A * y[step] + A2 * A * y[3 * step];
    to[0] = y[0];
    to[1] = even + odd;
    to[2] = even - odd;
    even = y[0] + B2 * y[2 * step], odd = B * y[step] + B2 * B * y[3 * step];
    to[3] = even + odd;
    to[4] = even - odd;
    to[5] = y[3 * step];
}

INLINE void gradient_tile(const vf y[16], float *m)
{
    vf columns[4][6];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) gradient_4(y + j, 4, columns[j]);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++, m += 6 * PLANE) {
        const vf row[4] = {columns[0][i], columns[1][i], columns[2][i], columns[3][i]};
        vf to[6];
        gradient_4(row, 1, to);
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) store(m + j * PLANE, to[j]);
    }
}

void LM_SIMD(winograd_gradient)(const lm__winograd_tiles *t, const float *dy, float *m)
{
    const int64_t step = t->channels, line = t->width * step, rows = t->height - t->y;
    for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
        int64_t n = t->channels - c < VW ? t->channels - c : VW, left = t->width - t->x;
        const float *from = dy + t->y * line + t->x * step + c;
        place to = place_of(t, block, m);
        for (int64_t k = 0; k < t->columns; k++, left -= 4, from += 4 * step, next_place(&to)) {
            vf y[16];
            if (n == VW && rows >= 4 && left >= 4) {
#pragma GCC unroll 16
                for (int i = 0; i < 16; i++) {
                    y[i] = load(from + i / 4 * line + i % 4 * step);
                    fetch(from + (4 + i / 4) * line + i % 4 * step);
                }
            } else {
                for (int i = 0; i < 16; i++)
                    y[i] = i / 4 < rows && i % 4 < left ? load_part(from + i / 4 * line + i % 4 * step, n) : (vf){0};
            }
            gradient_tile(y, to.at);
        }
    }
}

/* --- results ---------------------------------------------------------------------------------------------------- */

/* Aᵀ of six, to_step apart, plus `start` */
INLINE void result_6(const vf m[6], vf start, vf *to, int to_step)
{
    vf sum_a = m[1] + m[2], sum_b = m[3] + m[4], apart_a = m[1] - m[2], apart_b = m[3] - m[4];
    to[0] = (m[0] + start) + (sum_a + sum_b);
    to[to_step] = (A * apart_a + start) + B * apart_b;
    to[2 * to_step] = (A2 * sum_a + start) + B2 * sum_b;
    to[3 * to_step] = (A2 * A * apart_a + (m[5] + start)) + B2 * B * apart_b;
}

INLINE void result_tile(const float *m, vf bias, const int relu, vf y[16])
{
    vf columns[24];
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) {
        vf all[6];
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) all[i] = load(m + (6 * i + j) * PLANE);
        result_6(all, (vf){0}, columns + j, 6);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) result_6(columns + 6 * i, bias, y + 4 * i, 1);
    if (relu)
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) y[i] = vmax(splat(0), y[i]);
}

INLINE void results(const lm__winograd_tiles *t, const float *m, const float *bias, const int relu, float *out)
{
    const int64_t step = t->channels, line = t->width * step, rows = t->height - t->y;
    for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
        int64_t n = t->channels - c < VW ? t->channels - c : VW, left = t->width - t->x;
        float *to = out + t->y * line + t->x * step + c;
        place from = place_of(t, block, (float *)m);
        vf b = bias ? load_part(bias + c, n) : (vf){0}, y[16];
        for (int64_t k = 0; k < t->columns; k++, left -= 4, to += 4 * step, next_place(&from)) {
            result_tile(from.at, b, relu, y);
            if (n == VW && rows >= 4 && left >= 4) {
#pragma GCC unroll 16
                for (int i = 0; i < 16; i++) store(to + i / 4 * line + i % 4 * step, y[i]);
            } else {
                for (int i = 0; i < 16; i++)
                    if (i / 4 < rows && i % 4 < left) store_part(to + i / 4 * line + i % 4 * step, y[i], n);
            }
        }
    }
}

void LM_SIMD(winograd_result)(const lm__winograd_tiles *t, const float *m, const float *bias, bool relu, float *y)
{
    if (relu) results(t, m, bias, 1, y);
    else results(t, m, bias, 0, y);
}

/* --- kernels ---------------------------------------------------------------------------------------------------- */

/* G of three, `step` apart */
INLINE void kernel_3(const vf *g, int step, vf *to, int to_step)
{
    vf even = KA * g[0] + KA * A2 * g[2 * step], odd = KA * A * g[step];
    to[0] = K0 * g[0];
    to[to_step] = even + odd;
    to[2 * to_step] = even - odd;
    even = KB * g[0] + KB * B2 * g[2 * step], odd = KB * B * g[step];
    to[3 * to_step] = even + odd;
    to[4 * to_step] = even - odd;
    to[5 * to_step] = g[2 * step];
}

void LM_SIMD(winograd_kernel)(const float *k, int64_t channels, int64_t filters, int64_t first, int64_t end,
                              float *u)
{
    const int64_t plane = (filters + VW - 1) / VW * VW * channels;
    for (int64_t c = first; c < end; c++)
        for (int64_t f = 0; f < filters; f += VW) {
            int64_t n = filters - f < VW ? filters - f : VW, panel = f / (2 * VW) * (2 * VW);
            int64_t vectors = filters - panel > VW ? 2 : 1;
            float *to = u + panel * channels + c * vectors * VW + (f - panel);
            vf g[9], s[18], row[6];
#pragma GCC unroll 9
            for (int i = 0; i < 9; i++) g[i] = load_part(k + (i * channels + c) * filters + f, n);
#pragma GCC unroll 3
            for (int j = 0; j < 3; j++) kernel_3(g + j, 3, s + j, 3);
            for (int i = 0; i < 6; i++) {
                kernel_3(s + 3 * i, 1, row, 1);
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) store(to + (6 * i + j) * plane, row[j]);
            }
        }
}

/* Gᵀ of six */
INLINE void kernel_gradient_6(const vf m[6], vf *to, int to_step)
{
    vf sum_a = KA * (m[1] + m[2]), sum_b = KB * (m[3] + m[4]);
    to[0] = K0 * m[0] + (sum_a + sum_b);
    to[to_step] = KA * A * (m[1] - m[2]) + KB * B * (m[3] - m[4]);
    to[2 * to_step] = A2 * sum_a + (B2 * sum_b + m[5]);
}

void LM_SIMD(winograd_kernel_gradient)(const float *u, int64_t slice, int64_t slices, int64_t channels,
                                       int64_t filters, int64_t first, int64_t end, float *dk)
{
    const int64_t rows = (channels + VW - 1) / VW * VW, plane = (filters + VW - 1) / VW * VW * rows;
    for (int64_t f = 0; f < filters; f += VW)
        for (int64_t c = first; c < end; c++) {
            int64_t n = filters - f < VW ? filters - f : VW;
            vf s[18], g[9];
            for (int j = 0; j < 6; j++) {
                const float *from = u + f * rows + c * VW + j * plane;
                vf sum[6];
#pragma GCC unroll 6
                for (int i = 0; i < 6; i++) sum[i] = load(from + 6 * i * plane);
                for (int64_t more = 1; more < slices; more++) {
                    from += slice;
#pragma GCC unroll 6
                    for (int i = 0; i < 6; i++) sum[i] += load(from + 6 * i * plane);
                }
                kernel_gradient_6(sum, s + j, 6);
            }
#pragma GCC unroll 3
            for (int i = 0; i < 3; i++) kernel_gradient_6(s + 6 * i, g + 3 * i, 1);
#pragma GCC unroll 9
            for (int i = 0; i < 9; i++) store_part(dk + (i * channels + c) * filters + f, g[i], n);
        }
}
