/* tests/codec/test_hdf5_write.c: HDF5 files of ours, read back by us and by h5py. */
#include "codec_test.h"

#include "base/bytes.h"
#include "codec/hdf5.h"

/* A Python that may have h5py: $LAMINA_PYTHON, else python3. */
static const char *python(void)
{
    const char *named = getenv("LAMINA_PYTHON");
    return named ? named : "python3";
}

static void put(lm__h5_writer *w, const char *path, lm_tensor *t)
{
    check_ok(lm__h5_put_tensor(w, path, t));
    lm_free(t);
}

/* Every dtype, attributes of all kinds, groups of `many` members. */
static lm__h5_writer *sample(size_t many)
{
    lm__h5_writer *w;
    char path[64];
    check_ok(lm__h5_create(&w));
    for (lm_dtype d = 0; d < LM_DTYPE_COUNT; d++) {
        snprintf(path, sizeof path, "/types/%s", lm_dtype_name(d));
        put(w, path, counting(d, 2, (int64_t[]){2, 3}));
    }
    put(w, "scalar", lm_tensor_scalar(LM_I64, 7));
    put(w, "none", counting(LM_F32, 2, (int64_t[]){0, 3}));
    check_ok(lm__h5_put_group(w, "empty/group"));
    check_ok(lm__h5_put_group(w, "many"));
    for (size_t i = 0; i < many; i++) {
        snprintf(path, sizeof path, "many/%zu", i);
        put(w, path, lm_tensor_scalar(LM_F32, (double)i));
        check_ok(lm__h5_put_string(w, path, "name", path));
    }
    check_ok(lm__h5_put_string(w, "types", "name", "caf\xC3\xA9"));
    check_ok(lm__h5_put_string(w, "", "empty", ""));
    check_ok(lm__h5_put_strings(w, "/", "list", (const char *[]){"x", "", "yyy"}, 3));
    check_ok(lm__h5_put_strings(w, "/", "nothing", NULL, 0));
    return w;
}

static lm__h5 *emit_and_open(lm__h5_writer *w, lm__text *text)
{
    lm__h5 *h5;
    uint64_t bytes;
    lm__sink sink = lm__sink_text(text);
    check_ok(lm__h5_layout(w, &bytes));
    check_ok(lm__h5_emit(w, &sink));
    assert_int_equal(text->size, bytes);
    lm__h5_discard(w);
    check_ok(lm__h5_open("ours.h5", text->data, text->size, &h5));
    return h5;
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    lm__text text = {0};
    char path[64], *name;
    lm__h5 *h5 = emit_and_open(sample(300), &text);
    for (lm_dtype d = 0; d < LM_DTYPE_COUNT; d++) {
        snprintf(path, sizeof path, "/types/%s", lm_dtype_name(d));
        lm_tensor *expected = counting(d, 2, (int64_t[]){2, 3}), *t = lm__h5_read(h5, path);
        assert_same_tensor(t, expected);
        lm_free(t), lm_free(expected);
    }
    for (size_t i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "many/%zu", i);
        lm_tensor *t = lm__h5_read(h5, path);
        assert_true(lm_tensor_rank(t) == 0 && lm_tensor_get(t, 0) == (double)i);
        lm_free(t);
        check_ok(lm__h5_string(h5, path, "name", &name));
        assert_string_equal(name, path);
        lm__free(name);
    }
    lm__h5_strings list;
    check_ok(lm__h5_strings_of(h5, "", "list", &list));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[2], "yyy");
    lm__free(list.items);
    assert_int_equal(lm__h5_kind_of(h5, "empty/group"), LM__H5_GROUP);
    lm__h5_close(h5);
    lm__free(text.data);
}

/* h5py reads everything, for groups of every number of B-tree levels. */
static void h5py_reads_it(void **state)
{
    (void)state;
    static const size_t MANY[] = {1, 8, 9, 256, 257, 8193};
    char command[2048];
    snprintf(command, sizeof command, "%s -c 'import h5py' 2>/dev/null", python());
    if (system(command)) skip();
    for (size_t i = 0; i < sizeof MANY / sizeof *MANY; i++) {
        lm__h5_writer *w = sample(MANY[i]);
        check_ok(lm__h5_save(w, scratch("a.h5")));
        lm__h5_discard(w);
        snprintf(command, sizeof command,
                 "%s -c '\nimport h5py, numpy as np\nf = h5py.File(\"%s\", \"r\")\n"
                 "assert sorted(f) == list(f) == [\"empty\", \"many\", \"none\", \"scalar\", \"types\"]\n"
                 "assert f.attrs[\"empty\"] == \"\" and list(f.attrs[\"list\"]) == [\"x\", \"\", \"yyy\"]\n"
                 "assert f.attrs[\"nothing\"].shape == (0,) and f[\"types\"].attrs[\"name\"] == \"caf\\u00e9\"\n"
                 "t = f[\"types\"]\nfor k in t:\n    if k == \"bfloat16\": continue\n"
                 "    i = np.arange(6).reshape(2, 3)\n"
                 "    x = i %% 3 == 1 if k == \"bool\" else (i if k == \"uint8\" else i - 20).astype(k)\n"
                 "    assert t[k].dtype == x.dtype and (t[k][()] == x).all(), k\n"
                 "assert t[\"bfloat16\"].dtype == \"V2\" and t[\"bfloat16\"].attrs[\"dtype\"] == \"bfloat16\"\n"
                 "assert bytes(t[\"bfloat16\"][0, 1]) == b\"\\x98\\xc1\"\n"
                 "assert f[\"scalar\"][()] == 7 and f[\"none\"].shape == (0, 3) and len(f[\"empty/group\"]) == 0\n"
                 "m = f[\"many\"]\nassert len(m) == %zu\n"
                 "for k in m: assert m[k][()] == int(k) and m[k].attrs[\"name\"] == \"many/\" + k\n'",
                 python(), scratch("a.h5"), MANY[i]);
        assert_int_equal(system(command), 0);
    }
}

static void refuses(void **state)
{
    (void)state;
    lm__h5_writer *w;
    uint64_t bytes;
    static char deep[400], *many[5000];
    check_ok(lm__h5_create(&w));
    lm_tensor *t = counting(LM_F32, 1, (int64_t[]){3});
    check_ok(lm__h5_put_tensor(w, "a/b", t));
    assert_fails(lm__h5_put_tensor(w, "a/b", t), LM_INVALID, "\"a/b\": there is a dataset already");
    assert_fails(lm__h5_put_tensor(w, "a", t), LM_INVALID, "\"a\": there is a group already");
    assert_fails(lm__h5_put_tensor(w, "", t), LM_INVALID, "there is a group already");
    assert_fails(lm__h5_put_tensor(w, "a/b/c", t), LM_INVALID, "\"a/b\" is a dataset, not a group");
    assert_fails(lm__h5_put_group(w, "a/b"), LM_INVALID, "there is a dataset already");
    assert_fails(lm__h5_put_group(w, "a//c"), LM_INVALID, "empty names");
    assert_fails(lm__h5_put_group(w, "a/../c"), LM_INVALID, "\".\" and \"..\"");
    assert_fails(lm__h5_put_group(w, "a/"), LM_INVALID, "empty names");
    for (int i = 0; i < 65; i++) strcat(deep, "/x");
    assert_fails(lm__h5_put_group(w, deep), LM_INVALID, "more than 64 groups deep");
    assert_fails(lm__h5_put_string(w, "x/nothing", "a", "b"), LM_NOT_FOUND, "nothing was put there");
    check_ok(lm__h5_put_string(w, "a/b", "a", "b"));
    assert_fails(lm__h5_put_string(w, "a/b", "a", "b"), LM_INVALID, "an attribute \"a\" already");
    assert_fails(lm__h5_put_string(w, "a/b", "", "b"), LM_INVALID, "attribute name of 0 bytes");
    for (int i = 0; i < 5000; i++) many[i] = "x";
    assert_fails(lm__h5_put_strings(w, "a", "names", (const char *const *)many, 5000), LM_INVALID,
                 "split it as Keras does (names0, names1, ...)");
    check_ok(lm__h5_put_strings(w, "a", "names", (const char *const *)many, 4000));
    lm_tensor *poisoned = lm_tensor_new(LM_F32, -1, NULL);
    check_status(lm__h5_put_tensor(w, "p", poisoned), LM_INVALID);
    lm_free(poisoned);
    check_ok(lm__h5_layout(w, &bytes));
    assert_fails(lm__h5_put_group(w, "late"), LM_INVALID, "after the file's layout was made");
    assert_fails(lm__h5_save(w, "/nowhere/at/all.h5"), LM_IO, "/nowhere");
    lm_free(t);
    lm__h5_discard(w);
    lm__h5_discard(NULL);
}

/* The strings of one attribute may fill several collections, and one string more than a collection usually holds. */
static void writes_long_strings(void **state)
{
    (void)state;
    lm__h5_writer *w;
    lm__text text = {0};
    lm__h5_strings list;
    char *huge = malloc(300001), *back;
    const char *texts[4000];
    memset(huge, 'h', 300000);
    huge[300000] = 0;
    for (int i = 0; i < 4000; i++) texts[i] = huge + 300000 - i % 200;
    check_ok(lm__h5_create(&w));
    check_ok(lm__h5_put_string(w, "", "huge", huge));
    check_ok(lm__h5_put_strings(w, "", "list", texts, 4000));
    check_ok(lm__h5_put_string(w, "", "last", "x"));
    lm__h5 *h5 = emit_and_open(w, &text);
    check_ok(lm__h5_string(h5, "", "huge", &back));
    assert_string_equal(back, huge);
    lm__free(back);
    check_ok(lm__h5_strings_of(h5, "", "list", &list));
    assert_int_equal(list.count, 4000);
    for (int i = 0; i < 4000; i++) assert_string_equal(list.items[i], texts[i]);
    lm__free(list.items);
    lm__h5_close(h5);
    lm__free(text.data);
    free(huge);
}

static uint64_t number_at(const lm__text *text, size_t at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)(uint8_t)text->data[at + i] << (8 * i);
    return value;
}

/* Finds the first place behind `from` with these bytes. */
static size_t find_bytes(const lm__text *text, size_t from, const void *bytes, size_t count)
{
    for (; from + count <= text->size; from++)
        if (!memcmp(text->data + from, bytes, count)) return from;
    return text->size;
}

/* Other readers search a group's B-tree by its keys, which ours does not need: each must be the last name below the
 * child before it, and names must rise. */
static void orders_its_trees(void **state)
{
    (void)state;
    lm__text text = {0};
    lm__h5 *h5 = emit_and_open(sample(300), &text);
    size_t nodes = 0, heap = 0, last_symbols = 0;
    const char *before = "";
    for (size_t at = 0; at < text.size; at += 8) {
        if (!memcmp(text.data + at, "HEAP", 4)) heap = number_at(&text, at + 24, 8), before = "";
        if (!memcmp(text.data + at, "SNOD", 4)) last_symbols = at;
        if (memcmp(text.data + at, "TREE", 4) || last_symbols < heap) continue;
        size_t count = number_at(&text, at + 6, 2), level = (uint8_t)text.data[at + 5];
        for (size_t i = 0; i < count; i++) {
            size_t child = number_at(&text, at + 32 + 16 * i, 8);
            const char *key = text.data + heap + number_at(&text, at + 40 + 16 * i, 8);
            if (level) {            /* its last key */
                size_t grandchildren = number_at(&text, child + 6, 2);
                assert_ptr_equal(key, text.data + heap + number_at(&text, child + 24 + 16 * grandchildren, 8));
                continue;
            }
            for (size_t k = 0; k < number_at(&text, child + 6, 2); k++) {
                const char *name = text.data + heap + number_at(&text, child + 8 + 40 * k, 8);
                assert_true(strcmp(before, name) < 0);
                before = name;
            }
            assert_ptr_equal(key, before);
            nodes++;
        }
    }
    assert_int_equal(nodes, 38 + 2 + 1 + 1);    /* symbol nodes of many, types, empty and the root */
    lm__h5_close(h5);
    lm__free(text.data);
}

/* Strings that share one heap object, and sizes that do not fit a shape: only a forger writes such. */
static void reader_sees_forgery(void **state)
{
    (void)state;
    lm__h5_writer *w;
    lm__text text = {0};
    lm__h5_strings list;
    static char big[5001];
    memset(big, 'b', 5000);
    check_ok(lm__h5_create(&w));
    check_ok(lm__h5_put_strings(w, "", "list", (const char *[]){big, "x", "y"}, 3));
    put(w, "x", counting(LM_F32, 2, (int64_t[]){2, 3}));
    lm__h5 *h5 = emit_and_open(w, &text);
    check_ok(lm__h5_strings_of(h5, "", "list", &list));
    lm__free(list.items);
    size_t at = find_bytes(&text, 0, "\x88\x13\0\0\x60\0\0\0\0\0\0\0\1\0\0\0", 16);
    assert_true(at < text.size);
    memcpy(text.data + at + 16, text.data + at, 16);
    memcpy(text.data + at + 32, text.data + at, 16);
    assert_fails(lm__h5_strings_of(h5, "", "list", &list), LM_CORRUPT, "list of strings: they overlap");
    uint64_t place = text.size - 24;
    uint8_t layout[10] = {3, 1};
    memcpy(layout + 2, &place, 8);
    at = find_bytes(&text, 0, layout, 10);
    assert_true(at < text.size);
    text.data[at + 10] = 23;
    lm_tensor *t = lm__h5_read(h5, "x");
    assert_fails(lm_status_of(t), LM_CORRUPT, "\"x\" holds 23 bytes, but its shape and type need 24");
    lm_free(t);
    text.data[at + 10] = 24, text.data[at + 2]++;
    t = lm__h5_read(h5, "x");
    assert_fails(lm_status_of(t), LM_CORRUPT, "truncated: \"x\" takes 24 bytes from offset");
    lm_free(t);
    lm__h5_close(h5);
    lm__free(text.data);
}

static void set_number(lm__text *text, size_t at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) text->data[at + (size_t)i] = (char)(value >> 8 * i);
}

enum { FORGED = 40, FORGED_STEP = 4096, FORGED_BYTES = 100000 };

/* A list of FORGED strings "x", and a long string in which heaps are forged that overlap: each has one object, "b",
 * of index 9. *list: where the list's references are. */
static void forge_heaps(lm__text *text, size_t *list)
{
    lm__h5_writer *w;
    static char big[FORGED * FORGED_STEP + FORGED_BYTES];
    const char *names[FORGED];
    memset(big, 'b', sizeof big - 1);
    for (int i = 0; i < FORGED; i++) names[i] = "x";
    check_ok(lm__h5_create(&w));
    check_ok(lm__h5_put_strings(w, "", "list", names, FORGED));
    check_ok(lm__h5_put_string(w, "", "long", big));
    lm__sink sink = lm__sink_text(text);
    check_ok(lm__h5_emit(w, &sink));
    lm__h5_discard(w);
    size_t first = find_bytes(text, 0, "bbbbbbbb", 8);
    *list = find_bytes(text, first + sizeof big, "\1\0\0\0\x60\0\0\0\0\0\0\0\1\0\0\0", 16);
    assert_true(*list < text->size);
    for (size_t i = 0; i < FORGED; i++) {
        size_t at = first + i * FORGED_STEP;
        memcpy(text->data + at, "GCOL\1\0\0", 8);
        set_number(text, at + 8, FORGED_BYTES, 8);
        set_number(text, at + 16, 9, 8), set_number(text, at + 24, 1, 8);
        set_number(text, at + 40, 0, 8);                /* index 0 ends it */
    }
}

/* Each string is looked for in another heap of 100000 bytes: with a few the file is read, with many it is refused. */
static void heaps_that_overlap_run_out(void **state)
{
    (void)state;
    lm__text text = {0};
    lm__h5_strings list;
    lm__h5 *h5;
    size_t at;
    forge_heaps(&text, &at);
    size_t first = find_bytes(&text, 0, "GCOL\1\0\0\0\xA0\x86\1", 11);
    for (size_t i = 0; i < 2 * FORGED; i++) {
        size_t k = i % FORGED, heap = i < FORGED ? k % 3 : k;
        set_number(&text, at + 16 * k + 4, first + heap * FORGED_STEP, 8);
        set_number(&text, at + 16 * k + 12, 9, 4);
        if (i != FORGED - 1) continue;
        check_ok(lm__h5_open("x.h5", text.data, text.size, &h5));
        check_ok(lm__h5_strings_of(h5, "", "list", &list));
        assert_string_equal(list.items[FORGED - 1], "b");
        lm__free(list.items);
        lm__h5_close(h5);
    }
    check_ok(lm__h5_open("x.h5", text.data, text.size, &h5));
    assert_fails(lm__h5_strings_of(h5, "", "list", &list), LM_CORRUPT, "global heaps overlap");
    lm__h5_close(h5);
    lm__free(text.data);
}

/* Other writers may leave objects in any order; of two with one index the first counts. */
static void heaps_in_any_order(void **state)
{
    (void)state;
    lm__h5_writer *w;
    lm__text text = {0};
    lm__h5_strings list;
    check_ok(lm__h5_create(&w));
    check_ok(lm__h5_put_strings(w, "", "list", (const char *[]){"a", "b", "c", "d"}, 4));
    lm__h5_close(emit_and_open(w, &text));
    size_t heap = find_bytes(&text, 0, "GCOL", 4) + 16;
    static const int order[] = {4, 2, 2, 1};
    for (size_t i = 0; i < 4; i++) set_number(&text, heap + 24 * i, (uint64_t)order[i], 2);
    lm__h5 *h5;
    check_ok(lm__h5_open("x.h5", text.data, text.size, &h5));
    assert_fails(lm__h5_strings_of(h5, "", "list", &list), LM_CORRUPT, "damaged variable-length string");
    set_number(&text, heap + 48, 3, 2);
    lm__h5_close(h5);
    check_ok(lm__h5_open("x.h5", text.data, text.size, &h5));
    check_ok(lm__h5_strings_of(h5, "", "list", &list));
    for (size_t i = 0; i < 4; i++) assert_int_equal(list.items[i][0], "dbca"[i]);
    lm__free(list.items);
    lm__h5_close(h5);
    lm__free(text.data);
}

/* A file that another program cuts short while it is read is not said to be damaged. */
static void files_cut_while_they_are_read(void **state)
{
    (void)state;
    lm__text text = {0};
    int cuts = 0;
    lm__h5_close(emit_and_open(sample(1000), &text));
    for (size_t cut = 0; cut < text.size; cut += 1 << 15, cuts++) {
        lm__view *view;
        lm__h5 *h5 = NULL;
        check_ok(lm__file_save(scratch("cut.h5"), text.data, text.size));
        check_ok(lm__view_open(scratch("cut.h5"), text.size, &view));
        assert_int_equal(truncate(scratch("cut.h5"), (off_t)cut), 0);
        assert_fails(lm__h5_open_view("cut.h5", view, 0, text.size, &h5), LM_IO, "was cut to");
        lm__view_close(view);
    }
    assert_in_range(cuts, 5, 100);
    lm__free(text.data);
}

static lm_status write_little(void *user)
{
    lm__h5_writer *w;
    lm_tensor *t = lm_tensor_new(LM_BF16, 1, (int64_t[]){3});
    lm_status status = lm_status_of(t);
    if (status == LM_OK) status = lm__h5_create(&w);
    if (status != LM_OK) {
        lm_free(t);
        return status;
    }
    status = lm__h5_put_tensor(w, "a/b/0", t);
    if (status == LM_OK) status = lm__h5_put_strings(w, "a", "list", (const char *[]){"x", "y"}, 2);
    if (status == LM_OK) status = lm__h5_save(w, user);
    lm__h5_discard(w);
    lm_free(t);
    return status;
}

static void survives_no_memory(void **state)
{
    (void)state;
    oom_each(write_little, (void *)scratch("b.h5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote), cmocka_unit_test(h5py_reads_it), cmocka_unit_test(refuses),
        cmocka_unit_test(orders_its_trees),    cmocka_unit_test(reader_sees_forgery),
        cmocka_unit_test(heaps_in_any_order),  cmocka_unit_test(heaps_that_overlap_run_out),
        cmocka_unit_test(files_cut_while_they_are_read),
        cmocka_unit_test(writes_long_strings), cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
