#ifndef T
#define LM_REF_FILE "kernels/ref/scatter_add.c"
#include "kernels/ref/numbers.h"
#else
/* out[o, indices[i], :] += updates[o, i, :] into zeros, for o < outer, i < count in order; out has n rows of
 * `inner` elements for each o. indices: int32, or int64 where `wide`; negative ones count from the end. Returns
 * the first i that is out of range, or -1. */
int64_t REF(scatter_add)(const void *indices, int wide, const void *updates, void *out, size_t outer, size_t n,
                         size_t count, size_t inner)
{
    T *y = (T *)out;
    for (size_t i = 0; i < outer * n * inner; i++) y[i] = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t at = wide ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
        if (at < 0) at += (int64_t)n;
        if (at < 0 || at >= (int64_t)n) return (int64_t)i;
        for (size_t o = 0; o < outer; o++) {
            const T *from = (const T *)updates + (o * count + i) * inner;
            T *to = y + (o * n + (size_t)at) * inner;
            for (size_t k = 0; k < inner; k++) to[k] = (T)(to[k] + from[k]);
        }
    }
    return -1;
}
#endif
