/* codec/inflate.c: zlib behind a bounded pull reader. */
#include "codec/inflate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/status.h"

#include <string.h>
#include <zlib.h>

struct lm__inflate {
    z_stream stream;
    lm__inflate_kind kind;
    const char *name;
    const uint8_t *data;
    size_t size;
    int ended;
};

/* zlib counts in 32 bits: larger stretches are given to it in pieces. */
enum { PIECE = 1 << 30, FIRST_GROWTH = 1 << 18 };

static void *zlib_alloc(void *user, unsigned items, unsigned bytes)
{
    (void)user;
    return lm__calloc(items, bytes);
}

static void zlib_free(void *user, void *pointer)
{
    (void)user;
    lm__free(pointer);
}

lm_status lm__inflate_open(lm__inflate_kind kind, const char *name, const void *data, size_t size, lm__inflate **out)
{
    *out = NULL;
    lm__inflate *z = lm__calloc(1, sizeof *z);
    if (!z) return lm__no_memory(sizeof *z);
    z->kind = kind, z->name = name, z->data = data, z->size = size;
    z->stream.zalloc = zlib_alloc, z->stream.zfree = zlib_free;
    z->stream.next_in = (z_const Bytef *)z->data;
    /* 15: the largest window; + 16: a gzip header and trailer; negative: neither. */
    if (inflateInit2(&z->stream, kind == LM__INFLATE_GZIP ? 15 + 16 : -15) != Z_OK) {
        lm__free(z);
        return lm__no_memory(10000);
    }
    *out = z;
    return LM_OK;
}

void lm__inflate_close(lm__inflate *z)
{
    if (!z) return;
    inflateEnd(&z->stream);
    lm__free(z);
}

static size_t consumed(const lm__inflate *z)
{
    return (size_t)(z->stream.next_in - z->data);
}

/* A stream has ended: the next gzip member begins, or nothing may follow. */
static lm_status stream_end(lm__inflate *z)
{
    size_t at = consumed(z), left = z->size - at;
    if (left == 0) {
        z->ended = 1;
        return LM_OK;
    }
    if (z->kind == LM__INFLATE_BARE)
        return lm__fail(LM_CORRUPT, "%s: the deflate data ends %zu bytes before its declared end", z->name, left);
    if (!lm__is_gzip(z->data + at, left))
        return lm__fail(LM_CORRUPT, "%s: %zu bytes of garbage follow the gzip data, which ends at offset %zu",
                        z->name, left, at);
    inflateReset(&z->stream);
    return LM_OK;
}

static lm_status damaged(const lm__inflate *z, int code)
{
    const char *what = z->kind == LM__INFLATE_GZIP ? "gzip" : "deflate";
    if (code == Z_MEM_ERROR) return lm__no_memory(1 << 15);
    if (code == Z_BUF_ERROR)
        return lm__fail(LM_CORRUPT, "%s: truncated: the %s data goes on beyond its end at offset %zu", z->name, what,
                        z->size);
    return lm__fail(LM_CORRUPT, "%s: damaged %s data near offset %zu (%s)", z->name, what, consumed(z),
                    z->stream.msg ? z->stream.msg : "unknown format");
}

lm_status lm__inflate_read(lm__inflate *z, void *to, size_t want, size_t *got)
{
    *got = 0;
    while (*got < want && !z->ended) {
        size_t room = want - *got, left = z->size - consumed(z);
        z->stream.next_out = (Bytef *)to + *got;
        z->stream.avail_out = room < PIECE ? (uInt)room : PIECE;
        z->stream.avail_in = left < PIECE ? (uInt)left : PIECE;
        int code = inflate(&z->stream, Z_NO_FLUSH);
        *got = (size_t)(z->stream.next_out - (Bytef *)to);
        if (code == Z_STREAM_END) LM_TRY(stream_end(z));
        else if (code != Z_OK) return damaged(z, code);
    }
    return LM_OK;
}

lm_status lm__inflate_rest(lm__inflate *z, size_t most, uint8_t **data, size_t *bytes)
{
    lm_status status = LM_OK;
    uint8_t *buffer = NULL;
    size_t capacity = 0, got = 0, filled = 0;
    do {
        capacity = capacity ? lm__mul_size(capacity, 2) : FIRST_GROWTH;
        if (capacity > most) capacity = most;
        uint8_t *grown = lm__realloc(buffer, capacity);
        if (!grown) LM_GO(out, lm__no_memory(capacity));
        buffer = grown;
        LM_GO(out, lm__inflate_read(z, buffer + filled, capacity - filled, &got));
        filled += got;
    } while (filled == capacity && capacity < most);
    *data = buffer, *bytes = filled;
    return LM_OK;
out:
    lm__free(buffer);
    return status;
}

int lm__is_gzip(const void *data, size_t size)
{
    const uint8_t *d = data;
    return size >= 2 && d[0] == 0x1f && d[1] == 0x8b;
}

lm_status lm__gunzip(const char *name, const void *data, size_t size, size_t limit, uint8_t **out, size_t *bytes)
{
    lm__inflate *z;
    size_t most = limit < SIZE_MAX ? limit + 1 : limit;
    LM_TRY(lm__inflate_open(LM__INFLATE_GZIP, name, data, size, &z));
    lm_status status = lm__inflate_rest(z, most, out, bytes);
    lm__inflate_close(z);
    LM_TRY(status);
    if (*bytes > limit) {
        lm__free(*out);
        return lm__fail(LM_CORRUPT, "%s: %zu bytes of gzip data decompress to more than the limit of %zu bytes", name,
                        size, limit);
    }
    return LM_OK;
}

lm_status lm__gunzip_file(const char *path, size_t limit, uint8_t **out, size_t *bytes)
{
    uint8_t *packed;
    size_t size;
    LM_TRY(lm__file_read(path, limit, &packed, &size));
    if (!lm__is_gzip(packed, size)) {
        *out = packed, *bytes = size;
        return LM_OK;
    }
    lm_status status = lm__gunzip(path, packed, size, limit, out, bytes);
    lm__free(packed);
    return status;
}
