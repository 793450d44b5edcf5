/* codec/npy.c: reading and writing NumPy's .npy files. */
#include "codec/npy.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "codec/element.h"
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

#define MAGIC "\x93NUMPY"

/* What a header says. */
typedef struct npy_header {
    lm__element element;
    int fortran, rank;
    int64_t dims[LM_MAX_RANK];
    size_t count;
} npy_header;

/* --- the header: a Python dictionary as text -------------------------------------------------------------------- */

/* A place in the text, which ends at `end`; nothing is read beyond it. */
typedef struct npy_text {
    const char *name;
    const char *at, *end, *begin;
} npy_text;

static lm_status unexpected(const npy_text *t, const char *expected)
{
    int length = t->end - t->at < 20 ? (int)(t->end - t->at) : 20;
    return lm__fail(LM_CORRUPT, "%s: in the array's header at %zu: expected %s, found \"%.*s\"", t->name,
                    (size_t)(t->at - t->begin), expected, length, t->at);
}

static void skip_spaces(npy_text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t')) t->at++;
}

/* Takes one character if it is next, behind spaces. */
static int take(npy_text *t, char c)
{
    skip_spaces(t);
    if (t->at == t->end || *t->at != c) return 0;
    t->at++;
    return 1;
}

static int take_word(npy_text *t, const char *word)
{
    size_t length = strlen(word);
    skip_spaces(t);
    if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length)) return 0;
    t->at += length;
    return 1;
}

/* A string in either kind of quotes, without escapes. */
static lm_status take_string(npy_text *t, char *out, size_t bytes)
{
    char quote = take(t, '\'') ? '\'' : take(t, '"') ? '"' : 0;
    if (!quote) return unexpected(t, "a string");
    const char *end = memchr(t->at, quote, (size_t)(t->end - t->at));
    if (!end || (size_t)(end - t->at) >= bytes) return unexpected(t, "a short string");
    memcpy(out, t->at, (size_t)(end - t->at));
    out[end - t->at] = 0;
    t->at = end + 1;
    return LM_OK;
}

/* '<f4': byte order, kind, bytes. */
static lm_status read_descr(npy_text *t, npy_header *h)
{
    char text[32];
    skip_spaces(t);
    if (t->at < t->end && *t->at == '[')
        return lm__fail(LM_UNSUPPORTED, "%s: a structured array; save its fields one by one", t->name);
    LM_TRY(take_string(t, text, sizeof text));
    const char *kind = text + (strchr("<>|=", text[0]) && text[0] != 0);
    size_t bytes = 0, digits = kind[0] ? strspn(kind + 1, "0123456789") : 0;
    for (size_t i = 0; i < digits && bytes < 1000; i++) bytes = 10 * bytes + (size_t)(kind[1 + i] - '0');
    if (kind[0] == 'O')
        return lm__fail(LM_UNSUPPORTED, "%s: an object array, which holds Python code: never read; save it with a "
                        "numeric dtype", t->name);
    if (kind[0] == 'V')
        return lm__fail(LM_UNSUPPORTED, "%s: an array of raw bytes ('%s'); if it is bfloat16, save it as float32",
                        t->name, text);
    if (!digits || kind[1 + digits] || !lm__element_of(kind[0], bytes, text[0] == '>', &h->element))
        return lm__fail(LM_UNSUPPORTED, "%s: an array of dtype '%s'; expected a float, a signed integer, uint8 to "
                        "uint32 or a bool", t->name, text);
    return LM_OK;
}

/* (), (3,), (2, 3) */
static lm_status read_shape(npy_text *t, npy_header *h)
{
    h->rank = 0, h->count = 1;
    if (!take(t, '(')) return unexpected(t, "a shape in parentheses");
    while (!take(t, ')')) {
        skip_spaces(t);
        const char *begin = t->at;
        uint64_t dim = 0;
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
            if (dim > (uint64_t)INT64_MAX / 10 - 1) return unexpected(t, "a dimension below 2^63 / 10");
            dim = 10 * dim + (uint64_t)(*t->at - '0');
        }
        if (t->at == begin) return unexpected(t, "a dimension");
        take(t, 'L');                                   /* as Python 2 wrote them */
        if (h->rank == LM_MAX_RANK)
            return lm__fail(LM_UNSUPPORTED, "%s: an array of more than %d dimensions", t->name, LM_MAX_RANK);
        h->dims[h->rank++] = (int64_t)dim;
        h->count = lm__mul_size(h->count, (size_t)dim);
        if (!take(t, ',')) {
            if (take(t, ')')) break;
            return unexpected(t, "',' or ')' in the shape");
        }
    }
    return LM_OK;
}

static lm_status read_dictionary(npy_text *t, npy_header *h)
{
    static const char *const KEYS[] = {"descr", "fortran_order", "shape"};
    unsigned seen = 0;
    if (!take(t, '{')) return unexpected(t, "a dictionary");
    while (!take(t, '}')) {
        char key[16];
        unsigned which = 0;
        LM_TRY(take_string(t, key, sizeof key));
        while (which < 3 && strcmp(key, KEYS[which])) which++;
        if (which == 3 || seen & 1u << which || !take(t, ':')) return unexpected(t,
                                                                                 "descr, fortran_order and shape, "
                                                                                 "once");
        seen |= 1u << which;
        if (which == 0) LM_TRY(read_descr(t, h));
        if (which == 1 && !(h->fortran = take_word(t, "True")) && !take_word(t, "False"))
            return unexpected(t, "True or False");
        if (which == 2) LM_TRY(read_shape(t, h));
        if (take(t, ',')) continue;
        if (take(t, '}')) break;
        return unexpected(t, "',' or '}'");
    }
    skip_spaces(t);
    return seen == 7 && t->at == t->end ? LM_OK : unexpected(t, "descr, fortran_order and shape, and then nothing");
}

static lm_status read_header(const char *name, lm__bytes *b, npy_header *h)
{
    const uint8_t *magic = lm__bytes_take(b, 6);
    if (!magic || memcmp(magic, MAGIC, 6))
        return lm__fail(LM_CORRUPT, "%s: not a .npy file: it does not begin with \\x93NUMPY", name);
    uint8_t version = lm__bytes_u8(b);
    lm__bytes_take(b, 1);
    if (!b->bad && (version < 1 || version > 3))
        return lm__fail(LM_UNSUPPORTED, "%s: version %u of the .npy format, expected 1 to 3", name, version);
    size_t length = version == 1 ? lm__bytes_u16le(b) : lm__bytes_u32le(b);
    if (!b->bad && length > LM__NPY_MAX_HEADER)
        return lm__fail(LM_CORRUPT, "%s: a .npy header of %zu bytes, the limit is %zu", name, length,
                        LM__NPY_MAX_HEADER);
    const char *text = (const char *)lm__bytes_take(b, length);
    if (!text) return lm__fail(LM_CORRUPT, "%s: truncated in the .npy header at offset %zu", name, b->at);
    npy_text t = {.name = name, .at = text, .begin = text, .end = text + length};
    return read_dictionary(&t, h);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

/* One row of the last axis: `count` elements, `step` elements apart in the source. */
static void gather(uint8_t *to, const uint8_t *from, size_t count, size_t step, size_t bytes)
{
    switch (bytes) {
    case 1: for (size_t i = 0; i < count; i++) to[i] = from[i * step]; break;
    case 2: for (size_t i = 0; i < count; i++) memcpy(to + 2 * i, from + 2 * i * step, 2); break;
    case 4: for (size_t i = 0; i < count; i++) memcpy(to + 4 * i, from + 4 * i * step, 4); break;
    default: for (size_t i = 0; i < count; i++) memcpy(to + 8 * i, from + 8 * i * step, 8);
    }
}

/* A new tensor with the elements of `t`, which stand in Fortran order: the first index changes fastest. */
static lm_tensor *from_fortran(const lm_tensor *t)
{
    size_t step[LM_MAX_RANK], index[LM_MAX_RANK] = {0}, bytes = lm_dtype_size(t->dtype), at = 0;
    lm_tensor *out = lm_tensor_new(t->dtype, t->rank, t->dims);
    if (lm_failed(out) || !t->size) return out;
    for (int i = 0; i < t->rank; i++) step[i] = i ? step[i - 1] * (size_t)t->dims[i - 1] : 1;
    int last = t->rank - 1;
    size_t row = (size_t)t->dims[last];
    for (size_t done = 0; done < t->size; done += row) {
        gather((uint8_t *)out->data + done * bytes, (const uint8_t *)t->data + at * bytes, row, step[last], bytes);
        for (int i = last - 1; i >= 0; i--) {
            at += step[i];
            if (++index[i] < (size_t)t->dims[i]) break;
            at -= index[i] * step[i];
            index[i] = 0;
        }
    }
    return out;
}

static lm_status decode(const char *name, const void *data, size_t size, lm_tensor **out)
{
    npy_header h = {.rank = 0};
    lm__bytes b = lm__bytes_of(data, size);
    LM_TRY(read_header(name, &b, &h));
    size_t bytes = lm__mul_size(h.count, h.element.bytes), left = lm__bytes_left(&b);
    if (bytes != left) {
        char shape[128];
        return lm__fail(LM_CORRUPT, "%s: %s: the header declares %s, %zu bytes from offset %zu, but the file holds "
                        "%zu", name, bytes > left ? "truncated" : "data after the end",
                        lm__shape_text(h.rank, h.dims, shape, sizeof shape), bytes, b.at, left);
    }
    lm_tensor *t = lm_tensor_new(h.element.dtype, h.rank, h.dims);
    if (!lm_failed(t)) lm__element_decode(&h.element, lm_tensor_data(t), lm__bytes_take(&b, bytes), h.count);
    if (!lm_failed(t) && h.fortran && h.rank > 1) {
        lm_tensor *transposed = from_fortran(t);
        lm_free(t);
        t = transposed;
    }
    *out = t;
    return lm_status_of(t);
}

lm_tensor *lm__npy_decode(const char *name, const void *data, size_t size)
{
    lm_tensor *t = NULL;
    if (decode(name, data, size, &t) == LM_OK || t) return t;
    return lm__object_poison(&lm__tensor_type);
}

lm_tensor *lm__npy_read(const char *path)
{
    uint8_t *data;
    size_t size;
    if (lm__file_read(path, LM__NPY_LIMIT, &data, &size) != LM_OK) return lm__object_poison(&lm__tensor_type);
    lm_tensor *t = lm__npy_decode(path, data, size);
    lm__free(data);
    return t;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* The header as numpy.save writes it: room for the first dimension to grow to 20 digits, then padding to a multiple
 * of 64 bytes, then a line feed. Returns its size; `out` holds 512. */
static size_t make_header(const lm_tensor *t, char *out)
{
    char text[400];
    size_t bytes = lm_dtype_size(t->dtype);
    int n = snprintf(text, sizeof text, "{'descr': '%c%c%zu', 'fortran_order': False, 'shape': (",
                     bytes > 1 ? '<' : '|', lm__element_kind(t->dtype), bytes);
    for (int i = 0; i < t->rank; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%lld", i ? ", " : "", (long long)t->dims[i]);
    n += snprintf(text + n, sizeof text - (size_t)n, "%s), }", t->rank == 1 ? "," : "");
    if (t->rank) {
        int digits = snprintf(NULL, 0, "%lld", (long long)t->dims[0]);
        n += snprintf(text + n, sizeof text - (size_t)n, "%*s", 21 - digits, "");
    }
    size_t size = (10 + (size_t)n + 1 + 63) & ~(size_t)63, length = size - 10;
    memcpy(out, MAGIC "\1\0", 8);
    out[8] = (char)(length & 255), out[9] = (char)(length >> 8);
    memset(out + 10, ' ', length);
    memcpy(out + 10, text, (size_t)n);
    out[size - 1] = '\n';
    return size;
}

static lm_status check_writable(const lm_tensor *t)
{
    LM_TRY(lm__object_check(t, &lm__tensor_type, "tensor"));
    if (t->dtype != LM_BF16) return LM_OK;
    return lm__fail(LM_UNSUPPORTED, "NumPy has no bfloat16: cast the tensor to float32 before writing it");
}

lm_status lm__npy_size(const lm_tensor *t, uint64_t *bytes)
{
    char header[512];
    LM_TRY(check_writable(t));
    *bytes = make_header(t, header) + lm_tensor_bytes(t);
    return LM_OK;
}

lm_status lm__npy_write(const lm_tensor *t, const lm__sink *sink)
{
    char header[512];
    LM_TRY(check_writable(t));
    LM_TRY(lm__sink_write(sink, header, make_header(t, header)));
    return lm__sink_write(sink, lm_tensor_read(t), lm_tensor_bytes(t));
}

lm_status lm__npy_save(const char *path, const lm_tensor *t)
{
    lm__file_writer *file;
    LM_TRY(check_writable(t));
    LM_TRY(lm__file_create(path, &file));
    lm__sink sink = lm__sink_file(file);
    lm_status status = lm__npy_write(t, &sink);
    if (status == LM_OK) return lm__file_commit(file);
    lm__file_abort(file);
    return status;
}
