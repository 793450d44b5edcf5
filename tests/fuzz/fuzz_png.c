/* tests/fuzz/fuzz_png.c: a PNG through decoding and what prepares it for models; also written again and read back. */
#include "fuzz.h"

#include "base/alloc.h"
#include "codec/picture.h"
#include "data/picture.h"
#include <string.h>
#include <zlib.h>

static void write_and_read(lm_tensor *picture)
{
    lm__text file = {0};
    if (lm__png_encode(picture, &file)) abort();
    lm_tensor *back = lm__picture_decode("again.png", file.data, file.size, NULL);
    if (lm_failed(back) || memcmp(lm_tensor_read(back), lm_tensor_read(picture), lm_tensor_bytes(back)) != 0) abort();
    lm_free(back);
    lm__free(file.data);
}

/* Chunks get the checksums that belong to them, so that damage gets past the first look. */
static void mend(uint8_t *data, size_t size)
{
    for (size_t at = 8; at + 12 <= size;) {
        lm__bytes b = lm__bytes_of(data + at, 4);
        size_t length = lm__bytes_u32be(&b);
        if (length > size - at - 12) return;
        uint32_t crc = (uint32_t)crc32(0, data + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++) data[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + 12;
    }
}

/* More than four million pixels, honest or not, only take time here. */
static int is_large(const uint8_t *data, size_t size)
{
    lm__bytes b = lm__bytes_of(data, size);
    lm__bytes_seek(&b, 16);
    return lm__mul_size(lm__bytes_u32be(&b), lm__bytes_u32be(&b)) > (size_t)1 << 22;
}

static void use_picture(const uint8_t *data, size_t size)
{
    char said[100];
    int inverted;
    lm_tensor *picture = lm__picture_decode("fuzz.png", data, size, &(lm__said){said, sizeof said});
    if (!lm_failed(picture) && lm_tensor_size(picture) < 1 << 16) {
        use_tensor(lm__picture_digit(picture, 28, &inverted));
        use_tensor(lm__picture_resize(picture, 13, 17));
        use_tensor(lm__picture_channels(picture, 3));
        write_and_read(picture);
    }
    lm_free(picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (!copy || is_large(data, size)) return free(copy), 0;
    use_picture(data, size);
    memcpy(copy, data, size);
    mend(copy, size);
    use_picture(copy, size);
    free(copy);
    check_memory();
    return 0;
}
