/* data/open.c: data as a person names it on a command line. */
#include <lamina/sources.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/philox.h"
#include "codec/picture.h"
#include "data/builtin/builtin.h"
#include "data/dataset.h"
#include "data/folder.h"
#include "data/npz.h"

#include <stdio.h>
#include <string.h>

enum { PARTS = 5 };             /* one of so many is for testing */

typedef struct opening {
    const char *what;
    const lm_data_open_args *args;
    lm__said said;
    lm_dataset *part[2];        /* for training, for testing */
} opening;

/* --- a part for testing ----------------------------------------------------------------------------------------- */

static uint32_t bounded(const uint32_t words[4], uint32_t below)
{
    return (uint32_t)((((uint64_t)words[0] << 32 | words[1]) >> 11) % below);
}

/* The same choice for the same count, always: the seed of a training must not change what it is tested on. */
static void choose(uint32_t *order, uint32_t count)
{
    uint32_t words[4];
    for (uint32_t i = 0; i < count; i++) {
        lm__philox_block(0, lm__stream("test part"), 0, i, words);
        uint32_t j = bounded(words, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* Both parts in the order of the whole: element i is for testing where its number in `order` is among the first. */
static void sort_out(const uint32_t *order, int64_t count, int64_t tests, int64_t *train, int64_t *test)
{
    for (int64_t i = 0; i < count; i++) {
        if (order[i] < tests) *test++ = i;
        else *train++ = i;
    }
}

static lm_status draw_test_part(opening *o, lm_dataset *all, int64_t count, int64_t tests)
{
    if (count >= UINT32_MAX) return lm__fail(LM_UNSUPPORTED, "%s has more than 2^32 rows", o->what);
    size_t bytes = (size_t)count * (sizeof(int64_t) + sizeof(uint32_t));
    int64_t *rows = lm__alloc(bytes);
    if (!rows) return lm__no_memory(bytes);
    uint32_t *order = (uint32_t *)(rows + count);
    choose(order, (uint32_t)count);
    sort_out(order, count, tests, rows, rows + count - tests);
    o->part[0] = lm_data_pick(lm_retain(all), count - tests, rows);
    o->part[1] = lm_data_pick(lm_retain(all), tests, rows + count - tests);
    lm__free(rows);
    return LM_OK;
}

/* Takes over `all`. */
static lm_status split(opening *o, lm_dataset *all)
{
    int64_t count = lm_data_count(all), tests = count / PARTS;
    lm_status status = lm_status_of(all);
    if (!status && count < 2)
        status = lm__fail(LM_INVALID, "%s has %lld example%s; at least 2 are needed: one to learn from, one to test",
                          o->what, (long long)count, count == 1 ? "" : "s");
    if (!tests) tests = 1;
    if (!status && o->args->ordered) {
        o->part[0] = lm_data_take(lm_retain(all), count - tests);
        o->part[1] = lm_data_skip(lm_retain(all), count - tests);
    } else if (!status) {
        status = draw_test_part(o, all, count, tests);
    }
    if (!status)
        lm__say(&o->said, "%lld of %lld examples, %s, are for testing", (long long)tests, (long long)count,
                o->args->ordered ? "the last" : "drawn at random (always the same)");
    lm_free(all);
    return status;
}

/* --- kinds ------------------------------------------------------------------------------------------------------ */

static void say_passed_over(opening *o, const lm_dataset *a, const lm_dataset *b)
{
    long long files = (long long)(lm_data_passed_over(a) + lm_data_passed_over(b));
    if (files) lm__say(&o->said, "%lld file%s passed over: no PNG or JPEG", files, files == 1 ? " was" : "s were");
}

static lm_dataset *folder(const opening *o, const char *path, const lm_dataset *as)
{
    lm_data_from_folder_args args = lm_data_from_folder_defaults();
    int64_t dims[LM_MAX_RANK];
    args.height = o->args->height, args.width = o->args->width, args.channels = o->args->channels;
    if (as && lm_data_shape(as, 0, NULL, dims) == 3)
        args.height = dims[0], args.width = dims[1], args.channels = (int)dims[2];
    return lm_data_from_folder_with(path, &args);
}

static lm_status same_classes(const char *path, const lm_dataset *a, const lm_dataset *b)
{
    for (int i = 0; i < b->class_count; i++)
        if (i >= a->class_count || strcmp(a->classes[i], b->classes[i]) != 0)
            return lm__fail(LM_INVALID, "%s: test/ has the class \"%.80s\" as number %d, train/ has \"%.80s\" there: "
                            "both need the same sub-folders", path, b->classes[i], i,
                            i < a->class_count ? a->classes[i] : "(none)");
    if (a->class_count == b->class_count) return LM_OK;
    return lm__fail(LM_INVALID, "%s: train/ has %d classes, test/ %d: both need the same sub-folders", path,
                    a->class_count, b->class_count);
}

static lm_status open_parts(opening *o, const char *train, const char *test)
{
    o->part[0] = folder(o, train, NULL);
    LM_TRY(lm_status_of(o->part[0]));
    o->part[1] = folder(o, test, o->part[0]);
    LM_TRY(lm_status_of(o->part[1]));
    say_passed_over(o, o->part[0], o->part[1]);
    return same_classes(o->what, o->part[0], o->part[1]);
}

static lm_status open_folder(opening *o)
{
    lm__text train = {0}, test = {0};
    lm__text_printf(&train, "%s/train", o->what);
    lm__text_printf(&test, "%s/test", o->what);
    lm_status status = train.bad || test.bad ? lm__no_memory(train.size) : LM_OK;
    if (!status && lm__data_is_folder(train.data) && lm__data_is_folder(test.data)) {
        status = open_parts(o, train.data, test.data);
    } else if (!status && lm__data_has_folders(train.data)) {
        status = lm__fail(LM_INVALID, "%s has train/ with sub-folders, but no test/ beside it: give the other part "
                          "that name, or open %s, of which a fifth is put aside", o->what, train.data);
    } else if (!status) {
        lm_dataset *all = folder(o, o->what, NULL);
        say_passed_over(o, all, NULL);
        status = split(o, all);
    }
    lm__free(train.data);
    lm__free(test.data);
    return status;
}

static lm_status open_npz(opening *o)
{
    LM_TRY(lm__data_open_npz(o->what, &o->part[0], &o->part[1]));
    if (o->part[1]) return LM_OK;
    lm_dataset *all = o->part[0];
    o->part[0] = NULL;
    return split(o, all);
}

static lm_status open_csv(opening *o)
{
    lm_data_from_csv_args args = lm_data_from_csv_defaults();
    args.target = o->args->target;
    memcpy(args.skip, o->args->skip, sizeof args.skip);
    return split(o, lm_data_from_csv_with(o->what, &args));
}

static int is_table(const char *path)
{
    static const char *const ENDINGS[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
        if (lm__ends_with(path, ENDINGS[i])) return 1;
    return 0;
}

static lm_status no_data(const char *what)
{
    static const char FITS[] = "expected a built-in name, an .npz with x and y, a .csv, or a folder with one "
                               "sub-folder of pictures a class";
    const char *near = lm__builtin_nearest(what);
    if (lm__file_exists(what)) return lm__fail(LM_INVALID, "%s is no data to learn from: %s", what, FITS);
    if (strchr(what, '/') || strchr(what, '.')) return lm__fail(LM_NOT_FOUND, "there is no %s: %s", what, FITS);
    return lm__fail(LM_NOT_FOUND, "there is no data called \"%s\"%s%s%s: %s", what, near ? " (did you mean \"" : "",
                    near ? near : "", near ? "\"?)" : "", FITS);
}

static lm_status open_any(opening *o)
{
    if (lm__builtin_find(o->what)) return lm_data_load(o->what, &o->part[0], &o->part[1]);
    if (lm__data_is_folder(o->what)) return open_folder(o);
    if (!lm__file_exists(o->what)) return no_data(o->what);
    if (lm__ends_with(o->what, ".npz")) return open_npz(o);
    return is_table(o->what) ? open_csv(o) : no_data(o->what);
}

lm_data_open_args lm_data_open_defaults(void)
{
    return (lm_data_open_args){.size = sizeof(lm_data_open_args)};
}

lm_status lm_data_open(const char *what, const lm_data_open_args *args, lm_dataset **train, lm_dataset **test)
{
    lm_data_open_args defaults = lm_data_open_defaults();
    opening o = {.what = what, .args = args ? args : &defaults};
    o.said = (lm__said){o.args->said, o.args->said_size};
    if (o.said.text && o.said.size) o.said.text[0] = 0;
    lm_status status = what && *what ? LM_OK : lm__fail(LM_INVALID, "lm_data_open needs the name of a dataset");
    if (!status) status = open_any(&o);
    for (int i = 0; !status && i < 2; i++) status = lm_status_of(o.part[i]);
    for (int i = 0; i < 2; i++) {
        lm_dataset **out = i ? test : train;
        if (status) o.part[i] = lm__data_poison(o.part[i]);
        if (out) *out = o.part[i];
        else lm_free(o.part[i]);
    }
    return status;
}
