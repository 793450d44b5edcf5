/* nn/random.c: see random.h. */
#include "nn/random.h"

#include "base/philox.h"
#include "nn/initializer.h"

#include <math.h>

/* 53 bits of two words as a number in [0, 1). */
static double unit(uint32_t high, uint32_t low)
{
    return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

void lm__fill_uniform(lm_tensor *t, uint64_t seed, uint64_t stream, double low, double high)
{
    uint32_t w[4] = {0};
    for (size_t i = 0; i < t->size; i++) {
        if (i % 2 == 0) lm__philox_block(seed, stream, 0, i / 2, w);
        lm__store(t->dtype, t->data, i, low + (high - low) * unit(w[i % 2 * 2], w[i % 2 * 2 + 1]));
    }
}

/* Box and Muller's transform of two uniforms; a redraw uses the next step of the same element's counter. */
static double normal(uint64_t seed, uint64_t stream, uint64_t step, uint64_t element)
{
    uint32_t w[4];
    lm__philox_block(seed, stream, step, element, w);
    return sqrt(-2 * log(1 - unit(w[0], w[1]))) * cos(6.283185307179586477 * unit(w[2], w[3]));
}

void lm__fill_normal(lm_tensor *t, uint64_t seed, uint64_t stream, double mean, double stddev, bool truncated)
{
    for (size_t i = 0; i < t->size; i++) {
        double z = normal(seed, stream, 0, i);
        for (uint64_t step = 1; truncated && fabs(z) > 2; step++) z = normal(seed, stream, step, i);
        lm__store(t->dtype, t->data, i, mean + stddev * z);
    }
}

void lm__fill_scaled(lm_tensor *t, uint64_t seed, uint64_t stream, double scale, lm__fan fan, bool normal_draw)
{
    /* The standard deviation of a unit normal cut off at two: what is drawn must be wider by that much. */
    const double cut = 0.87962566103423978;
    double in, out;
    lm__fans(t, &in, &out);
    double n = fan == LM__FAN_IN ? in : (in + out) / 2, variance = scale / (n < 1 ? 1 : n);
    if (normal_draw) lm__fill_normal(t, seed, stream, 0, sqrt(variance) / cut, true);
    else lm__fill_uniform(t, seed, stream, -sqrt(3 * variance), sqrt(3 * variance));
}
