/* kernels/simd/sums.c: sums of rows of numbers. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

/* y[i] += x[0][i] + … , the rows taken in order; each stands `stride` behind the one before. */
void LM_SIMD(add_up)(float *y, size_t n, const float *x, size_t stride, size_t rows)
{
    size_t i = 0;
    for (; i + 4 * VW <= n; i += 4 * VW) {
        vf a = load(y + i), b = load(y + i + VW), c = load(y + i + 2 * VW), d = load(y + i + 3 * VW);
        for (size_t r = 0; r < rows; r++) {
            const float *row = x + r * stride + i;
            a += load(row), b += load(row + VW), c += load(row + 2 * VW), d += load(row + 3 * VW);
        }
        store(y + i, a), store(y + i + VW, b), store(y + i + 2 * VW, c), store(y + i + 3 * VW, d);
    }
    for (; i + 2 * VW <= n; i += 2 * VW) {
        vf a = load(y + i), b = load(y + i + VW);
        for (size_t r = 0; r < rows; r++) {
            a += load(x + r * stride + i);
            b += load(x + r * stride + i + VW);
        }
        store(y + i, a);
        store(y + i + VW, b);
    }
    for (; i < n; i++)
        for (size_t r = 0; r < rows; r++) y[i] += x[r * stride + i];
}
