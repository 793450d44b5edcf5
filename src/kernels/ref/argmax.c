#ifndef T
#define LM_REF_FILE "kernels/ref/argmax.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/numbers.h"
#else
/* Where the largest element lies along the middle axis of (outer, n, inner): the first of equals; the first NaN if
 * any. */
void REF(argmax)(const void *in, void *out, size_t outer, size_t n, size_t inner)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            const T *row = (const T *)in + o * n * inner + i;
            size_t best = 0;
            for (size_t k = 1; k < n && !LM__REF_NAN(row[best * inner]); k++) {
                const T v = row[k * inner];
                if (v > row[best * inner] || LM__REF_NAN(v)) best = k;
            }
            ((int32_t *)out)[o * inner + i] = (int32_t)best;
        }
}
#endif
