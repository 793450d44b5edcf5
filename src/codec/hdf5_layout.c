/* codec/hdf5_layout.c: the bytes of a file before its datasets' numbers.
 *
 * The file is: superblock; all strings in global heaps; every group behind its children (local heap with the names,
 * symbol nodes, B-tree, object header); then the numbers, each dataset at a multiple of 8. Everything before the
 * numbers is made in memory, where an address is just the size so far; addresses of numbers are filled in at the end.
 */
#include "codec/hdf5.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/element.h"
#include "codec/hdf5_tree.h"
#include "tensor/tensor.h"

#include <string.h>

/* A collection of strings is closed once it is this large. */
enum { COLLECTION_FULL = 1 << 16, TREE_MOST = 2 * H5_INTERNAL_K, SYMBOLS_MOST = 2 * H5_LEAF_K };

static void put(lm__text *t, uint64_t value, int bytes)
{
    uint8_t out[8];
    for (int i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * i));
    lm__text_append(t, out, (size_t)bytes);
}

static void put_zeros(lm__text *t, size_t bytes)
{
    static const uint8_t zeros[64];
    for (; bytes > sizeof zeros; bytes -= sizeof zeros) lm__text_append(t, zeros, sizeof zeros);
    lm__text_append(t, zeros, bytes);
}

static void put_padding(lm__text *t)
{
    put_zeros(t, -t->size & 7);
}

static void put_padded(lm__text *t, const void *data, size_t bytes)
{
    lm__text_append(t, data, bytes);
    put_zeros(t, -bytes & 7);
}

static size_t padded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* Writes over what stands at `at`. */
static void patch(lm__text *t, size_t at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes && !t->bad; i++) t->data[at + (size_t)i] = (char)(value >> (8 * i));
}

/* --- strings: global heaps -------------------------------------------------------------------------------------- */

static void end_collection(lm__text *t, size_t begin)
{
    size_t used = t->size - begin, bytes = used + H5_COLLECTION_OBJECT;
    if (bytes < H5_COLLECTION_LEAST) bytes = H5_COLLECTION_LEAST;
    put(t, 0, 8);                       /* object 0: what is free, this head included */
    put(t, bytes - used, 8);
    put_zeros(t, bytes - used - H5_COLLECTION_OBJECT);
    patch(t, begin + 8, bytes, 8);
}

static void put_collections(lm__h5_writer *w)
{
    lm__text *t = &w->meta;
    size_t begin = 0;
    uint32_t index = 0;
    for (h5_object *o = w->root; o; o = o->next) {
        for (h5_attribute *a = o->attributes; a; a = a->next) {
            for (size_t i = 0; i < a->count; i++) {
                if (!index) {
                    begin = t->size;
                    lm__text_append(t, "GCOL\1\0\0\0", 8);
                    put(t, 0, 8);
                }
                a->texts[i].index = ++index, a->texts[i].collection = begin;
                put(t, index, 2), put(t, 0, 6), put(t, a->texts[i].length, 8);
                put_padded(t, a->texts[i].text, a->texts[i].length);
                if (t->size - begin < COLLECTION_FULL) continue;
                end_collection(t, begin);
                index = 0;
            }
        }
    }
    if (index) end_collection(t, begin);
}

/* --- object headers --------------------------------------------------------------------------------------------- */

static void put_message(lm__text *t, int type, size_t bytes, int flags)
{
    put(t, (uint64_t)type, 2), put(t, bytes, 2), put(t, (uint64_t)flags, 4);
}

static void put_space(lm__text *t, int rank, const int64_t *dims)
{
    put(t, 1, 1), put(t, (uint64_t)rank, 1), put(t, 0, 6);
    for (int i = 0; i < rank; i++) put(t, (uint64_t)dims[i], 8);
}

/* An integer type: signed or not, little-endian, without padding bits. */
static void put_integer_type(lm__text *t, int is_signed, size_t bytes)
{
    put(t, 0x10 | H5_CLASS_INTEGER, 1), put(t, is_signed ? 8 : 0, 3), put(t, bytes, 4);
    put(t, 0, 2), put(t, 8 * bytes, 2);
}

static void put_float_type(lm__text *t, const h5_float *f)
{
    put(t, 0x10 | H5_CLASS_FLOAT, 1);
    put(t, 0x20 | (uint64_t)f->sign_at << 8, 3);            /* 0x20: the mantissa's first bit is implied */
    put(t, f->bytes, 4);
    put(t, 0, 2), put(t, 8 * f->bytes, 2);
    put(t, f->exponent_at, 1), put(t, f->exponent_bits, 1), put(t, 0, 1), put(t, f->mantissa_bits, 1);
    put(t, f->bias, 4);
}

/* The type of a dataset's numbers, as h5py writes it: bools are an enumeration, bfloat16 is opaque. */
static void put_type(lm__text *t, lm_dtype dtype)
{
    size_t bytes = lm_dtype_size(dtype);
    switch (lm__element_kind(dtype)) {
    case 'f':
        for (size_t i = 0; i < sizeof H5_FLOATS / sizeof *H5_FLOATS; i++)
            if (H5_FLOATS[i].bytes == bytes) put_float_type(t, &H5_FLOATS[i]);
        break;
    case 'b':
        put(t, 0x10 | H5_CLASS_ENUM, 1), put(t, 2, 3), put(t, 1, 4);
        put_integer_type(t, 1, 1);
        lm__text_append(t, "FALSE\0\0\0TRUE\0\0\0\0\0\1", 18);
        break;
    case 'V':
        put(t, 0x10 | H5_CLASS_OPAQUE, 1), put(t, 0, 3), put(t, bytes, 4);
        break;
    default:
        put_integer_type(t, lm__element_kind(dtype) == 'i', bytes);
    }
}

/* A list of variable-length UTF-8 strings, each a reference into a global heap. */
static void put_attribute(lm__text *t, const h5_attribute *a)
{
    size_t name = strlen(a->name) + 1, space = a->scalar ? 8 : 16, type = 20;
    int64_t dims[1] = {(int64_t)a->count};
    put_message(t, H5_MESSAGE_ATTRIBUTE,
                8 + padded(name) + padded(type) + space + a->count * H5_STRING_REFERENCE, 0);
    put(t, 1, 2), put(t, name, 2), put(t, type, 2), put(t, space, 2);
    put_padded(t, a->name, name);
    put(t, 0x10 | H5_CLASS_VARIABLE, 1), put(t, 0x0101, 3), put(t, H5_STRING_REFERENCE, 4);
    put_integer_type(t, 0, 1);
    put_padding(t);
    put_space(t, a->scalar ? 0 : 1, dims);
    for (size_t i = 0; i < a->count; i++)
        put(t, a->texts[i].length, 4), put(t, a->texts[i].collection, 8), put(t, a->texts[i].index, 4);
}

static void put_dataset_messages(lm__text *t, h5_object *o)
{
    const lm_tensor *tensor = o->tensor;
    put_message(t, H5_MESSAGE_SPACE, 8 + 8 * (size_t)tensor->rank, 0);
    put_space(t, tensor->rank, tensor->dims);
    size_t begin = t->size;
    put_message(t, H5_MESSAGE_TYPE, 0, H5_FLAG_CONSTANT);
    put_type(t, tensor->dtype);
    put_padding(t);
    patch(t, begin + 2, t->size - begin - H5_MESSAGE_HEAD, 2);
    put_message(t, H5_MESSAGE_FILL, 8, H5_FLAG_CONSTANT);
    put(t, 0x01020202, 8);              /* version 2, space taken late, written if set, zeros */
    put_message(t, H5_MESSAGE_LAYOUT, 24, 0);
    put(t, 3 | H5_LAYOUT_CONTIGUOUS << 8, 2);
    o->data_field = t->size;
    put(t, H5_NOWHERE, 8), put(t, lm_tensor_bytes(tensor), 8);
    put_padding(t);
}

static void put_header(lm__text *t, h5_object *o)
{
    o->header = t->size;
    put(t, 1, 2), put(t, o->attribute_count + (o->tensor ? 4 : 1), 2), put(t, 1, 4), put(t, 0, 8);
    if (o->tensor) {
        put_dataset_messages(t, o);
    } else {
        put_message(t, H5_MESSAGE_SYMBOLS, 16, 0);
        put(t, o->tree, 8), put(t, o->heap, 8);
    }
    for (const h5_attribute *a = o->attributes; a; a = a->next) put_attribute(t, a);
    patch(t, (size_t)o->header + 8, t->size - o->header - H5_HEADER_HEAD, 4);
}

/* --- groups ----------------------------------------------------------------------------------------------------- */

static void put_entry(lm__text *t, const h5_object *o)
{
    put(t, o->name_at, 8), put(t, o->header, 8);
    put(t, o->tensor ? 0 : H5_CACHED_GROUP, 8);
    put(t, o->tensor ? 0 : o->tree, 8), put(t, o->tensor ? 0 : o->heap, 8);
}

/* The names of a group's children; the empty name, at offset 0, is the lower bound of the B-tree's first key. */
static void put_heap(lm__text *t, h5_object *group)
{
    group->heap = t->size;
    lm__text_append(t, "HEAP\0\0\0\0", 8);
    put(t, 0, 8), put(t, 1, 8), put(t, t->size + 8, 8);     /* 1: nothing is free */
    size_t begin = t->size;
    put_zeros(t, 8);
    for (size_t i = 0; i < group->count; i++) {
        group->children[i]->name_at = t->size - begin;
        put_padded(t, group->children[i]->name, strlen(group->children[i]->name) + 1);
    }
    patch(t, (size_t)group->heap + 8, t->size - begin, 8);
}

/* The last name below a child of a B-tree node, whose children cover `span` names each. */
static uint64_t last_name(const h5_object *group, size_t child, size_t span)
{
    size_t end = (child + 1) * span;
    return group->count ? group->children[(end < group->count ? end : group->count) - 1]->name_at : 0;
}

/* One level of the B-tree over `count` nodes of `bytes` each from address `first`, each covering `span` names.
 * Returns how many nodes the level has; they have the same size, so siblings and parents can compute where they
 * are. */
static size_t put_tree_level(lm__text *t, const h5_object *group, int level, uint64_t first, size_t count,
                             size_t bytes, size_t span)
{
    size_t nodes = count ? (count + TREE_MOST - 1) / TREE_MOST : 1;
    size_t node_bytes = H5_TREE_HEAD + (2 * TREE_MOST + 1) * 8;
    for (size_t n = 0; n < nodes; n++) {
        size_t begin = t->size, child = n * TREE_MOST;
        size_t end = child + TREE_MOST < count ? child + TREE_MOST : count;
        lm__text_append(t, "TREE", 5);                      /* with type 0: a group's */
        put(t, (uint64_t)level, 1), put(t, end - child, 2);
        put(t, n ? begin - node_bytes : H5_NOWHERE, 8), put(t, n + 1 < nodes ? begin + node_bytes : H5_NOWHERE, 8);
        put(t, child ? last_name(group, child - 1, span) : 0, 8);
        for (; child < end; child++) put(t, first + child * bytes, 8), put(t, last_name(group, child, span), 8);
        put_zeros(t, begin + node_bytes - t->size);
    }
    return nodes;
}

static void put_group(lm__text *t, h5_object *group);

static void put_object(lm__text *t, h5_object *o)
{
    if (!o->tensor) put_group(t, o);
    put_header(t, o);
}

/* Everything of a group but its header. Recursion is as deep as groups may be: LM__H5_MAX_DEPTH. */
static void put_group(lm__text *t, h5_object *group)
{
    for (size_t i = 0; i < group->count; i++) put_object(t, group->children[i]);
    put_heap(t, group);
    size_t first = t->size, nodes = (group->count + SYMBOLS_MOST - 1) / SYMBOLS_MOST;
    size_t bytes = H5_SYMBOLS_HEAD + SYMBOLS_MOST * H5_ENTRY, span = SYMBOLS_MOST;
    for (size_t n = 0; n < nodes; n++) {
        size_t begin = t->size, i = n * SYMBOLS_MOST;
        size_t end = i + SYMBOLS_MOST < group->count ? i + SYMBOLS_MOST : group->count;
        lm__text_append(t, "SNOD\1\0", 6);
        put(t, end - i, 2);
        for (; i < end; i++) put_entry(t, group->children[i]);
        put_zeros(t, begin + bytes - t->size);
    }
    for (int level = 0; level == 0 || nodes > 1; level++, span *= TREE_MOST) {
        size_t begin = t->size;
        nodes = put_tree_level(t, group, level, first, nodes, bytes, span);
        first = begin, bytes = (t->size - begin) / nodes;
    }
    group->tree = first;
}

/* --- the file --------------------------------------------------------------------------------------------------- */

static void put_superblock(lm__h5_writer *w)
{
    lm__text block = {0}, *t = &block;
    lm__text_append(t, H5_SIGNATURE, 8);
    put(t, 0, 5), put(t, 8, 1), put(t, 8, 1), put(t, 0, 1);     /* versions 0; 8-byte addresses and sizes */
    put(t, H5_LEAF_K, 2), put(t, H5_INTERNAL_K, 2), put(t, 0, 4);
    put(t, 0, 8), put(t, H5_NOWHERE, 8), put(t, w->bytes, 8), put(t, H5_NOWHERE, 8);
    put_entry(t, w->root);
    if (block.bad) w->meta.bad = 1;
    else memcpy(w->meta.data, block.data, H5_SUPERBLOCK);
    lm__free(block.data);
}

lm_status lm__h5_layout(lm__h5_writer *w, uint64_t *bytes)
{
    lm__text *t = &w->meta;
    if (!w->laid_out) {
        w->laid_out = 1;
        put_zeros(t, H5_SUPERBLOCK);
        put_collections(w);
        put_object(t, w->root);
        w->bytes = t->size;
        for (h5_object *o = w->root; o; o = o->next) {
            if (!o->tensor || !o->tensor->size) continue;
            o->data_at = (w->bytes + 7) & ~(uint64_t)7;
            w->bytes = o->data_at + lm_tensor_bytes(o->tensor);
            patch(t, o->data_field, o->data_at, 8);
        }
        if (!t->bad) put_superblock(w);
    }
    *bytes = w->bytes;
    return t->bad ? lm__no_memory(t->size) : LM_OK;
}
