/* kernels/simd/winograd.c: the transforms of winograd.h; their products are in winograd_product.c.
 *
 * All of them go along vectors of channels. `window` is a constant wherever it is handed on: each text serves windows
 * of 2 x 2 and of 3 x 3, which differ by the point 0 and by the values of the others. */
#include "kernels/simd/winograd.h"
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

enum { GROUP = TILE_ROWS, PLANE = GROUP * VW };

#define SIZE(window) ((window) + 3)                     /* cells of a tile, and products, in each dimension */
#define CHUNK(window) (SIZE(window) * SIZE(window) * PLANE)
#define A(window) ((window) == 3 ? 0.75f : 0.5f)
#define B(window) ((window) == 3 ? 1.5f : 1.25f)

/* Walks the tiles of a unit: where the next one is in its group. */
typedef struct place {
    float *at;
    int64_t left;                       /* tiles of this group, this one among them */
} place;

INLINE place place_of(const lm__winograd_tiles *t, int64_t block, float *base, const int window)
{
    int64_t lane = t->first % GROUP;
    return (place){base + ((t->block + block) * t->groups + t->first / GROUP) * CHUNK(window) + lane * VW,
                   GROUP - lane};
}

INLINE void next_place(place *p, const int window)
{
    p->at += VW;
    if (--p->left) return;
    p->at += CHUNK(window) - PLANE;
    p->left = GROUP;
}

/* The rows that come next, mostly just behind these: a walk over six rows at once is more than processors foresee.
 * Measured (16 channels, 32 x 32, batch 128): forward 1.7 to 1.2 ms. */
INLINE void fetch(const float *p) { __builtin_prefetch(p, 0, 2); }

/* --- the image -------------------------------------------------------------------------------------------------- */

/* Bᵀ of a column or row of cells, to_step apart. */
INLINE void image_line(const vf *d, float *to, int64_t to_step, const int window)
{
    const float a = A(window), b = B(window), a2 = a * a, b2 = b * b;
    if (window == 3) {
        vf even = d[4] - b2 * d[2], odd = a * d[3] - a * b2 * d[1];
        store(to, a2 * b2 * d[0] + (d[4] - (a2 + b2) * d[2]));
        store(to + to_step, even + odd);
        store(to + 2 * to_step, even - odd);
        even = d[4] - a2 * d[2], odd = b * d[3] - a2 * b * d[1];
        store(to + 3 * to_step, even + odd);
        store(to + 4 * to_step, even - odd);
        store(to + 5 * to_step, a2 * b2 * d[1] + (d[5] - (a2 + b2) * d[3]));
    } else {
        vf even = a * d[2] - a * b2 * d[0], odd = d[3] - b2 * d[1];
        store(to, even + odd);
        store(to + to_step, even - odd);
        even = b * d[2] - a2 * b * d[0], odd = d[3] - a2 * d[1];
        store(to + 2 * to_step, even + odd);
        store(to + 3 * to_step, even - odd);
        store(to + 4 * to_step, a2 * b2 * d[0] + (d[4] - (a2 + b2) * d[2]));
    }
}

/* Bᵀ of the columns: into the strip, column by column. Rows that are NULL lie outside the image, as do columns
 * before 0 and behind its width: zeros. */
INLINE void image_columns(const lm__winograd_tiles *t, const float *const *row, int64_t n, const int whole,
                          float *strip, const int window)
{
    enum { MOST = SIZE(3) };
    const int size = SIZE(window);
    int64_t x = t->x, left = 4 * t->columns + window - 1, line = t->width * t->channels;
    for (; left > 0 && (x < 0 || x >= t->width); left--, x += t->step, strip += size * VW)
        memset(strip, 0, (size_t)size * VW * sizeof(float));
    for (; left > 0 && x < t->width; left--, x += t->step, strip += size * VW) {
        vf d[MOST];
        int64_t at = x * t->channels;
#pragma GCC unroll 6
        for (int i = 0; i < size; i++) {
            if (whole) d[i] = load(row[i] + at);
            else d[i] = row[i] ? load_part(row[i] + at, n) : (vf){0};
        }
#pragma GCC unroll 4
        for (int i = 1; i <= 4 && whole; i++) fetch(row[size - 1] + i * t->step * line + at);
        image_line(d, strip, VW, window);
    }
    memset(strip, 0, (size_t)(left * size) * VW * sizeof(float));
}

INLINE void image_tiles(const lm__winograd_tiles *t, const float *image, float *v, float *strip, const int window)
{
    enum { MOST = SIZE(3) };
    const int size = SIZE(window);
    for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
        const float *row[MOST];
        bool whole = t->channels - c >= VW;
        for (int i = 0; i < size; i++) {
            int64_t y = t->y + i * t->step;
            bool inside = y >= 0 && y < t->height;
            row[i] = inside ? image + y * t->width * t->channels + c : NULL;
            whole = whole && inside;
        }
        if (whole) image_columns(t, row, VW, 1, strip, window);
        else image_columns(t, row, t->channels - c < VW ? t->channels - c : VW, 0, strip, window);
        place to = place_of(t, block, v, window);
        const float *from = strip;
        for (int64_t k = 0; k < t->columns; k++, from += 4 * size * VW, next_place(&to, window))
#pragma GCC unroll 6
            for (int i = 0; i < size; i++) {
                vf d[MOST];
#pragma GCC unroll 6
                for (int j = 0; j < size; j++) d[j] = load(from + (size * j + i) * VW);
                image_line(d, to.at + size * i * PLANE, PLANE, window);
            }
    }
}

void LM_SIMD(winograd_image)(const lm__winograd_tiles *t, const float *image, float *v, float *strip)
{
    if (t->window == 3) image_tiles(t, image, v, strip, 3);
    else image_tiles(t, image, v, strip, 2);
}

/* --- the results' gradient -------------------------------------------------------------------------------------- */

/* A of four */
INLINE void gradient_line(const vf *y, int step, vf *to, const int window)
{
    const float a = A(window), b = B(window);
    vf even = y[0] + a * a * y[2 * step], odd = a * y[step] + a * a * a * y[3 * step];
    if (window == 3) *to++ = y[0];
    to[0] = even + odd;
    to[1] = even - odd;
    even = y[0] + b * b * y[2 * step], odd = b * y[step] + b * b * b * y[3 * step];
    to[2] = even + odd;
    to[3] = even - odd;
    to[4] = y[3 * step];
}

INLINE void gradient_tile(const vf y[16], float *m, const int window)
{
    const int size = SIZE(window);
    vf columns[4][6];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) gradient_line(y + j, 4, columns[j], window);
#pragma GCC unroll 6
    for (int i = 0; i < size; i++, m += size * PLANE) {
        const vf row[4] = {columns[0][i], columns[1][i], columns[2][i], columns[3][i]};
        vf to[6];
        gradient_line(row, 1, to, window);
#pragma GCC unroll 6
        for (int j = 0; j < size; j++) store(m + j * PLANE, to[j]);
    }
}

INLINE void gradients(const lm__winograd_tiles *t, const float *dy, float *m, const int window)
{
    const int64_t step = t->channels, line = t->width * step, rows = t->height - t->y;
    for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
        int64_t n = t->channels - c < VW ? t->channels - c : VW, left = t->width - t->x;
        const float *from = dy + t->y * line + t->x * step + c;
        place to = place_of(t, block, m, window);
        for (int64_t k = 0; k < t->columns; k++, left -= 4, from += 4 * step, next_place(&to, window)) {
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
            gradient_tile(y, to.at, window);
        }
    }
}

void LM_SIMD(winograd_gradient)(const lm__winograd_tiles *t, const float *dy, float *m)
{
    if (t->window == 3) gradients(t, dy, m, 3);
    else gradients(t, dy, m, 2);
}

/* --- results ---------------------------------------------------------------------------------------------------- */

/* Aᵀ of a line of products, to_step apart, plus `start` */
INLINE void result_line(const vf *m, vf start, vf *to, int to_step, const int window)
{
    const float a = A(window), b = B(window);
    vf first = start;
    if (window == 3) first += *m++;
    vf sum_a = m[0] + m[1], sum_b = m[2] + m[3], apart_a = m[0] - m[1], apart_b = m[2] - m[3];
    to[0] = first + (sum_a + sum_b);
    to[to_step] = (a * apart_a + start) + b * apart_b;
    to[2 * to_step] = (a * a * sum_a + start) + b * b * sum_b;
    to[3 * to_step] = (a * a * a * apart_a + (m[4] + start)) + b * b * b * apart_b;
}

INLINE void result_tile(const float *m, vf bias, const int relu, vf y[16], const int window)
{
    const int size = SIZE(window);
    vf columns[24];
#pragma GCC unroll 6
    for (int j = 0; j < size; j++) {
        vf all[6];
#pragma GCC unroll 6
        for (int i = 0; i < size; i++) all[i] = load(m + (size * i + j) * PLANE);
        result_line(all, (vf){0}, columns + j, size, window);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) result_line(columns + size * i, bias, y + 4 * i, 1, window);
    if (relu)
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) y[i] = vmax(splat(0), y[i]);
}

/* Whether cells at, at + step, …, of which the i-th is asked for, lie in [0, size). */
INLINE bool inside(int64_t at, int i, int64_t step, int64_t size)
{
    return (uint64_t)(at + i * step) < (uint64_t)size;
}

INLINE void results(const lm__winograd_tiles *t, const float *m, const float *bias, const int relu, float *out,
                    const int window)
{
    const int64_t step = t->step * t->channels, line = t->step * t->width * t->channels, s = t->step;
    const bool rows = inside(t->y, 0, s, t->height) && inside(t->y, 3, s, t->height);
    for (int64_t c = 0, block = 0; c < t->channels; c += VW, block++) {
        int64_t n = t->channels - c < VW ? t->channels - c : VW, x = t->x;
        int64_t at = (t->y * t->width + x) * t->channels + c;
        place from = place_of(t, block, (float *)m, window);
        vf b = bias ? load_part(bias + c, n) : (vf){0}, y[16];
        for (int64_t k = 0; k < t->columns; k++, x += 4 * s, at += 4 * step, next_place(&from, window)) {
            result_tile(from.at, b, relu, y, window);
            if (n == VW && rows && inside(x, 0, s, t->width) && inside(x, 3, s, t->width)) {
#pragma GCC unroll 16
                for (int i = 0; i < 16; i++) store(out + at + i / 4 * line + i % 4 * step, y[i]);
            } else {
                for (int i = 0; i < 16; i++)
                    if (inside(t->y, i / 4, s, t->height) && inside(x, i % 4, s, t->width))
                        store_part(out + at + i / 4 * line + i % 4 * step, y[i], n);
            }
        }
    }
}

void LM_SIMD(winograd_result)(const lm__winograd_tiles *t, const float *m, const float *bias, bool relu, float *y)
{
    if (t->window == 3 && relu) results(t, m, bias, 1, y, 3);
    else if (t->window == 3) results(t, m, bias, 0, y, 3);
    else if (relu) results(t, m, bias, 1, y, 2);
    else results(t, m, bias, 0, y, 2);
}
