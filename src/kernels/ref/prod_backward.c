#ifndef T
#define LM_REF_FILE "kernels/ref/prod_backward.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/floats.h"
#else
/* dx[j] = dy[i] times the product of all x of the same result but x[j]: products from the front times products
 * from the back, so that zeros do no harm; kept and reduced axes as in kernels/reduce.h. */
void REF(prod_backward)(int kept, const int64_t *kdim, const int64_t *kstride, int reduced, const int64_t *rdim,
                        const int64_t *rstride, const void *in, const void *gradient, void *out)
{
    const T *dy = (const T *)gradient;
    const int64_t results = lm__ref_count(kept, kdim), count = lm__ref_count(reduced, rdim);
    for (int64_t i = 0; i < results; i++) {
        const int64_t base = lm__ref_at(kept, kdim, kstride, i);
        const T *x = (const T *)in + base;
        T *dx = (T *)out + base;
        A product = dy[i];
        for (int64_t j = 0; j < count; j++) {
            const int64_t at = lm__ref_at(reduced, rdim, rstride, j);
            dx[at] = product;
            product *= x[at];
        }
        product = 1;
        for (int64_t j = count - 1; j >= 0; j--) {
            const int64_t at = lm__ref_at(reduced, rdim, rstride, j);
            dx[at] *= product;
            product *= x[at];
        }
    }
}
#endif
