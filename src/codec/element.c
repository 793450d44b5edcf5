/* codec/element.c: numbers of files into numbers of tensors. */
#include "codec/element.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the codecs copy little-endian files byte for byte into memory: a big-endian machine needs a swap here"
#endif

static const struct {
    char kind;
    uint8_t bytes;
    lm_dtype dtype;
} TABLE[] = {
    {'f', 4, LM_F32}, {'f', 8, LM_F64}, {'f', 2, LM_F16}, {'V', 2, LM_BF16}, {'u', 1, LM_U8},  {'i', 1, LM_I8},
    {'i', 4, LM_I32}, {'i', 8, LM_I64}, {'b', 1, LM_BOOL}, {'i', 2, LM_I32}, {'u', 2, LM_I32}, {'u', 4, LM_I64},
};

int lm__element_of(char kind, size_t bytes, int big_endian, lm__element *out)
{
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        if (TABLE[i].kind == kind && TABLE[i].bytes == bytes) {
            *out = (lm__element){kind, TABLE[i].bytes, big_endian && bytes > 1, TABLE[i].dtype};
            return 1;
        }
    }
    return 0;
}

char lm__element_kind(lm_dtype dtype)
{
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++)
        if (TABLE[i].dtype == dtype) return TABLE[i].kind;
    return '?';
}

static void swap(uint8_t *to, const uint8_t *from, size_t bytes, size_t count)
{
    for (size_t i = 0; i < count; i++, to += bytes, from += bytes) {
        uint8_t one[8];
        for (size_t k = 0; k < bytes; k++) one[k] = from[bytes - 1 - k];
        memcpy(to, one, bytes);
    }
}

/* 16-bit and unsigned 32-bit integers, into the next wider type. */
static void widen(const lm__element *e, void *to, const uint8_t *from, size_t count)
{
    int32_t *to32 = to;
    int64_t *to64 = to;
    for (size_t i = 0; i < count; i++, from += e->bytes) {
        uint32_t v = 0;
        for (unsigned k = 0; k < e->bytes; k++)
            v |= (uint32_t)from[k] << (8 * (e->big_endian ? e->bytes - 1 - k : k));
        if (e->bytes == 4) to64[i] = v;
        else to32[i] = e->kind == 'i' ? (int16_t)v : (int32_t)v;
    }
}

void lm__element_decode(const lm__element *e, void *to, const void *from, size_t count)
{
    if (e->bytes != lm_dtype_size(e->dtype)) {
        widen(e, to, from, count);
    } else if (e->kind == 'b') {
        const uint8_t *bytes = from;
        for (size_t i = 0; i < count; i++) ((uint8_t *)to)[i] = bytes[i] != 0;
    } else if (e->big_endian) {
        swap(to, from, e->bytes, count);
    } else if (to != from && count) {
        memcpy(to, from, count * e->bytes);
    }
}
