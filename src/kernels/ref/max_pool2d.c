#ifndef T
#define LM_REF_FILE "kernels/ref/max_pool2d.c"
#include "kernels/ref/walk.h"
#include "kernels/ref/floats.h"
#else
/* y[b, oy, ox, c] = the largest element of its window, padding left out; index = where it lies in the plane, iy *
 * width + ix. The first of equals in row-major order wins; NaN beats numbers. d: the 12 numbers of lm__pool2d_dims
 * in kernels/pool2d.h, in order. y or index may be NULL. */
void REF(max_pool2d)(const void *in, void *out, int32_t *index, const int64_t *d)
{
    const int64_t batch = d[0], height = d[1], width = d[2], channels = d[3], out_height = d[4], out_width = d[5];
    const int64_t size_y = d[6], size_x = d[7], stride_y = d[8], stride_x = d[9], top = d[10], left = d[11];
    for (int64_t at = 0; at < batch * out_height * out_width; at++) {
        const int64_t y0 = at / out_width % out_height * stride_y - top, x0 = at % out_width * stride_x - left;
        const T *plane = (const T *)in + at / (out_height * out_width) * height * width * channels;
        for (int64_t c = 0; c < channels; c++) {
            int64_t best = -1;
            for (int64_t ky = 0; ky < size_y; ky++)
                for (int64_t kx = 0; kx < size_x; kx++) {
                    const int64_t iy = y0 + ky, ix = x0 + kx, here = iy * width + ix;
                    if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
                    const T v = plane[here * channels + c];
                    if (best < 0 || v > plane[best * channels + c] ||
                        (LM__REF_NAN(v) && !LM__REF_NAN(plane[best * channels + c]))) best = here;
                }
            if (out) ((T *)out)[at * channels + c] = plane[best * channels + c];
            if (index) index[at * channels + c] = (int32_t)best;
        }
    }
}
#endif
