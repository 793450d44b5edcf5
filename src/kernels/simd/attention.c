/* kernels/simd/attention.c: what attention does to rows of scores between its products, in float32. */
#include "kernels/simd/level.h"
#include "kernels/simd/math.h"
#include "kernels/simd/span.h"

INLINE float v_most(vf x)
{
    float most = x[0];
    for (int i = 1; i < VW; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static void softmax(float *x, int64_t n, float factor)
{
    const vf scale = splat(factor), least = splat(-__builtin_inff());
    vf most = least, sum = {0};
#define SCALE(i, part)                                                                                               \
    {                                                                                                                \
        vf score = take(x + i, part) * scale;                                                                        \
        put(x + i, score, part);                                                                                     \
        most = vmax(part ? choose(first_lanes(part), score, least) : score, most);                                   \
    }
    EACH_VECTOR(n, SCALE)
    most = splat(v_most(most));
#define RAISE(i, part)                                                                                               \
    {                                                                                                                \
        vf weight = v_exp(take(x + i, part) - most);                                                                 \
        put(x + i, weight, part);                                                                                    \
        sum += within(weight, part);                                                                                 \
    }
    EACH_VECTOR(n, RAISE)
    const vf share = splat(1 / v_sum(sum));
#define DIVIDE(i, part) put(x + i, take(x + i, part) * share, part);
    EACH_VECTOR(n, DIVIDE)
}

void LM_SIMD(attention_weights)(const lm__attention_rows *a)
{
    for (int64_t r = 0; r < a->rows; r++) {
        int64_t seen = a->causal && a->seen + r < a->columns ? a->seen + r : a->columns;
        float *row = a->weights + r * a->ld;
        softmax(row, seen, a->scale);
        memset(row + seen, 0, (size_t)(a->columns - seen) * sizeof *row);
    }
}

void LM_SIMD(attention_slopes)(const lm__attention_rows *a)
{
    const vf scale = splat(a->scale);
    for (int64_t r = 0; r < a->rows; r++) {
        const float *weights = a->weights + r * a->ld;
        float *slopes = a->slopes + r * a->ld;
        vf sum = {0};
#define ALONG(i, part) sum += take(weights + i, part) * take(slopes + i, part);
        EACH_VECTOR(a->columns, ALONG)
        const vf along = splat(v_sum(sum));
#define SLOPE(i, part) put(slopes + i, take(weights + i, part) * scale * (take(slopes + i, part) - along), part);
        EACH_VECTOR(a->columns, SLOPE)
    }
}
