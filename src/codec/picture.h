/* codec/picture.h: pictures: PNG (libpng) and JPEG (libjpeg-turbo), to and from tensors.
 *
 * A picture is u8 (height, width, channels) with 1 channel (grey) or 3 (red, green, blue). 16 bits a channel become
 * 8; a palette becomes colours, or grey where all its entries are grey; transparent parts are laid over white; CMYK
 * becomes RGB; a JPEG is turned upright as its EXIF orientation says; of an animated PNG comes the first picture.
 *
 * Refused: LM_CORRUPT for what is damaged or cut off; LM_UNSUPPORTED for more pixels than the limit and for other
 * formats, which are recognised by name. What the header claims is held against the file's size before memory is
 * taken. Neither library prints or ends the program. libpng's memory comes from our allocator, libjpeg's from malloc.
 */
#ifndef LM_CODEC_PICTURE_H
#define LM_CODEC_PICTURE_H

#include "base/bytes.h"
#include "base/status.h"
#include <lamina/tensor.h>

/* The most pixels of a picture, and the largest file; JPEG's own work may take this much beside. */
#define LM__PICTURE_MAX_PIXELS ((size_t)100 * 1000 * 1000)
#define LM__PICTURE_MAX_FILE ((size_t)512 << 20)
#define LM__PICTURE_MAX_WORK ((size_t)1 << 30)
enum { LM__PICTURE_MAX_SCANS = 200 };      /* of a progressive JPEG: each goes over the whole picture */

/* What was done to a picture beyond decoding it: "; "-joined, cut at `size`; said may be NULL. */
typedef struct lm__said {
    char *text;
    size_t size;
} lm__said;
void lm__say(const lm__said *said, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The picture in a file's bytes, which are only read; `name` begins every message. New reference, poisoned on error;
 * never NULL. */
lm_tensor *lm__picture_decode(const char *name, const void *data, size_t size, const lm__said *said);
lm_tensor *lm__picture_read(const char *path, const lm__said *said);

/* Whether the bytes begin as a PNG or a JPEG does: 12 bytes tell. */
int lm__is_picture(const void *data, size_t size);

/* A tensor for so many pixels, or LM_UNSUPPORTED where they are more than the limit. */
lm_status lm__picture_room(const char *name, size_t width, size_t height, int channels, lm_tensor **out);

lm_status lm__png_decode(const char *name, const void *data, size_t size, const lm__said *said, lm_tensor **out);
lm_status lm__jpeg_decode(const char *name, const void *data, size_t size, const lm__said *said, lm_tensor **out);

/* Appends the file's bytes for a picture that lm__picture_check found good. */
lm_status lm__png_encode(const lm_tensor *picture, lm__text *out);
lm_status lm__jpeg_encode(const lm_tensor *picture, lm__text *out);

/* u8, (height, width) or (height, width, 1 or 3), neither side 0: else LM_INVALID, which begins with `what`. */
lm_status lm__picture_check(const lm_tensor *picture, const char *what);

/* Writes .png, .jpg or .jpeg, told by the ending; whole or not at all. */
lm_status lm__picture_save(const lm_tensor *picture, const char *path);

#endif
