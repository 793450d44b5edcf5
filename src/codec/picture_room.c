/* codec/picture_room.c: what the readers of pictures share: room for the pixels, and words about what was done. */
#include "codec/picture.h"

#include "base/alloc.h"
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

void lm__say(const lm__said *said, const char *format, ...)
{
    if (!said || !said->text || !said->size) return;
    size_t at = strlen(said->text);
    if (at && at + 3 < said->size) {
        memcpy(said->text + at, "; ", 3);
        at += 2;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(said->text + at, said->size - at, format, args);
    va_end(args);
}

lm_status lm__picture_room(const char *name, size_t width, size_t height, int channels, lm_tensor **out)
{
    if (lm__mul_size(width, height) > LM__PICTURE_MAX_PIXELS)
        return lm__fail(LM_UNSUPPORTED, "%s has %zu x %zu pixels, more than the limit of %zu million", name, width,
                        height, LM__PICTURE_MAX_PIXELS / 1000000);
    *out = lm__tensor_raw(LM_U8, 3, (int64_t[]){(int64_t)height, (int64_t)width, channels});
    return lm_status_of(*out);
}
