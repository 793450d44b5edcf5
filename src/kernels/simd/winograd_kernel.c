/* kernels/simd/winograd_kernel.c: winograd.h's transforms of kernels, and back. */
#include "kernels/simd/winograd.h"
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

#define SIZE(window) ((window) + 3)
#define A(window) ((window) == 3 ? 0.75f : 0.5f)
#define B(window) ((window) == 3 ? 1.5f : 1.25f)
/* What the rows of G at ±a and ±b are multiplied by, and (window 3) that of 0 */
#define KA(window) (1 / ((window) == 3 ? 2 * A(3) * A(3) * (A(3) * A(3) - B(3) * B(3))                           \
                                       : 2 * A(2) * (A(2) * A(2) - B(2) * B(2))))
#define KB(window) (1 / ((window) == 3 ? 2 * B(3) * B(3) * (B(3) * B(3) - A(3) * A(3))                           \
                                       : 2 * B(2) * (B(2) * B(2) - A(2) * A(2))))
#define K0 (1 / (A(3) * A(3) * B(3) * B(3)))

/* G of a line of the window, `step` apart */
INLINE void kernel_line(const vf *g, int step, vf *to, int to_step, const int window)
{
    const float a = A(window), b = B(window), ka = KA(window), kb = KB(window);
    vf even = ka * g[0], odd = ka * a * g[step];
    if (window == 3) {
        even += ka * a * a * g[2 * step];
        to[0] = K0 * g[0];
        to += to_step;
    }
    to[0] = even + odd;
    to[to_step] = even - odd;
    even = kb * g[0], odd = kb * b * g[step];
    if (window == 3) even += kb * b * b * g[2 * step];
    to[2 * to_step] = even + odd;
    to[3 * to_step] = even - odd;
    to[4 * to_step] = g[(window - 1) * step];
}

/* Element (j, i) of the window of channel c, which is channel c % channels of a phase: where it is in the kernel, or
 * NULL if outside. */
INLINE float *cell_of(const lm__winograd_kernel *d, const float *k, int64_t c, int j, int i)
{
    int64_t phase = c / d->channels, y = j * d->step + phase / d->step, x = i * d->step + phase % d->step;
    if (y >= d->height || x >= d->width) return NULL;
    return (float *)k + ((y * d->width + x) * d->channels + c % d->channels) * d->filters;
}

INLINE void kernels(const lm__winograd_kernel *d, const float *k, float *u, const int window)
{
    const int size = SIZE(window);
    const int64_t channels = d->channels * d->step * d->step, filters = d->filters;
    const int64_t plane = (filters + VW - 1) / VW * VW * channels;
    for (int64_t c = d->first; c < d->end; c++)
        for (int64_t f = 0; f < filters; f += VW) {
            int64_t n = filters - f < VW ? filters - f : VW, panel = f / (2 * VW) * (2 * VW);
            int64_t vectors = filters - panel > VW ? 2 : 1;
            float *to = u + panel * channels + c * vectors * VW + (f - panel);
            vf g[9], s[18], row[6];
            for (int i = 0; i < window * window; i++) {
                const float *from = cell_of(d, k, c, i / window, i % window);
                g[i] = from ? load_part(from + f, n) : (vf){0};
            }
#pragma GCC unroll 3
            for (int j = 0; j < window; j++) kernel_line(g + j, window, s + j, window, window);
            for (int i = 0; i < size; i++) {
                kernel_line(s + window * i, 1, row, 1, window);
#pragma GCC unroll 6
                for (int j = 0; j < size; j++) store(to + (size * i + j) * plane, row[j]);
            }
        }
}

void LM_SIMD(winograd_kernel)(const lm__winograd_kernel *d, const float *k, float *u)
{
    if (d->window == 3) kernels(d, k, u, 3);
    else kernels(d, k, u, 2);
}

/* Gᵀ of a line of products */
INLINE void window_line(const vf *m, vf *to, int to_step, const int window)
{
    const float a = A(window), b = B(window), ka = KA(window), kb = KB(window);
    vf zero = {0};
    if (window == 3) zero = K0 * *m++;
    vf sum_a = ka * (m[0] + m[1]), sum_b = kb * (m[2] + m[3]);
    vf odd = ka * a * (m[0] - m[1]) + kb * b * (m[2] - m[3]);
    to[0] = zero + (sum_a + sum_b);
    to[to_step] = window == 3 ? odd : odd + m[4];
    if (window == 3) to[2 * to_step] = a * a * sum_a + (b * b * sum_b + m[4]);
}

INLINE void kernel_gradients(const lm__winograd_kernel *d, const float *u, int64_t slice, int64_t slices, float *dk,
                             const int window)
{
    const int size = SIZE(window);
    const int64_t channels = d->channels * d->step * d->step, filters = d->filters;
    const int64_t rows = (channels + VW - 1) / VW * VW, plane = (filters + VW - 1) / VW * VW * rows;
    for (int64_t f = 0; f < filters; f += VW)
        for (int64_t c = d->first; c < d->end; c++) {
            int64_t n = filters - f < VW ? filters - f : VW;
            vf s[18], g[9];
            for (int j = 0; j < size; j++) {
                const float *from = u + f * rows + c * VW + j * plane;
                vf sum[6], to[3];
#pragma GCC unroll 6
                for (int i = 0; i < size; i++) sum[i] = load(from + size * i * plane);
                for (int64_t more = 1; more < slices; more++) {
                    from += slice;
#pragma GCC unroll 6
                    for (int i = 0; i < size; i++) sum[i] += load(from + size * i * plane);
                }
                window_line(sum, to, 1, window);
                for (int i = 0; i < window; i++) s[i * size + j] = to[i];
            }
#pragma GCC unroll 3
            for (int i = 0; i < window; i++) window_line(s + size * i, g + window * i, 1, window);
            for (int i = 0; i < window * window; i++) {
                float *to = cell_of(d, dk, c, i / window, i % window);
                if (to) store_part(to + f, g[i], n);
            }
        }
}

void LM_SIMD(winograd_kernel_gradient)(const lm__winograd_kernel *d, const float *u, int64_t slice, int64_t slices,
                                       float *dk)
{
    if (d->window == 3) kernel_gradients(d, u, slice, slices, dk, 3);
    else kernel_gradients(d, u, slice, slices, dk, 2);
}
