#ifndef T
#define LM_REF_FILE "kernels/ref/conv2d_backward_input.c"
#include "kernels/ref/floats.h"
#else
/* The transpose of conv2d in its image: dx[…, c] = sum of dy[b, oy, ox, f] k[ky, kx, c, f] over all windows that
 * touch the cell. d: the 16 numbers of lm__conv2d_dims in kernels/conv2d.h, in order. */
void REF(conv2d_backward_input)(const void *gradient_in, const void *kernel_in, void *out, const int64_t *d)
{
    const int64_t batch = d[0], height = d[1], width = d[2], channels = d[3];
    const int64_t kernel_height = d[4], kernel_width = d[5];
    const int64_t out_height = d[6], out_width = d[7], filters = d[8], groups = d[9], share = channels / groups;
    const int64_t stride_y = d[10], stride_x = d[11], dilation_y = d[12], dilation_x = d[13];
    const int64_t top = d[14], left = d[15];
    const int64_t mine = filters / groups;
    const T *dy = (const T *)gradient_in, *k = (const T *)kernel_in;
    T *dx = (T *)out;
    for (int64_t i = 0; i < batch * height * width * channels; i++) dx[i] = 0;

    for (int64_t at = 0; at < batch * out_height * out_width; at++) {
        const int64_t image = at / (out_height * out_width), oy = at / out_width % out_height, ox = at % out_width;
        for (int64_t ky = 0; ky < kernel_height; ky++)
            for (int64_t kx = 0; kx < kernel_width; kx++) {
                const int64_t iy = oy * stride_y - top + ky * dilation_y, ix = ox * stride_x - left + kx * dilation_x;
                if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
                const int64_t pixel = (image * height + iy) * width + ix, tap = ky * kernel_width + kx;
                for (int64_t c = 0; c < channels; c++) {
                    const int64_t group = c / share;
                    const T *row = k + (tap * share + c % share) * filters + group * mine;
                    const T *from = dy + at * filters + group * mine;
                    A sum = 0;
                    for (int64_t f = 0; f < mine; f++) sum += from[f] * row[f];
                    dx[pixel * channels + c] += sum;
                }
            }
    }
}
#endif
