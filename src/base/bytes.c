/* base/bytes.c: bounded reading, and text that grows. */
#include "base/bytes.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

lm__bytes lm__bytes_of(const void *data, size_t size)
{
    return (lm__bytes){.data = data, .size = data ? size : 0};
}

const uint8_t *lm__bytes_take(lm__bytes *b, size_t count)
{
    if (b->bad || count > b->size - b->at) {
        b->bad = 1;
        return NULL;
    }
    const uint8_t *taken = b->data + b->at;
    b->at += count;
    return taken;
}

void lm__bytes_seek(lm__bytes *b, uint64_t at)
{
    if (b->bad || at > b->size)
        b->bad = 1;
    else
        b->at = (size_t)at;
}

size_t lm__bytes_left(const lm__bytes *b)
{
    return b->bad ? 0 : b->size - b->at;
}

/* The next `count` bytes as a little-endian number; 0 if they are not there. */
static uint64_t take_le(lm__bytes *b, size_t count)
{
    const uint8_t *p = lm__bytes_take(b, count);
    uint64_t value = 0;
    for (size_t i = 0; p && i < count; i++) value |= (uint64_t)p[i] << (8 * i);
    return value;
}

uint8_t lm__bytes_u8(lm__bytes *b)
{
    return (uint8_t)take_le(b, 1);
}

uint16_t lm__bytes_u16le(lm__bytes *b)
{
    return (uint16_t)take_le(b, 2);
}

uint32_t lm__bytes_u32le(lm__bytes *b)
{
    return (uint32_t)take_le(b, 4);
}

uint64_t lm__bytes_u64le(lm__bytes *b)
{
    return take_le(b, 8);
}

uint32_t lm__bytes_u32be(lm__bytes *b)
{
    return __builtin_bswap32((uint32_t)take_le(b, 4));
}

/* Makes room for `bytes` more and the closing zero. */
static int text_reserve(lm__text *t, size_t bytes)
{
    if (t->bad) return -1;
    if (t->capacity && bytes < t->capacity - t->size) return 0;
    size_t wanted = t->capacity < 128 ? 256 : lm__mul_size(t->capacity, 2);
    if (wanted <= t->size + bytes) wanted = t->size + bytes + 1;
    char *fresh = wanted > bytes ? lm__realloc(t->data, wanted) : NULL;
    if (!fresh) {
        t->bad = 1;
        return -1;
    }
    t->data = fresh;
    t->capacity = wanted;
    return 0;
}

void lm__text_append(lm__text *t, const void *data, size_t bytes)
{
    if (text_reserve(t, bytes)) return;
    if (bytes) memcpy(t->data + t->size, data, bytes);
    t->size += bytes;
    t->data[t->size] = '\0';
}

void lm__text_printf(lm__text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0) t->bad = 1;
    if (text_reserve(t, size < 0 ? 0 : (size_t)size)) return;
    va_start(args, format);
    vsnprintf(t->data + t->size, (size_t)size + 1, format, args);
    va_end(args);
    t->size += (size_t)size;
}

int lm__is_plain(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 127 || (*c == 0xC2 && c[1] < 0xA0)) return 0;
    return lm__is_utf8(text);
}

int lm__ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), bytes = strlen(ending);
    return length > bytes && !strcasecmp(text + length - bytes, ending);
}

int lm__is_utf8(const char *text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        int more = *at < 0x80 ? 0 : *at < 0xE0 ? 1 : *at < 0xF0 ? 2 : 3;
        if ((*at >= 0x80 && *at < 0xC0) || *at >= 0xF8) return 0;
        uint32_t code = more ? *at & (0x3Fu >> more) : *at;
        for (int k = 0; k < more; k++) {
            if ((*++at & 0xC0) != 0x80) return 0;       /* the end, too */
            code = code << 6 | (*at & 0x3Fu);
        }
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
    }
    return 1;
}
