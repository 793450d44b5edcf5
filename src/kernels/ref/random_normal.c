#ifndef T
#define LM_REF_FILE "kernels/ref/random_normal.c"
#include "kernels/random.h"
#include "kernels/ref/draw.h"
#include "kernels/ref/floats.h"
#else
/* out[i] = a + b z, z normal. */
void REF(random_normal)(const int64_t *key, const lm__random *attr, size_t begin, size_t end, void *out)
{
    const size_t per = REF_NAME(LM__DRAW);
    const T mean = (T)attr->a, stddev = (T)attr->b;
    uint32_t words[4];
    for (size_t block = begin / per; block * per < end; block++) {
        lm__philox_block((uint64_t)key[0], (uint64_t)attr->stream, (uint64_t)key[1], block, words);
        for (size_t k = 0; k < per && block * per + k < end; k++) {
            ((T *)out)[block * per + k] = mean + stddev * REF_NAME(lm__draw_normal)(words, k);
        }
    }
}
#endif
