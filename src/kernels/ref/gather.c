#include "kernels/ref/ref.h"

/* Rows of `bytes` bytes: out[o, i] = in[o, indices[i]] for o < outer, i < count; in has n rows for each o.
 * indices: int32, or int64 where `wide`; negative ones count from the end. Returns the first i that is out of
 * range, or -1. */
int64_t lm__ref_gather(const void *in, const void *indices, int wide, void *out, size_t outer, size_t n, size_t count,
                       size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        int64_t at = wide ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
        if (at < 0) at += (int64_t)n;
        if (at < 0 || at >= (int64_t)n) return (int64_t)i;
        for (size_t o = 0; o < outer; o++)
            memcpy((char *)out + (o * count + i) * bytes, (const char *)in + (o * n + (size_t)at) * bytes, bytes);
    }
    return -1;
}
