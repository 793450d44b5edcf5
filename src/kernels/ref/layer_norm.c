#ifndef T
#define LM_REF_FILE "kernels/ref/layer_norm.c"
#include "kernels/ref/floats.h"
#else
/* y = gamma (x - m) / sqrt(v + epsilon) + beta, with mean m and variance v (of all, not of a sample) of each of
 * `rows` rows of n. gamma, beta: n numbers, or NULL for 1 and 0. */
void REF(layer_norm)(const void *in, const void *gamma, const void *beta, double epsilon, void *out, int64_t rows,
                     int64_t n)
{
    for (int64_t r = 0; r < rows; r++) {
        const T *x = (const T *)in + r * n;
        T *y = (T *)out + r * n;
        A mean = 0, variance = 0;
        for (int64_t i = 0; i < n; i++) mean += x[i];
        mean /= (A)n;
        for (int64_t i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean);
        const A factor = 1 / FN(sqrt)(variance / (A)n + (A)epsilon);
        for (int64_t i = 0; i < n; i++) {
            const A z = (x[i] - mean) * factor;
            y[i] = (gamma ? ((const T *)gamma)[i] * z : z) + (beta ? ((const T *)beta)[i] : 0);
        }
    }
}
#endif
