/* kernels/ref/attention.h: what the reference kernels of attention share. */
#ifndef LM_KERNELS_REF_ATTENTION_H
#define LM_KERNELS_REF_ATTENTION_H

#include <stdint.h>

static inline float lm__ref_dot_f32(const float *a, const float *b, int64_t n)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static inline double lm__ref_dot_f64(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

#endif
