/* kernels/fast/conv.c: units and slabs of convolutions. */
#include "kernels/fast/conv.h"
#include <string.h>

enum {
    UNIT_FLOPS = 1 << 20,               /* a unit, and a job if one unit is less */
    PIXELS = 64,                        /* of a unit at least: each reads all taps once */
    SLAB_FLOATS = 1 << 16,              /* a slab stays in the second-level cache */
};

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

lm__conv_units lm__conv_units_of(int64_t batch, int64_t height, int64_t width, double flops, int64_t row_floats,
                                 int64_t step)
{
    double row = flops * (double)most(width, 1);
    int64_t rows = row < UNIT_FLOPS ? (int64_t)(UNIT_FLOPS / most((int64_t)row, 1)) : 1;
    if (row_floats > 0) rows = least(rows, most(SLAB_FLOATS / row_floats, 1));
    rows = most(rows, up(PIXELS, most(width, 1)));
    rows = up(least(rows, most(height, 1)), step) * step;
    lm__conv_units u = {.rows = rows, .blocks = up(height, rows)};
    u.units = batch * u.blocks;
    u.units_a_job = most((int64_t)(UNIT_FLOPS / (row * (double)rows + 1)), 1);
    u.jobs = up(u.units, u.units_a_job);
    return u;
}

void lm__slab_copy(const lm__slab *slab, const float *image, int64_t height, int64_t width, int64_t y0, float *to)
{
    int64_t before = -slab->left, inside = least(width, slab->columns - before), row = slab->columns * slab->channels;
    if (inside < 0) inside = 0;
    size_t left = (size_t)(least(before, slab->columns) * slab->channels), mid = (size_t)(inside * slab->channels);
    for (int64_t y = 0; y < slab->rows; y++, to += row) {
        if (y0 + y < 0 || y0 + y >= height) {
            memset(to, 0, (size_t)row * sizeof(float));
            continue;
        }
        memset(to, 0, left * sizeof(float));
        memcpy(to + left, image + (y0 + y) * width * slab->channels, mid * sizeof(float));
        memset(to + left + mid, 0, ((size_t)row - left - mid) * sizeof(float));
    }
}
