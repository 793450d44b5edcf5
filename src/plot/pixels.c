/* plot/pixels.c: values of a tensor as little squares of colour. */
#include "plot/plot.h"

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/tensor.h"

#include <math.h>

void lm__range(const lm_tensor *t, size_t first, size_t count, size_t stride, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        double value = lm_tensor_get(t, first + i * stride);
        if (isfinite(value)) *low = fmin(*low, value), *high = fmax(*high, value);
    }
    if (!(*low <= *high)) *low = 0, *high = 1;
    if (*low == *high) *high = *low + 1;
}

static lm__colour grey(double share) { return lm__mix(0x000000, 0xffffff, share); }

/* Dark blue over green to yellow, so that it reads in grey too. */
static lm__colour heat(double share)
{
    static const lm__colour stop[] = {0x1b1440, 0x31508c, 0x25838e, 0x44b57a, 0xb8de4a, 0xfdf0a0};
    double at = fmin(fmax(share, 0), 1) * 5;
    int k = at >= 5 ? 4 : (int)at;
    return lm__mix(stop[k], stop[k + 1], at - k);
}

static lm__colour colour_of(const lm__pixels *p, size_t i)
{
    double span = p->high - p->low, value = lm_tensor_get(p->t, i), share = (value - p->low) / span;
    if (!isfinite(value)) return 0xd55ec8;
    if (p->shade == LM__SHADE_GREY) return grey(share);
    if (p->shade == LM__SHADE_HEAT) return heat(share);
    if (p->shade == LM__SHADE_SIGNED) return lm__signed_colour(value / fmax(fabs(p->low), fabs(p->high)));
    lm__colour colour = 0;
    for (size_t k = 0; k < 3; k++) colour = colour << 8 | (grey((lm_tensor_get(p->t, i + k) - p->low) / span) & 255);
    return colour;
}

lm_status lm__plot_pixels(lm__canvas *canvas, const lm__pixels *p, double x, double y, double w, double h)
{
    size_t count = (size_t)p->columns * (size_t)p->rows;
    lm__colour *colours = lm__alloc(lm__mul_size(count, sizeof *colours));
    if (!colours) return lm__no_memory(lm__mul_size(count, sizeof *colours));
    for (int r = 0; r < p->rows; r++)
        for (int c = 0; c < p->columns; c++)
            colours[(size_t)r * (size_t)p->columns + (size_t)c] =
                colour_of(p, p->first + (size_t)r * p->row_stride + (size_t)c * p->stride);
    lm_status status = lm__draw_pixels(canvas, x, y, w, h, p->columns, p->rows, colours);
    lm__free(colours);
    return status;
}
