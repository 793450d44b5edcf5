#ifndef T
#define LM_REF_FILE "kernels/ref/sum.c"
#include "kernels/ref/numbers.h"
#else
/* y[i] = sum over j of x[i*kstride + j*rstride]; kept and reduced axes as in kernels/reduce.h. Sums of 256 are
 * joined, so that long ones stay accurate. */
void REF(sum)(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
              const int64_t *rstride, const void *in, void *out)
{
    const T *x = (const T *)in;
    T *y = (T *)out;
    int64_t results = 1, count = 1;
    for (int d = 0; d < kept; d++) results *= kdim[d];
    for (int d = 0; d < reduced; d++) count *= rdim[d];
    for (int64_t i = 0; i < results; i++) {
        int64_t base = 0, rest = i;
        for (int d = kept - 1; d >= 0; d--) {
            base += rest % kdim[d] * kstride[d];
            rest /= kdim[d];
        }
        A total = 0, part = 0;
        for (int64_t j = 0; j < count; j++) {
            int64_t at = base;
            rest = j;
            for (int d = reduced - 1; d > 0; d--) {
                at += rest % rdim[d] * rstride[d];
                rest /= rdim[d];
            }
            if (reduced) at += rest * rstride[0];
            part += x[at];
            if (j % 256 == 255) total += part, part = 0;
        }
        y[i] = (T)(total + part);
    }
}
#endif
