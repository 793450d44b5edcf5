/* tests/fuzz/fuzz_jpeg.c: a JPEG, its EXIF data too, and the digit's preparation. */
#include "fuzz.h"

#include "data/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int inverted;
    lm_tensor *picture = lm__picture_decode("fuzz.jpg", data, size, NULL);
    if (!lm_failed(picture) && lm_tensor_size(picture) < 1 << 16)
        use_tensor(lm__picture_digit(picture, 28, &inverted));
    lm_free(picture);
    check_memory();
    return 0;
}
