/* base/bytes.h: a reader over memory that cannot leave its bounds; every parser uses it. */
#ifndef LM_BASE_BYTES_H
#define LM_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* A failed read sets `bad` and gives zeros from then on, so that a parser may check once after a group of reads. */
typedef struct lm__bytes {
    const uint8_t *data;
    size_t size, at;
    int bad;
} lm__bytes;

lm__bytes lm__bytes_of(const void *data, size_t size);
const uint8_t *lm__bytes_take(lm__bytes *b, size_t count);      /* the next `count` bytes, or NULL           */
void lm__bytes_seek(lm__bytes *b, uint64_t at);                 /* absolute; beyond the end sets bad         */
size_t lm__bytes_left(const lm__bytes *b);
uint8_t lm__bytes_u8(lm__bytes *b);
uint16_t lm__bytes_u16le(lm__bytes *b);
uint32_t lm__bytes_u32le(lm__bytes *b);
uint64_t lm__bytes_u64le(lm__bytes *b);
uint32_t lm__bytes_u32be(lm__bytes *b);

/* Whether the text is UTF-8 as Unicode has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
int lm__is_utf8(const char *text);

/* Whether the text ends so, in capitals or not, and is longer: ".png" of "a.PNG", but not of ".png". */
int lm__ends_with(const char *text, const char *ending);
/* The same without control characters: what may be printed on a terminal, on one line. */
int lm__is_plain(const char *text);

/* Text being built; grows through the allocator; a failed growth sets `bad`, after which nothing is added. */
typedef struct lm__text {
    char *data;             /* always terminated once something was written; release with lm__free */
    size_t size, capacity;
    int bad;
} lm__text;
void lm__text_append(lm__text *t, const void *data, size_t bytes);
void lm__text_printf(lm__text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
