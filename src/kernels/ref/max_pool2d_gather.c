#ifndef T
#define LM_REF_FILE "kernels/ref/max_pool2d_gather.c"
#include "kernels/ref/floats.h"
#else
/* y[b, o, c] = x[b, index[b, o, c], c], o over the `results` and the index over the `cells` of a plane. Returns
 * the place of the first index that is out of range, or -1. */
int64_t REF(max_pool2d_gather)(const void *in, const int32_t *index, void *out, int64_t batch, int64_t results,
                               int64_t cells, int64_t channels)
{
    const T *x = (const T *)in;
    T *y = (T *)out;
    for (int64_t i = 0; i < batch * results * channels; i++) {
        if (index[i] < 0 || index[i] >= cells) return i;
        y[i] = x[(i / (results * channels) * cells + index[i]) * channels + i % channels];
    }
    return -1;
}
#endif
