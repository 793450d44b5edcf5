/* data/folder.c: pictures in one sub-folder a class. */
#define _GNU_SOURCE
#include "data/picture.h"

#include "base/alloc.h"
#include "data/dataset.h"
#include "data/folder.h"
#include "data/names.h"
#include <lamina/sources.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 16, MAGIC = 12 };

typedef struct folder {
    lm_dataset ds;
    char **path;                /* of each picture, owned */
    int32_t *label;
    size_t count, path_room, label_room;
    int64_t passed_over;
} folder;

/* --- reading ---------------------------------------------------------------------------------------------------- */

static lm_status read_picture(const folder *f, int64_t i, uint8_t *to)
{
    const int64_t *want = f->ds.spec[0].dims;
    lm_tensor *picture = lm__picture_read(f->path[i], NULL);
    if (lm_failed(picture)) return lm_free(picture), lm_last_status();
    lm_tensor *fit = lm__picture_channels(picture, (int)want[2]);
    lm_free(picture);
    lm_status status = lm_failed(fit) ? lm_status_of(fit) : lm__picture_resize_into(fit, want[0], want[1], to);
    lm_free(fit);
    return status;
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    const folder *f = (const folder *)c->ds;
    (void)rows;
    for (int64_t k = 0; k < n; k++) {
        LM_TRY(read_picture(f, index[k], (uint8_t *)to[0] + (size_t)k * f->ds.spec[0].bytes));
        memcpy(to[1] + (size_t)k * sizeof *f->label, &f->label[index[k]], sizeof *f->label);
    }
    return LM_OK;
}

static void destroy(lm_dataset *ds)
{
    folder *f = (folder *)ds;
    for (size_t i = 0; i < f->count; i++) lm__free(f->path[i]);
    lm__free(f->path);
    lm__free(f->label);
}

static const lm__data_kind kind = {.name = "from_folder", .dataset_bytes = sizeof(folder),
                                   .cursor_bytes = sizeof(lm__cursor), .destroy = destroy, .read = read_elements};

int64_t lm_data_passed_over(const lm_dataset *ds)
{
    if (!lm__object_is(ds, &lm__dataset_type)) return 0;
    while (ds->from) ds = ds->from;
    return ds->kind == &kind ? ((const folder *)ds)->passed_over : 0;
}

/* --- listing ---------------------------------------------------------------------------------------------------- */

static lm_status join(const char *path, const char *name, char **out)
{
    lm__text text = {0};
    lm__text_printf(&text, "%s/%s", path, name);
    *out = text.data;
    if (!text.bad) return LM_OK;
    lm__free(text.data);
    return lm__no_memory(text.size);
}

/* The names in a folder but hidden ones, sorted. */
static lm_status list(const char *path, lm__names *names)
{
    lm_status status = LM_OK;
    DIR *dir = opendir(path);
    if (!dir) return lm__fail(errno == ENOENT ? LM_NOT_FOUND : LM_IO, "%s: %s", path, strerror(errno));
    for (const struct dirent *e; !status && (e = readdir(dir));)
        if (e->d_name[0] != '.') status = lm__names_append(names, e->d_name);
    closedir(dir);
    lm__names_sort(names);
    return status;
}

int lm__data_is_folder(const char *path)
{
    struct stat s;
    return !stat(path, &s) && S_ISDIR(s.st_mode);
}

int lm__data_has_folders(const char *path)
{
    lm__names names = {0};
    int found = 0;
    lm_status status = list(path, &names);
    for (size_t i = 0; !status && !found && i < names.count; i++) {
        char *child;
        if ((status = join(path, names.name[i], &child))) break;
        found = lm__data_is_folder(child);
        lm__free(child);
    }
    lm__names_free(&names);
    return found;
}

/* Below a class links to folders are not followed: they may lead in circles. */
static int is_real_folder(const char *path)
{
    struct stat s;
    return !lstat(path, &s) && S_ISDIR(s.st_mode);
}

static int is_picture(const char *path)
{
    uint8_t magic[MAGIC];
    struct stat s;
    if (stat(path, &s) || !S_ISREG(s.st_mode)) return 0;        /* a pipe would never end */
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? 0 : read(file, magic, sizeof magic);
    if (file >= 0) close(file);
    return got > 0 && lm__is_picture(magic, (size_t)got);
}

/* Takes the path over where it is kept. */
static lm_status add_picture(folder *f, char *path, int32_t label)
{
    if (lm__grow(&f->path, f->count, &f->path_room, sizeof *f->path) ||
        lm__grow(&f->label, f->count, &f->label_room, sizeof *f->label)) {
        lm__free(path);
        return lm__no_memory(0);
    }
    f->path[f->count] = path, f->label[f->count++] = label;
    return LM_OK;
}

static lm_status add_folder(folder *f, const char *path, int32_t label, int depth)
{
    lm__names names = {0};
    lm_status status = list(path, &names);
    for (size_t i = 0; !status && i < names.count; i++) {
        char *child;
        if ((status = join(path, names.name[i], &child))) break;
        if (is_picture(child)) {
            status = add_picture(f, child, label);
            continue;
        }
        if (!is_real_folder(child)) f->passed_over++;
        else if (depth < DEEPEST) status = add_folder(f, child, label, depth + 1);
        lm__free(child);
    }
    lm__names_free(&names);
    return status;
}

/* Sub-folders are classes; pictures beside them belong to none. */
static lm_status add_classes(folder *f, const char *path, lm__names *classes)
{
    lm__names names = {0};
    lm_status status = list(path, &names);
    for (size_t i = 0; !status && i < names.count; i++) {
        char *child;
        if ((status = join(path, names.name[i], &child))) break;
        if (lm__data_is_folder(child)) {
            status = lm__names_add(classes, names.name[i]);
            if (!status) status = add_folder(f, child, (int32_t)classes->count - 1, 0);
        } else {
            f->passed_over++;
        }
        lm__free(child);
    }
    lm__names_free(&names);
    return status;
}

/* --- making ----------------------------------------------------------------------------------------------------- */

static lm_status nothing_found(const folder *f, const char *path, size_t classes)
{
    if (!classes)
        return lm__fail(LM_INVALID, "%s has no sub-folders; expected one for each class, named after it, with its "
                        "pictures", path);
    return lm__fail(LM_INVALID, "the %zu sub-folders of %s hold no PNG or JPEG pictures (%lld other files)", classes,
                    path, (long long)f->passed_over);
}

/* Sizes that were not asked for are those of the first picture. */
static lm_status set_shape(folder *f, const lm_data_from_folder_args *args)
{
    int64_t dims[3] = {args->height, args->width, args->channels};
    if (dims[0] < 0 || dims[1] < 0 || (dims[2] && dims[2] != 1 && dims[2] != 3))
        return lm__fail(LM_INVALID, "lm_data_from_folder: pictures of %lld x %lld with %lld channels; expected sizes "
                        "from 1 on, and 1 or 3 channels (0: as the first picture)", (long long)dims[0],
                        (long long)dims[1], (long long)dims[2]);
    if (!dims[0] || !dims[1] || !dims[2]) {
        lm_tensor *first = lm__picture_read(f->path[0], NULL);
        lm_status status = lm_status_of(first);
        for (int i = 0; !status && i < 3; i++) dims[i] = dims[i] ? dims[i] : first->dims[i];
        lm_free(first);
        if (status) return status;
    }
    if (lm__mul_size((size_t)dims[0], (size_t)dims[1]) > LM__PICTURE_MAX_PIXELS)
        return lm__fail(LM_INVALID, "lm_data_from_folder: pictures of %lld x %lld pixels are more than the limit of "
                        "%zu million", (long long)dims[0], (long long)dims[1], LM__PICTURE_MAX_PIXELS / 1000000);
    f->ds.n = 2, f->ds.count = (int64_t)f->count;
    f->ds.preparation = "resize";
    LM_TRY(lm__data_spec(&f->ds, 0, LM_U8, 3, dims));
    return lm__data_spec(&f->ds, 1, LM_I32, 0, NULL);
}

static lm_status fill(folder *f, const char *path, const lm_data_from_folder_args *args)
{
    lm__names classes = {0};
    if (!path || !*path || !args) return lm__fail(LM_INVALID, "lm_data_from_folder needs a path");
    lm_status status = add_classes(f, path, &classes);
    if (!status && !f->count) status = nothing_found(f, path, classes.count);
    if (!status) lm__data_own_classes(&f->ds, &classes);
    lm__names_free(&classes);
    return status ? status : set_shape(f, args);
}

lm_data_from_folder_args lm_data_from_folder_defaults(void)
{
    return (lm_data_from_folder_args){.size = sizeof(lm_data_from_folder_args)};
}

lm_dataset *lm_data_from_folder_with(const char *path, const lm_data_from_folder_args *args)
{
    lm_dataset *ds = lm__data_new(&kind);
    if (lm_failed(ds)) return ds;
    return fill((folder *)ds, path, args) ? lm__data_poison(ds) : ds;
}
