#ifndef T
#define LM_REF_FILE "kernels/ref/matmul.c"
#include "kernels/ref/floats.h"
#else
/* c (m, n) = a (m, k) b (k, n); element (i, j) of a is a[i * a_row + j * a_col], of b likewise. Sums run over k in
 * order. */
void REF(matmul)(const void *a, const void *b, void *c, size_t m, size_t n, size_t k, size_t a_row, size_t a_col,
                 size_t b_row, size_t b_col)
{
    const T *as = (const T *)a, *bs = (const T *)b;
    for (size_t i = 0; i < m; i++) {
        T *row = (T *)c + i * n;
        for (size_t j = 0; j < n; j++) row[j] = 0;
        for (size_t p = 0; p < k; p++) {
            const A x = as[i * a_row + p * a_col];
            const T *y = bs + p * b_row;
            for (size_t j = 0; j < n; j++) row[j] += x * y[j * b_col];
        }
    }
}
#endif
