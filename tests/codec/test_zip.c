/* tests/codec/test_zip.c: ZIP archives: what we write, what Python and Keras write, and what nobody should. */
#include "codec_test.h"

#include "codec/zip.h"

/* Opens an archive and reads every member of it. */
static lm_status read_all(const void *data, size_t size)
{
    lm__zip *zip;
    lm_status status = lm__zip_open("some.zip", data, size, &zip);
    for (size_t i = 0; status == LM_OK && i < lm__zip_count(zip); i++) {
        lm__zip_data member;
        status = lm__zip_read(zip, i, &member);
        volatile uint8_t sum = 0;
        for (size_t k = 0; status == LM_OK && k < member.size; k++) sum ^= member.bytes[k];
        (void)sum;
        if (status == LM_OK) lm__zip_release(&member);
    }
    lm__zip_close(zip);
    return status;
}

static const char TEXT[] = "{\"keras_version\": \"3.15.1\"}";

static lm_status write_archive(const char *path, uint32_t zip64_from)
{
    lm__zip_writer *w;
    struct tm date = {.tm_year = 124, .tm_mon = 1, .tm_mday = 29, .tm_hour = 13, .tm_min = 14, .tm_sec = 16};
    lm_status status = lm__zip_create(path, &w);
    if (status != LM_OK) return status;
    lm__zip_set_zip64_from(w, zip64_from);
    status = lm__zip_add(w, "metadata.json", NULL, TEXT, sizeof TEXT - 1);
    if (status == LM_OK) status = lm__zip_begin(w, "assets/layers/t\xC3\xA9xt.txt", &date, 6);
    lm__sink sink = lm__zip_sink(w);
    if (status == LM_OK) status = lm__sink_write(&sink, "abc", 3);
    if (status == LM_OK) status = lm__sink_write(&sink, "def", 3);
    if (status == LM_OK) status = lm__zip_end(w);
    if (status == LM_OK) status = lm__zip_add(w, "empty", NULL, NULL, 0);
    if (status == LM_OK) return lm__zip_commit(w);
    lm__zip_abort(w);
    return status;
}

static void assert_member(const lm__zip *zip, const char *name, const void *bytes, size_t size)
{
    size_t member;
    lm__zip_data data;
    check_ok(lm__zip_find(zip, name, &member));
    assert_int_equal(lm__zip_size(zip, member), size);
    check_ok(lm__zip_read(zip, member, &data));
    assert_int_equal(data.size, size);
    if (size) assert_memory_equal(data.bytes, bytes, size);
    lm__zip_release(&data);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    for (int zip64 = 0; zip64 < 2; zip64++) {
        uint8_t *data;
        size_t size, member;
        lm__zip *zip;
        check_ok(write_archive(scratch("a.zip"), zip64 ? 0 : UINT32_MAX));
        check_ok(lm__file_read(scratch("a.zip"), 1 << 20, &data, &size));
        check_ok(lm__zip_open("a.zip", data, size, &zip));
        assert_int_equal(lm__zip_count(zip), 3);
        assert_string_equal(lm__zip_name(zip, 0), "metadata.json");
        assert_member(zip, "metadata.json", TEXT, sizeof TEXT - 1);
        assert_member(zip, "assets/layers/t\xC3\xA9xt.txt", "abcdef", 6);
        assert_member(zip, "empty", NULL, 0);
        assert_true(lm__zip_has(zip, "empty"));
        assert_false(lm__zip_has(zip, "empt"));
        assert_fails(lm__zip_find(zip, "metadata.jsn", &member), LM_NOT_FOUND, "did you mean \"metadata.json\"");
        lm__zip_close(zip);
        check_truncation(read_all, data, size);
        check_flips(read_all, data, size, 1);
        lm__free(data);
    }
}

/* Python's zipfile reads it too, with the dates that were given, and so does Info-ZIP's unzip where there is one. */
static void others_read_it(void **state)
{
    (void)state;
    char command[1024];
    if (system("python3 -c 'import zipfile' 2>/dev/null")) skip();
    for (int zip64 = 0; zip64 < 2; zip64++) {
        check_ok(write_archive(scratch("b.zip"), zip64 ? 0 : UINT32_MAX));
        snprintf(command, sizeof command,
                 "python3 -c \"\nimport zipfile\nz = zipfile.ZipFile('%s')\nassert z.testzip() is None\n"
                 "i = z.infolist()\n"
                 "assert [m.filename for m in i] == ['metadata.json', 'assets/layers/t\xC3\xA9xt.txt', 'empty']\n"
                 "assert i[0].date_time == (1980, 1, 1, 0, 0, 0)\n"
                 "assert i[1].date_time == (2024, 2, 29, 13, 14, 16)\n"
                 "assert z.read(i[1]) == b'abcdef' and i[1].external_attr >> 16 == 0o100644\n\"",
                 scratch("b.zip"));
        assert_int_equal(system(command), 0);
    }
}

/* Written by Python: stored, deflated, ZIP64 by force (as NumPy does), and to a pipe, with sizes behind the data. */
static void reads_python(void **state)
{
    (void)state;
    static const char *const FILES[] = {"stored.zip", "deflated.zip", "zip64.zip", "piped.zip"};
    char text[5001];
    for (int i = 0; i < 5000; i++) text[i] = "abcdefg"[i % 7];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        size_t size;
        uint8_t *data = load_data(FILES[i], &size);
        lm__zip *zip;
        check_ok(lm__zip_open(FILES[i], data, size, &zip));
        assert_member(zip, "a/long.txt", text, 5000);
        assert_member(zip, "short", "x", 1);
        lm__zip_close(zip);
        if (size < 1000) {
            check_truncation(read_all, data, size);
            check_flips(read_all, data, size, 1);
        }
        lm__free(data);
    }
}

/* Each of these was made by tests/data/make_zip.py to break one rule. */
static void refuses_tricks(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        lm_status status;
        const char *message;
    } CASES[] = {
        {"bad_twins.zip", LM_CORRUPT, "two members are named \"a\""},
        {"bad_parent.zip", LM_CORRUPT, "\"x/../../y\" is refused: it leaves its folder"},
        {"bad_absolute.zip", LM_CORRUPT, "\"/etc/x\" is refused: it is absolute"},
        {"bad_drive.zip", LM_CORRUPT, "\"C:x\" is refused: it names a drive"},
        {"bad_backslash.zip", LM_CORRUPT, "is refused: it holds a backslash"},
        {"bad_control.zip", LM_CORRUPT, "\"a?b\" is refused: it holds a control character"},
        {"bad_overlap.zip", LM_CORRUPT, "\"b\" at offset 0 overlaps \"a\""},
        {"bad_size.zip", LM_CORRUPT, "disagrees with the directory"},
        {"bad_bigger.zip", LM_CORRUPT, "decompresses to less than the 101 bytes declared"},
        {"bad_smaller.zip", LM_CORRUPT, "decompresses to more than the 99 bytes declared"},
        {"bad_name.zip", LM_CORRUPT, "disagrees with the directory"},
        {"bad_crc.zip", LM_CORRUPT, "is damaged: its checksum is"},
        {"bad_ratio.zip", LM_CORRUPT, "bytes cannot become"},
        {"bad_bomb.zip", LM_CORRUPT, "is refused as a bomb"},
        {"bad_bombs.zip", LM_CORRUPT, "refused as a bomb: its members expand"},
        {"bad_count.zip", LM_CORRUPT, "65000 ZIP members declared"},
        {"bad_method.zip", LM_UNSUPPORTED, "compression method 12"},
        {"bad_encrypted.zip", LM_UNSUPPORTED, "is encrypted"},
        {"bad_prefix.zip", LM_CORRUPT, "but its end record is at"},
        {"bad_end64.zip", LM_CORRUPT, "the ZIP64 end record at offset 79 disagrees with the plain one"},
        {"bad_parts.zip", LM_UNSUPPORTED, "in several parts"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        size_t size;
        uint8_t *data = load_data(CASES[i].file, &size);
        size_t peak = lm_memory().peak;
        assert_fails(read_all(data, size), CASES[i].status, CASES[i].message);
        assert_true(lm_memory().peak < peak + (1 << 21));
        lm__free(data);
    }
    assert_fails(read_all("PK", 2), LM_CORRUPT, "not a ZIP archive, or truncated");
    check_ok(read_all("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22));      /* an empty archive */
}

static void writer_refuses(void **state)
{
    (void)state;
    lm__zip_writer *w;
    check_ok(lm__zip_create(scratch("c.zip"), &w));
    assert_fails(lm__zip_add(w, "../x", NULL, "x", 1), LM_INVALID, "it leaves its folder");
    check_ok(lm__zip_add(w, "x", NULL, "x", 1));
    assert_fails(lm__zip_add(w, "x", NULL, "x", 1), LM_INVALID, "has been written already");
    check_ok(lm__zip_begin(w, "y", NULL, 2));
    assert_fails(lm__zip_begin(w, "z", NULL, 2), LM_INVALID, "begun before \"y\" was ended");
    lm__sink sink = lm__zip_sink(w);
    assert_fails(lm__sink_write(&sink, "abc", 3), LM_INVALID, "more than the 2 bytes said");
    check_ok(lm__sink_write(&sink, "a", 1));
    assert_fails(lm__zip_end(w), LM_INVALID, "ended after 1 of its 2 bytes");
    assert_fails(lm__zip_commit(w), LM_INVALID, "\"y\" was not ended");
    assert_false(lm__file_exists(scratch("c.zip")));
    check_ok(lm__zip_create(scratch("c.zip"), &w));
    lm__zip_abort(w);
    lm__zip_abort(NULL);
    assert_false(lm__file_exists(scratch("c.zip")));
    assert_fails(lm__zip_create("/nowhere/at/all.zip", &w), LM_IO, "/nowhere/at/all.zip");
}

static lm_status write_and_read(void *user)
{
    uint8_t *data = NULL;
    size_t size;
    lm_status status = write_archive(user, UINT32_MAX);
    if (status == LM_OK) status = lm__file_read(user, 1 << 20, &data, &size);
    if (status == LM_OK) status = read_all(data, size);
    lm__free(data);
    return status;
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
    stored s;
    oom_each(write_and_read, (void *)scratch("d.zip"));
    s.data = load_data("deflated.zip", &s.size);
    oom_each(read_stored, &s);
    lm__free(s.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote), cmocka_unit_test(others_read_it), cmocka_unit_test(reads_python),
        cmocka_unit_test(refuses_tricks),      cmocka_unit_test(writer_refuses), cmocka_unit_test(survives_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
