/* codec/npz.c: archives of NumPy arrays. */
#include "codec/npy.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/status.h"
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

static const char SUFFIX[] = ".npy";
enum { SUFFIX_BYTES = sizeof SUFFIX - 1 };

struct lm__npz {
    char *path;
    uint8_t *owned;             /* the file's bytes, if they are ours                 */
    lm__zip *zip;
    size_t *members;            /* of the arrays: their numbers in the archive        */
    char **names;               /* of the arrays: in one block, behind these pointers */
    size_t count;
};

void lm__npz_close(lm__npz *npz)
{
    if (!npz) return;
    lm__zip_close(npz->zip);
    lm__free(npz->names);
    lm__free(npz->members);
    lm__free(npz->owned);
    lm__free(npz->path);
    lm__free(npz);
}

/* The length of an array's name; 0 if the member is none. */
static size_t array_name(const char *member)
{
    size_t length = strlen(member);
    return length > SUFFIX_BYTES && !strcmp(member + length - SUFFIX_BYTES, SUFFIX) ? length - SUFFIX_BYTES : 0;
}

static lm_status list_arrays(lm__npz *npz)
{
    size_t count = lm__zip_count(npz->zip), bytes = count * sizeof *npz->names;
    for (size_t i = 0; i < count; i++) bytes += array_name(lm__zip_name(npz->zip, i)) + 1;
    npz->members = lm__calloc(count, sizeof *npz->members);
    npz->names = lm__alloc(bytes);
    if (!npz->members || !npz->names) return lm__no_memory(bytes);
    char *to = (char *)(npz->names + count);
    for (size_t i = 0; i < count; i++) {
        const char *name = lm__zip_name(npz->zip, i);
        size_t length = array_name(name);
        if (!length) continue;
        npz->members[npz->count] = i;
        npz->names[npz->count++] = to;
        memcpy(to, name, length);
        to[length] = 0;
        to += length + 1;
    }
    return LM_OK;
}

/* Takes over `owned`, also when it fails. */
static lm_status open_over(const char *name, const void *data, size_t size, uint8_t *owned, lm__npz **out)
{
    lm_status status;
    *out = NULL;
    lm__npz *npz = lm__calloc(1, sizeof *npz);
    if (!npz) {
        lm__free(owned);
        return lm__no_memory(sizeof *npz);
    }
    npz->owned = owned;
    npz->path = lm__strdup(name);
    if (!npz->path) LM_GO(failed, lm__no_memory(strlen(name)));
    LM_GO(failed, lm__zip_open(npz->path, data, size, &npz->zip));
    LM_GO(failed, list_arrays(npz));
    *out = npz;
    return LM_OK;
failed:
    lm__npz_close(npz);
    return status;
}

lm_status lm__npz_over(const char *name, const void *data, size_t size, lm__npz **out)
{
    return open_over(name, data, size, NULL, out);
}

lm_status lm__npz_open(const char *path, lm__npz **out)
{
    uint8_t *data;
    size_t size;
    *out = NULL;
    LM_TRY(lm__file_read(path, LM__NPY_LIMIT, &data, &size));
    return open_over(path, data, size, data, out);
}

size_t lm__npz_count(const lm__npz *npz)
{
    return npz->count;
}

const char *lm__npz_name(const lm__npz *npz, size_t array)
{
    return npz->names[array];
}

/* The name of an array's member; 0 if it is longer than any can be. */
static int member_name(const char *name, char member[LM__ZIP_MAX_NAME + 1])
{
    int length = snprintf(member, LM__ZIP_MAX_NAME + 1, "%s%s", name, SUFFIX);
    return length > 0 && length <= LM__ZIP_MAX_NAME;
}

int lm__npz_has(const lm__npz *npz, const char *name)
{
    char member[LM__ZIP_MAX_NAME + 1];
    return member_name(name, member) && lm__zip_has(npz->zip, member);
}

static lm_status read_array(const lm__npz *npz, const char *name, lm_tensor **out)
{
    char member[LM__ZIP_MAX_NAME + 1], shown[LM__ZIP_MAX_NAME + 300];
    lm__zip_data data;
    size_t which = 0;
    if (!lm__npz_has(npz, name)) {
        const char *names[33] = {0};            /* a few dozen are enough for a hint */
        for (size_t i = 0; i < npz->count && i < 32; i++) names[i] = npz->names[i];
        const char *near = lm__nearest(name, names);
        return lm__fail(LM_NOT_FOUND, "%s: no array \"%s\"%s%s%s", npz->path, name, near ? " (did you mean \"" : "",
                        near ? near : "", near ? "\"?)" : "");
    }
    member_name(name, member);
    LM_TRY(lm__zip_find(npz->zip, member, &which));
    LM_TRY(lm__zip_read(npz->zip, which, &data));
    snprintf(shown, sizeof shown, "%.250s: %s", npz->path, member);
    *out = lm__npy_decode(shown, data.bytes, data.size);
    lm__zip_release(&data);
    return lm_status_of(*out);
}

lm_tensor *lm__npz_read(const lm__npz *npz, const char *name)
{
    lm_tensor *t = NULL;
    if (read_array(npz, name, &t) == LM_OK || t) return t;
    return lm__object_poison(&lm__tensor_type);
}

lm_status lm__npz_add(lm__zip_writer *writer, const char *name, const lm_tensor *tensor)
{
    char member[LM__ZIP_MAX_NAME + 1];
    uint64_t bytes = 0;
    if (!member_name(name, member))
        return lm__fail(LM_INVALID, "the name of an array, \"%.40s...\", is longer than %d bytes", name,
                        LM__ZIP_MAX_NAME - SUFFIX_BYTES);
    LM_TRY(lm__npy_size(tensor, &bytes));
    LM_TRY(lm__zip_begin(writer, member, NULL, bytes));
    lm__sink sink = lm__zip_sink(writer);
    LM_TRY(lm__npy_write(tensor, &sink));
    return lm__zip_end(writer);
}
