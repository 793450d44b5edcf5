#ifndef T
#define LM_REF_FILE "kernels/ref/move.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/widths.h"
#else
/* out[sum index*to] = in[sum index*from] for every index below dims; the last two loops in blocks that stay in the
 * cache. */
void REF(move)(const void *in, void *out, int rank, const int64_t *dims, const int64_t *from, const int64_t *to)
{
    const int64_t n = rank > 0 ? dims[rank - 1] : 1, xn = rank > 0 ? from[rank - 1] : 1,
                  yn = rank > 0 ? to[rank - 1] : 1;
    const int64_t m = rank > 1 ? dims[rank - 2] : 1, xm = rank > 1 ? from[rank - 2] : 0,
                  ym = rank > 1 ? to[rank - 2] : 0;
    const int outer = rank > 2 ? rank - 2 : 0;
    const int64_t block = 32, planes = lm__ref_count(outer, dims);
    for (int64_t o = 0; o < planes; o++) {
        const T *x = (const T *)in + lm__ref_at(outer, dims, from, o);
        T *y = (T *)out + lm__ref_at(outer, dims, to, o);
        if (xn == 1 && yn == 1) {
            for (int64_t j = 0; j < m; j++) memcpy(y + j * ym, x + j * xm, (size_t)n * sizeof(T));
            continue;
        }
        for (int64_t j0 = 0; j0 < m; j0 += block)
            for (int64_t i0 = 0; i0 < n; i0 += block)
                for (int64_t j = j0; j < m && j < j0 + block; j++)
                    for (int64_t i = i0; i < n && i < i0 + block; i++) y[j * ym + i * yn] = x[j * xm + i * xn];
    }
}
#endif
