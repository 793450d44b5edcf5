/* codec/exif.c: the orientation in EXIF data, which is a small TIFF file, and turning a picture by it. */
#include "codec/exif.h"

#include "base/bytes.h"
#include "tensor/tensor.h"

#include <string.h>

enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY_BYTES = 12 };

static uint32_t number(lm__bytes *b, int big, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) {
        uint32_t byte = lm__bytes_u8(b);
        value |= byte << 8 * (big ? bytes - 1 - i : i);
    }
    return value;
}

int lm__exif_orientation(const void *data, size_t size, int *orientation)
{
    if (size < 14 || memcmp(data, "Exif\0", 6)) return 0;
    lm__bytes b = lm__bytes_of((const uint8_t *)data + 6, size - 6);
    const uint8_t *order = lm__bytes_take(&b, 2);
    int big = order[0] == 'M';
    if (number(&b, big, 2) != 42) return 0;
    lm__bytes_seek(&b, number(&b, big, 4));
    uint32_t entries = number(&b, big, 2);
    for (uint32_t i = 0; i < entries && lm__bytes_left(&b) >= ENTRY_BYTES; i++) {
        uint32_t tag = number(&b, big, 2), type = number(&b, big, 2), count = number(&b, big, 4);
        uint32_t value = number(&b, big, 2);
        number(&b, big, 2);
        if (tag != ORIENTATION) continue;
        if (type != SHORT || count != 1 || value < 1 || value > 8) return 0;
        *orientation = (int)value;
        return 1;
    }
    return 0;
}

/* Orientations 5 to 8 swap the sides; a row of the upright picture at `y`, column `x`, comes from (*sy, *sx). */
static void source(int orientation, int64_t h, int64_t w, int64_t y, int64_t x, int64_t *sy, int64_t *sx)
{
    int swap = orientation > 4;
    int64_t a = swap ? x : y, b = swap ? y : x;
    int flip_rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 6;
    int flip_columns = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    *sy = flip_rows ? h - 1 - a : a;
    *sx = flip_columns ? w - 1 - b : b;
}

lm_tensor *lm__exif_turn(const lm_tensor *picture, int orientation)
{
    int64_t h = picture->dims[0], w = picture->dims[1], c = picture->dims[2], sy, sx;
    int swap = orientation > 4;
    lm_tensor *t = lm__tensor_raw(LM_U8, 3, (int64_t[]){swap ? w : h, swap ? h : w, c});
    if (lm_failed(t)) return t;
    const uint8_t *from = picture->data;
    uint8_t *to = t->data;
    for (int64_t y = 0; y < t->dims[0]; y++)
        for (int64_t x = 0; x < t->dims[1]; x++, to += c) {
            source(orientation, h, w, y, x, &sy, &sx);
            memcpy(to, from + (sy * w + sx) * c, (size_t)c);
        }
    return t;
}
