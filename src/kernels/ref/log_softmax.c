#ifndef T
#define LM_REF_FILE "kernels/ref/log_softmax.c"
#include "kernels/ref/floats.h"
#else
/* y = x - m - log sum e^(x - m) along the middle axis of (outer, n, inner), m the largest of the row. */
void REF(log_softmax)(const void *in, void *to, size_t outer, size_t n, size_t inner)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner && n > 0; i++) {
            const T *row = (const T *)in + o * n * inner + i;
            T *out = (T *)to + o * n * inner + i;
            A most = row[0], sum = 0;
            for (size_t k = 1; k < n; k++)
                if (row[k * inner] > most) most = row[k * inner];
            for (size_t k = 0; k < n; k++) sum += FN(exp)(row[k * inner] - most);
            sum = FN(log)(sum);
            for (size_t k = 0; k < n; k++) out[k * inner] = row[k * inner] - most - sum;
        }
}
#endif
