/* data/builtin/builtin.c: finding the files of built-in datasets. */
#include "data/builtin/builtin.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/place.h"
#include "data/dataset.h"
#include "data/idx.h"

#include <stdlib.h>
#include <string.h>

enum { FILES = 4, PLACES = 10 };

/* Where sets are looked for, in order: each place is a folder, "" or a home with a path behind it. */
typedef struct places {
    const char *base[PLACES], *rest[PLACES];
    int count;
    char prefix[LM__MOST_PATH];     /* where this library, or the program that has it, was installed */
} places;

static void add_place(places *p, const char *base, const char *rest)
{
    if (!base || !*base) return;
    p->base[p->count] = base, p->rest[p->count] = rest;
    p->count++;
}

static void list_places(places *p)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    p->count = 0;
    add_place(p, getenv("LAMINA_DATA"), "");
    add_place(p, LM_SOURCE_TREE, "/data");
    add_place(p, "data", "");
    add_place(p, LM_SOURCE_TREE, "/../shared/datasets");
    add_place(p, "../shared/datasets", "");
    lm__installed_prefix(p->prefix, sizeof p->prefix);
    add_place(p, p->prefix, "/" LM_DATA_FOLDER);
    if (strcmp(p->prefix, LM_PREFIX) != 0) add_place(p, LM_PREFIX, "/" LM_DATA_FOLDER);
    add_place(p, "/usr/share/datasets", "");
    if (cache && *cache)
        add_place(p, cache, "/lamina");
    else
        add_place(p, getenv("HOME"), "/.cache/lamina");
}

char *lm__builtin_cache(const lm__builtin *set)
{
    places p;
    lm__text path = {0};
    list_places(&p);
    const char *cache = getenv("XDG_CACHE_HOME"), *own = getenv("HOME");
    if ((!cache || !*cache) && (!own || !*own)) {
        lm__fail(LM_INVALID, "neither XDG_CACHE_HOME nor HOME says where downloaded data should lie");
        return NULL;
    }
    lm__text_printf(&path, "%s%s/%s", p.base[p.count - 1], p.rest[p.count - 1], set->folder);
    if (!path.bad) return path.data;
    lm__free(path.data);
    lm__no_memory(path.size);
    return NULL;
}

/* "BASE/FOLDER/FILE" or that with .gz, whichever is there; NULL where neither is or memory is out (*bad). */
static char *find_file(const places *p, int place, const char *folder, const char *file, int *bad)
{
    for (int packed = 1; packed >= 0; packed--) {
        lm__text path = {0};
        lm__text_printf(&path, "%s%s/%s/%s%s", p->base[place], p->rest[place], folder, file,
                        packed ? ".gz" : "");
        *bad |= path.bad;
        if (!path.bad && lm__file_exists(path.data)) return path.data;
        lm__free(path.data);
    }
    return NULL;
}

/* All files from the place that has the first one. */
static lm_status find_in(const places *p, int place, const lm__builtin *set, char *paths[FILES])
{
    int bad = 0;
    paths[0] = find_file(p, place, set->folder, set->about.file[0], &bad);
    for (int i = 1; paths[0] && !bad && i < FILES; i++) {
        paths[i] = find_file(p, place, set->folder, set->about.file[i], &bad);
        if (!paths[i] && !bad)
            return lm__fail(LM_NOT_FOUND, "%s: '%s%s/%s' has %s, but lacks %s.gz", set->about.name, p->base[place],
                            p->rest[place], set->folder, set->about.file[0], set->about.file[i]);
    }
    return bad ? lm__no_memory(0) : LM_OK;
}

static lm_status not_found(const places *p, const lm__builtin *set)
{
    lm__text text = {0};
    lm__text_printf(&text, "the dataset %s was not found: wanted are", set->about.name);
    for (int i = 0; i < FILES; i++) lm__text_printf(&text, "%s %s.gz", i ? "," : "", set->about.file[i]);
    lm__text_printf(&text, " in a folder %s; %s. Looked for in", set->folder, set->how_to_get);
    for (int i = 0; i < p->count; i++) lm__text_printf(&text, "%s %s%s", i ? "," : "", p->base[i], p->rest[i]);
    lm_status status = text.bad ? lm__no_memory(text.size) : lm__fail(LM_NOT_FOUND, "%s", text.data);
    lm__free(text.data);
    return status;
}

static void no_file(const places *p, const char *file)
{
    lm__text text = {0};
    lm__text_printf(&text, "the file %s was not found. Looked for in", file);
    for (int i = 0; i < p->count; i++) lm__text_printf(&text, "%s %s%s", i ? "," : "", p->base[i], p->rest[i]);
    if (text.bad) lm__no_memory(text.size);
    else lm__fail(LM_NOT_FOUND, "%s", text.data);
    lm__free(text.data);
}

static lm_status find(const lm__builtin *set, char *paths[FILES])
{
    places p;
    list_places(&p);
    for (int place = 0; place < p.count; place++) {
        LM_TRY(find_in(&p, place, set, paths));
        if (paths[0]) return LM_OK;
    }
    return not_found(&p, set);
}

char *lm_data_find(const char *file)
{
    places p;
    char folder[LM__MOST_PATH], *path = NULL;
    int bad = 0;
    const char *slash = file ? strrchr(file, '/') : NULL;
    if (!slash || slash == file || (size_t)(slash - file) >= sizeof folder) {
        lm__fail(LM_INVALID, "lm_data_find takes FOLDER/FILE, such as \"mnist/train-images-idx3-ubyte\"");
        return NULL;
    }
    memcpy(folder, file, (size_t)(slash - file));
    folder[slash - file] = 0;
    list_places(&p);
    for (int place = 0; !path && !bad && place < p.count; place++)
        path = find_file(&p, place, folder, slash + 1, &bad);
    if (path) return path;
    if (bad) lm__no_memory(0);
    else no_file(&p, file);
    return NULL;
}

lm_status lm__builtin_load(const lm__builtin *set, lm_dataset **train, lm_dataset **test)
{
    char *paths[FILES] = {0};
    lm_dataset *parts[2] = {0};
    lm_status status = find(set, paths);
    if (!status) status = set->load(set, paths, &parts[0], &parts[1]);
    for (int i = 0; i < FILES; i++) lm__free(paths[i]);
    for (int i = 0; i < 2; i++) {
        if (status) parts[i] = lm__data_poison(parts[i]);
        lm_dataset **out = i ? test : train;
        if (out)
            *out = parts[i];
        else
            lm_free(parts[i]);
    }
    return status;
}

/* --- MNIST's layout --------------------------------------------------------------------------------------------- */

static lm_status check_labels(const lm_tensor *y, int classes, const char *path)
{
    if (y->dtype != LM_U8)
        return lm__fail(LM_CORRUPT, "%s: labels of type %s, expected uint8", path, lm_dtype_name(y->dtype));
    for (size_t i = 0; i < y->size; i++) {
        int label = ((const uint8_t *)y->data)[i];
        if (label >= classes)
            return lm__fail(LM_CORRUPT, "%s: label %zu is %d, expected 0 to %d", path, i, label, classes - 1);
    }
    return LM_OK;
}

static lm_status load_part(const lm__builtin *set, const char *images, const char *labels, lm_dataset **out)
{
    lm_tensor *x, *y;
    LM_TRY(lm__data_read_idx(images, labels, &x, &y));
    lm_status status = check_labels(y, set->class_count, labels);
    if (!status && (x->dtype != LM_U8 || x->rank != 4 || x->dims[1] != 28 || x->dims[2] != 28 || x->dims[3] != 1))
        status = lm__fail(LM_CORRUPT, "%s: these are not grey pictures of 28 by 28 bytes", images);
    if (!status) {
        *out = lm_data_from_arrays(x, y);
        status = lm__object_check(*out, &lm__dataset_type, set->about.name);
    }
    if (!status) (*out)->classes = set->classes, (*out)->class_count = set->class_count;
    if (!status) (*out)->preparation = set->preparation;
    lm_free(x), lm_free(y);
    return status;
}

lm_status lm__builtin_load_idx(const lm__builtin *set, char *const paths[FILES], lm_dataset **train,
                               lm_dataset **test)
{
    LM_TRY(load_part(set, paths[0], paths[1], train));
    return load_part(set, paths[2], paths[3], test);
}

/* --- by name ------------------------------------------------------------------------------------------------------
 * */

#define X(name) &lm__builtin_##name,
static const lm__builtin *const SETS[] = {
#include "data/builtin/builtin.def"
};
#undef X
#define X(name) #name,
static const char *const NAMES[] = {
#include "data/builtin/builtin.def"
    NULL};
#undef X

const lm__builtin *lm__builtin_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof SETS / sizeof *SETS; i++)
        if (strcmp(name, NAMES[i]) == 0) return SETS[i];
    return NULL;
}

const lm__builtin *lm__builtin_at(int i)
{
    return i >= 0 && (size_t)i < sizeof SETS / sizeof *SETS ? SETS[i] : NULL;
}

const char *lm__builtin_nearest(const char *name)
{
    return lm__nearest(name, NAMES);
}

static lm_status unknown(const char *name)
{
    const char *near = lm__builtin_nearest(name);
    if (near) return lm__fail(LM_NOT_FOUND, "unknown dataset \"%s\" (did you mean \"%s\"?)", name, near);
    lm__text known = {0};
    for (int i = 0; NAMES[i]; i++) lm__text_printf(&known, "%s\"%s\"", i ? ", " : "", NAMES[i]);
    lm_status status = known.bad ? lm__no_memory(known.size)
                                 : lm__fail(LM_NOT_FOUND, "unknown dataset \"%s\"; known are %s", name, known.data);
    lm__free(known.data);
    return status;
}

lm_status lm_data_load(const char *name, lm_dataset **train, lm_dataset **test)
{
    const lm__builtin *set = lm__builtin_find(name);
    if (set) return lm__builtin_load(set, train, test);
    lm_status status = name ? unknown(name) : lm__fail(LM_INVALID, "lm_data_load: the name is NULL");
    if (train) *train = lm__data_poison(NULL);
    if (test) *test = lm__data_poison(NULL);
    return status;
}
