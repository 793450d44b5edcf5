#ifndef T
#define LM_REF_FILE "kernels/ref/one_hot.c"
#include "kernels/ref/all.h"
#else
/* out[o, k, i] = 1 where k = indices[o, i], else 0, for k < depth. indices: int32, or int64 where `wide`. */
void REF(one_hot)(const void *indices, int wide, void *out, size_t outer, size_t depth, size_t inner)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t k = 0; k < depth; k++)
            for (size_t i = 0; i < inner; i++) {
                const size_t from = o * inner + i;
                const int64_t at = wide ? ((const int64_t *)indices)[from] : ((const int32_t *)indices)[from];
                ((T *)out)[(o * depth + k) * inner + i] = at == (int64_t)k;
            }
}
#endif
