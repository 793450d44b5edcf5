#ifndef T
#define LM_REF_FILE "kernels/ref/random_uniform.c"
#include "kernels/random.h"
#include "kernels/ref/draw.h"
#include "kernels/ref/floats.h"
#else
/* out[i] = a + (b - a) u, u uniform in [0, 1); where rounding reaches b, a takes its place. */
void REF(random_uniform)(const int64_t *key, const lm__random *attr, size_t begin, size_t end, void *out)
{
    const size_t per = REF_NAME(LM__DRAW);
    const T low = (T)attr->a, high = (T)attr->b;
    uint32_t words[4];
    for (size_t block = begin / per; block * per < end; block++) {
        lm__philox_block((uint64_t)key[0], (uint64_t)attr->stream, (uint64_t)key[1], block, words);
        for (size_t k = 0; k < per && block * per + k < end; k++) {
            const T v = low + (high - low) * REF_NAME(lm__draw_uniform)(words, k);
            ((T *)out)[block * per + k] = v < high ? v : low;
        }
    }
}
#endif
