#ifndef T
#define LM_REF_FILE "kernels/ref/moments.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/floats.h"
#else
/* mean[i] and variance[i] (of all, not of a sample) of x[i*kstride + j*rstride] over j, in two passes; kept and
 * reduced axes as in kernels/reduce.h. Sums of 256 are joined, so that long ones stay accurate. mean or variance
 * may be NULL. */
void REF(moments)(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
                  const int64_t *rstride, const void *in, void *mean, void *variance)
{
    const int64_t results = lm__ref_count(kept, kdim), count = lm__ref_count(reduced, rdim);
    for (int64_t i = 0; i < results; i++) {
        const T *row = (const T *)in + lm__ref_at(kept, kdim, kstride, i);
        A total = 0, part = 0;
        for (int64_t j = 0; j < count; j++) {
            part += row[lm__ref_at(reduced, rdim, rstride, j)];
            if (j % 256 == 255) total += part, part = 0;
        }
        const A middle = (total + part) / (A)count;
        if (mean) ((T *)mean)[i] = middle;
        total = part = 0;
        for (int64_t j = 0; j < count && variance; j++) {
            const A off = row[lm__ref_at(reduced, rdim, rstride, j)] - middle;
            part += off * off;
            if (j % 256 == 255) total += part, part = 0;
        }
        if (variance) ((T *)variance)[i] = (total + part) / (A)count;
    }
}
#endif
