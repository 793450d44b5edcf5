/* codec/idx.c: reading IDX files. */
#include "codec/idx.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "codec/element.h"
#include "codec/inflate.h"
#include "tensor/tensor.h"

#include <string.h>

static const struct {
    uint8_t code, bytes;
    char kind;
} TYPES[] = {{0x08, 1, 'u'}, {0x09, 1, 'i'}, {0x0B, 2, 'i'}, {0x0C, 4, 'i'}, {0x0D, 4, 'f'}, {0x0E, 8, 'f'}};

/* A file being read: `packed` decompresses it, or is NULL and `plain` is the file. */
typedef struct idx_file {
    const char *name;
    lm__inflate *packed;
    lm__bytes plain;
    size_t most;                /* bytes that the file can hold at all, decompressed */
    size_t at;                  /* of the header read so far                          */
    lm__element element;
    int rank;
    int64_t dims[LM_MAX_RANK];
    size_t count;
} idx_file;

static lm_status read_header_bytes(idx_file *f, uint8_t *to, size_t want, const char *what)
{
    size_t got = 0;
    if (f->packed) {
        LM_TRY(lm__inflate_read(f->packed, to, want, &got));
    } else {
        got = lm__bytes_left(&f->plain) < want ? lm__bytes_left(&f->plain) : want;
        const uint8_t *bytes = lm__bytes_take(&f->plain, got);
        if (got) memcpy(to, bytes, got);
    }
    if (got < want)
        return lm__fail(LM_CORRUPT, "%s: truncated at offset %zu in the IDX header: expected %zu bytes of %s",
                        f->name, f->at + got, want, what);
    f->at += want;
    return LM_OK;
}

static lm_status read_header(idx_file *f)
{
    uint8_t magic[4], dims[4 * LM_MAX_RANK];
    LM_TRY(read_header_bytes(f, magic, sizeof magic, "magic number"));
    if (magic[0] || magic[1])
        return lm__fail(LM_CORRUPT, "%s: not an IDX file: it begins %02x %02x at offset 0, expected 00 00", f->name,
                        magic[0], magic[1]);
    size_t type = 0, types = sizeof TYPES / sizeof *TYPES;
    while (type < types && TYPES[type].code != magic[2]) type++;
    if (type == types || !lm__element_of(TYPES[type].kind, TYPES[type].bytes, 1, &f->element))
        return lm__fail(LM_CORRUPT, "%s: unknown IDX type code 0x%02x at offset 2, expected 08 (u8), 09 (i8), 0b "
                        "(i16), 0c (i32), 0d (f32) or 0e (f64)", f->name, magic[2]);
    f->rank = magic[3];
    if (f->rank < 1 || f->rank > LM_MAX_RANK)
        return lm__fail(LM_CORRUPT, "%s: IDX rank %d at offset 3, expected 1 to %d", f->name, f->rank, LM_MAX_RANK);
    LM_TRY(read_header_bytes(f, dims, 4 * (size_t)f->rank, "dimensions"));
    lm__bytes b = lm__bytes_of(dims, sizeof dims);
    f->count = 1;
    for (int i = 0; i < f->rank; i++) {
        f->dims[i] = lm__bytes_u32be(&b);
        f->count = lm__mul_size(f->count, (size_t)f->dims[i]);
    }
    return LM_OK;
}

/* What the header declares against the limit and against the file; *bytes: of the numbers. */
static lm_status check_size(const idx_file *f, size_t *bytes)
{
    char shape[128];
    lm__shape_text(f->rank, f->dims, shape, sizeof shape);
    *bytes = lm__mul_size(f->count, f->element.bytes);
    size_t taken = lm__mul_size(f->count, lm_dtype_size(f->element.dtype));
    if (taken > LM__IDX_LIMIT)
        return lm__fail(LM_CORRUPT, "%s: the header declares %s of %s, more than the limit of %zu bytes", f->name,
                        shape, lm_dtype_name(f->element.dtype), LM__IDX_LIMIT);
    size_t left = f->most > f->at ? f->most - f->at : 0;
    if (f->packed ? *bytes > left : *bytes != left)
        return lm__fail(LM_CORRUPT, "%s: %s: the header declares %s, %zu bytes from offset %zu, but the file %s %zu",
                        f->name, *bytes > left ? "truncated" : "data after the end", shape, *bytes, f->at,
                        f->packed ? "can hold at most" : "holds", left);
    return LM_OK;
}

/* The numbers as they stand in the file: borrowed from it (*owned NULL) or new memory. */
static lm_status read_numbers(idx_file *f, size_t bytes, const uint8_t **data, uint8_t **owned)
{
    size_t got;
    *owned = NULL;
    if (!f->packed) {
        *data = lm__bytes_take(&f->plain, bytes);
        return LM_OK;
    }
    LM_TRY(lm__inflate_rest(f->packed, bytes + 1, owned, &got));
    *data = *owned;
    if (got == bytes) return LM_OK;
    lm__free(*owned);
    if (got < bytes)
        return lm__fail(LM_CORRUPT, "%s: truncated: the gzip data decompresses to %zu bytes, expected %zu", f->name,
                        f->at + got, f->at + bytes);
    return lm__fail(LM_CORRUPT, "%s: data after the end: the gzip data decompresses to more than the %zu bytes that "
                    "the header declares", f->name, f->at + bytes);
}

/* Takes over `owned`, which is of the tensor's size, where it can; else decodes into a new tensor. */
static lm_status make_tensor(const idx_file *f, const uint8_t *data, uint8_t *owned, lm_tensor **out)
{
    lm_dtype dtype = f->element.dtype;
    lm_tensor *t;
    if (owned && f->element.bytes == lm_dtype_size(dtype)) {
        lm__element_decode(&f->element, owned, owned, f->count);
        t = lm_tensor_wrap(dtype, f->rank, f->dims, owned, lm__free, owned);
        if (lm_failed(t)) lm__free(owned);
    } else {
        t = lm_tensor_new(dtype, f->rank, f->dims);
        if (!lm_failed(t)) lm__element_decode(&f->element, lm_tensor_data(t), data, f->count);
        lm__free(owned);
    }
    *out = t;
    return lm_status_of(t);
}

static lm_status decode(const char *name, const void *data, size_t size, lm_tensor **out)
{
    lm_status status;
    idx_file f = {.name = name, .plain = lm__bytes_of(data, size), .most = size};
    if (lm__is_gzip(data, size)) {
        f.most = lm__mul_size(size, LM__INFLATE_MAX_RATIO);
        LM_TRY(lm__inflate_open(LM__INFLATE_GZIP, name, data, size, &f.packed));
    }
    size_t bytes;
    const uint8_t *numbers;
    uint8_t *owned;
    LM_GO(out, read_header(&f));
    LM_GO(out, check_size(&f, &bytes));
    LM_GO(out, read_numbers(&f, bytes, &numbers, &owned));
    status = make_tensor(&f, numbers, owned, out);
out:
    lm__inflate_close(f.packed);
    return status;
}

lm_tensor *lm__idx_decode(const char *name, const void *data, size_t size)
{
    lm_tensor *t = NULL;
    if (decode(name, data, size, &t) == LM_OK || t) return t;
    return lm__object_poison(&lm__tensor_type);
}

lm_tensor *lm__idx_read(const char *path)
{
    uint8_t *data;
    size_t size;
    if (lm__file_read(path, LM__IDX_LIMIT, &data, &size) != LM_OK) return lm__object_poison(&lm__tensor_type);
    lm_tensor *t = lm__idx_decode(path, data, size);
    lm__free(data);
    return t;
}
