#ifndef T
#define LM_REF_FILE "kernels/ref/prod.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/numbers.h"
#else
/* y[i] = product over j of x[i*kstride + j*rstride]; kept and reduced axes as in kernels/reduce.h. */
void REF(prod)(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
               const int64_t *rstride, const void *in, void *out)
{
    const T *x = (const T *)in;
    T *y = (T *)out;
    const int64_t results = lm__ref_count(kept, kdim), count = lm__ref_count(reduced, rdim);
    for (int64_t i = 0; i < results; i++) {
        const T *row = x + lm__ref_at(kept, kdim, kstride, i);
        A product = 1;
        for (int64_t j = 0; j < count; j++) product *= row[lm__ref_at(reduced, rdim, rstride, j)];
        y[i] = (T)product;
    }
}
#endif
