/* codec/hdf5_attributes.c: string attributes, and the shapes and types that datasets and attributes share. */
#include "codec/hdf5_file.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/hdf5_format.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

lm_status lm__h5_damaged(const lm__h5 *h5, const char *path, const char *what)
{
    return lm__fail(LM_CORRUPT, "%s: \"%s\": damaged %s", h5->name, path, what);
}

/* --- shapes and types ------------------------------------------------------------------------------------------- */

lm_status lm__h5_read_space(const lm__h5 *h5, const char *path, lm__bytes b, h5_space *out)
{
    uint8_t version = lm__bytes_u8(&b), rank = lm__bytes_u8(&b);
    lm__bytes_take(&b, 1);
    uint8_t kind = lm__bytes_u8(&b);
    if (version == 1) lm__bytes_take(&b, 4);
    if (!b.bad && version != 1 && version != 2) return lm__h5_unsupported(h5, path,
                                                                          "a dataspace of an unknown version");
    if (!b.bad && rank > LM_MAX_RANK)
        return lm__fail(LM_UNSUPPORTED, "%s: \"%s\" has %u dimensions, the limit is %d", h5->name, path, rank,
                        LM_MAX_RANK);
    *out = (h5_space){.rank = rank, .nothing = version == 2 && kind == 2, .count = 1};
    for (int i = 0; i < rank && !b.bad; i++) {
        out->dims[i] = lm__bytes_u64le(&b);
        if (out->dims[i] > INT64_MAX) b.bad = 1;
        out->count = lm__mul_size(out->count, (size_t)out->dims[i]);
    }
    if (out->nothing) out->count = 0;
    return b.bad ? lm__h5_damaged(h5, path, "dataspace") : LM_OK;
}

lm_status lm__h5_read_type(const lm__h5 *h5, const char *path, lm__bytes b, h5_type *out)
{
    uint8_t first = lm__bytes_u8(&b);
    uint32_t low = lm__bytes_u8(&b), middle = lm__bytes_u8(&b), high = lm__bytes_u8(&b);
    *out = (h5_type){.class = first & 15, .version = first >> 4, .bits = low | middle << 8 | high << 16};
    out->bytes = lm__bytes_u32le(&b);
    out->rest = b;
    return b.bad || !out->bytes ? lm__h5_damaged(h5, path, "datatype") : LM_OK;
}

/* --- attributes ------------------------------------------------------------------------------------------------- */

typedef struct h5_attribute_value {
    h5_type type;
    h5_space space;
    lm__bytes data;
} h5_attribute_value;

/* What is wrong with an attribute message. */
typedef enum h5_fault { FAULT_NONE, FAULT_DAMAGED, FAULT_UNKNOWN } h5_fault;

/* The parts of an attribute message. Version 1 pads them to multiples of 8; version 3 names the name's encoding. */
static h5_fault split_attribute(const h5_message *m, lm__bytes parts[4])
{
    lm__bytes b = lm__bytes_of(m->data, m->size);
    uint8_t version = lm__bytes_u8(&b), shared = lm__bytes_u8(&b);
    if (b.bad) return FAULT_DAMAGED;
    if (version < 1 || version > 3 || m->flags & H5_FLAG_SHARED || (version > 1 && shared)) return FAULT_UNKNOWN;
    size_t sizes[4];
    for (int i = 0; i < 3; i++) sizes[i] = lm__bytes_u16le(&b);
    if (version == 3) lm__bytes_take(&b, 1);
    for (int i = 0; i < 4; i++) {
        if (i == 3) sizes[i] = lm__bytes_left(&b);
        parts[i] = lm__bytes_of(lm__bytes_take(&b, sizes[i]), sizes[i]);
        size_t padding = version == 1 && i < 3 ? -sizes[i] & 7 : 0;
        lm__bytes_take(&b, padding);
    }
    return b.bad || !sizes[0] || parts[0].data[sizes[0] - 1] ? FAULT_DAMAGED : FAULT_NONE;
}

static lm_status faulty(const lm__h5 *h5, const char *path, h5_fault fault)
{
    if (fault == FAULT_UNKNOWN)
        return lm__h5_unsupported(h5, path, "an attribute of an unknown version, or shared between objects");
    return lm__h5_damaged(h5, path, "attribute");
}

static int compare_names(const void *a, const void *b)
{
    const h5_attribute_name *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->message > y->message) - (x->message < y->message);
}

lm_status lm__h5_index_attributes(lm__h5 *h5, h5_node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < node->message_count; i++) count += node->messages[i].type == H5_MESSAGE_ATTRIBUTE;
    if (!count) return LM_OK;
    node->attributes = lm__arena_alloc(h5->arena, count * sizeof *node->attributes);
    if (!node->attributes) return lm__no_memory(count * sizeof *node->attributes);
    for (size_t i = 0; i < node->message_count; i++) {
        const h5_message *m = &node->messages[i];
        lm__bytes parts[4];
        if (m->type != H5_MESSAGE_ATTRIBUTE) continue;
        if (split_attribute(m, parts) == FAULT_NONE)
            node->attributes[node->attribute_count++] = (h5_attribute_name){(const char *)parts[0].data, (uint32_t)i};
        else if (!node->unread)
            node->unread = m;
    }
    qsort(node->attributes, node->attribute_count, sizeof *node->attributes, compare_names);
    return LM_OK;
}

/* The first attribute of that name, or NULL. */
static const h5_message *message_of(const h5_node *node, const char *attribute)
{
    size_t low = 0, high = node->attribute_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(node->attributes[middle].name, attribute) < 0) low = middle + 1;
        else high = middle;
    }
    bool found = low < node->attribute_count && !strcmp(node->attributes[low].name, attribute);
    return found ? &node->messages[node->attributes[low].message] : NULL;
}

/* *found stays as it is where there is no such attribute; one that cannot be read might be it. */
static lm_status search(const lm__h5 *h5, const char *path, const char *attribute, h5_attribute_value *out,
                        int *found)
{
    const h5_node *node;
    lm__bytes parts[4];
    LM_TRY(lm__h5_walk(h5, path, &node));
    const h5_message *m = message_of(node, attribute);
    if (!m) return node->unread ? faulty(h5, path, split_attribute(node->unread, parts)) : LM_OK;
    split_attribute(m, parts);
    LM_TRY(lm__h5_read_type(h5, path, parts[1], &out->type));
    LM_TRY(lm__h5_read_space(h5, path, parts[2], &out->space));
    out->data = parts[3];
    *found = 1;
    return LM_OK;
}

static lm_status find_attribute(const lm__h5 *h5, const char *path, const char *attribute, h5_attribute_value *out)
{
    int found = 0;
    LM_TRY(search(h5, path, attribute, out, &found));
    if (found) return LM_OK;
    return lm__fail(LM_NOT_FOUND, "%s: \"%s\" has no attribute \"%s\"", h5->name, path, attribute);
}

int lm__h5_has_attribute(const lm__h5 *h5, const char *path, const char *attribute)
{
    h5_attribute_value value;
    int found = 0;
    if (lm__h5_kind_of(h5, path) == LM__H5_NOTHING) return 0;
    return search(h5, path, attribute, &value, &found) == LM_OK && found;
}

/* The next string of an attribute: borrowed from the file, not terminated. */
static lm_status next_string(const lm__h5 *h5, const char *path, h5_attribute_value *v, const uint8_t **text,
                             size_t *length)
{
    if (v->type.class == H5_CLASS_STRING) {
        *length = v->type.bytes;
        *text = lm__bytes_take(&v->data, *length);
        if (!*text) return lm__h5_damaged(h5, path, "string attribute");
        if ((v->type.bits & 15) == 2)                       /* padded with spaces */
            while (*length && (*text)[*length - 1] == ' ') --*length;
    } else {
        uint32_t bytes = lm__bytes_u32le(&v->data);
        uint64_t at = lm__bytes_u64le(&v->data);
        uint32_t index = lm__bytes_u32le(&v->data);
        *length = bytes, *text = h5->data;
        if (bytes && !v->data.bad) LM_TRY(lm__h5_heap_object(h5, at, index, bytes, text));
        if (v->data.bad || !*text) return lm__h5_damaged(h5, path, "variable-length string in an attribute");
    }
    const uint8_t *end = memchr(*text, 0, *length);
    if (end) *length = (size_t)(end - *text);
    return LM_OK;
}

/* Finds an attribute that must hold strings. A list that is empty may be of any type: h5py writes [] as floats. */
static lm_status open_strings(const lm__h5 *h5, const char *path, const char *attribute, h5_attribute_value *v)
{
    LM_TRY(find_attribute(h5, path, attribute, v));
    int variable = v->type.class == H5_CLASS_VARIABLE && (v->type.bits & 15) == 1;
    if (v->space.count == 0) return LM_OK;
    if (v->type.class != H5_CLASS_STRING && !variable)
        return lm__fail(LM_UNSUPPORTED, "%s: attribute \"%s\" of \"%s\" does not hold strings but class %u", h5->name,
                        attribute, path, v->type.class);
    size_t each = variable ? H5_STRING_REFERENCE : v->type.bytes;
    return v->space.count > lm__bytes_left(&v->data) / each ? lm__h5_damaged(h5, path, "string attribute") : LM_OK;
}

lm_status lm__h5_string(const lm__h5 *h5, const char *path, const char *attribute, char **out)
{
    h5_attribute_value v;
    const uint8_t *text;
    size_t length;
    *out = NULL;
    LM_TRY(open_strings(h5, path, attribute, &v));
    if (v.space.count != 1)
        return lm__fail(LM_UNSUPPORTED, "%s: attribute \"%s\" of \"%s\" holds %zu values, expected one string",
                        h5->name, attribute, path, v.space.count);
    LM_TRY(next_string(h5, path, &v, &text, &length));
    char *copy = lm__alloc(length + 1);
    if (!copy) return lm__no_memory(length + 1);
    memcpy(copy, text, length);
    copy[length] = 0;
    *out = copy;
    return LM_OK;
}

lm_status lm__h5_attribute_is(const lm__h5 *h5, const char *path, const char *attribute, const char *text, int *is)
{
    h5_attribute_value v;
    const uint8_t *found;
    size_t length;
    *is = 0;
    if (open_strings(h5, path, attribute, &v) || v.space.count != 1) return LM_OK;
    lm_status status = next_string(h5, path, &v, &found, &length);
    *is = !status && length == strlen(text) && !memcmp(found, text, length);
    return status == LM_NO_MEMORY ? status : LM_OK;
}

/* How much memory a list takes: its pointers, then its texts. Strings that share bytes, as only a forged file's do,
 * may not make it larger than the file. */
static lm_status measure(const lm__h5 *h5, const char *path, h5_attribute_value v, size_t *bytes)
{
    size_t texts = 0;
    for (size_t i = 0; i < v.space.count; i++) {
        const uint8_t *text;
        size_t length;
        LM_TRY(next_string(h5, path, &v, &text, &length));
        texts += length;
        if (texts > h5->size) return lm__h5_damaged(h5, path, "list of strings: they overlap");
    }
    *bytes = v.space.count * (sizeof(char *) + 1) + texts;
    return LM_OK;
}

lm_status lm__h5_strings_of(const lm__h5 *h5, const char *path, const char *attribute, lm__h5_strings *out)
{
    h5_attribute_value v;
    size_t bytes = 0;
    *out = (lm__h5_strings){0};
    LM_TRY(open_strings(h5, path, attribute, &v));
    LM_TRY(measure(h5, path, v, &bytes));
    char **items = lm__alloc(bytes);
    if (!items) return lm__no_memory(bytes);
    char *to = (char *)(items + v.space.count);
    for (size_t i = 0; i < v.space.count; i++) {
        const uint8_t *text;
        size_t length;
        lm_status status = next_string(h5, path, &v, &text, &length);
        if (status != LM_OK) {
            lm__free(items);
            return status;
        }
        items[i] = to;
        memcpy(to, text, length);
        to[length] = 0;
        to += length + 1;
    }
    out->items = items, out->count = v.space.count;
    return LM_OK;
}
