/* kernels/simd/layer_norm.c: layer normalisation of rows and its gradient, in float32. A row is read several times,
 * but from memory once. */
#include "kernels/simd/level.h"
#include "kernels/simd/span.h"
#include <math.h>

INLINE vf v_sqrt(vf x)
{
#if defined(LM_LEVEL_v4)
    return (vf)_mm512_sqrt_ps((__m512)x);
#elif defined(LM_LEVEL_v3)
    return (vf)_mm256_sqrt_ps((__m256)x);
#else
    return splat(sqrtf(x[0])); /* every lane is the same */
#endif
}

INLINE void statistics(const float *x, int64_t n, float epsilon, vf *mean, vf *factor)
{
    const vf share = splat(1.0f / (float)n);
    vf sum = {0}, squares = {0};
#define ADD(i, part) sum += take(x + i, part)
    EACH_VECTOR(n, ADD)
    *mean = v_sum(sum) * share;
#define ADD_SQUARE(i, part)                                                                                          \
    {                                                                                                                \
        vf off = within(take(x + i, part) - *mean, part);                                                            \
        squares += off * off;                                                                                        \
    }
    EACH_VECTOR(n, ADD_SQUARE)
    *factor = 1.0f / v_sqrt(v_sum(squares) * share + epsilon);
}

INLINE void forward_row(const lm__layer_norm_work *w, const float *x, float *y, const int scale, const int center)
{
    vf mean, factor;
    statistics(x, w->n, w->epsilon, &mean, &factor);
#define WRITE(i, part)                                                                                               \
    {                                                                                                                \
        vf z = (take(x + i, part) - mean) * factor;                                                                  \
        if (scale) z = z * take(w->gamma + i, part);                                                                 \
        if (center) z = z + take(w->beta + i, part);                                                                 \
        put(y + i, z, part);                                                                                         \
    }
    EACH_VECTOR(w->n, WRITE)
}

void LM_SIMD(layer_norm)(const lm__layer_norm_work *w)
{
    for (int64_t r = 0; r < w->rows; r++) {
        const float *x = w->x + r * w->n;
        float *y = w->y + r * w->n;
        if (w->gamma && w->beta)
            forward_row(w, x, y, 1, 1);
        else
            forward_row(w, x, y, w->gamma != NULL, w->beta != NULL);
    }
}

INLINE void backward_row(const lm__layer_norm_work *w, const float *x, const float *dy, float *dx, const int scale)
{
    const vf share = splat(1.0f / (float)w->n);
    vf mean, factor, sum = {0}, along = {0};
    statistics(x, w->n, w->epsilon, &mean, &factor);
#define GATHER(i, part)                                                                                              \
    {                                                                                                                \
        vf d = take(dy + i, part), z = (take(x + i, part) - mean) * factor;                                          \
        vf g = scale ? d * take(w->gamma + i, part) : d;                                                             \
        sum += g;                                                                                                    \
        along += g * z;                                                                                              \
        put(w->dgamma + i, take(w->dgamma + i, part) + d * z, part);                                                 \
        put(w->dbeta + i, take(w->dbeta + i, part) + d, part);                                                       \
    }
    EACH_VECTOR(w->n, GATHER)
    if (!dx) return;
    const vf level = v_sum(sum) * share, tilt = v_sum(along) * share;
#define WRITE_BACK(i, part)                                                                                          \
    {                                                                                                                \
        vf d = take(dy + i, part), z = (take(x + i, part) - mean) * factor;                                          \
        vf g = scale ? d * take(w->gamma + i, part) : d;                                                             \
        put(dx + i, factor * (g - level - z * tilt), part);                                                          \
    }
    EACH_VECTOR(w->n, WRITE_BACK)
}

void LM_SIMD(layer_norm_backward)(const lm__layer_norm_work *w)
{
    for (int64_t r = 0; r < w->rows; r++) {
        const float *x = w->x + r * w->n, *dy = w->dy + r * w->n;
        float *dx = w->y ? w->y + r * w->n : NULL;
        if (w->gamma)
            backward_row(w, x, dy, dx, 1);
        else
            backward_row(w, x, dy, dx, 0);
    }
}
