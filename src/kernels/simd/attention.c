/* kernels/simd/attention.c: what attention does to scores between its products, in float32.
 *
 * The scores of a block of queries stand key by key, so that the queries are the lanes of the vectors: the softmax of
 * a query goes down a lane, and nothing is ever added up across a vector. */
#include "kernels/simd/level.h"
#include "kernels/simd/math.h"

/* One vector of queries: the first `open` keys are seen by all of them, those up to `end` by some: key open + n by
 * the lanes above n. The keys behind are seen by none. */
typedef struct lane_span {
    int64_t open, end;
} lane_span;

INLINE lane_span span_of(const lm__attention_block *b, int64_t lane)
{
    int64_t first = b->first + lane + 1;
    if (!b->causal || first >= b->keys) return (lane_span){b->keys, b->keys};
    return (lane_span){first, first + VW - 1 < b->keys ? first + VW - 1 : b->keys};
}

/* Which lanes see key open + n. */
INLINE vi seen(int64_t n) { return ~first_lanes(n + 1); }

/* e^x for x <= 0; less than e^-87 is not told from it. NaN stays. */
INLINE vf v_exp_below(vf x)
{
    vf n;
    vf r = reduce_exp(vmax(splat(-87.0f), x), &n);
    vf q = splat(0.00138145837f); /* as in v_exp */
    q = q * r + 0.00836872403f;
    q = q * r + 0.041668389f;
    q = q * r + 0.166665211f;
    q = q * r + 0.49999994f;
    return times_power(q * r * r + r + 1.0f, n);
}

INLINE vf largest(const float *x, int64_t ld, vf scale, lane_span s)
{
    const vf least = splat(-__builtin_inff());
    vf a = least, b = least, c = least, d = least;
    int64_t j = 0;
    for (; j + 4 <= s.open; j += 4) {
        a = vmax(load(x + j * ld) * scale, a);
        b = vmax(load(x + (j + 1) * ld) * scale, b);
        c = vmax(load(x + (j + 2) * ld) * scale, c);
        d = vmax(load(x + (j + 3) * ld) * scale, d);
    }
    for (; j < s.open; j++) a = vmax(load(x + j * ld) * scale, a);
    for (; j < s.end; j++) b = vmax(choose(seen(j - s.open), load(x + j * ld) * scale, least), b);
    return vmax(vmax(a, b), vmax(c, d));
}

INLINE void softmax(float *x, int64_t ld, int64_t keys, vf scale, lane_span s)
{
    const vf most = largest(x, ld, scale, s);
    vf sum = {0};
    int64_t j = 0;
    for (; j < s.open; j++) {
        vf weight = v_exp_below(load(x + j * ld) * scale - most);
        store(x + j * ld, weight);
        sum += weight;
    }
    for (; j < s.end; j++) {
        vf weight = choose(seen(j - s.open), v_exp_below(load(x + j * ld) * scale - most), (vf){0});
        store(x + j * ld, weight);
        sum += weight;
    }
    const vf share = 1.0f / sum;
    for (j = 0; j < s.end; j++) store(x + j * ld, load(x + j * ld) * share);
    for (; j < keys; j++) store(x + j * ld, (vf){0});
}

void LM_SIMD(attention_weights)(const lm__attention_block *b)
{
    for (int64_t lane = 0; lane < b->queries; lane += VW)
        softmax(b->weights + lane, b->ld, b->keys, splat(b->scale), span_of(b, lane));
}

void LM_SIMD(attention_slopes)(const lm__attention_block *b)
{
    const vf scale = splat(b->scale);
    for (int64_t lane = 0; lane < b->queries; lane += VW) {
        const float *p = b->weights + lane;
        float *e = b->slopes + lane;
        vf even = {0}, odd = {0};
        int64_t j = 0;
        for (; j + 2 <= b->keys; j += 2) {
            even += load(p + j * b->ld) * load(e + j * b->ld);
            odd += load(p + (j + 1) * b->ld) * load(e + (j + 1) * b->ld);
        }
        if (j < b->keys) even += load(p + j * b->ld) * load(e + j * b->ld);
        const vf along = even + odd;
        for (j = 0; j < b->keys; j++)
            store(e + j * b->ld, load(p + j * b->ld) * scale * (load(e + j * b->ld) - along));
    }
}
