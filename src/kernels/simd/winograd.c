/* kernels/simd/winograd.c: the transforms of winograd.h; their products are in winograd_product.c.
 *
 * All of them go along vectors of channels. Neighbouring tiles share two columns of cells, kept in registers. */
#include "kernels/simd/winograd.h"
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

/* What Bᵀ makes of one column of four cells. Without `whole`, rows that are NULL lie outside: zeros. */
INLINE void image_column(vf to[4], const float *const row[4], int64_t at, int64_t n, const int whole)
{
    vf d[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        if (whole) d[i] = load(row[i] + at);
        else d[i] = row[i] ? load_part(row[i] + at, n) : (vf){0};
    }
    to[0] = d[0] - d[2];
    to[1] = d[1] + d[2];
    to[2] = d[2] - d[1];
    to[3] = d[3] - d[1];
}

INLINE void zero_column(vf to[4])
{
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) to[i] = (vf){0};
}

/* One row of tiles for n <= VW channels; row: the four image rows at the first of these channels. */
INLINE void image_row(const lm__winograd_tiles *t, const float *const row[4], int64_t n, float *v, const int whole)
{
    const int64_t step = t->channels, width = t->width, plane = t->plane;
    int64_t x = t->x;
    vf a[4], b[4], c[4], d[4];
    if (x >= 0 && x < width) image_column(a, row, x * step, n, whole);
    else zero_column(a);
    if (x + 1 >= 0 && x + 1 < width) image_column(b, row, (x + 1) * step, n, whole);
    else zero_column(b);
    for (int64_t i = 0; i < t->columns; i++, x += 2, v += VW) {
        if (x + 2 < width) image_column(c, row, (x + 2) * step, n, whole);
        else zero_column(c);
        if (x + 3 < width) image_column(d, row, (x + 3) * step, n, whole);
        else zero_column(d);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            float *to = v + 4 * j * plane;
            store(to, a[j] - c[j]);
            store(to + plane, b[j] + c[j]);
            store(to + 2 * plane, c[j] - b[j]);
            store(to + 3 * plane, d[j] - b[j]);
            a[j] = c[j];
            b[j] = d[j];
        }
    }
}

void LM_SIMD(winograd_image)(const lm__winograd_tiles *t, const float *image, float *v)
{
    for (int64_t r = 0; r < t->rows; r++) {
        int64_t y = t->y + 2 * r;
        for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
            const float *row[4];
            bool whole = t->channels - c >= VW;
            for (int i = 0; i < 4; i++) {
                bool inside = y + i >= 0 && y + i < t->height;
                row[i] = inside ? image + (y + i) * t->width * t->channels + c : NULL;
                whole = whole && inside;
            }
            float *to = v + (block * t->pitch + t->first + r * t->columns) * VW;
            if (whole) image_row(t, row, VW, to, 1);
            else image_row(t, row, t->channels - c < VW ? t->channels - c : VW, to, 0);
        }
    }
}

/* --- of the results' gradient ---------------------------------------------------------------------------------- */

/* A y Aᵀ of one tile; cells outside are zeros. */
INLINE void gradient_tile(const vf y[4], float *m, int64_t plane)
{
    vf s[4][2];
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
        s[0][j] = y[j];
        s[1][j] = y[j] + y[2 + j];
        s[2][j] = y[j] - y[2 + j];
        s[3][j] = y[2 + j];
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++, m += 4 * plane) {
        store(m, s[i][0]);
        store(m + plane, s[i][0] + s[i][1]);
        store(m + 2 * plane, s[i][0] - s[i][1]);
        store(m + 3 * plane, s[i][1]);
    }
}

void LM_SIMD(winograd_gradient)(const lm__winograd_tiles *t, const float *dy, float *m)
{
    const int64_t step = t->channels;
    for (int64_t r = 0; r < t->rows; r++) {
        int64_t y = t->y + 2 * r;
        bool below = y + 1 < t->height;
        for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
            int64_t n = t->channels - c < VW ? t->channels - c : VW, x = t->x;
            float *to = m + (block * t->pitch + t->first + r * t->columns) * VW;
            const float *from = dy + (y * t->width + x) * step + c, *next = below ? from + t->width * step : from;
            for (int64_t i = 0; i < t->columns; i++, x += 2, to += VW, from += 2 * step, next += 2 * step) {
                bool right = x + 1 < t->width;
                vf cell[4] = {0};
                cell[0] = load_part(from, n);
                if (right) cell[1] = load_part(from + step, n);
                if (below) cell[2] = load_part(next, n);
                if (right && below) cell[3] = load_part(next + step, n);
                gradient_tile(cell, to, t->plane);
            }
        }
    }
}

/* --- results ---------------------------------------------------------------------------------------------------- */

INLINE void result_tile(const float *m, int64_t plane, vf bias, const int relu, vf y[4])
{
    vf s[2][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        vf a = load(m + j * plane), b = load(m + (4 + j) * plane), c = load(m + (8 + j) * plane),
           d = load(m + (12 + j) * plane);
        s[0][j] = a + b + c;
        s[1][j] = b - c + d;
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        y[2 * i] = s[i][0] + s[i][1] + (s[i][2] + bias);
        y[2 * i + 1] = s[i][1] - s[i][2] + (s[i][3] + bias);
    }
    if (relu)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) y[i] = vmax(splat(0), y[i]);
}

INLINE void results(const lm__winograd_tiles *t, const float *m, const float *bias, const int relu, float *to)
{
    const int64_t step = t->channels;
    for (int64_t r = 0; r < t->rows; r++) {
        int64_t row = t->y + 2 * r, line = t->width * step;
        for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
            int64_t n = t->channels - c < VW ? t->channels - c : VW, x = t->x;
            const float *from = m + (block * t->pitch + t->first + r * t->columns) * VW;
            float *out = to + (row * t->width + x) * step + c;
            vf b = bias ? load_part(bias + c, n) : (vf){0}, y[4];
            int64_t i = 0;
            if (n == VW && row + 1 < t->height)
                for (; i < t->columns && x + 1 < t->width; i++, x += 2, from += VW, out += 2 * step) {
                    result_tile(from, t->plane, b, relu, y);
                    store(out, y[0]);
                    store(out + step, y[1]);
                    store(out + line, y[2]);
                    store(out + line + step, y[3]);
                }
            for (; i < t->columns; i++, x += 2, from += VW, out += 2 * step) {
                result_tile(from, t->plane, b, relu, y);
                store_part(out, y[0], n);
                if (x + 1 < t->width) store_part(out + step, y[1], n);
                if (row + 1 < t->height) store_part(out + line, y[2], n);
                if (row + 1 < t->height && x + 1 < t->width) store_part(out + line + step, y[3], n);
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

/* G of three, into four `step` apart */
INLINE void spread(const vf *g, int step, vf *to, int to_step)
{
    vf half = splat(0.5f), ends = half * (g[0] + g[2 * step]), middle = half * g[step];
    to[0] = g[0];
    to[to_step] = ends + middle;
    to[2 * to_step] = ends - middle;
    to[3 * to_step] = g[2 * step];
}

void LM_SIMD(winograd_kernel)(const float *k, int64_t channels, int64_t filters, int64_t first, int64_t end, float *u)
{
    const int64_t plane = (filters + VW - 1) / VW * VW * channels;
    for (int64_t c = first; c < end; c++)
        for (int64_t f = 0; f < filters; f += VW) {
            int64_t n = filters - f < VW ? filters - f : VW, panel = f / (2 * VW) * (2 * VW);
            int64_t vectors = filters - panel > VW ? 2 : 1;
            float *to = u + panel * channels + c * vectors * VW + (f - panel);
            vf g[9], s[12], all[16];
#pragma GCC unroll 9
            for (int i = 0; i < 9; i++) g[i] = load_part(k + (i * channels + c) * filters + f, n);
#pragma GCC unroll 3
            for (int j = 0; j < 3; j++) spread(g + j, 3, s + j, 3);
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) spread(s + 3 * i, 1, all + 4 * i, 1);
#pragma GCC unroll 16
            for (int i = 0; i < 16; i++) store(to + i * plane, all[i]);
        }
}

/* Gᵀ of four, into three `to_step` apart */
INLINE void gather(const vf *m, int step, vf *to, int to_step)
{
    vf half = splat(0.5f), sum = half * (m[step] + m[2 * step]), difference = half * (m[step] - m[2 * step]);
    to[0] = m[0] + sum;
    to[to_step] = difference;
    to[2 * to_step] = m[3 * step] + sum;
}

void LM_SIMD(winograd_kernel_gradient)(const float *u, int64_t slice, int64_t slices, int64_t channels,
                                       int64_t filters, int64_t first, int64_t end, float *dk)
{
    const int64_t rows = (channels + VW - 1) / VW * VW, plane = (filters + VW - 1) / VW * VW * rows;
    for (int64_t f = 0; f < filters; f += VW)
        for (int64_t c = first; c < end; c++) {
            const float *from = u + f * rows + c * VW;
            vf all[16], s[12], g[9];
#pragma GCC unroll 16
            for (int i = 0; i < 16; i++) all[i] = load(from + i * plane);
            for (int64_t more = 1; more < slices; more++) {
                from += slice;
#pragma GCC unroll 16
                for (int i = 0; i < 16; i++) all[i] += load(from + i * plane);
            }
#pragma GCC unroll 4
            for (int j = 0; j < 4; j++) gather(all + j, 4, s + j, 4);
#pragma GCC unroll 3
            for (int i = 0; i < 3; i++) gather(s + 4 * i, 1, g + 3 * i, 1);
            int64_t n = filters - f < VW ? filters - f : VW;
#pragma GCC unroll 9
            for (int i = 0; i < 9; i++) store_part(dk + (i * channels + c) * filters + f, g[i], n);
        }
}
