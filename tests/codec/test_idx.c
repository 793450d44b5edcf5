/* tests/codec/test_idx.c: IDX files, plain and in gzip, right and wrong. */
#include "codec_test.h"

#include "codec/idx.h"
#include "codec/inflate.h"
#include <zlib.h>

static lm_status decode(const void *data, size_t size)
{
    lm_tensor *t = lm__idx_decode("some.idx", data, size);
    lm_status status = lm_status_of(t);
    if (status == LM_OK) {      /* touches every byte of what came */
        volatile double sum = 0;
        for (size_t i = 0; i < lm_tensor_size(t); i++) sum += lm_tensor_get(t, i);
        (void)sum;
    }
    lm_free(t);
    return status;
}

/* The bytes as one gzip member; returns its size. */
static size_t gzip(const void *data, size_t size, uint8_t *out, size_t room)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)data, z.avail_in = (uInt)size, z.next_out = out, z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static const uint8_t SMALL[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};

static void reads_plain_and_gzip(void **state)
{
    (void)state;
    uint8_t packed[200];
    size_t size = gzip(SMALL, sizeof SMALL, packed, sizeof packed);
    lm_tensor *plain = lm__idx_decode("a", SMALL, sizeof SMALL), *gz = lm__idx_decode("b", packed, size);
    assert_shape(plain, LM_U8, 2, (int64_t[]){2, 3});
    assert_memory_equal(lm_tensor_read(plain), SMALL + 12, 6);
    assert_same_tensor(gz, plain);
    lm_free(plain), lm_free(gz);

    /* gzip files may be joined: the second half follows the first */
    size_t first = gzip(SMALL, 9, packed, sizeof packed);
    size = first + gzip(SMALL + 9, sizeof SMALL - 9, packed + first, sizeof packed - first);
    gz = lm__idx_decode("c", packed, size);
    assert_shape(gz, LM_U8, 2, (int64_t[]){2, 3});
    lm_free(gz);
}

static void reads_every_type(void **state)
{
    (void)state;
    static const struct {
        uint8_t file[20];
        size_t size;
        lm_dtype dtype;
        double value;
    } CASES[] = {
        {{0, 0, 8, 1, 0, 0, 0, 1, 200}, 9, LM_U8, 200},
        {{0, 0, 9, 1, 0, 0, 0, 1, 200}, 9, LM_I8, -56},
        {{0, 0, 0x0B, 1, 0, 0, 0, 1, 0xFF, 0xFE}, 10, LM_I32, -2},
        {{0, 0, 0x0C, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0x00}, 12, LM_I32, -256},
        {{0, 0, 0x0D, 1, 0, 0, 0, 1, 0x3F, 0xC0, 0, 0}, 12, LM_F32, 1.5},
        {{0, 0, 0x0E, 1, 0, 0, 0, 1, 0x40, 0x04, 0, 0, 0, 0, 0, 0}, 16, LM_F64, 2.5},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        uint8_t packed[100];
        size_t size = gzip(CASES[i].file, CASES[i].size, packed, sizeof packed);
        lm_tensor *plain = lm__idx_decode("a", CASES[i].file, CASES[i].size), *gz = lm__idx_decode("b", packed, size);
        assert_shape(plain, CASES[i].dtype, 1, (int64_t[]){1});
        assert_true(lm_tensor_get(plain, 0) == CASES[i].value);
        assert_same_tensor(gz, plain);
        lm_free(plain), lm_free(gz);
    }
}

static void reads_no_elements(void **state)
{
    (void)state;
    static const uint8_t NONE[] = {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 28};
    uint8_t packed[100];
    size_t size = gzip(NONE, sizeof NONE, packed, sizeof packed);
    lm_tensor *plain = lm__idx_decode("a", NONE, sizeof NONE), *gz = lm__idx_decode("b", packed, size);
    assert_shape(plain, LM_U8, 2, (int64_t[]){0, 28});
    assert_shape(gz, LM_U8, 2, (int64_t[]){0, 28});
    lm_free(plain), lm_free(gz);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    uint8_t bad[64];
    assert_fails(decode(NULL, 0), LM_CORRUPT, "some.idx: truncated at offset 0 in the IDX header: expected 4 bytes");
    memcpy(bad, SMALL, sizeof SMALL);
    assert_fails(decode(bad, 11), LM_CORRUPT, "truncated at offset 11 in the IDX header: expected 8 bytes of "
                 "dimensions");
    assert_fails(decode(bad, 17), LM_CORRUPT, "truncated: the header declares (2, 3), 6 bytes from offset 12, but "
                 "the file holds 5");
    bad[18] = 0;
    assert_fails(decode(bad, 19), LM_CORRUPT, "data after the end: the header declares (2, 3), 6 bytes from offset "
                 "12");
    bad[0] = 'P';
    assert_fails(decode(bad, 18), LM_CORRUPT, "begins 50 00 at offset 0, expected 00 00");
    bad[0] = 0, bad[2] = 7;
    assert_fails(decode(bad, 18), LM_CORRUPT, "unknown IDX type code 0x07 at offset 2");
    bad[2] = 8, bad[3] = 9;
    assert_fails(decode(bad, 18), LM_CORRUPT, "IDX rank 9 at offset 3, expected 1 to 8");
    bad[3] = 0;
    assert_fails(decode(bad, 18), LM_CORRUPT, "IDX rank 0");
    lm_tensor *t = lm__idx_read("/nowhere/at/all.idx");
    assert_fails(lm_status_of(t), LM_NOT_FOUND, "/nowhere/at/all.idx");
    lm_free(t);
}

/* Sizes that lie: beyond the limit, beyond 64 bits, beyond what the file can hold. None may take the memory it
 * claims. */
static void refuses_lies(void **state)
{
    (void)state;
    uint8_t bad[4 + 4 * 8], packed[200];
    memset(bad, 0xFF, sizeof bad);
    memcpy(bad, (uint8_t[]){0, 0, 0x0E, 8}, 4);
    assert_fails(decode(bad, sizeof bad), LM_CORRUPT, "more than the limit of 4294967296 bytes");
    assert_fails(decode(packed, gzip(bad, sizeof bad, packed, sizeof packed)), LM_CORRUPT, "more than the limit");
    memcpy(bad, (uint8_t[]){0, 0, 8, 1, 0x7F, 0, 0, 0}, 8);     /* 2 GB: within the limit */
    size_t peak = lm_memory().live;
    assert_fails(decode(bad, 30), LM_CORRUPT, "2130706432 bytes from offset 8, but the file holds 22");
    assert_fails(decode(packed, gzip(bad, 30, packed, sizeof packed)), LM_CORRUPT, "but the file can hold at most");
    assert_true(lm_memory().peak < peak + (1 << 20));
}

static void refuses_bad_gzip(void **state)
{
    (void)state;
    uint8_t packed[200], longer[sizeof SMALL + 1] = {0};
    size_t size = gzip(SMALL, sizeof SMALL, packed, sizeof packed);
    packed[size] = 'x';
    assert_fails(decode(packed, size + 1), LM_CORRUPT, "1 bytes of garbage follow the gzip data, which ends at "
                 "offset");
    packed[size - 5] ^= 1;
    assert_fails(decode(packed, size), LM_CORRUPT, "damaged gzip data");
    memcpy(longer, SMALL, sizeof SMALL);
    size = gzip(longer, sizeof longer, packed, sizeof packed);
    assert_fails(decode(packed, size), LM_CORRUPT, "decompresses to more than the 18 bytes that the header declares");
    size = gzip(SMALL, sizeof SMALL - 2, packed, sizeof packed);
    assert_fails(decode(packed, size), LM_CORRUPT, "decompresses to 16 bytes, expected 18");

    /* A bomb: 64 MB of zeros behind a header that declares 6 bytes. */
    size_t bomb = 64 << 20;
    uint8_t *zeros = calloc(1, bomb), *small = malloc(1 << 17);
    memcpy(zeros, SMALL, sizeof SMALL);
    size = gzip(zeros, bomb, small, 1 << 17);
    size_t peak = lm_memory().peak;
    assert_fails(decode(small, size), LM_CORRUPT, "decompresses to more than the 18 bytes");
    assert_true(lm_memory().peak <= peak + (1 << 20));
    uint8_t *out;
    size_t bytes;
    assert_fails(lm__gunzip("t.gz", small, size, 1 << 20, &out, &bytes), LM_CORRUPT,
                 "more than the limit of 1048576 bytes");
    check_ok(lm__gunzip("t.gz", small, size, bomb, &out, &bytes));
    assert_int_equal(bytes, bomb);
    lm__free(out);
    free(zeros), free(small);
}

static void survives_damage(void **state)
{
    (void)state;
    uint8_t packed[200];
    size_t size = gzip(SMALL, sizeof SMALL, packed, sizeof packed);
    check_truncation(decode, SMALL, sizeof SMALL);
    check_truncation(decode, packed, size);
    check_flips(decode, SMALL, sizeof SMALL, 1);
    size_t noticed = check_flips(decode, packed, size, 1);
    assert_true(noticed >= 4 * (size - 10));        /* all but changes in gzip's own header */
}

static lm_status decode_small(void *user)
{
    (void)user;
    uint8_t packed[200];
    static const uint8_t WIDE[] = {0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 2, 3, 4};
    lm_status status = decode(packed, gzip(SMALL, sizeof SMALL, packed, sizeof packed));
    if (status == LM_OK) status = decode(packed, gzip(WIDE, sizeof WIDE, packed, sizeof packed));
    return status == LM_OK ? decode(SMALL, sizeof SMALL) : status;
}

static void survives_no_memory(void **state)
{
    (void)state;
    oom_each(decode_small, NULL);
}

static void reads_files(void **state)
{
    (void)state;
    uint8_t packed[200], *data;
    size_t size = gzip(SMALL, sizeof SMALL, packed, sizeof packed);
    check_ok(lm__file_save(scratch("a.gz"), packed, size));
    lm_tensor *t = lm__idx_read(scratch("a.gz"));
    assert_shape(t, LM_U8, 2, (int64_t[]){2, 3});
    lm_free(t);
    check_ok(lm__gunzip_file(scratch("a.gz"), 1000, &data, &size));
    assert_int_equal(size, sizeof SMALL);
    assert_memory_equal(data, SMALL, size);
    lm__free(data);
    check_ok(lm__file_save(scratch("a"), SMALL, sizeof SMALL));
    check_ok(lm__gunzip_file(scratch("a"), 1000, &data, &size));
    assert_int_equal(size, sizeof SMALL);
    lm__free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_and_gzip), cmocka_unit_test(reads_every_type),
        cmocka_unit_test(reads_no_elements),    cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(refuses_lies),         cmocka_unit_test(refuses_bad_gzip),
        cmocka_unit_test(survives_damage),      cmocka_unit_test(survives_no_memory),
        cmocka_unit_test(reads_files),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
