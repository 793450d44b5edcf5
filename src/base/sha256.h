/* base/sha256.h: SHA-256 (FIPS 180-4), fed piece by piece. */
#ifndef LM_BASE_SHA256_H
#define LM_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct lm__sha256 {
    uint32_t state[8];
    uint64_t bytes;             /* fed so far        */
    uint8_t block[64];          /* its last, partial */
} lm__sha256;

void lm__sha256_begin(lm__sha256 *s);
void lm__sha256_feed(lm__sha256 *s, const void *data, size_t bytes);
/* A number as 8 bytes, the lowest first, whatever the machine. */
void lm__sha256_feed_u64(lm__sha256 *s, uint64_t number);
/* The digest in lower-case hexadecimal. */
void lm__sha256_end(lm__sha256 *s, char hex[65]);

#endif
