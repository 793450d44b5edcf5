/* kernels/simd/random.c: Philox (base/philox.h) on a block in each lane: exactly its words. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

#if defined(LM_LEVEL_baseline) && defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { SETS = 2 };                      /* vectors of blocks at once: products take a while */

typedef uint64_t vl __attribute__((vector_size(VW * 4)));

/* 64-bit products of the even lanes. */
INLINE vl multiply_even(vu x, uint32_t by)
{
#if defined(LM_LEVEL_v4)
    return (vl)_mm512_mul_epu32((__m512i)x, _mm512_set1_epi32((int32_t)by));
#elif defined(LM_LEVEL_v3)
    return (vl)_mm256_mul_epu32((__m256i)x, _mm256_set1_epi32((int32_t)by));
#elif defined(__SSE2__)
    return (vl)_mm_mul_epu32((__m128i)x, _mm_set1_epi32((int32_t)by));
#else
    return ((vl)x & 0xFFFFFFFFu) * by;
#endif
}

/* The high and the low halves of x · by; lanes in memory's order on machines that begin with the low byte. */
INLINE vu multiply(vu x, uint32_t by, vu *low)
{
    vl even = multiply_even(x, by), odd = multiply_even((vu)((vl)x >> 32), by);
    *low = (vu)((even & 0xFFFFFFFFu) | odd << 32);
    return (vu)(even >> 32 | (odd & ~(uint64_t)0xFFFFFFFFu));
}

INLINE void rounds(vu c[SETS][4], uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        _Pragma("GCC unroll 2") for (int s = 0; s < SETS; s++)
        {
            vu low0, low2;
            vu high0 = multiply(c[s][0], 0xD2511F53u, &low0), high2 = multiply(c[s][2], 0xCD9E8D57u, &low2);
            c[s][0] = high2 ^ c[s][1] ^ k0;
            c[s][2] = high0 ^ c[s][3] ^ k1;
            c[s][1] = low2, c[s][3] = low0;
        }
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
}

void LM_SIMD(bernoulli)(const uint32_t counter[4], const uint32_t key[2], uint32_t limit, size_t blocks,
                        uint8_t *out)
{
    vu lane = {0};
    for (int i = 0; i < VW; i++) lane[i] = (uint32_t)i;
    for (size_t b = 0; b < blocks; b += SETS * VW) {
        vu c[SETS][4], words[SETS];
        for (int s = 0; s < SETS; s++) {
            c[s][0] = lane + (counter[0] + (uint32_t)b + (uint32_t)(s * VW));
            for (int k = 1; k < 4; k++) c[s][k] = (vu){0} + counter[k];
        }
        rounds(c, key[0], key[1]);
        /* four words become four bytes of one */
        for (int s = 0; s < SETS; s++) {
            words[s] = (vu)(c[s][0] < limit) & 1;
            for (int k = 1; k < 4; k++) words[s] |= (vu)(c[s][k] < limit) & (1u << 8 * k);
        }
        size_t left = blocks - b < SETS * VW ? blocks - b : SETS * VW;
        memcpy(out + 4 * b, words, 4 * left);
    }
}
