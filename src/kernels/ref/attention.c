#ifndef T
#define LM_REF_FILE "kernels/ref/attention.c"
#include "kernels/ref/attention.h"
#include "kernels/ref/floats.h"
#else
/* y = softmax(scale q kᵀ) v: q (batch, t, heads, size), k (batch, s, heads, size), v (batch, s, heads, width), y
 * (batch, t, heads, width); `causal`: row i sees columns 0 … i only. Where there are no keys, y is 0. */
void REF(attention)(const void *q, const void *k, const void *v, void *out, double scale, int causal, int64_t batch,
                    int64_t heads, int64_t t, int64_t s, int64_t size, int64_t width)
{
    for (int64_t at = 0; at < batch * heads * t; at++) {
        const int64_t b = at / (heads * t), h = at / t % heads, i = at % t;
        const int64_t seen = causal && i + 1 < s ? i + 1 : s;
        const T *query = (const T *)q + ((b * t + i) * heads + h) * size;
        const T *keys = (const T *)k + (b * s * heads + h) * size,
                *values = (const T *)v + (b * s * heads + h) * width;
        T *y = (T *)out + ((b * t + i) * heads + h) * width;
        A most = 0, sum = 0;
        for (int64_t c = 0; c < width; c++) y[c] = 0;
        for (int64_t j = 0; j < seen; j++) {
            const A score = (A)scale * REF_NAME(lm__ref_dot)(query, keys + j * heads * size, size);
            if (j == 0 || score > most) most = score;
        }
        for (int64_t j = 0; j < seen; j++) {
            const A score = (A)scale * REF_NAME(lm__ref_dot)(query, keys + j * heads * size, size);
            const A weight = FN(exp)(score - most);
            sum += weight;
            for (int64_t c = 0; c < width; c++) y[c] += weight * values[j * heads * width + c];
        }
        for (int64_t c = 0; c < width && seen > 0; c++) y[c] /= sum;
    }
}
#endif
