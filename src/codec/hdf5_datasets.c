/* codec/hdf5_datasets.c: the numbers of a file: types, shapes and places of datasets. */
#include "codec/hdf5_file.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/element.h"
#include "codec/hdf5_format.h"
#include "tensor/tensor.h"

#include <stdbool.h>
#include <string.h>

/* --- types ------------------------------------------------------------------------------------------------------ */

/* An integer without padding bits: sets the element, else gives 0. */
static int integer_element(const h5_type *t, lm__element *out)
{
    lm__bytes b = t->rest;
    uint16_t offset = lm__bytes_u16le(&b), bits = lm__bytes_u16le(&b);
    if (b.bad || offset || bits != 8 * (uint64_t)t->bytes) return 0;
    return lm__element_of(t->bits & 8 ? 'i' : 'u', t->bytes, t->bits & 1, out);
}

/* An IEEE float: every field must be as in the table. */
static int float_element(const h5_type *t, lm__element *out)
{
    lm__bytes b = t->rest;
    uint16_t offset = lm__bytes_u16le(&b), bits = lm__bytes_u16le(&b);
    uint8_t exponent_at = lm__bytes_u8(&b), exponent_bits = lm__bytes_u8(&b);
    uint8_t mantissa_at = lm__bytes_u8(&b), mantissa_bits = lm__bytes_u8(&b);
    uint32_t bias = lm__bytes_u32le(&b);
    if (b.bad || offset || mantissa_at || bits != 8 * (uint64_t)t->bytes) return 0;
    for (size_t i = 0; i < sizeof H5_FLOATS / sizeof *H5_FLOATS; i++) {
        const h5_float *f = &H5_FLOATS[i];
        if (f->bytes == t->bytes && (t->bits & ~1u) == (0x20u | (uint32_t)f->sign_at << 8) && bias == f->bias &&
            exponent_at == f->exponent_at && exponent_bits == f->exponent_bits && mantissa_bits == f->mantissa_bits)
            return lm__element_of('f', t->bytes, t->bits & 1, out);
    }
    return 0;
}

/* h5py's bool: an enumeration of FALSE = 0 and TRUE = 1 over int8. */
static int bool_element(const h5_type *t, lm__element *out)
{
    static const char PADDED[] = "FALSE\0\0\0TRUE\0\0\0\0\0\1", TIGHT[] = "FALSE\0TRUE\0\0\1";
    lm__bytes b = t->rest;
    const uint8_t *base = lm__bytes_take(&b, 12);
    size_t size = t->version < 3 ? sizeof PADDED - 1 : sizeof TIGHT - 1;
    const uint8_t *members = lm__bytes_take(&b, size);
    if (!base || (base[0] & 15) != H5_CLASS_INTEGER || !members || t->bits != 2 || t->bytes != 1) return 0;
    return !memcmp(members, t->version < 3 ? PADDED : TIGHT, size) && lm__element_of('b', 1, 0, out);
}

static lm_status read_element(const lm__h5 *h5, const char *path, lm__bytes b, lm__element *out)
{
    static const char *const CLASSES[] = {"integer", "float",    "time",      "string",      "bit field",
                                          "opaque",  "compound", "reference", "enumeration", "variable length",
                                          "array"};
    h5_type t;
    int found = 0;
    LM_TRY(lm__h5_read_type(h5, path, b, &t));
    switch (t.class) {
    case H5_CLASS_INTEGER: found = integer_element(&t, out); break;
    case H5_CLASS_FLOAT: found = float_element(&t, out); break;
    case H5_CLASS_ENUM: found = bool_element(&t, out); break;
    case H5_CLASS_OPAQUE:
        LM_TRY(lm__h5_attribute_is(h5, path, "dtype", "bfloat16", &found));
        found = found && lm__element_of('V', t.bytes, 0, out);
        break;
    }
    if (found) return LM_OK;
    return lm__fail(LM_UNSUPPORTED, "%s: \"%s\" has elements that are not read: class %s, %u bytes; expected "
                    "float16, float32, float64, an integer, h5py's bool, or Keras's bfloat16", h5->name, path,
                    t.class < sizeof CLASSES / sizeof *CLASSES ? CLASSES[t.class] : "unknown", t.bytes);
}

/* --- datasets --------------------------------------------------------------------------------------------------- */

typedef struct h5_dataset {
    h5_space space;
    lm__element element;
    const uint8_t *data;            /* NULL: at `address`, not looked at yet */
    uint64_t address;
} h5_dataset;

/* The one message of a type; what is shared between objects is not followed. */
static lm_status need(const lm__h5 *h5, const char *path, const h5_node *node, int type, const char *what,
                      lm__bytes *out)
{
    for (size_t i = 0; i < node->message_count; i++) {
        const h5_message *m = &node->messages[i];
        if (m->type != type) continue;
        if (m->flags & H5_FLAG_SHARED) return lm__h5_unsupported(h5, path, "a named datatype");
        *out = lm__bytes_of(m->data, m->size);
        return LM_OK;
    }
    return lm__fail(LM_CORRUPT, "%s: dataset \"%s\" has no %s", h5->name, path, what);
}

static int has_message(const h5_node *node, int type)
{
    for (size_t i = 0; i < node->message_count; i++)
        if (node->messages[i].type == type) return 1;
    return 0;
}

/* Where the numbers are: `bytes` of them must be there, exactly. */
static lm_status read_layout(const lm__h5 *h5, const char *path, lm__bytes b, uint64_t bytes, h5_dataset *out)
{
    uint8_t version = lm__bytes_u8(&b), class = lm__bytes_u8(&b);
    if (!b.bad && version != 3 && version != 4)
        return lm__h5_unsupported(h5, path, "a data layout from before HDF5 1.6.3, or of an unknown version");
    if (!b.bad && class == H5_LAYOUT_CHUNKED) return lm__h5_unsupported(h5, path, "a dataset in chunks");
    if (!b.bad && class > H5_LAYOUT_CHUNKED) return lm__h5_unsupported(h5, path, "a virtual dataset");
    uint64_t size, at = 0;
    bool there = true;
    out->data = h5->data;
    if (class == H5_LAYOUT_COMPACT) {
        size = lm__bytes_u16le(&b);
        out->data = lm__bytes_take(&b, (size_t)size);
    } else {
        at = lm__bytes_u64le(&b), size = lm__bytes_u64le(&b);
        there = !bytes || (at <= h5->size && bytes <= h5->size - at);
        if (bytes) out->data = NULL, out->address = at;
    }
    if (b.bad) return lm__h5_damaged(h5, path, "data layout");
    if (size != bytes)
        return lm__fail(LM_CORRUPT, "%s: \"%s\" holds %llu bytes, but its shape and type need %llu", h5->name, path,
                        (unsigned long long)size, (unsigned long long)bytes);
    if (!there && at == H5_NOWHERE) return lm__fail(LM_CORRUPT, "%s: \"%s\" was never written", h5->name, path);
    if (!there)
        return lm__fail(LM_CORRUPT, "%s: truncated: \"%s\" takes %llu bytes from offset %llu, the file has %zu",
                        h5->name, path, (unsigned long long)bytes, (unsigned long long)at, h5->size);
    return LM_OK;
}

static lm_status open_dataset(const lm__h5 *h5, const char *path, h5_dataset *out)
{
    const h5_node *node;
    lm__bytes space, type, layout;
    LM_TRY(lm__h5_walk(h5, path, &node));
    if (node->kind != LM__H5_DATASET)
        return lm__fail(LM_INVALID, "%s: \"%s\" is no dataset but %s", h5->name, path,
                        node->kind == LM__H5_GROUP ? "a group" : node->other);
    LM_TRY(need(h5, path, node, H5_MESSAGE_SPACE, "shape", &space));
    LM_TRY(need(h5, path, node, H5_MESSAGE_TYPE, "datatype", &type));
    LM_TRY(need(h5, path, node, H5_MESSAGE_LAYOUT, "data layout", &layout));
    if (has_message(node, H5_MESSAGE_FILTERS)) return lm__h5_unsupported(h5, path,
                                                                         "a compressed or filtered dataset");
    if (has_message(node, H5_MESSAGE_EXTERNAL)) return lm__h5_unsupported(h5, path, "a dataset in another file");
    LM_TRY(lm__h5_read_space(h5, path, space, &out->space));
    if (out->space.nothing) return lm__fail(LM_UNSUPPORTED, "%s: \"%s\" is empty, without a shape", h5->name, path);
    LM_TRY(read_element(h5, path, type, &out->element));
    size_t bytes = lm__mul_size(out->space.count, out->element.bytes);
    if (bytes == SIZE_MAX || lm__mul_size(out->space.count, lm_dtype_size(out->element.dtype)) == SIZE_MAX)
        return lm__h5_damaged(h5, path, "dataspace: its size overflows");
    return read_layout(h5, path, layout, bytes, out);
}

lm_status lm__h5_describe(const lm__h5 *h5, const char *path, lm_dtype *dtype, int *rank, int64_t *dims)
{
    h5_dataset d;
    LM_TRY(open_dataset(h5, path, &d));
    *dtype = d.element.dtype, *rank = d.space.rank;
    for (int i = 0; i < d.space.rank; i++) dims[i] = (int64_t)d.space.dims[i];
    return LM_OK;
}

/* The numbers of a dataset to where there is room for them. What needs no conversion is read to its place. */
static lm_status decode(const lm__h5 *h5, const h5_dataset *d, void *to)
{
    size_t bytes = d->space.count * d->element.bytes;
    const uint8_t *from = d->data;
    bool plain = d->element.bytes == lm_dtype_size(d->element.dtype) && !d->element.big_endian;
    if (!from && h5->view && plain) {
        LM_TRY(lm__view_copy(h5->view, h5->base + d->address, bytes, to));
        from = to;
    }
    if (!from) from = lm__h5_at(h5, d->address, bytes);
    if (!from)
        return lm__fail(LM_IO, "%s: could not be read at offset %llu", h5->name, (unsigned long long)d->address);
    lm__element_decode(&d->element, to, from, d->space.count);
    return LM_OK;
}

lm_tensor *lm__h5_read(const lm__h5 *h5, const char *path)
{
    h5_dataset d;
    int64_t dims[LM_MAX_RANK];
    if (open_dataset(h5, path, &d) != LM_OK) return lm__object_poison(&lm__tensor_type);
    for (int i = 0; i < d.space.rank; i++) dims[i] = (int64_t)d.space.dims[i];
    lm_tensor *t = lm_tensor_new(d.element.dtype, d.space.rank, dims);
    if (lm_failed(t) || !decode(h5, &d, lm_tensor_data(t))) return t;
    lm_free(t);
    return lm__object_poison(&lm__tensor_type);
}

static lm_status check_shape(const h5_dataset *d, const char *path, const lm_tensor *to)
{
    char got[160], want[160];
    int64_t dims[LM_MAX_RANK];
    bool same = d->space.rank == to->rank;
    for (int i = 0; i < d->space.rank; i++) {
        dims[i] = (int64_t)d->space.dims[i];
        same = same && dims[i] == to->dims[i];
    }
    if (same) return LM_OK;
    return lm__fail(LM_CORRUPT, "\"%s\" has shape %s in the file, but %s in the model", path,
                    lm__shape_text(d->space.rank, dims, got, sizeof got),
                    lm__shape_text(to->rank, to->dims, want, sizeof want));
}

lm_status lm__h5_read_into(const lm__h5 *h5, const char *path, lm_tensor *to)
{
    h5_dataset d;
    LM_TRY(open_dataset(h5, path, &d));
    LM_TRY(check_shape(&d, path, to));
    if (d.element.dtype == to->dtype) return decode(h5, &d, to->data);
    lm_tensor *t = lm__h5_read(h5, path), *cast = lm_tensor_cast(t, to->dtype);
    lm_status status = lm__object_check(cast, &lm__tensor_type, path);
    if (!status) memcpy(to->data, cast->data, lm_tensor_bytes(to));
    lm_free(t), lm_free(cast);
    return status;
}
