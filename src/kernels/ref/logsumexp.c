#ifndef T
#define LM_REF_FILE "kernels/ref/logsumexp.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/floats.h"
#else
/* y[i] = m + log sum over j of e^(x[i*kstride + j*rstride] - m), m the largest of them; kept and reduced axes as
 * in kernels/reduce.h. */
void REF(logsumexp)(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
                    const int64_t *rstride, const void *in, void *out)
{
    const T *x = (const T *)in;
    T *y = (T *)out;
    const int64_t results = lm__ref_count(kept, kdim), count = lm__ref_count(reduced, rdim);
    for (int64_t i = 0; i < results; i++) {
        const T *row = x + lm__ref_at(kept, kdim, kstride, i);
        A most = row[0], sum = 0;
        for (int64_t j = 1; j < count; j++) {
            const T v = row[lm__ref_at(reduced, rdim, rstride, j)];
            if (v > most || LM__REF_NAN(v)) most = v;
        }
        /* Where all are -inf, or one is inf, the differences would be NaN. */
        const A shift = most - most == 0 ? most : 0;
        for (int64_t j = 0; j < count; j++) sum += FN(exp)(row[lm__ref_at(reduced, rdim, rstride, j)] - shift);
        y[i] = shift + FN(log)(sum);
    }
}
#endif
