#ifndef T
#define LM_REF_FILE "kernels/ref/random_bernoulli.c"
#include "base/philox.h"
#include "kernels/random.h"
#include "kernels/ref/all.h"
#else
/* out[i] = 1 with probability a, else 0; one word an element, the same for every type. */
void REF(random_bernoulli)(const int64_t *key, const lm__random *attr, size_t begin, size_t end, void *out)
{
    const double limit = attr->a * 4294967296.0;
    uint32_t words[4];
    for (size_t block = begin / 4; block * 4 < end; block++) {
        lm__philox_block((uint64_t)key[0], (uint64_t)attr->stream, (uint64_t)key[1], block, words);
        for (size_t k = 0; k < 4 && block * 4 + k < end; k++)
            ((T *)out)[block * 4 + k] = (double)words[k] < limit;
    }
}
#endif
