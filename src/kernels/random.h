/* kernels/random.h: what the random ops and their kernels share.
 *
 * Input 0 is the key: int64 {seed, step}. Element i depends only on seed, stream, step, i and the type: any part
 * of the result can be made by itself. Numbers come from lm__philox_block(seed, stream, step, block): for 4-byte
 * elements block i / 4 makes elements 4 * block …, for 8-byte elements block i / 2 makes two. */
#ifndef LM_KERNELS_RANDOM_H
#define LM_KERNELS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The beginning of their attributes. */
typedef struct lm__random {
    double a, b;                        /* low, high; mean, stddev; probability, 0 */
    int64_t stream;
} lm__random;

/* Makes elements [begin, end), begin a multiple of 4; `out` is that of element 0. */
typedef void lm__random_fn(const int64_t *key, const lm__random *attr, size_t begin, size_t end, void *out);

#endif
