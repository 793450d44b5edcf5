#ifndef T
#define LM_REF_FILE "kernels/ref/random_truncated_normal.c"
#include "kernels/random.h"
#include "kernels/ref/draw.h"
#include "kernels/ref/floats.h"
#else
/* out[i] = a + b z, z normal and drawn again until |z| < 2: try t of an element takes block i / per + t * 2^56.
 * One in 22 needs a second try; the last of 64 is never reached (once in 10^85), and then z = 0. */
void REF(random_truncated_normal)(const int64_t *key, const lm__random *attr, size_t begin, size_t end, void *out)
{
    const size_t per = REF_NAME(LM__DRAW);
    const T mean = (T)attr->a, stddev = (T)attr->b;
    uint32_t first[4], words[4];
    for (size_t block = begin / per; block * per < end; block++) {
        lm__philox_block((uint64_t)key[0], (uint64_t)attr->stream, (uint64_t)key[1], block, first);
        for (size_t k = 0; k < per && block * per + k < end; k++) {
            T z = REF_NAME(lm__draw_normal)(first, k);
            for (uint64_t t = 1; !(z > -2 && z < 2); t++) {
                lm__philox_block((uint64_t)key[0], (uint64_t)attr->stream, (uint64_t)key[1], block | t << 56, words);
                z = t < 64 ? REF_NAME(lm__draw_normal)(words, k) : 0;
            }
            ((T *)out)[block * per + k] = mean + stddev * z;
        }
    }
}
#endif
