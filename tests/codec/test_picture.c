/* tests/codec/test_picture.c: PNG and JPEG of every kind, right and wrong. */
#include "codec_test.h"

#include "codec/npy.h"
#include "codec/picture.h"
#include <lamina/image.h>
#include <zlib.h>

static lm_status decode(const void *data, size_t size)
{
    lm_tensor *t = lm__picture_decode("some.png", data, size, NULL);
    lm_status status = lm_status_of(t);
    if (!status) {
        volatile double sum = 0;
        for (size_t i = 0; i < lm_tensor_size(t); i++) sum += lm_tensor_get(t, i);
        (void)sum;
    }
    lm_free(t);
    return status;
}

static const char *stored(const char *name)
{
    static char path[2][1024];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/tests/data/pictures/%s", LM_SOURCE_DIR, name);
    return path[turn];
}

static uint8_t *load(const char *name, size_t *size)
{
    uint8_t *data;
    check_ok(lm__file_read(stored(name), 1 << 26, &data, size));
    return data;
}

/* The stored picture against its stored array; no number may differ by more than `most`. */
static void check_picture(const char *file, const char *array, int most, const char *wanted)
{
    char said[200];
    lm_tensor *got = lm_image_load_saying(stored(file), said, sizeof said), *want = lm__npy_read(stored(array));
    assert_shape(got, LM_U8, 3, lm_tensor_dims(want));
    for (size_t i = 0; i < lm_tensor_size(want); i++) {
        double difference = lm_tensor_get(got, i) - lm_tensor_get(want, i);
        if (difference > most || difference < -most)
            fail_msg("%s: number %zu is %g, expected %g", file, i, lm_tensor_get(got, i), lm_tensor_get(want, i));
    }
    assert_string_equal(said, wanted);
    lm_free(got), lm_free(want);
}

static void reads_every_png(void **state)
{
    static const char CLEAR[] = "transparent parts were laid over white", DEEP[] = "16 bits a channel became 8";
    static const char BOTH[] = "16 bits a channel became 8; transparent parts were laid over white";
    (void)state;
    check_picture("grey1.png", "grey1.npy", 0, "");
    check_picture("grey2.png", "grey2.npy", 0, "");
    check_picture("grey4.png", "grey4.npy", 0, "");
    check_picture("grey8.png", "grey8.npy", 0, "");
    check_picture("grey16.png", "grey16.npy", 0, DEEP);
    check_picture("rgb8.png", "rgb8.npy", 0, "");
    check_picture("rgb16.png", "rgb16.npy", 0, DEEP);
    check_picture("rgba8.png", "rgba8.npy", 1, CLEAR);
    check_picture("rgba16.png", "rgba16.npy", 1, BOTH);
    check_picture("grey_alpha8.png", "grey_alpha8.npy", 1, CLEAR);
    check_picture("grey_alpha16.png", "grey_alpha16.npy", 1, BOTH);
    check_picture("gamma.png", "gamma.npy", 1, CLEAR);
    check_picture("palette.png", "palette.npy", 0, "");
    check_picture("palette8.png", "palette8.npy", 0, "");
    check_picture("palette_grey.png", "palette_grey.npy", 0, "");
    check_picture("palette_clear.png", "palette_clear.npy", 1, CLEAR);
    check_picture("key.png", "key.npy", 0, CLEAR);
    check_picture("grey_key.png", "grey_key.npy", 0, CLEAR);
    check_picture("one.png", "one.npy", 0, "");
    check_picture("animated.png", "animated.npy", 0, "it is an animation, of which this is the first picture");
}

static void reads_every_jpeg(void **state)
{
    (void)state;
    check_picture("rgb.jpg", "rgb_jpg.npy", 2, "");
    check_picture("progressive.jpg", "progressive_jpg.npy", 2, "");
    check_picture("grey.jpg", "grey_jpg.npy", 2, "");
    check_picture("cmyk.jpg", "cmyk_jpg.npy", 3, "CMYK became RGB");
    check_picture("one.jpg", "one_jpg.npy", 2, "");
    for (int i = 2; i <= 8; i++) {
        char file[32], array[32];
        snprintf(file, sizeof file, "turned%d.jpg", i);
        snprintf(array, sizeof array, "turned%d_jpg.npy", i);
        check_picture(file, array, 2, "it was turned upright, as its EXIF data says");
    }
}

static void cut_off_or_altered(void **state)
{
    static const char *const FILES[] = {"grey8.png",    "rgba16.png", "palette.png",
                                        "animated.png", "one.png",    "one.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        size_t size;
        uint8_t *data = load(FILES[i], &size);
        if (strstr(FILES[i], ".png")) check_truncation(decode, data, size);
        assert_int_not_equal(check_flips(decode, data, size, 1), 0);
        lm__free(data);
    }
    size_t size;
    uint8_t *data = load("progressive.jpg", &size);
    for (size_t n = 0; n < size - 2; n += 7) assert_int_not_equal(decode_exactly(decode, data, n), LM_OK);
    check_flips(decode, data, size, 5);
    lm__free(data);
}

/* A PNG of nothing but a header that lies. */
static size_t header_only(uint32_t width, uint32_t height, uint8_t *out)
{
    static const uint8_t BEGIN[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", END[] = "\0\0\0\0IDAT\x35\xAF\x06\x1E";
    memcpy(out, BEGIN, 16);
    for (int i = 0; i < 4; i++) {
        out[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        out[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    memcpy(out + 24, "\x08\x02\0\0\0", 5);
    uint32_t crc = (uint32_t)crc32(0, out + 12, 17);
    for (int i = 0; i < 4; i++) out[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    memcpy(out + 33, END, 12);
    return 45;
}

static void sizes_that_lie(void **state)
{
    uint8_t data[64];
    (void)state;
    lm_tensor *t = lm_image_decode(data, header_only(1000000, 1000000, data));
    assert_fails(lm_status_of(t), LM_CORRUPT, "need more than its 45 bytes can hold");
    lm_free(t);
    t = lm_image_decode(data, header_only(0x7FFFFFFF, 2, data));
    assert_fails(lm_status_of(t), LM_CORRUPT, "damaged PNG");
    lm_free(t);
    size_t size;
    uint8_t *jpeg = load("rgb.jpg", &size);
    for (size_t i = 0; i + 9 < size; i++)
        if (jpeg[i] == 0xFF && jpeg[i + 1] == 0xC0) jpeg[i + 5] = 0x40, jpeg[i + 7] = 0x40;
    t = lm_image_decode(jpeg, size);
    assert_fails(lm_status_of(t), LM_CORRUPT, "can hold");
    lm_free(t), lm__free(jpeg);
}

/* More than 100 million pixels, honestly: one bit each, all the same. */
static void more_pixels_than_the_limit(void **state)
{
    (void)state;
    lm_tensor *t = lm_tensor_new(LM_U8, 3, (int64_t[]){10001, 10000, 1});
    check_ok(lm_image_save(t, scratch("large.png")));
    lm_free(t);
    t = lm_image_load(scratch("large.png"));
    assert_fails(lm_status_of(t), LM_UNSUPPORTED, "more than the limit of 100 million");
    lm_free(t);
}

static void names_other_formats(void **state)
{
    static const struct {
        const char *data, *part;
        size_t size;
        lm_status status;
    } CASES[] = {
        {"GIF89a\1\0\1\0\0\0", "is a GIF picture; PNG and JPEG are read. To convert it: convert", 12, LM_UNSUPPORTED},
        {"RIFF\1\0\0\0WEBPVP8 ", "a WebP picture", 16, LM_UNSUPPORTED},
        {"\0\0\0\x18" "ftypheic\0\0", "a HEIC picture", 14, LM_UNSUPPORTED},
        {"%PDF-1.4 ...", "pdftoppm", 12, LM_UNSUPPORTED},
        {"II*\0........", "a TIFF picture", 12, LM_UNSUPPORTED},
        {"BM..........", "a BMP picture", 12, LM_UNSUPPORTED},
        {"\x89PNG", "cut off", 4, LM_CORRUPT},
        {"hello, world", "is no picture", 12, LM_CORRUPT},
        {"", "is empty", 0, LM_CORRUPT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lm_tensor *t = lm_image_decode(CASES[i].data, CASES[i].size);
        assert_fails(lm_status_of(t), CASES[i].status, CASES[i].part);
        lm_free(t);
    }
    lm_tensor *t = lm_image_load(scratch("nothing_here.png"));
    assert_fails(lm_status_of(t), LM_NOT_FOUND, "nothing_here.png");
    lm_free(t);
    char said[40] = "of another picture";
    t = lm_image_load_saying(stored("nothing_here.png"), said, sizeof said);
    assert_string_equal(said, "");
    lm_free(t);
}

static void saves_and_reads_back(void **state)
{
    (void)state;
    for (int channels = 0; channels <= 3; channels += channels ? 2 : 1) {
        lm_tensor *t = counting(LM_U8, channels ? 3 : 2, (int64_t[]){40, 30, channels}), *back;
        check_ok(lm_image_save(t, scratch("a.png")));
        back = lm_image_load(scratch("a.png"));
        assert_shape(back, LM_U8, 3, (int64_t[]){40, 30, channels ? channels : 1});
        assert_memory_equal(lm_tensor_read(back), lm_tensor_read(t), lm_tensor_bytes(t));
        lm_free(back);
        memset(lm_tensor_data(t), 90, lm_tensor_bytes(t));
        check_ok(lm_image_save(t, scratch("a.JPG")));
        back = lm_image_load(scratch("a.JPG"));
        assert_shape(back, LM_U8, 3, (int64_t[]){40, 30, channels ? channels : 1});
        for (size_t i = 0; i < lm_tensor_size(back); i++) assert_in_range(lm_tensor_get(back, i), 89, 91);
        lm_free(back), lm_free(t);
    }
    lm_tensor *t = lm_tensor_new(LM_F32, 3, (int64_t[]){4, 4, 1});
    assert_fails(lm_image_save(t, scratch("b.png")), LM_INVALID, "expected uint8");
    lm_free(t);
    t = lm_tensor_new(LM_U8, 3, (int64_t[]){4, 4, 2});
    assert_fails(lm_image_save(t, scratch("b.png")), LM_INVALID, "(height, width, 3)");
    lm_free(t);
    t = lm_tensor_new(LM_U8, 2, (int64_t[]){4, 4});
    assert_fails(lm_image_save(t, scratch("b.gif")), LM_INVALID, "ends in .png, .jpg or .jpeg");
    lm_free(t);
}

static lm_status one_file(void *user)
{
    lm_tensor *t = lm_image_load(stored(user));
    lm_status status = lm_status_of(t);
    lm_free(t);
    return status;
}

static lm_status one_save(void *user)
{
    lm_tensor *t = lm_tensor_new(LM_U8, 3, (int64_t[]){20, 20, 3});
    lm_status status = lm_failed(t) ? lm_status_of(t) : lm_image_save(t, scratch(user));
    lm_free(t);
    return status;
}

static void without_memory(void **state)
{
    (void)state;
    oom_each(one_file, "palette_clear.png");
    oom_each(one_file, "turned6.jpg");
    oom_each(one_file, "cmyk.jpg");
    oom_each(one_save, "c.png");
    oom_each(one_save, "c.jpg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_png), cmocka_unit_test(reads_every_jpeg), cmocka_unit_test(cut_off_or_altered),
        cmocka_unit_test(sizes_that_lie), cmocka_unit_test(more_pixels_than_the_limit),
        cmocka_unit_test(names_other_formats), cmocka_unit_test(saves_and_reads_back),
        cmocka_unit_test(without_memory)};
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
