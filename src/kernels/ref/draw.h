/* kernels/ref/draw.h: numbers from the words of a Philox block, for float and double. */
#ifndef LM_KERNELS_REF_DRAW_H
#define LM_KERNELS_REF_DRAW_H

#include "base/philox.h"
#include <math.h>

enum { LM__DRAW_f32 = 4, LM__DRAW_f64 = 2 };   /* elements that a block makes */

/* Element k of the block, uniform in [0, 1): 24 bits and 53 bits. */
static inline float lm__draw_uniform_f32(const uint32_t words[4], size_t k)
{
    return (float)(words[k] >> 8) * 0x1p-24f;
}
static inline double lm__draw_uniform_f64(const uint32_t words[4], size_t k)
{
    return (double)(((uint64_t)words[2 * k] << 32 | words[2 * k + 1]) >> 11) * 0x1p-53;
}

/* Element k of the block, normal with mean 0 and deviation 1: Box and Muller turn two uniform numbers into two
 * normal ones; the first is taken from (0, 1], so that its logarithm is finite. */
static inline float lm__draw_normal_f32(const uint32_t words[4], size_t k)
{
    const float u = (float)((words[k & ~(size_t)1] >> 8) + 1) * 0x1p-24f;
    const float angle = (float)(words[k | 1] >> 8) * 0x1p-24f * 6.28318530717958648f, r = sqrtf(-2 * logf(u));
    return r * (k & 1 ? sinf(angle) : cosf(angle));
}
static inline double lm__draw_normal_f64(const uint32_t words[4], size_t k)
{
    const double u = 1 - lm__draw_uniform_f64(words, 0), angle = lm__draw_uniform_f64(words, 1) * 6.28318530717958648;
    return sqrt(-2 * log(u)) * (k & 1 ? sin(angle) : cos(angle));
}

#endif
