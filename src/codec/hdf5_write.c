/* codec/hdf5_write.c: the tree of a file being written, and its way out; hdf5_layout.c turns it into bytes. */
#include "codec/hdf5.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/hdf5_tree.h"
#include "tensor/tensor.h"

#include <string.h>

/* Of one object: the format counts an object's messages in 16 bits. */
enum { MOST_ATTRIBUTES = 4096 };

lm_status lm__h5_create(lm__h5_writer **out)
{
    *out = NULL;
    lm__h5_writer *w = lm__calloc(1, sizeof *w);
    if (!w) return lm__no_memory(sizeof *w);
    w->arena = lm__arena_new();
    w->root = w->arena ? lm__arena_alloc(w->arena, sizeof *w->root) : NULL;
    if (!w->root) {
        lm__h5_discard(w);
        return lm__no_memory(sizeof *w->root);
    }
    w->root->path = "/", w->root->name = "";
    w->last = &w->root->next;
    *out = w;
    return LM_OK;
}

void lm__h5_discard(lm__h5_writer *w)
{
    if (!w) return;
    for (h5_object *o = w->root; o; o = o->next) {
        lm__free(o->children);
        lm_free(o->tensor);
    }
    lm__free(w->meta.data);
    lm__arena_free(w->arena);
    lm__free(w);
}

/* --- the tree --------------------------------------------------------------------------------------------------- */

/* The place of a name among a group's children, which are sorted; *found: it is there. */
static size_t place_of(const h5_object *group, const char *name, size_t length, int *found)
{
    size_t low = 0, high = group->count;
    *found = 0;
    while (low < high && !*found) {
        size_t middle = (low + high) / 2;
        const char *other = group->children[middle]->name;
        int order = strncmp(name, other, length);
        if (!order && other[length]) order = -1;
        if (order <= 0) high = middle;
        else low = middle + 1;
        if (!order) low = high, *found = 1;
    }
    return low;
}

static lm_status add_child(lm__h5_writer *w, h5_object *group, size_t place, const char *path, const char *name,
                           size_t length, h5_object **out)
{
    h5_object *o = lm__arena_alloc(w->arena, sizeof *o);
    char *own = lm__arena_copy(w->arena, path, (size_t)(name - path) + length + 1);
    if (!o || !own || lm__grow(&group->children, group->count, &group->capacity, sizeof *group->children))
        return lm__no_memory(sizeof *o + length);
    own[(size_t)(name - path) + length] = 0;
    o->path = own, o->name = own + (name - path);
    memmove(group->children + place + 1, group->children + place, (group->count - place) * sizeof *group->children);
    group->children[place] = o;
    group->count++;
    *w->last = o, w->last = &o->next;
    *out = o;
    return LM_OK;
}

static lm_status check_name(const char *path, const char *name, size_t length, int depth)
{
    if (length == 0 || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))))
        return lm__fail(LM_INVALID, "HDF5 path \"%s\": empty names, \".\" and \"..\" cannot be written", path);
    if (length > LM__H5_MAX_NAME)
        return lm__fail(LM_INVALID, "HDF5 path \"%.40s...\": a name of %zu bytes, the limit is %d", path, length,
                        LM__H5_MAX_NAME);
    if (depth >= LM__H5_MAX_DEPTH)
        return lm__fail(LM_INVALID, "HDF5 path \"%.80s...\": more than %d groups deep", path, LM__H5_MAX_DEPTH);
    return LM_OK;
}

/* The object at a path. `make`: what is missing on the way is made as groups, and *fresh says that the last part was;
 * else a missing object is LM_NOT_FOUND. */
static lm_status walk(lm__h5_writer *w, const char *path, int make, h5_object **out, int *fresh)
{
    h5_object *at = w->root;
    const char *name = path + (*path == '/');
    *fresh = 0;
    for (int depth = 0; *name; depth++) {
        size_t length = strcspn(name, "/");
        int found;
        if (at->tensor) return lm__fail(LM_INVALID, "HDF5 path \"%s\": \"%s\" is a dataset, not a group", path,
                                        at->path);
        size_t place = place_of(at, name, length, &found);
        *fresh = !found;
        if (found) {
            at = at->children[place];
        } else if (!make) {
            return lm__fail(LM_NOT_FOUND, "HDF5 path \"%s\": nothing was put there", path);
        } else {
            LM_TRY(check_name(path, name, length, depth));
            LM_TRY(add_child(w, at, place, path, name, length, &at));
        }
        name += length;
        if (*name == '/' && *++name == 0) return check_name(path, "", 0, depth);
    }
    *out = at;
    return LM_OK;
}

static lm_status check_open(const lm__h5_writer *w, const char *path)
{
    if (!w->laid_out) return LM_OK;
    return lm__fail(LM_INVALID, "HDF5 path \"%s\": put after the file's layout was made", path);
}

lm_status lm__h5_put_group(lm__h5_writer *w, const char *path)
{
    h5_object *o;
    int fresh;
    LM_TRY(check_open(w, path));
    LM_TRY(walk(w, path, 1, &o, &fresh));
    return o->tensor ? lm__fail(LM_INVALID, "HDF5 path \"%s\": there is a dataset already", path) : LM_OK;
}

lm_status lm__h5_put_tensor(lm__h5_writer *w, const char *path, const lm_tensor *tensor)
{
    h5_object *o;
    int fresh;
    LM_TRY(check_open(w, path));
    LM_TRY(lm__object_check(tensor, &lm__tensor_type, path));
    LM_TRY(walk(w, path, 1, &o, &fresh));
    if (!fresh) return lm__fail(LM_INVALID, "HDF5 path \"%s\": there is %s already", path,
                                o->tensor ? "a dataset" : "a group");
    o->tensor = lm_retain((lm_tensor *)tensor);     /* only ever read: the cast is for the counter */
    return tensor->dtype == LM_BF16 ? lm__h5_put_string(w, path, "dtype", "bfloat16") : LM_OK;
}

/* --- attributes ------------------------------------------------------------------------------------------------- */

static lm_status put_attribute(lm__h5_writer *w, const char *path, const char *attribute, const char *const *texts,
                               size_t count, int scalar)
{
    h5_object *o;
    int fresh;
    LM_TRY(check_open(w, path));
    LM_TRY(walk(w, path, 0, &o, &fresh));
    size_t length = strlen(attribute);
    if (length == 0 || length > LM__H5_MAX_NAME)
        return lm__fail(LM_INVALID, "HDF5 path \"%s\": an attribute name of %zu bytes, expected 1 to %d", path,
                        length, LM__H5_MAX_NAME);
    if (o->attribute_count == MOST_ATTRIBUTES)
        return lm__fail(LM_INVALID, "HDF5 path \"%s\": more than %d attributes", path, MOST_ATTRIBUTES);
    for (const h5_attribute *a = o->attributes; a; a = a->next)
        if (!strcmp(a->name, attribute))
            return lm__fail(LM_INVALID, "HDF5 path \"%s\": there is an attribute \"%s\" already", path, attribute);
    if (count > (H5_MESSAGE_MOST - 80 - length) / H5_STRING_REFERENCE)
        return lm__fail(LM_INVALID, "HDF5 path \"%s\": attribute \"%s\" has %zu strings, more than the 64 KiB of an "
                        "attribute hold: split it as Keras does (%s0, %s1, ...)", path, attribute, count, attribute,
                        attribute);
    h5_attribute *a = lm__arena_alloc(w->arena, sizeof *a + count * sizeof a->texts[0]);
    if (!a) return lm__no_memory(sizeof *a + count * sizeof a->texts[0]);
    a->name = lm__arena_strdup(w->arena, attribute);
    a->count = count, a->scalar = scalar;
    if (!a->name) return lm__no_memory(length);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = strlen(texts[i]);
        if (bytes > UINT32_MAX / 2)
            return lm__fail(LM_INVALID, "HDF5 path \"%s\": attribute \"%s\" holds a string of %zu bytes", path,
                            attribute, bytes);
        a->texts[i].text = lm__arena_strdup(w->arena, texts[i]);
        a->texts[i].length = (uint32_t)bytes;
        if (!a->texts[i].text) return lm__no_memory(bytes);
    }
    h5_attribute **last = &o->attributes;
    while (*last) last = &(*last)->next;
    *last = a;
    o->attribute_count++;
    return LM_OK;
}

lm_status lm__h5_put_string(lm__h5_writer *w, const char *path, const char *attribute, const char *text)
{
    return put_attribute(w, path, attribute, &text, 1, 1);
}

lm_status lm__h5_put_strings(lm__h5_writer *w, const char *path, const char *attribute, const char *const *texts,
                             size_t count)
{
    return put_attribute(w, path, attribute, texts, count, 0);
}

/* --- out -------------------------------------------------------------------------------------------------------- */

lm_status lm__h5_emit(lm__h5_writer *w, const lm__sink *sink)
{
    static const uint8_t zeros[8];
    uint64_t bytes;
    LM_TRY(lm__h5_layout(w, &bytes));
    uint64_t at = w->meta.size;
    LM_TRY(lm__sink_write(sink, w->meta.data, w->meta.size));
    for (const h5_object *o = w->root; o; o = o->next) {
        if (!o->tensor || !o->tensor->size) continue;
        LM_TRY(lm__sink_write(sink, zeros, (size_t)(o->data_at - at)));
        LM_TRY(lm__sink_write(sink, lm_tensor_read(o->tensor), lm_tensor_bytes(o->tensor)));
        at = o->data_at + lm_tensor_bytes(o->tensor);
    }
    return LM_OK;
}

lm_status lm__h5_save(lm__h5_writer *w, const char *path)
{
    lm__file_writer *file;
    LM_TRY(lm__file_create(path, &file));
    lm__sink sink = lm__sink_file(file);
    lm_status status = lm__h5_emit(w, &sink);
    if (status == LM_OK) return lm__file_commit(file);
    lm__file_abort(file);
    return status;
}
