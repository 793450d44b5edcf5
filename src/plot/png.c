/* plot/png.c: see png.h. Each row is written as its difference from the one above, which is nothing almost
 * everywhere, and compressed quickly: a quarter of the time that cairo takes for its PNGs. */
#include "plot/png.h"

#include "base/alloc.h"
#include "base/status.h"

#include <string.h>
#include <zlib.h>

enum { LEVEL = 2, UP = 2, OUT_BYTES = 1 << 15 };

typedef struct packer {
    lm__file_writer *file;
    z_stream stream;
    uint8_t out[OUT_BYTES];
} packer;

static void *take(void *user, unsigned count, unsigned bytes)
{
    (void)user;
    return lm__alloc(lm__mul_size(count, bytes));
}

static void give(void *user, void *memory)
{
    (void)user;
    lm__free(memory);
}

static void put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static lm_status chunk(lm__file_writer *file, const char *name, const void *data, size_t bytes)
{
    uint8_t head[8], tail[4];
    put_u32(head, (uint32_t)bytes);
    memcpy(head + 4, name, 4);
    uLong crc = crc32(crc32(0, head + 4, 4), data, (uInt)bytes);
    if (!data) crc = crc32(0, head + 4, 4);
    put_u32(tail, (uint32_t)crc);
    LM_TRY(lm__file_write(file, head, sizeof head));
    LM_TRY(lm__file_write(file, data, bytes));
    return lm__file_write(file, tail, sizeof tail);
}

static lm_status pack(packer *p, const uint8_t *row, size_t bytes, int flush)
{
    p->stream.next_in = (Bytef *)row, p->stream.avail_in = (uInt)bytes;
    do {
        p->stream.next_out = p->out, p->stream.avail_out = OUT_BYTES;
        deflate(&p->stream, flush);
        size_t made = OUT_BYTES - p->stream.avail_out;
        if (made) LM_TRY(chunk(p->file, "IDAT", p->out, made));
    } while (!p->stream.avail_out);
    return LM_OK;
}

/* line: the filter's byte, and the difference from the row above. */
static void difference(uint8_t *line, int width, const uint8_t *row, const uint8_t *above)
{
    const uint32_t *now = (const uint32_t *)(const void *)row, *before = (const uint32_t *)(const void *)above;
    *line++ = UP;
    for (int i = 0; i < width; i++)
        for (int shift = 16; shift >= 0; shift -= 8)
            *line++ = (uint8_t)((now[i] >> shift) - (before ? before[i] >> shift : 0));
}

static lm_status pack_rows(packer *p, int width, int height, const uint8_t *rows, int stride)
{
    size_t bytes = 3 * (size_t)width + 1;
    uint8_t *line = lm__alloc(bytes);
    lm_status status = line ? LM_OK : lm__no_memory(bytes);
    for (int i = 0; i < height && !status; i++) {
        const uint8_t *row = rows + (size_t)i * (size_t)stride;
        difference(line, width, row, i ? row - stride : NULL);
        status = pack(p, line, bytes, i + 1 < height ? Z_NO_FLUSH : Z_FINISH);
    }
    lm__free(line);
    return status;
}

static lm_status pack_all(lm__file_writer *file, int width, int height, const uint8_t *rows, int stride)
{
    packer *p = lm__alloc(sizeof *p);
    if (!p) return lm__no_memory(sizeof *p);
    *p = (packer){.file = file, .stream = {.zalloc = take, .zfree = give}};
    lm_status status = deflateInit(&p->stream, LEVEL) == Z_OK ? LM_OK : lm__no_memory(1 << 18);
    if (!status) {
        status = pack_rows(p, width, height, rows, stride);
        deflateEnd(&p->stream);
    }
    lm__free(p);
    return status;
}

lm_status lm__png_write(lm__file_writer *file, int width, int height, const uint8_t *rows, int stride)
{
    uint8_t header[13] = {[8] = 8, [9] = 2}; /* 8 bits a channel; red, green, blue */
    put_u32(header, (uint32_t)width), put_u32(header + 4, (uint32_t)height);
    LM_TRY(lm__file_write(file, "\x89PNG\r\n\x1a\n", 8));
    LM_TRY(chunk(file, "IHDR", header, sizeof header));
    LM_TRY(pack_all(file, width, height, rows, stride));
    return chunk(file, "IEND", NULL, 0);
}
