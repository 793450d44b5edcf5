#ifndef T
#define LM_REF_FILE "kernels/ref/layer_norm_backward.c"
#include "kernels/ref/floats.h"
#else
/* The gradients of layer_norm, from dy and x. With z = (x - m) r, r = 1 / sqrt(v + epsilon) and g = gamma dy:
 * dx = r (g - mean g - z mean(g z)) in each of `rows` rows of n; dgamma = sum of dy z, dbeta = sum of dy over the
 * rows. gamma NULL: 1. dx, dgamma, dbeta: NULL where not wanted. */
void REF(layer_norm_backward)(const void *dy, const void *in, const void *gamma, double epsilon, void *dx,
                              void *dgamma, void *dbeta, int64_t rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (dgamma) ((T *)dgamma)[i] = 0;
        if (dbeta) ((T *)dbeta)[i] = 0;
    }
    for (int64_t r = 0; r < rows; r++) {
        const T *x = (const T *)in + r * n, *d = (const T *)dy + r * n;
        A mean = 0, variance = 0, sum = 0, along = 0;
        for (int64_t i = 0; i < n; i++) mean += x[i];
        mean /= (A)n;
        for (int64_t i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean);
        const A factor = 1 / FN(sqrt)(variance / (A)n + (A)epsilon);
        for (int64_t i = 0; i < n; i++) {
            const A g = gamma ? ((const T *)gamma)[i] * d[i] : d[i], z = (x[i] - mean) * factor;
            sum += g;
            along += g * z;
            if (dgamma) ((T *)dgamma)[i] += d[i] * z;
            if (dbeta) ((T *)dbeta)[i] += d[i];
        }
        for (int64_t i = 0; i < n && dx; i++) {
            const A g = gamma ? ((const T *)gamma)[i] * d[i] : d[i], z = (x[i] - mean) * factor;
            ((T *)dx)[r * n + i] = factor * (g - sum / (A)n - z * (along / (A)n));
        }
    }
}
#endif
