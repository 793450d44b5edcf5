#ifndef T
#define LM_REF_FILE "kernels/ref/average_pool2d_backward.c"
#include "kernels/ref/floats.h"
#else
/* The transpose of average_pool2d: each dy is spread evenly over the cells of its window. d: the 12 numbers of
 * lm__pool2d_dims in kernels/pool2d.h, in order. */
void REF(average_pool2d_backward)(const void *gradient, void *out, const int64_t *d)
{
    const int64_t batch = d[0], height = d[1], width = d[2], channels = d[3], out_height = d[4], out_width = d[5];
    const int64_t size_y = d[6], size_x = d[7], stride_y = d[8], stride_x = d[9], top = d[10], left = d[11];
    for (int64_t i = 0; i < batch * height * width * channels; i++) ((T *)out)[i] = 0;
    for (int64_t at = 0; at < batch * out_height * out_width; at++) {
        const int64_t y0 = at / out_width % out_height * stride_y - top, x0 = at % out_width * stride_x - left;
        const int64_t y1 = y0 + size_y < height ? y0 + size_y : height;
        const int64_t x1 = x0 + size_x < width ? x0 + size_x : width;
        const int64_t from_y = y0 > 0 ? y0 : 0, from_x = x0 > 0 ? x0 : 0;
        const T *dy = (const T *)gradient + at * channels;
        T *plane = (T *)out + at / (out_height * out_width) * height * width * channels;
        const A cells = (A)((y1 - from_y) * (x1 - from_x));
        for (int64_t iy = from_y; iy < y1; iy++)
            for (int64_t ix = from_x; ix < x1; ix++)
                for (int64_t c = 0; c < channels; c++) plane[(iy * width + ix) * channels + c] += dy[c] / cells;
    }
}
#endif
