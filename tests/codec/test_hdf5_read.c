/* tests/codec/test_hdf5_read.c: files of h5py and Keras, right, refused and damaged (tests/data/make_hdf5.py). */
#include "codec_test.h"

#include "codec/hdf5.h"
#include "codec/zip.h"

/* Opens a stored file. */
static lm__h5 *open_data(const char *name, uint8_t **data)
{
    size_t size;
    lm__h5 *h5;
    *data = load_data(name, &size);
    check_ok(lm__h5_open(name, *data, size, &h5));
    return h5;
}

/* Reads all that is in a group: datasets, and attributes that any of the stored files has. */
static lm_status read_group(const lm__h5 *h5, const char *path)
{
    static const char *const ATTRIBUTES[] = {"text", "list", "fixed", "none", "name", "long", "spaces", "layer_names",
                                             "weight_names", "model_config"};
    const char *const *names;
    size_t count;
    lm_status status = lm__h5_list(h5, path, &names, &count);
    for (size_t i = 0; i < sizeof ATTRIBUTES / sizeof *ATTRIBUTES && status == LM_OK; i++) {
        lm__h5_strings strings;
        if (!lm__h5_has_attribute(h5, path, ATTRIBUTES[i])) continue;
        status = lm__h5_strings_of(h5, path, ATTRIBUTES[i], &strings);
        for (size_t k = 0; k < strings.count; k++) assert_true(strlen(strings.items[k]) < 1 << 20);
        lm__free(strings.items);
    }
    for (size_t i = 0; i < count && status == LM_OK; i++) {
        char child[600];
        snprintf(child, sizeof child, "%s/%s", path, names[i]);
        if (strlen(child) + 1 == sizeof child) continue;
        if (lm__h5_kind_of(h5, child) == LM__H5_GROUP) {
            status = read_group(h5, child);
        } else {
            lm_tensor *t = lm__h5_read(h5, child);
            status = lm_status_of(t);
            volatile double sum = 0;
            for (size_t k = 0; k < lm_tensor_size(t); k++) sum += lm_tensor_get(t, k);
            (void)sum;
            lm_free(t);
        }
    }
    return status;
}

static lm_status read_all(const void *data, size_t size)
{
    lm__h5 *h5;
    lm_status status = lm__h5_open("some.h5", data, size, &h5);
    if (status == LM_OK) status = read_group(h5, "");
    lm__h5_close(h5);
    return status;
}

static void reads_every_type(void **state)
{
    (void)state;
    uint8_t *data;
    lm__h5 *h5 = open_data("types.h5", &data);
    for (lm_dtype d = 0; d < LM_DTYPE_COUNT; d++) {
        char path[64];
        snprintf(path, sizeof path, "types/%s", lm_dtype_name(d));
        lm_tensor *expected = counting(d, 2, (int64_t[]){2, 3}), *t = lm__h5_read(h5, path);
        lm_dtype dtype;
        int rank;
        int64_t dims[LM_MAX_RANK];
        assert_same_tensor(t, expected);
        check_ok(lm__h5_describe(h5, path, &dtype, &rank, dims));
        assert_int_equal(dtype, d);
        assert_int_equal(rank, 2);
        assert_int_equal(dims[1], 3);
        lm_free(t), lm_free(expected);
    }
    static const struct {
        const char *path;
        lm_dtype dtype;
    } OTHERS[] = {{"other/>f4", LM_F32}, {"other/>f8", LM_F64}, {"other/>f2", LM_F16}, {"other/>i4", LM_I32},
                  {"other/>i8", LM_I64}, {"other/<i2", LM_I32}, {"other/>i2", LM_I32}, {"other/<u2", LM_I32},
                  {"other/<u4", LM_I64}, {"compact", LM_F32}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        lm_tensor *t = lm__h5_read(h5, OTHERS[i].path);
        assert_shape(t, OTHERS[i].dtype, 1, (int64_t[]){3});
        assert_true(lm_tensor_get(t, 0) == 1 && lm_tensor_get(t, 1) == 2);
        assert_true(lm_tensor_get(t, 2) == (i == 9 ? 3 : 300));
        lm_free(t);
    }
    lm_tensor *scalar = lm__h5_read(h5, "/scalar"), *none = lm__h5_read(h5, "none");
    assert_shape(scalar, LM_I64, 0, NULL);
    assert_true(lm_tensor_get(scalar, 0) == 7);
    assert_shape(none, LM_F32, 2, (int64_t[]){0, 3});
    lm_free(scalar), lm_free(none);
    lm__h5_close(h5);
    lm__free(data);
}

static void assert_string(const lm__h5 *h5, const char *path, const char *attribute, const char *expected)
{
    char *text;
    check_ok(lm__h5_string(h5, path, attribute, &text));
    assert_string_equal(text, expected);
    lm__free(text);
}

static void assert_strings(const lm__h5 *h5, const char *path, const char *attribute, const char *const *expected,
                           size_t count)
{
    lm__h5_strings strings;
    check_ok(lm__h5_strings_of(h5, path, attribute, &strings));
    assert_int_equal(strings.count, count);
    for (size_t i = 0; i < count; i++) assert_string_equal(strings.items[i], expected[i]);
    lm__free(strings.items);
}

static void reads_attributes(void **state)
{
    (void)state;
    uint8_t *data;
    char *text;
    lm__h5_strings strings;
    lm__h5 *h5 = open_data("attributes.h5", &data);
    assert_string(h5, "/", "text", "caf\xC3\xA9");
    assert_string(h5, "", "empty", "");
    assert_string(h5, "/", "fixed_one", "hello");
    assert_string(h5, "/", "spaces", "ab cd");
    assert_strings(h5, "/", "list", (const char *[]){"a", "bcd", ""}, 3);
    assert_strings(h5, "/", "fixed", (const char *[]){"xy", "z"}, 2);
    assert_strings(h5, "/", "text", (const char *[]){"caf\xC3\xA9"}, 1);
    assert_strings(h5, "/", "none", NULL, 0);
    for (int i = 0; i < 40; i++) {
        char name[16], expected[80] = "";
        snprintf(name, sizeof name, "name%d", i);
        for (int k = 0; k < i % 5; k++) sprintf(expected + strlen(expected), "value %d ", i);
        assert_string(h5, "many", name, expected);
    }
    check_ok(lm__h5_strings_of(h5, "/", "long", &strings));
    assert_int_equal(strings.count, 500);
    assert_string_equal(strings.items[499], "layer_499");
    lm__free(strings.items);
    assert_true(lm__h5_has_attribute(h5, "/", "text"));
    assert_false(lm__h5_has_attribute(h5, "/", "texts"));
    assert_fails(lm__h5_string(h5, "/", "texts", &text), LM_NOT_FOUND, "has no attribute \"texts\"");
    assert_fails(lm__h5_string(h5, "/", "list", &text), LM_UNSUPPORTED, "holds 3 values, expected one string");
    assert_fails(lm__h5_string(h5, "/", "number", &text), LM_UNSUPPORTED, "does not hold strings but class 1");
    assert_fails(lm__h5_string(h5, "/", "nothing", &text), LM_UNSUPPORTED, "holds 0 values");
    lm__h5_close(h5);
    lm__free(data);
}

static void lists_and_finds(void **state)
{
    (void)state;
    uint8_t *data;
    const char *const *names;
    size_t count;
    lm__h5 *h5 = open_data("large.h5", &data);
    check_ok(lm__h5_list(h5, "g", &names, &count));
    assert_int_equal(count, 300);
    assert_string_equal(names[0], "0");
    assert_string_equal(names[2], "10");        /* in the order of bytes, not of numbers */
    for (size_t i = 0; i < count; i++) {
        char path[32];
        snprintf(path, sizeof path, "/g/%zu", i);
        assert_int_equal(lm__h5_kind_of(h5, path), LM__H5_DATASET);
    }
    assert_int_equal(lm__h5_kind_of(h5, ""), LM__H5_GROUP);
    assert_int_equal(lm__h5_kind_of(h5, "/"), LM__H5_GROUP);
    assert_int_equal(lm__h5_kind_of(h5, "g/300"), LM__H5_NOTHING);
    assert_int_equal(lm__h5_kind_of(h5, "g/0/x"), LM__H5_NOTHING);
    lm__h5_close(h5);
    lm__free(data);
    h5 = open_data("types.h5", &data);
    assert_fails(lm__h5_list(h5, "types/flaot32", &names, &count), LM_NOT_FOUND,
                 "no \"types/flaot32\": there is no \"flaot32\" in it (did you mean \"float32\"?)");
    assert_fails(lm__h5_list(h5, "scalar", &names, &count), LM_INVALID, "\"scalar\" is not a group");
    lm_tensor *t = lm__h5_read(h5, "types");
    assert_fails(lm_status_of(t), LM_INVALID, "\"types\" is no dataset but a group");
    lm_free(t);
    lm__h5_close(h5);
    lm__free(data);
}

/* Weights as Keras writes them into a .keras file. */
static void reads_keras(void **state)
{
    (void)state;
    size_t size, member;
    uint8_t *data = load_data("digits.keras", &size);
    lm__zip *zip;
    lm__zip_data weights;
    lm__h5 *h5;
    check_ok(lm__zip_open("digits.keras", data, size, &zip));
    check_ok(lm__zip_find(zip, "model.weights.h5", &member));
    check_ok(lm__zip_read(zip, member, &weights));
    assert_null(weights.owned);                 /* Keras stores: no copy is made */
    check_ok(lm__h5_open("model.weights.h5", weights.bytes, weights.size, &h5));
    lm_tensor *kernel = lm__h5_read(h5, "layers/conv2d/vars/0"), *bias = lm__h5_read(h5, "layers/dense/vars/1");
    assert_shape(kernel, LM_F32, 4, (int64_t[]){3, 3, 1, 2});
    for (size_t i = 0; i < 18; i++) assert_true(lm_tensor_get(kernel, i) == (double)i / 8);
    assert_shape(bias, LM_F32, 1, (int64_t[]){3});
    lm_tensor *step = lm__h5_read(h5, "optimizer/vars/0");
    assert_shape(step, LM_I64, 0, NULL);
    assert_true(lm_tensor_get(step, 0) == 1);
    assert_string(h5, "layers/conv2d/vars", "name", "look");
    lm_free(kernel), lm_free(bias), lm_free(step);
    lm__h5_close(h5);
    lm__zip_release(&weights);
    lm__zip_close(zip);
    lm__free(data);
}

/* A whole model in Keras's older format. */
static void reads_legacy_keras(void **state)
{
    (void)state;
    uint8_t *data;
    char *config;
    lm__h5 *h5 = open_data("digits.h5", &data);
    check_ok(lm__h5_string(h5, "/", "model_config", &config));
    assert_non_null(strstr(config, "\"class_name\": \"Sequential\""));
    lm__free(config);
    assert_strings(h5, "model_weights", "layer_names", (const char *[]){"look", "flatten", "dense"}, 3);
    assert_strings(h5, "model_weights/flatten", "weight_names", NULL, 0);
    lm__h5_strings names;
    check_ok(lm__h5_strings_of(h5, "model_weights/look", "weight_names", &names));
    assert_int_equal(names.count, 2);
    char path[200];
    snprintf(path, sizeof path, "model_weights/look/%s", names.items[0]);
    lm_tensor *kernel = lm__h5_read(h5, path);
    assert_shape(kernel, LM_F32, 4, (int64_t[]){3, 3, 1, 2});
    lm_free(kernel);
    lm__free(names.items);
    lm__h5_close(h5);
    lm__free(data);
}

static void refuses_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        lm_status status;
        const char *message;
    } DATASETS[] = {
        {"chunked", LM_UNSUPPORTED, "\"chunked\": a dataset in chunks; `h5repack -l CONTI"},
        {"gzip", LM_UNSUPPORTED, "a compressed or filtered dataset"},
        {"unwritten", LM_CORRUPT, "was never written"},
        {"compound", LM_UNSUPPORTED, "class compound, 8 bytes"},
        {"uint64", LM_UNSUPPORTED, "class integer, 8 bytes"},
        {"complex", LM_UNSUPPORTED, "class compound"},
        {"text", LM_UNSUPPORTED, "class variable length"},
        {"opaque", LM_UNSUPPORTED, "class opaque, 2 bytes"},
        {"soft", LM_INVALID, "is no dataset but a symbolic link"},
        {"type", LM_INVALID, "is no dataset but neither a group nor a dataset"},
        {"named", LM_UNSUPPORTED, "a named datatype"},
        {"empty", LM_UNSUPPORTED, "is empty, without a shape"},
        {"external", LM_UNSUPPORTED, "a dataset in another file"},
        {"rank9", LM_UNSUPPORTED, "has 9 dimensions, the limit is 8"},
        {"god", LM_NOT_FOUND, "did you mean \"good\""},
    };
    static const struct {
        const char *file;
        lm_status status;
        const char *message;
    } FILES[] = {
        {"bad_latest.h5", LM_UNSUPPORTED, "a superblock of version 2 or later; `h5repack"},
        {"bad_order.h5", LM_UNSUPPORTED, "\"/g\": a group of the newer kind"},
        {"bad_userblock.h5", LM_UNSUPPORTED, "a user block of 512 bytes"},
        {"bad_twice.h5", LM_CORRUPT, "groups more than 64 deep at \".../again/again"},
        {"bad_many.h5", LM_CORRUPT, "overlap or go in circles"},
        {"stored.zip", LM_CORRUPT, "expected an HDF5 file's signature at offset 0"},
    };
    uint8_t *data;
    size_t size;
    lm__h5 *h5 = open_data("bad_datasets.h5", &data);
    for (size_t i = 0; i < sizeof DATASETS / sizeof *DATASETS; i++) {
        lm_tensor *t = lm__h5_read(h5, DATASETS[i].path);
        assert_fails(lm_status_of(t), DATASETS[i].status, DATASETS[i].message);
        lm_free(t);
    }
    lm_tensor *good = lm__h5_read(h5, "good"), *expected = counting(LM_F32, 2, (int64_t[]){2, 3});
    assert_same_tensor(good, expected);         /* what is refused does not spoil the rest */
    lm_free(good), lm_free(expected);
    lm__h5_close(h5);
    lm__free(data);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        data = load_data(FILES[i].file, &size);
        assert_fails(lm__h5_open(FILES[i].file, data, size, &h5), FILES[i].status, FILES[i].message);
        lm__free(data);
    }
}

static uint64_t number_at(const uint8_t *data, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)data[i] << (8 * i);
    return value;
}

static void names_what_is_damaged(void **state)
{
    (void)state;
    size_t size;
    lm__h5 *h5;
    uint8_t *data = load_data("small.h5", &size);
    assert_fails(lm__h5_open("cut.h5", data, size - 1, &h5), LM_CORRUPT,
                 "cut.h5: truncated: the HDF5 superblock declares 10240 bytes, the file has 10239");
    uint8_t *root = data + number_at(data + 64, 8);
    root[2] += 50;              /* the number of messages in the root's object header */
    assert_fails(lm__h5_open("many.h5", data, size, &h5), LM_CORRUPT, "\"/\": its object header at offset 96 holds");
    root[2] -= 50, root[0] = 9;
    assert_fails(lm__h5_open("header.h5", data, size, &h5), LM_CORRUPT, "expected an object header at offset 96");
    root[0] = 1, root[8] = 0xFF, root[9] = 0xFF, root[10] = 0xFF;
    assert_fails(lm__h5_open("block.h5", data, size, &h5), LM_CORRUPT, "goes beyond the file's end at 10240");
    lm__free(data);
}

static void survives_damage(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t step;
    } FILES[] = {{"small.h5", 1}, {"types.h5", 41}, {"attributes.h5", 1009}, {"digits.h5", 331}};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        size_t size;
        uint8_t *data = load_data(FILES[i].file, &size);
        check_ok(read_all(data, size));
        for (size_t n = 0; n < size; n += FILES[i].step)
            assert_int_not_equal(decode_exactly(read_all, data, n), LM_OK);
        check_flips(read_all, data, size, FILES[i].step);
        lm__free(data);
    }
}

typedef struct stored { uint8_t *data; size_t size; } stored;

static lm_status read_stored(void *user)
{
    const stored *s = user;
    return read_all(s->data, s->size);
}

static void survives_no_memory(void **state)
{
    (void)state;
    static const char *const FILES[] = {"types.h5", "attributes.h5", "digits.h5"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        stored s;
        s.data = load_data(FILES[i], &s.size);
        oom_some(read_stored, &s, 300);
        lm__free(s.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type), cmocka_unit_test(reads_attributes),     cmocka_unit_test(lists_and_finds),
        cmocka_unit_test(reads_keras),      cmocka_unit_test(reads_legacy_keras),   cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(names_what_is_damaged),
        cmocka_unit_test(survives_damage),  cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
