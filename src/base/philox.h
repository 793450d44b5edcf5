/* base/philox.h: counter-based random numbers.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011). A number depends
 * only on (seed, stream, step, element), so any thread can make any of them. Plain C99: kernels include this.
 */
#ifndef LM_BASE_PHILOX_H
#define LM_BASE_PHILOX_H

#include <stdint.h>

/* out = Philox4x32-10 of the 128-bit counter and the 64-bit key. */
static inline void lm__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1, c3 = (uint32_t)p0, c0 = n0, c2 = n2;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The counter of block `block` of (stream, step): the block, and the stream hashed with the step. */
static inline void lm__philox_counter(uint64_t stream, uint64_t step, uint64_t block, uint32_t counter[4])
{
    uint64_t mixed = (stream ^ (step + 0x9E3779B97F4A7C15u)) * 0xFF51AFD7ED558CCDu;
    mixed = (mixed ^ (mixed >> 33)) + stream;
    counter[0] = (uint32_t)block, counter[1] = (uint32_t)(block >> 32);
    counter[2] = (uint32_t)mixed, counter[3] = (uint32_t)(mixed >> 32);
}

/* The four words numbered `block` of (seed, stream, step): key = seed. */
static inline void lm__philox_block(uint64_t seed, uint64_t stream, uint64_t step, uint64_t block, uint32_t out[4])
{
    uint32_t counter[4];
    lm__philox_counter(stream, step, block, counter);
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    lm__philox(counter, key, out);
}

/* 64-bit FNV-1a of a path such as "dense_1/kernel": the stream of what has that name. */
static inline uint64_t lm__stream(const char *path)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *path; path++) h = (h ^ (unsigned char)*path) * 0x100000001B3u;
    return h;
}

#endif
