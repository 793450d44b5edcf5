/* codec/inflate.h: decompression over memory: gzip files, and the bare deflate data of ZIP members.
 *
 * Output is made only as the caller asks for it, so what a header claims never decides how much memory is taken.
 * gzip's checksums are checked; several gzip members in a row are one stream; anything else behind the data is
 * refused. Bare deflate data carries no checksum: its caller checks.
 */
#ifndef LM_CODEC_INFLATE_H
#define LM_CODEC_INFLATE_H

#include <lamina/status.h>
#include <stddef.h>
#include <stdint.h>

typedef enum lm__inflate_kind { LM__INFLATE_GZIP, LM__INFLATE_BARE } lm__inflate_kind;

/* Deflate makes at most this many bytes out of one: a bound on what a file can hold, before it is read. */
enum { LM__INFLATE_MAX_RATIO = 1032 };

/* A reader over `data`; `data` and `name` (with which messages begin) are borrowed until it is closed. */
typedef struct lm__inflate lm__inflate;
lm_status lm__inflate_open(lm__inflate_kind kind, const char *name, const void *data, size_t size, lm__inflate **out);
void lm__inflate_close(lm__inflate *z);                 /* NULL does nothing */

/* The next `want` bytes; *got < want only at the end of the data. LM_CORRUPT where the data is damaged or cut off. */
lm_status lm__inflate_read(lm__inflate *z, void *to, size_t want, size_t *got);

/* What is left, at most `most` bytes, in new memory (release with lm__free) that grows as data really comes.
 * *bytes < most: the data ended there, undamaged. */
lm_status lm__inflate_rest(lm__inflate *z, size_t most, uint8_t **data, size_t *bytes);

/* --- gzip ------------------------------------------------------------------------------------------------------- */

/* 1 if the data begins as a gzip file does. */
int lm__is_gzip(const void *data, size_t size);

/* A whole gzip file in new memory (release with lm__free), refused where more than `limit` bytes come out. */
lm_status lm__gunzip(const char *name, const void *data, size_t size, size_t limit, uint8_t **out, size_t *bytes);

/* A file, decompressed if it is a gzip file: new memory (release with lm__free); `limit` bounds both sizes. */
lm_status lm__gunzip_file(const char *path, size_t limit, uint8_t **out, size_t *bytes);

#endif
