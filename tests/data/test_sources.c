/* tests/data/test_sources.c: datasets as a person has them: tables, folders of pictures, archives, lm_data_open. */
#include "support/check.h"
#include "support/oom.h"

#include "base/alloc.h"
#include "base/file.h"
#include "codec/csv.h"
#include "codec/npy.h"
#include "data/csv.h"
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char home[64];

static const char *in_home(const char *name)
{
    static char path[4][300];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", home, name);
    return path[turn];
}

static void save_text(const char *name, const char *text)
{
    check_ok(lm__file_save(in_home(name), text, strlen(text)));
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

static lm_dataset *table_as(const char *text, const char *target, const char *skip)
{
    lm_data_from_csv_args args = lm_data_from_csv_defaults();
    args.target = target, args.skip[0] = skip;
    return lm__data_csv("t.csv", text, strlen(text), &args);
}

static lm_dataset *table(const char *text, const char *target)
{
    return table_as(text, target, NULL);
}

/* All of x, then all of y. */
static void check_table(lm_dataset *ds, int64_t rows, int64_t columns, const double *values)
{
    check_ok(lm_status_of(ds));
    lm_tensor *x = lm_data_array(ds, 0), *y = lm_data_array(ds, 1);
    assert_int_equal(lm_tensor_dim(x, 0), rows);
    assert_int_equal(lm_tensor_dim(x, 1), columns);
    assert_int_equal(lm_tensor_size(y), rows);
    for (int64_t i = 0; i < rows * columns; i++) assert_true(lm_tensor_get(x, (size_t)i) == (float)values[i]);
    for (int64_t i = 0; i < rows; i++) assert_true(lm_tensor_get(y, (size_t)i) == (float)values[rows * columns + i]);
    lm_free(x), lm_free(y), lm_free(ds);
}
#define VALUES(...) ((double[]){__VA_ARGS__})

static void tables_are_read(void **state)
{
    (void)state;
    check_table(table("a,b,y\n1,2,3\n4,5,6\n", "y"), 2, 2, VALUES(1, 2, 4, 5, 3, 6));
    check_table(table("a;y;b\r\n1;2;3\r\n\r\n4;5;6", "y"), 2, 2, VALUES(1, 3, 4, 6, 2, 5));
    check_table(table("\xEF\xBB\xBF" "a\ty\n-1.5e2\t .25 \n", "y"), 1, 1, VALUES(-150, 0.25));
    check_table(table("1,2,3\n4,5,6\n", "3"), 2, 2, VALUES(1, 2, 4, 5, 3, 6));
    check_table(table("\"a \"\"x\"\"\",\"y\n2\"\n\"1\",2\n", "y\n2"), 1, 1, VALUES(1, 2));
    check_table(table("2019,2020\n1,2\n", "2020"), 1, 1, VALUES(1, 2));
}

static void text_targets_are_classes(void **state)
{
    int count;
    (void)state;
    lm_dataset *ds = table_as("id,a,kind\nx,1,oak\ny,2,ash\nz,3,oak\n", "kind", "id");
    lm_retain(ds);
    check_table(ds, 3, 1, VALUES(1, 2, 3, 1, 0, 1));
    lm_dataset *batched = lm_data_batch(lm_data_take(ds, 2), 1, false);
    const char *const *names = lm_data_classes(batched, &count);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "ash");
    assert_string_equal(names[1], "oak");
    lm_free(batched);
}

static void tables_are_refused(void **state)
{
    static const struct {
        const char *text, *target, *part;
        lm_status status;
    } CASES[] = {
        {"", "y", "t.csv is empty", LM_CORRUPT},
        {"a,y\n", "y", "has a header and no rows", LM_CORRUPT},
        {"a,y\n1,2\n3\n", "y", "line 3 has 1 cells, but the first has 2 (separated by commas)", LM_CORRUPT},
        {"a,y\n1,2\n,4\n", "y", "line 3, column \"a\": the cell is empty", LM_INVALID},
        {"a,y\n1,2\n3,\n", "y", "line 3, column \"y\": the cell is empty", LM_INVALID},
        {"a,y\n1,2\nNA,4\n", "y", "line 3, column \"a\": the cell is empty", LM_INVALID},
        {"a,y\n1,2\nred,4\n", "y", "line 3, column \"a\": \"red\" is no number", LM_INVALID},
        {"a,y\n1,2\n-4e38,4\n", "y", "line 3, column \"a\": \"-4e38\" is more than a float32", LM_INVALID},
        {"a,y\n1,1e999\n", "y", "line 2, column \"y\": \"1e999\" is more than a float32", LM_INVALID},
        {"a;y\n1,5;2\n", "y", "decimals are written with a point", LM_INVALID},
        {"a,y\n1,2\n3,red\n", "y", "line 3, column \"y\": \"red\" is no number, but line 2 has a number", LM_INVALID},
        {"a,y\n1,red\n3,4\n", "y", "\"4\" is a number, but line 2 has text", LM_INVALID},
        {"alpha,y\n1,2\n", "alpah", "did you mean \"alpha\"", LM_NOT_FOUND},
        {"alpha,y\n1,2\n", "zzzzzzz", "it has \"alpha\", \"y\"", LM_NOT_FOUND},
        {"1,2\n", "y", "its columns are called 1 to 2; the target is \"y\"", LM_NOT_FOUND},
        {"1,2\n", "3", "called 1 to 2", LM_NOT_FOUND},
        {"1,2\n", NULL, "by its number", LM_INVALID},
        {"a,y\n1,2\n", NULL, "such as \"y\"", LM_INVALID},
        {"y\n1\n", "y", "one at least must stay", LM_INVALID},
        {"a,y\n1,\"2\n", "y", "the quote that opens in line 2 is never closed", LM_CORRUPT},
        {"a,y\n1,\"2\"3\n", "y", "line 2: characters behind a closing quote", LM_CORRUPT},
        {"\xFF\xFE" "a", "y", "is UTF-16 text", LM_CORRUPT},
        {"PK\3\4....", "y", "save it as CSV", LM_CORRUPT},
        {"a,y\n1,o\x01k\n", "y", "cannot be the name of a class", LM_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lm_dataset *ds = table(CASES[i].text, CASES[i].target);
        check_contains(lm_error(ds), CASES[i].part);
        assert_int_equal(lm_status_of(ds), CASES[i].status);
        lm_free(ds);
    }
    lm_data_from_csv_args args = lm_data_from_csv_defaults();
    args.target = "y";
    lm_dataset *ds = lm__data_csv("z.csv", "a,y\n1,\0002\n", 9, &args);
    check_contains(lm_error(ds), "zero byte");
    lm_free(ds);
}

static void numbers_are_as_strtod_has_them(void **state)
{
    static const char *const GOOD[] = {"0", "-0.0", "1", "+7", ".5", "5.", "1e3", "1E-3", "123456789.123456789",
                                       "0.1", "3.14159265358979323846264338", "1e-30", "2.5e+38", "  1.5 ",
                                       "100000000000000000000000", "0.000000000000000000000001234", "1e400",
                                       "1e-400"};
    static const char *const BAD[] = {"", " ", ".", "-", "e5", "1e", "1e+", "0x10", "nan", "inf", "1,5", "1 2",
                                      "--1"};
    double value;
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        assert_true(lm__csv_number(GOOD[i], &value));
        assert_true((float)value == strtof(GOOD[i], NULL));
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) assert_false(lm__csv_number(BAD[i], &value));
}

static void tables_in_gzip(void **state)
{
    (void)state;
    gzFile file = gzopen(in_home("a.csv.gz"), "wb");
    assert_int_equal(gzputs(file, "a,y\n1,2\n3,4\n"), 12);
    gzclose(file);
    check_table(lm_data_from_csv(in_home("a.csv.gz"), .target = "y"), 2, 1, VALUES(1, 3, 2, 4));
}

/* --- folders ---------------------------------------------------------------------------------------------------- */

static void save_picture(const char *name, int64_t h, int64_t w, int64_t c, int value)
{
    lm_tensor *t = lm_tensor_new(LM_U8, 3, (int64_t[]){h, w, c});
    memset(lm_tensor_data(t), value, lm_tensor_bytes(t));
    check_ok(lm_image_save(t, in_home(name)));
    lm_free(t);
}

/* pets/cat: 3 pictures, 1 of them deeper; pets/dog: 2; and what is none. */
static void make_pets(void)
{
    mkdir(in_home("pets"), 0755), mkdir(in_home("pets/dog"), 0755), mkdir(in_home("pets/cat"), 0755);
    mkdir(in_home("pets/cat/more"), 0755), mkdir(in_home("pets/.hidden"), 0755);
    save_picture("pets/cat/b.png", 4, 6, 3, 20);
    save_picture("pets/cat/a.jpg", 4, 6, 3, 10);
    save_picture("pets/cat/more/c.png", 8, 3, 1, 30);
    save_picture("pets/dog/x.png", 2, 2, 1, 40);
    save_picture("pets/dog/y.png", 4, 6, 3, 50);
    save_picture("pets/dog/.hidden.png", 4, 6, 3, 99);
    save_text("pets/dog/notes.txt", "not a picture");
    save_text("pets/readme", "neither");
}

static void folders_are_read(void **state)
{
    int count;
    int64_t dims[LM_MAX_RANK];
    (void)state;
    make_pets();
    lm_dataset *ds = lm_data_from_folder(in_home("pets"));
    check_ok(lm_status_of(ds));
    assert_int_equal(lm_data_count(ds), 5);
    assert_int_equal(lm_data_shape(ds, 0, NULL, dims), 3);
    assert_true(dims[0] == 4 && dims[1] == 6 && dims[2] == 3);
    const char *const *names = lm_data_classes(ds, &count);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "cat");
    assert_string_equal(names[1], "dog");
    assert_int_equal(lm_data_passed_over(ds), 2);
    assert_string_equal(lm_data_preparation(ds), "resize");
    lm_tensor *x = lm_data_array(ds, 0), *y = lm_data_array(ds, 1);
    assert_int_equal(lm_tensor_dtype(y), LM_I32);
    for (int i = 0; i < 5; i++) {
        assert_true(lm_tensor_get(x, (size_t)(72 * i + 71)) == 10 * (i + 1));
        assert_true(lm_tensor_get(y, (size_t)i) == (i > 2));
    }
    lm_free(x), lm_free(y), lm_free(ds);
    ds = lm_data_from_folder(in_home("pets"), .height = 3, .width = 5, .channels = 1);
    assert_int_equal(lm_data_shape(ds, 0, NULL, dims), 3);
    assert_true(dims[0] == 3 && dims[1] == 5 && dims[2] == 1);
    lm_free(ds);
}

static void folders_are_refused(void **state)
{
    (void)state;
    mkdir(in_home("empty"), 0755);
    lm_dataset *ds = lm_data_from_folder(in_home("empty"));
    check_contains(lm_error(ds), "has no sub-folders");
    lm_free(ds);
    mkdir(in_home("empty/a"), 0755);
    ds = lm_data_from_folder(in_home("empty"));
    check_contains(lm_error(ds), "hold no PNG or JPEG");
    lm_free(ds);
    ds = lm_data_from_folder(in_home("nowhere"));
    assert_int_equal(lm_status_of(ds), LM_NOT_FOUND);
    lm_free(ds);
    save_picture("empty/a/good.png", 2, 2, 1, 1);
    save_text("empty/a/later.png", "\x89PNG\r\n\x1a\n and then nothing of the kind");
    ds = lm_data_from_folder(in_home("empty"));
    check_ok(lm_status_of(ds));
    lm_tensor *element[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    assert_int_equal(lm_iterator_next(it, element), 2);
    assert_int_equal(lm_iterator_next(it, element), -1);
    check_contains(lm_error(it), "empty/a/later.png");
    lm_free(it), lm_free(ds);
    ds = lm_data_from_folder(in_home("empty"), .channels = 2);
    assert_int_equal(lm_status_of(ds), LM_INVALID);
    lm_free(ds);
}

/* --- archives --------------------------------------------------------------------------------------------------- */

static void save_npz(const char *name, const char *const *names)
{
    lm__zip_writer *writer;
    check_ok(lm__zip_create(in_home(name), &writer));
    for (int i = 0; names[i]; i++) {
        lm_tensor *t = lm_tensor_new(LM_F32, names[i][0] == 'x' ? 2 : 1, (int64_t[]){10, 2});
        for (size_t k = 0; k < lm_tensor_size(t); k++) ((float *)lm_tensor_data(t))[k] = (float)k + (float)(100 * i);
        check_ok(lm__npz_add(writer, names[i], t));
        lm_free(t);
    }
    check_ok(lm__zip_commit(writer));
}

static void archives_are_read(void **state)
{
    (void)state;
    save_npz("all.npz", (const char *const[]){"x", "y", "x_test", "y_test", NULL});
    save_npz("keras.npz", (const char *const[]){"x_train", "y_train", NULL});
    save_npz("other.npz", (const char *const[]){"left", NULL});
    lm_dataset *half, *other;
    save_npz("half.npz", (const char *const[]){"x", "y", "x_test", NULL});
    check_status(lm_data_open(in_home("half.npz"), NULL, &half, &other), LM_INVALID);
    check_contains(lm_last_error(), "has the targets y and x_test, but not the y_test that belongs to it");
    lm_free(half), lm_free(other);
    save_npz("half.npz", (const char *const[]){"x", "x_test", "y_test", NULL});
    check_status(lm_data_open(in_home("half.npz"), NULL, &half, &other), LM_INVALID);
    check_contains(lm_last_error(), "has x and the targets y_test, but not the y that belongs to it");
    lm_free(half), lm_free(other);
    lm_dataset *ds = lm_data_from_npz(in_home("all.npz"), NULL), *test = lm_data_from_npz(in_home("all.npz"), "test");
    lm_tensor *y = lm_data_array(ds, 1), *y_test = lm_data_array(test, 1);
    assert_true(lm_tensor_get(y, 0) == 100 && lm_tensor_get(y_test, 0) == 300);
    lm_free(y), lm_free(y_test), lm_free(ds), lm_free(test);
    ds = lm_data_from_npz(in_home("keras.npz"), "train");
    assert_int_equal(lm_data_tensors(ds), 2);
    lm_free(ds);
    ds = lm_data_from_npz(in_home("other.npz"), NULL);
    check_contains(lm_error(ds), "has no array x; it has left");
    lm_free(ds);
    ds = lm_data_from_npz(in_home("all.npz"), "both");
    assert_int_equal(lm_status_of(ds), LM_INVALID);
    lm_free(ds);
}

/* --- whatever it is --------------------------------------------------------------------------------------------- */

static void save_rows(const char *name, int rows)
{
    lm__text text = {0};
    lm__text_printf(&text, "a,y\n");
    for (int i = 0; i < rows; i++) lm__text_printf(&text, "%d,%d\n", i, i);
    check_ok(lm__file_save(in_home(name), text.data, text.size));
    lm__free(text.data);
}

static void a_fifth_is_for_testing(void **state)
{
    char said[200];
    int seen[50] = {0}, early = 0;
    lm_dataset *part[2], *again;
    (void)state;
    save_rows("rows.csv", 50);
    lm_data_open_args args = {.target = "y", .said = said, .said_size = sizeof said};
    check_ok(lm_data_open(in_home("rows.csv"), &args, &part[0], &part[1]));
    assert_string_equal(said, "10 of 50 examples, drawn at random (always the same), are for testing");
    assert_int_equal(lm_data_count(part[0]), 40);
    assert_int_equal(lm_data_count(part[1]), 10);
    for (int p = 0; p < 2; p++) {
        lm_tensor *y = lm_data_array(part[p], 1);
        for (size_t i = 0; i < lm_tensor_size(y); i++) {
            seen[(int)lm_tensor_get(y, i)]++;
            early += p && lm_tensor_get(y, i) < 40;
            if (i) assert_true(lm_tensor_get(y, i) > lm_tensor_get(y, i - 1));
        }
        lm_free(y);
    }
    for (int i = 0; i < 50; i++) assert_int_equal(seen[i], 1);
    assert_true(early > 3);                             /* not just the last ones */
    check_ok(lm_data_open(in_home("rows.csv"), &(lm_data_open_args){.target = "y"}, NULL, &again));
    lm_tensor *a = lm_data_array(part[1], 1), *b = lm_data_array(again, 1);
    assert_memory_equal(lm_tensor_read(a), lm_tensor_read(b), lm_tensor_bytes(a));
    lm_free(a), lm_free(b), lm_free(again), lm_free(part[0]), lm_free(part[1]);

    args.ordered = true;
    check_ok(lm_data_open(in_home("rows.csv"), &args, &part[0], &part[1]));
    a = lm_data_array(part[1], 1);
    assert_true(lm_tensor_get(a, 0) == 40 && lm_tensor_get(a, 9) == 49);
    lm_free(a), lm_free(part[0]), lm_free(part[1]);
}

static void folders_and_archives_bring_their_parts(void **state)
{
    char said[200];
    int64_t dims[LM_MAX_RANK];
    lm_dataset *train, *test;
    (void)state;
    check_ok(lm_data_open(in_home("all.npz"), NULL, &train, &test));
    assert_int_equal(lm_data_count(test), 10);
    lm_free(train), lm_free(test);
    check_ok(lm_data_open(in_home("keras.npz"), NULL, &train, &test));
    assert_int_equal(lm_data_count(test), 2);
    lm_free(train), lm_free(test);

    lm_data_open_args args = {.said = said, .said_size = sizeof said};
    check_ok(lm_data_open(in_home("pets"), &args, &train, &test));
    check_contains(said, "2 files were passed over");
    assert_int_equal(lm_data_count(train) + lm_data_count(test), 5);
    lm_free(train), lm_free(test);

    mkdir(in_home("both"), 0755), mkdir(in_home("both/train"), 0755), mkdir(in_home("both/test"), 0755);
    mkdir(in_home("both/train/a"), 0755), mkdir(in_home("both/test/a"), 0755);
    save_picture("both/train/a/1.png", 5, 7, 3, 1), save_picture("both/test/a/1.png", 2, 2, 1, 1);
    save_text("both/train/a/notes", "none"), save_text("both/test/a/notes", "none");
    check_ok(lm_data_open(in_home("both"), &args, &train, &test));
    assert_string_equal(said, "2 files were passed over: no PNG or JPEG");
    lm_data_shape(test, 0, NULL, dims);
    assert_true(dims[0] == 5 && dims[1] == 7 && dims[2] == 3);
    lm_free(train), lm_free(test);
    mkdir(in_home("both/test/b"), 0755);
    assert_int_equal(lm_data_open(in_home("both"), NULL, &train, &test), LM_INVALID);
    check_contains(lm_last_error(), "test/ has the class \"b\" as number 1, train/ has \"(none)\" there");
    assert_int_equal(lm_status_of(train), LM_INVALID);
    lm_free(train), lm_free(test);

    mkdir(in_home("parts"), 0755), mkdir(in_home("parts/train"), 0755), mkdir(in_home("parts/val"), 0755);
    save_picture("parts/train/1.png", 2, 2, 1, 1), save_picture("parts/val/1.png", 2, 2, 1, 1);
    check_ok(lm_data_open(in_home("parts"), NULL, &train, &test));     /* a train is a thing, too */
    lm_free(train), lm_free(test);
    mkdir(in_home("parts/train/a"), 0755);
    assert_int_equal(lm_data_open(in_home("parts"), NULL, &train, &test), LM_INVALID);
    check_contains(lm_last_error(), "has train/ with sub-folders, but no test/ beside it");
    lm_free(train), lm_free(test);
}

static void what_is_no_data(void **state)
{
    lm_dataset *train;
    (void)state;
    assert_int_equal(lm_data_open("minst", NULL, NULL, NULL), LM_NOT_FOUND);
    check_contains(lm_last_error(), "did you mean \"mnist\"");
    assert_int_equal(lm_data_open("some/where.npz", NULL, NULL, NULL), LM_NOT_FOUND);
    check_contains(lm_last_error(), "a folder with one sub-folder of pictures a class");
    save_text("text.txt", "hello");
    assert_int_equal(lm_data_open(in_home("text.txt"), NULL, NULL, NULL), LM_INVALID);
    save_rows("one.csv", 1);
    assert_int_equal(lm_data_open(in_home("one.csv"), &(lm_data_open_args){.target = "y"}, &train, NULL), LM_INVALID);
    check_contains(lm_last_error(), "has 1 example; at least 2 are needed");
    lm_free(train);
    assert_int_equal(lm_data_open(NULL, NULL, NULL, NULL), LM_INVALID);
}

static void pick_and_rescale(void **state)
{
    (void)state;
    lm_dataset *ds = lm_data_from_csv(in_home("rows.csv"), .target = "y");
    ds = lm_data_rescale(lm_data_pick(ds, 3, (int64_t[]){7, 0, 7}), 2, 1);
    check_table(lm_retain(ds), 3, 1, VALUES(15, 1, 15, 7, 0, 7));
    ds = lm_data_batch(lm_data_shuffle(ds, 3), 2, false);
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    assert_int_equal(lm_iterator_next(it, batch), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(lm_tensor_get(batch[0], i) == 2 * lm_tensor_get(batch[1], i) + 1);
    lm_free(it), lm_free(ds);
    ds = lm_data_pick(lm_data_from_csv(in_home("rows.csv"), .target = "y"), 1, (int64_t[]){50});
    check_contains(lm_error(ds), "element 50, but there are 50");
    lm_free(ds);
}

static lm_status open_one(void *user)
{
    lm_dataset *train, *test;
    lm_status status = lm_data_open(in_home(user), &(lm_data_open_args){.target = "y"}, &train, &test);
    if (!status) {
        lm_tensor *x = lm_data_array(train, 0);
        status = lm_status_of(x);
        lm_free(x);
    }
    lm_free(train), lm_free(test);
    return status;
}

static lm_status open_classes(void *user)
{
    lm_dataset *ds = table(user, "y");
    lm_status status = lm_status_of(ds);
    lm_free(ds);
    return status;
}

static void without_memory(void **state)
{
    (void)state;
    oom_each(open_one, "rows.csv");
    oom_each(open_one, "all.npz");
    oom_some(open_one, "pets", 60);
    oom_each(open_classes, "a,y\n1,oak\n2,ash\n3,elm\n");
}

static int make_home(void **state)
{
    (void)state;
    strcpy(home, "/tmp/lamina-sources-XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static int remove_home(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", home);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_read), cmocka_unit_test(text_targets_are_classes),
        cmocka_unit_test(tables_are_refused), cmocka_unit_test(numbers_are_as_strtod_has_them),
        cmocka_unit_test(tables_in_gzip), cmocka_unit_test(folders_are_read), cmocka_unit_test(folders_are_refused),
        cmocka_unit_test(archives_are_read), cmocka_unit_test(a_fifth_is_for_testing),
        cmocka_unit_test(folders_and_archives_bring_their_parts), cmocka_unit_test(what_is_no_data),
        cmocka_unit_test(pick_and_rescale), cmocka_unit_test(without_memory)};
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
