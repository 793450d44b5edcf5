/* tests/codec/test_npy.c: .npy and .npz against NumPy's own files (tests/data/make_npy.py). */
#include "codec_test.h"

#include "codec/npy.h"

static lm_status decode(const void *data, size_t size)
{
    lm_tensor *t = lm__npy_decode("some.npy", data, size);
    lm_status status = lm_status_of(t);
    volatile double sum = 0;
    for (size_t i = 0; i < lm_tensor_size(t); i++) sum += lm_tensor_get(t, i);
    (void)sum;
    lm_free(t);
    return status;
}

static lm_tensor *load(const char *file)
{
    size_t size;
    uint8_t *data = load_data(file, &size);
    lm_tensor *t = lm__npy_decode(file, data, size);
    lm__free(data);
    return t;
}

/* The tensor's bytes as .npy must be those of NumPy's own file. */
static void assert_written_as(const lm_tensor *t, const char *file)
{
    lm__text text = {0};
    lm__sink sink = lm__sink_text(&text);
    size_t size;
    uint64_t bytes;
    uint8_t *data = load_data(file, &size);
    check_ok(lm__npy_size(t, &bytes));
    check_ok(lm__npy_write(t, &sink));
    assert_int_equal(bytes, text.size);
    assert_int_equal(text.size, size);
    assert_memory_equal(text.data, data, size);
    lm__free(text.data);
    lm__free(data);
}

static void reads_and_writes_as_numpy(void **state)
{
    (void)state;
    for (lm_dtype d = 0; d < LM_DTYPE_COUNT; d++) {
        char file[32];
        if (d == LM_BF16) continue;
        snprintf(file, sizeof file, "%s.npy", lm_dtype_name(d));
        lm_tensor *expected = counting(d, 2, (int64_t[]){2, 3}), *t = load(file);
        assert_same_tensor(t, expected);
        assert_written_as(t, file);
        lm_free(t), lm_free(expected);
    }
    static const struct {
        const char *file;
        lm_dtype dtype;
        int rank;
        int64_t dims[LM_MAX_RANK];
    } CASES[] = {{"vector.npy", LM_I64, 1, {5}},
                 {"none.npy", LM_F32, 3, {3, 0, 2}},
                 {"wide.npy", LM_U8, 8, {1, 1, 1, 1, 1, 1, 1, 70}}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lm_tensor *expected = counting(CASES[i].dtype, CASES[i].rank, CASES[i].dims), *t = load(CASES[i].file);
        assert_same_tensor(t, expected);
        assert_written_as(t, CASES[i].file);
        lm_free(t), lm_free(expected);
    }
    lm_tensor *scalar = load("scalar.npy");
    assert_shape(scalar, LM_F32, 0, NULL);
    assert_true(lm_tensor_get(scalar, 0) == 1.5);
    assert_written_as(scalar, "scalar.npy");
    lm_free(scalar);
}

/* A bool of C must be 0 or 1, whatever a file says. */
static void mends_bools(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = load_data("bool.npy", &size);
    data[size - 1] = 7, data[size - 2] = 0;
    lm_tensor *t = lm__npy_decode("bool.npy", data, size);
    assert_int_equal(((const uint8_t *)lm_tensor_read(t))[5], 1);
    assert_int_equal(((const uint8_t *)lm_tensor_read(t))[4], 0);
    lm_free(t);
    lm__free(data);
}

static void reads_every_version(void **state)
{
    (void)state;
    lm_tensor *expected = load("float32.npy"), *two = load("version2.npy"), *three = load("version3.npy");
    lm_tensor *python2 = load("python2.npy");
    assert_same_tensor(two, expected);
    assert_same_tensor(three, expected);
    assert_shape(python2, LM_F32, 2, (int64_t[]){2, 1});
    lm_free(expected), lm_free(two), lm_free(three), lm_free(python2);
}

static void reads_archives(void **state)
{
    (void)state;
    static const char *const FILES[] = {"stored.npz", "deflated.npz"};
    static const struct {
        const char *name;
        lm_dtype dtype;
        int rank;
        int64_t dims[3];
    } FORTRAN[] = {{"fortran", LM_F32, 3, {2, 3, 4}}, {"fortran8", LM_F64, 2, {4, 5}},
                   {"fortran2", LM_F16, 2, {3, 2}}, {"fortran1", LM_U8, 3, {3, 5, 2}}};
    static const char *const OTHERS[] = {">f4", ">f8", ">f2", ">i4", ">i8", "<i2", ">i2", "<u2", "<u4", ">u4"};
    static const lm_dtype BECOME[] = {LM_F32, LM_F64, LM_F16, LM_I32, LM_I64, LM_I32, LM_I32, LM_I32, LM_I64, LM_I64};
    for (size_t f = 0; f < 2; f++) {
        size_t size;
        uint8_t *data = load_data(FILES[f], &size);
        lm__npz *npz;
        check_ok(lm__npz_over(FILES[f], data, size, &npz));
        assert_int_equal(lm__npz_count(npz), 14);
        assert_string_equal(lm__npz_name(npz, 0), "fortran");
        for (size_t i = 0; i < sizeof FORTRAN / sizeof *FORTRAN; i++) {
            lm_tensor *expected = counting(FORTRAN[i].dtype, FORTRAN[i].rank, FORTRAN[i].dims);
            lm_tensor *t = lm__npz_read(npz, FORTRAN[i].name);
            assert_same_tensor(t, expected);
            lm_free(t), lm_free(expected);
        }
        for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
            char name[32];
            snprintf(name, sizeof name, "other/%s", OTHERS[i]);
            lm_tensor *t = lm__npz_read(npz, name);
            assert_shape(t, BECOME[i], 1, (int64_t[]){3});
            assert_true(lm_tensor_get(t, 1) == 2 && lm_tensor_get(t, 2) == 300);
            lm_free(t);
        }
        assert_true(lm__npz_has(npz, "fortran8"));
        assert_false(lm__npz_has(npz, "readme.txt"));
        lm_tensor *t = lm__npz_read(npz, "fortran9");
        assert_fails(lm_status_of(t), LM_NOT_FOUND, "no array \"fortran9\" (did you mean \"fortran");
        lm_free(t);
        lm__npz_close(npz);
        lm__free(data);
    }
}

static void refuses_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *file, *message;
    } CASES[] = {
        {"bad_object.npy", "an object array, which holds Python code"}, {"bad_text.npy", "an array of dtype '<U2'"},
        {"bad_complex.npy", "an array of dtype '<c8'"},                 {"bad_struct.npy", "a structured array"},
        {"bad_raw.npy", "if it is bfloat16, save it as float32"},       {"bad_uint64.npy", "an array of dtype '<u8'"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lm_tensor *t = load(CASES[i].file);
        assert_fails(lm_status_of(t), LM_UNSUPPORTED, CASES[i].message);
        lm_free(t);
    }
    uint64_t bytes;
    lm_tensor *t = counting(LM_BF16, 1, (int64_t[]){3});
    assert_fails(lm__npy_size(t, &bytes), LM_UNSUPPORTED, "NumPy has no bfloat16: cast");
    assert_fails(lm__npy_save(scratch("no.npy"), t), LM_UNSUPPORTED, "NumPy has no bfloat16");
    assert_false(lm__file_exists(scratch("no.npy")));
    lm_free(t);
}

/* A version 1 file with this header and `bytes` zeros behind it. */
static lm_status with_header(const char *header, size_t bytes)
{
    uint8_t file[600] = "\x93NUMPY\1\0";
    size_t length = strlen(header);
    file[8] = (uint8_t)length, file[9] = 0;
    memcpy(file + 10, header, length);
    return decode(file, 10 + length + bytes);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t bytes;
        const char *message;
    } CASES[] = {
        {"", 0, "expected a dictionary, found \"\""},
        {"{'descr': '<f4', 'fortran_order': False}", 0, "expected descr, fortran_order and shape, and then nothing"},
        {"{'descr': '<f4', 'descr': '<f4', ", 0, "expected descr, fortran_order and shape, once"},
        {"{'other': 1}", 0, "descr, fortran_order and shape, once"},
        {"{'descr': 4, ", 0, "expected a string"},
        {"{'fortran_order': None, ", 0, "expected True or False, found \"None, \""},
        {"{'shape': (-1,), ", 0, "expected a dimension, found \"-1,), \""},
        {"{'shape': (3 4), ", 0, "expected ',' or ')' in the shape"},
        {"{'shape': (99999999999999999999,), ", 0, "a dimension below"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", 8, "and then nothing"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7, "truncated: the header declares (2,), 8"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9, "data after the end"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (300000000000000000, 300000000000)}", 9, "truncated"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lm_status status = with_header(CASES[i].header, CASES[i].bytes);
        assert_int_not_equal(status, LM_OK);
        check_contains(lm_last_error(), CASES[i].message);
    }
    assert_fails(decode("NUMPY", 5), LM_CORRUPT, "some.npy: not a .npy file");
    assert_fails(decode("\x93NUMPY\4\0\0\0", 10), LM_UNSUPPORTED, "version 4 of the .npy format");
    assert_fails(decode("\x93NUMPY\2\0\0\0\2\0", 12), LM_CORRUPT, "a .npy header of 131072 bytes, the limit is "
                 "65536");
    assert_fails(with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4),
                 LM_UNSUPPORTED, "more than 8 dimensions");
    lm_tensor *t = lm__npy_read("/nowhere/at/all.npy");
    assert_fails(lm_status_of(t), LM_NOT_FOUND, "/nowhere/at/all.npy");
    lm_free(t);
}

static lm_status read_archive(const void *data, size_t size)
{
    lm__npz *npz;
    lm_status status = lm__npz_over("some.npz", data, size, &npz);
    if (status != LM_OK) return status;
    for (size_t i = 0; i < lm__npz_count(npz) && status == LM_OK; i++) {
        lm_tensor *t = lm__npz_read(npz, lm__npz_name(npz, i));
        status = lm_status_of(t);
        lm_free(t);
    }
    lm__npz_close(npz);
    return status;
}

static void survives_damage(void **state)
{
    (void)state;
    static const char *const FILES[] = {"float32.npy", "version3.npy", "python2.npy", "none.npy"};
    size_t size;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        uint8_t *data = load_data(FILES[i], &size);
        check_truncation(decode, data, size);
        check_flips(decode, data, size, 1);
        lm__free(data);
    }
    uint8_t *data = load_data("deflated.npz", &size);
    check_truncation(read_archive, data, size);
    check_flips(read_archive, data, size, 3);
    lm__free(data);
}

static lm_status write_and_read(void *user)
{
    lm__zip_writer *w = NULL;
    lm__npz *npz = NULL;
    int64_t dims[] = {2, 3};
    lm_tensor *t = lm_tensor_new(LM_F32, 2, dims), *back = NULL;
    lm_status status = lm_status_of(t);
    if (status == LM_OK) status = lm__zip_create(user, &w);
    if (status == LM_OK) status = lm__npz_add(w, "x", t);
    if (status == LM_OK) status = lm__npz_add(w, "a/y", t);
    if (status == LM_OK) status = lm__zip_commit(w), w = NULL;
    if (status == LM_OK) status = lm__npz_open(user, &npz);
    if (status == LM_OK) back = lm__npz_read(npz, "a/y"), status = lm_status_of(back);
    if (status == LM_OK) assert_same_tensor(back, t);
    lm__zip_abort(w);
    lm__npz_close(npz);
    lm_free(t), lm_free(back);
    return status;
}

static void writes_archives(void **state)
{
    (void)state;
    check_ok(write_and_read((void *)scratch("a.npz")));
    oom_each(write_and_read, (void *)scratch("a.npz"));
    lm_tensor *t = counting(LM_F64, 2, (int64_t[]){3, 4});
    check_ok(lm__npy_save(scratch("a.npy"), t));
    lm_tensor *back = lm__npy_read(scratch("a.npy"));
    assert_same_tensor(back, t);
    lm_free(t), lm_free(back);
}

static lm_status read_fortran(void *user)
{
    (void)user;
    size_t size;
    uint8_t *data;
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/data/codec/deflated.npz", LM_SOURCE_DIR);
    lm_status status = lm__file_read(path, 1 << 20, &data, &size);
    if (status == LM_OK) status = read_archive(data, size);
    lm__free(data);
    return status;
}

static void survives_no_memory(void **state)
{
    (void)state;
    oom_each(read_fortran, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_as_numpy), cmocka_unit_test(reads_every_version),
        cmocka_unit_test(reads_archives),            cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(names_what_is_wrong),       cmocka_unit_test(survives_damage),
        cmocka_unit_test(writes_archives),           cmocka_unit_test(survives_no_memory),
        cmocka_unit_test(mends_bools),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
