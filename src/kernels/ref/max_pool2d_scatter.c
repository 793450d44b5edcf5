#ifndef T
#define LM_REF_FILE "kernels/ref/max_pool2d_scatter.c"
#include "kernels/ref/floats.h"
#else
/* dx[b, index[b, o, c], c] += dy[b, o, c] into zeros, o over the `results` and the index over the `cells` of a
 * plane. Returns the place of the first index that is out of range, or -1. */
int64_t REF(max_pool2d_scatter)(const void *gradient, const int32_t *index, void *out, int64_t batch, int64_t results,
                                int64_t cells, int64_t channels)
{
    const T *dy = (const T *)gradient;
    T *dx = (T *)out;
    for (int64_t i = 0; i < batch * cells * channels; i++) dx[i] = 0;
    for (int64_t i = 0; i < batch * results * channels; i++) {
        if (index[i] < 0 || index[i] >= cells) return i;
        dx[(i / (results * channels) * cells + index[i]) * channels + i % channels] += dy[i];
    }
    return -1;
}
#endif
