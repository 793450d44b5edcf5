#ifndef T
#define LM_REF_FILE "kernels/ref/bias_act.c"
#include "kernels/ref/floats.h"
#else
/* y (rows, n) = act(y + bias), where bias (n) may be NULL; act: 0 nothing, 1 relu, 2 sigmoid, 3 tanh. */
void REF(bias_act)(void *y, const void *bias, size_t rows, size_t n, int act)
{
    const T *bs = (const T *)bias;
    for (size_t i = 0; i < rows; i++) {
        T *row = (T *)y + i * n;
        for (size_t j = 0; j < n; j++) {
            T x = row[j];
            if (bs) x += bs[j];
            if (act == 1) x = x < 0 ? 0 : x;
            if (act == 2) {
                const T e = FN(exp)(-FN(fabs)(x));
                x = (x < 0 ? e : 1) / (1 + e);
            }
            if (act == 3) x = FN(tanh)(x);
            row[j] = x;
        }
    }
}
#endif
