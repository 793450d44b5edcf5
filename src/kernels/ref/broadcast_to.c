#ifndef T
#define LM_REF_FILE "kernels/ref/broadcast_to.c"
#include "kernels/ref/all.h"
#else
/* y over `rank` dimensions `dims`; `stride` steps through x, 0 where an element is repeated. */
void REF(broadcast_to)(int rank, const int64_t *dims, const int64_t *stride, const void *in, void *out)
{
    const T *x = (const T *)in;
    T *y = (T *)out;
    int64_t total = 1;
    for (int d = 0; d < rank; d++) total *= dims[d];
    int64_t row = rank ? dims[rank - 1] : 1, step = rank ? stride[rank - 1] : 0;
    for (int64_t i = 0; i < total; i += row) {
        int64_t rest = i / row, at = 0;
        for (int d = rank - 2; d >= 0; d--) {
            at += rest % dims[d] * stride[d];
            rest /= dims[d];
        }
        for (int64_t j = 0; j < row; j++) y[i + j] = x[at + j * step];
    }
}
#endif
