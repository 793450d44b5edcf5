#ifndef T
#define LM_REF_FILE "kernels/ref/attention_backward.c"
#include "kernels/ref/attention.h"
#include "kernels/ref/floats.h"
#else
/* The gradients of attention (see attention.c) from dy, of y's shape. With weights p and e = dy vᵀ: dv = pᵀ dy, f = p
 * (e - sum of p e over the row), dq = scale f k, dk = scale fᵀ q. dq, dk, dv: NULL where not wanted. */
void REF(attention_backward)(const void *dy, const void *q, const void *k, const void *v, void *dq, void *dk,
                             void *dv, double scale, int causal, int64_t batch, int64_t heads, int64_t t, int64_t s,
                             int64_t size, int64_t width)
{
    for (int64_t i = 0; i < batch * t * heads * size && dq; i++) ((T *)dq)[i] = 0;
    for (int64_t i = 0; i < batch * s * heads * size && dk; i++) ((T *)dk)[i] = 0;
    for (int64_t i = 0; i < batch * s * heads * width && dv; i++) ((T *)dv)[i] = 0;
    for (int64_t at = 0; at < batch * heads * t; at++) {
        const int64_t b = at / (heads * t), h = at / t % heads, i = at % t;
        const int64_t seen = causal && i + 1 < s ? i + 1 : s, step = heads * size, wide = heads * width;
        const int64_t row = (b * t + i) * heads + h, first = b * s * heads + h;
        const T *query = (const T *)q + row * size, *d = (const T *)dy + row * width;
        const T *keys = (const T *)k + first * size, *values = (const T *)v + first * width;
        A most = 0, sum = 0, along = 0;
        for (int64_t j = 0; j < seen; j++) {
            const A score = (A)scale * REF_NAME(lm__ref_dot)(query, keys + j * step, size);
            if (j == 0 || score > most) most = score;
        }
        for (int64_t j = 0; j < seen; j++) {
            const A score = (A)scale * REF_NAME(lm__ref_dot)(query, keys + j * step, size);
            const A weight = FN(exp)(score - most);
            sum += weight;
            along += weight * REF_NAME(lm__ref_dot)(d, values + j * wide, width);
        }
        for (int64_t j = 0; j < seen; j++) {
            const A score = (A)scale * REF_NAME(lm__ref_dot)(query, keys + j * step, size);
            const A weight = FN(exp)(score - most) / sum;
            const A slope = (A)scale * weight * (REF_NAME(lm__ref_dot)(d, values + j * wide, width) - along / sum);
            for (int64_t c = 0; c < size && dq; c++) ((T *)dq)[row * size + c] += slope * keys[j * step + c];
            for (int64_t c = 0; c < size && dk; c++) ((T *)dk)[first * size + j * step + c] += slope * query[c];
            for (int64_t c = 0; c < width && dv; c++) ((T *)dv)[first * width + j * wide + c] += weight * d[c];
        }
    }
}
#endif
