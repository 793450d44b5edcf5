/* kernels/window.h: where the windows of convolutions and pooling lie along one dimension. */
#ifndef LM_KERNELS_WINDOW_H
#define LM_KERNELS_WINDOW_H

#include <stdint.h>

/* valid: windows lie inside. same: as many as give ceil(size / stride) results, padded around evenly, an odd cell
 * at the end (TensorFlow's rule). explicit: the caller says how many cells of padding there are on each side. */
typedef enum lm__padding { LM__PAD_VALID, LM__PAD_SAME, LM__PAD_EXPLICIT } lm__padding;

/* Cells from the first to the last that a window of `window` cells touches. */
static inline int64_t lm__window_extent(int64_t window, int64_t dilation) { return (window - 1) * dilation + 1; }

/* Cells of padding before the first cell. `size`, `results`: cells of the image, and windows along them. */
static inline int64_t lm__window_before(int64_t padding, int64_t size, int64_t results, int64_t window,
                                        int64_t stride, int64_t dilation, int64_t explicit_before)
{
    if (padding == LM__PAD_EXPLICIT) return explicit_before;
    if (padding == LM__PAD_VALID) return 0;
    int64_t missing = (results - 1) * stride + lm__window_extent(window, dilation) - size;
    return missing > 0 ? missing / 2 : 0;
}

/* The cells [*first, *last) of the window that lie inside the image, for the window whose first cell is at `at`
 * (which may be negative): cell i is at + i * dilation. */
static inline void lm__window_inside(int64_t at, int64_t size, int64_t window, int64_t dilation, int64_t *first,
                                     int64_t *last)
{
    *first = at < 0 ? (-at + dilation - 1) / dilation : 0;
    *last = at >= size ? 0 : (size - at + dilation - 1) / dilation;
    if (*last > window) *last = window;
    if (*first > *last) *first = *last;
}

#endif
