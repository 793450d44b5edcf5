#ifndef T
#define LM_REF_FILE "kernels/ref/where.c"
#include "kernels/ref/all.h"
#else
void REF(where)(size_t n, const void *const *in, void *out, const double *imm)
{
    const uint8_t *condition = (const uint8_t *)in[0];
    const T *xs = (const T *)in[1], *ys = (const T *)in[2];
    T *zs = (T *)out;
    (void)imm;
    for (size_t i = 0; i < n; i++) zs[i] = condition[i] ? xs[i] : ys[i];
}
#endif
