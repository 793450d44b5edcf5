/* codec/zip_read.c: reading ZIP archives that nobody vouches for. */
#include "codec/zip.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/status.h"
#include "codec/inflate.h"
#include "codec/zip_format.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct zip_member {
    const char *name;
    uint64_t packed, size, begin;       /* begin: of the local record, then, once that was checked, of the data */
    uint32_t crc;
    uint16_t flags, method, name_length;
} zip_member;

struct lm__zip {
    const char *name;
    const uint8_t *data;                /* of a view, only what need() has read may be looked at */
    size_t size;
    const lm__view *view;               /* NULL: memory */
    lm__arena *arena;
    zip_member *members;
    const zip_member **by_name;
    size_t count;
};

/* Where the directory is, from the records at the end. */
typedef struct zip_directory {
    uint64_t begin, bytes, count, end;      /* end: where the end records begin */
} zip_directory;

lm_status lm__zip_check_name(lm_status code, const char *archive, const char *name, size_t length)
{
    const char *why = NULL;
    if (length == 0) why = "it is empty";
    else if (length > LM__ZIP_MAX_NAME) why = "it is too long";
    else if (name[0] == '/') why = "it is absolute";
    else if (length >= 2 && name[1] == ':') why = "it names a drive";
    for (size_t i = 0, begin = 0; !why && i <= length; i++) {
        if (i < length && ((unsigned char)name[i] < 32 || name[i] == 127)) why = "it holds a control character";
        else if (i < length && name[i] == '\\') why = "it holds a backslash";
        else if (i == length || name[i] == '/') {
            if (i - begin == 2 && !memcmp(name + begin, "..", 2)) why = "it leaves its folder";
            begin = i + 1;
        }
    }
    if (!why) return LM_OK;
    char shown[64];
    size_t n = length < sizeof shown - 1 ? length : sizeof shown - 1;
    for (size_t i = 0; i < n; i++) shown[i] = (unsigned char)name[i] < 32 || name[i] == 127 ? '?' : name[i];
    shown[n] = 0;
    return lm__fail(code, "%s: the member name \"%s\" is refused: %s", archive, shown, why);
}

static lm_status need(const lm__zip *zip, uint64_t at, uint64_t bytes)
{
    return zip->view ? lm__view_need(zip->view, at, bytes) : LM_OK;
}

/* --- the directory ---------------------------------------------------------------------------------------------- */

/* The end record: the last one in the file whose comment reaches exactly to the file's end. */
static lm_status find_end(const lm__zip *zip, size_t *at)
{
    if (zip->size >= ZIP_END_BYTES) {
        size_t last = zip->size - ZIP_END_BYTES, first = last > UINT16_MAX ? last - UINT16_MAX : 0;
        LM_TRY(need(zip, first, zip->size - first));
        for (*at = last + 1; (*at)-- > first;) {
            lm__bytes b = lm__bytes_of(zip->data + *at, zip->size - *at);
            if (lm__bytes_u32le(&b) != ZIP_END) continue;
            lm__bytes_seek(&b, 20);
            if (lm__bytes_u16le(&b) == last - *at) return LM_OK;
        }
    }
    return lm__fail(LM_CORRUPT, "%s: not a ZIP archive, or truncated: no end record in its last %zu bytes", zip->name,
                    zip->size < UINT16_MAX ? zip->size : (size_t)UINT16_MAX);
}

static lm_status several_parts(const lm__zip *zip)
{
    return lm__fail(LM_UNSUPPORTED, "%s: a ZIP archive in several parts; join them with `zip -s 0`", zip->name);
}

/* Replaces what the end record says by what ZIP64's says; both must agree where the former says anything. */
static lm_status read_end64(const lm__zip *zip, zip_directory *d)
{
    if (d->end < ZIP_LOCATOR64_BYTES) return LM_OK;
    lm__bytes b = lm__bytes_of(zip->data, zip->size);
    LM_TRY(need(zip, d->end - ZIP_LOCATOR64_BYTES, ZIP_LOCATOR64_BYTES));
    lm__bytes_seek(&b, d->end - ZIP_LOCATOR64_BYTES);
    if (lm__bytes_u32le(&b) != ZIP_LOCATOR64) return LM_OK;
    uint32_t disk = lm__bytes_u32le(&b);
    uint64_t at = lm__bytes_u64le(&b), record = d->end - ZIP_LOCATOR64_BYTES;
    if (disk || lm__bytes_u32le(&b) > 1) return several_parts(zip);
    LM_TRY(need(zip, at, ZIP_END64_BYTES));
    lm__bytes_seek(&b, at);
    uint32_t signature = lm__bytes_u32le(&b);
    uint64_t bytes = lm__bytes_u64le(&b);
    lm__bytes_take(&b, 4);
    uint32_t this_disk = lm__bytes_u32le(&b), first_disk = lm__bytes_u32le(&b);
    uint64_t here = lm__bytes_u64le(&b), count = lm__bytes_u64le(&b);
    uint64_t directory = lm__bytes_u64le(&b), begin = lm__bytes_u64le(&b);
    if (b.bad || signature != ZIP_END64 || at > record || bytes != record - at - 12)
        return lm__fail(LM_CORRUPT, "%s: no ZIP64 end record at offset %llu, where its locator points", zip->name,
                        (unsigned long long)at);
    if (this_disk || first_disk || here != count) return several_parts(zip);
    if ((d->count != UINT16_MAX && d->count != count) || (d->bytes != UINT32_MAX && d->bytes != directory) ||
        (d->begin != UINT32_MAX && d->begin != begin))
        return lm__fail(LM_CORRUPT, "%s: the ZIP64 end record at offset %llu disagrees with the plain one", zip->name,
                        (unsigned long long)at);
    *d = (zip_directory){begin, directory, count, at};
    return LM_OK;
}

static lm_status find_directory(const lm__zip *zip, zip_directory *d)
{
    size_t at = 0;
    LM_TRY(find_end(zip, &at));
    lm__bytes b = lm__bytes_of(zip->data, zip->size);
    lm__bytes_seek(&b, at + 4);
    uint16_t disk = lm__bytes_u16le(&b), first_disk = lm__bytes_u16le(&b);
    uint16_t here = lm__bytes_u16le(&b), count = lm__bytes_u16le(&b);
    uint32_t bytes = lm__bytes_u32le(&b), begin = lm__bytes_u32le(&b);
    if (disk || first_disk || here != count) return several_parts(zip);
    *d = (zip_directory){begin, bytes, count, at};
    LM_TRY(read_end64(zip, d));
    if (d->begin > d->end || d->bytes != d->end - d->begin)
        return lm__fail(LM_CORRUPT, "%s: the ZIP directory is said to take %llu bytes from offset %llu, but its end "
                        "record is at %llu", zip->name, (unsigned long long)d->bytes, (unsigned long long)d->begin,
                        (unsigned long long)d->end);
    if (d->count > d->bytes / ZIP_CENTRAL_BYTES || d->count > LM__ZIP_MAX_MEMBERS)
        return lm__fail(LM_CORRUPT, "%s: %llu ZIP members declared, but the directory holds at most %llu (limit %d)",
                        zip->name, (unsigned long long)d->count, (unsigned long long)(d->bytes / ZIP_CENTRAL_BYTES),
                        LM__ZIP_MAX_MEMBERS);
    return LM_OK;
}

/* --- members ---------------------------------------------------------------------------------------------------- */

/* Takes 64-bit values from the extra field, for those that the record itself could not hold, in the format's
 * order. */
static lm_status read_extra64(const lm__zip *zip, const zip_member *m, lm__bytes extra, uint64_t *values[], int count)
{
    while (lm__bytes_left(&extra) >= 4) {
        uint16_t id = lm__bytes_u16le(&extra), bytes = lm__bytes_u16le(&extra);
        const uint8_t *field = lm__bytes_take(&extra, bytes);
        if (!field) break;
        if (id != ZIP_EXTRA64) continue;
        lm__bytes b = lm__bytes_of(field, bytes);
        for (int i = 0; i < count; i++)
            if (*values[i] == UINT32_MAX) *values[i] = lm__bytes_u64le(&b);
        if (b.bad) break;
        return LM_OK;
    }
    for (int i = 0; i < count; i++)
        if (*values[i] == UINT32_MAX)
            return lm__fail(LM_CORRUPT, "%s: member \"%s\": its ZIP64 sizes are missing", zip->name, m->name);
    return LM_OK;
}

static lm_status check_member(const lm__zip *zip, const zip_member *m)
{
    if (m->flags & (ZIP_FLAG_ENCRYPTED | ZIP_FLAG_STRONG | ZIP_FLAG_HIDDEN))
        return lm__fail(LM_UNSUPPORTED, "%s: member \"%s\" is encrypted", zip->name, m->name);
    if ((m->method != ZIP_STORED && m->method != ZIP_DEFLATED) || m->flags & ZIP_FLAG_PATCH)
        return lm__fail(LM_UNSUPPORTED, "%s: member \"%s\" has compression method %u; stored (0) and deflate (8) "
                        "are read", zip->name, m->name, m->method);
    if (m->method == ZIP_STORED ? m->size != m->packed : m->size / LM__INFLATE_MAX_RATIO > m->packed)
        return lm__fail(LM_CORRUPT, "%s: member \"%s\": %llu bytes cannot become %llu", zip->name, m->name,
                        (unsigned long long)m->packed, (unsigned long long)m->size);
    if (m->name[m->name_length - 1] == '/' && m->size)
        return lm__fail(LM_CORRUPT, "%s: the folder \"%s\" holds %llu bytes", zip->name, m->name,
                        (unsigned long long)m->size);
    if (m->size > LM__ZIP_BOMB_BYTES && m->size / LM__ZIP_BOMB_RATIO > m->packed)
        return lm__fail(LM_CORRUPT, "%s: member \"%s\" is refused as a bomb: it expands %llu bytes to %llu, more "
                        "than %d times", zip->name, m->name, (unsigned long long)m->packed,
                        (unsigned long long)m->size, LM__ZIP_BOMB_RATIO);
    return LM_OK;
}

/* One record of the directory, at b. */
static lm_status read_central(lm__zip *zip, lm__bytes *b, zip_member *m)
{
    size_t at = (size_t)(b->data - zip->data) + b->at;
    uint32_t signature = lm__bytes_u32le(b);
    lm__bytes_take(b, 4);
    m->flags = lm__bytes_u16le(b), m->method = lm__bytes_u16le(b);
    lm__bytes_take(b, 4);
    m->crc = lm__bytes_u32le(b), m->packed = lm__bytes_u32le(b), m->size = lm__bytes_u32le(b);
    m->name_length = lm__bytes_u16le(b);
    uint16_t extra_bytes = lm__bytes_u16le(b), comment = lm__bytes_u16le(b), disk = lm__bytes_u16le(b);
    lm__bytes_take(b, 6);
    m->begin = lm__bytes_u32le(b);
    const char *name = (const char *)lm__bytes_take(b, m->name_length);
    const uint8_t *extra = lm__bytes_take(b, extra_bytes);
    lm__bytes_take(b, comment);
    if (b->bad || signature != ZIP_CENTRAL)
        return lm__fail(LM_CORRUPT, "%s: no whole ZIP directory record at offset %zu", zip->name, at);
    LM_TRY(lm__zip_check_name(LM_CORRUPT, zip->name, name, m->name_length));
    char *copy = lm__arena_alloc(zip->arena, m->name_length + (size_t)1);
    if (!copy) return lm__no_memory(m->name_length);
    memcpy(copy, name, m->name_length);
    m->name = copy;
    if (disk) return several_parts(zip);
    LM_TRY(read_extra64(zip, m, lm__bytes_of(extra, extra_bytes), (uint64_t *[]){&m->size, &m->packed, &m->begin},
                        3));
    return check_member(zip, m);
}

/* The local record must say the same as the directory; sets m->begin to where the data begins, *end to behind it. */
static lm_status read_local(const lm__zip *zip, const zip_directory *d, zip_member *m, uint64_t *end)
{
    lm__bytes b = lm__bytes_of(zip->data, (size_t)d->begin);
    LM_TRY(need(zip, m->begin, ZIP_LOCAL_BYTES));
    lm__bytes_seek(&b, m->begin);
    uint32_t signature = lm__bytes_u32le(&b);
    lm__bytes_take(&b, 2);
    uint16_t flags = lm__bytes_u16le(&b), method = lm__bytes_u16le(&b);
    lm__bytes_take(&b, 4);
    uint32_t crc = lm__bytes_u32le(&b);
    uint64_t packed = lm__bytes_u32le(&b), size = lm__bytes_u32le(&b);
    uint16_t name_length = lm__bytes_u16le(&b), extra_bytes = lm__bytes_u16le(&b);
    LM_TRY(need(zip, b.at, (uint64_t)name_length + extra_bytes));
    const uint8_t *name = lm__bytes_take(&b, name_length), *extra = lm__bytes_take(&b, extra_bytes);
    if (b.bad || signature != ZIP_LOCAL || m->packed > lm__bytes_left(&b))
        return lm__fail(LM_CORRUPT, "%s: member \"%s\": no whole ZIP member of %llu bytes at offset %llu", zip->name,
                        m->name, (unsigned long long)m->packed, (unsigned long long)m->begin);
    LM_TRY(read_extra64(zip, m, lm__bytes_of(extra, extra_bytes), (uint64_t *[]){&size, &packed}, 2));
    int later = flags & ZIP_FLAG_SIZES_LATER && !crc && !packed && !size;
    if (name_length != m->name_length || memcmp(name, m->name, name_length) || method != m->method ||
        (!later && (crc != m->crc || packed != m->packed || size != m->size)))
        return lm__fail(LM_CORRUPT, "%s: member \"%s\": its own record at offset %llu disagrees with the directory",
                        zip->name, m->name, (unsigned long long)m->begin);
    m->begin = b.at;
    *end = b.at + m->packed;
    return LM_OK;
}

static int compare_begin(const void *a, const void *b)
{
    const zip_member *x = *(zip_member *const *)a, *y = *(zip_member *const *)b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static int compare_name(const void *a, const void *b)
{
    return strcmp((*(zip_member *const *)a)->name, (*(zip_member *const *)b)->name);
}

/* Reads every local record in the order of the file, so that overlaps show; then sorts by name, so that twins
 * show. */
static lm_status check_members(lm__zip *zip, const zip_directory *d)
{
    uint64_t end = 0, size = 0, packed = 0;
    for (size_t i = 0; i < zip->count; i++) zip->by_name[i] = &zip->members[i];
    if (zip->count) qsort(zip->by_name, zip->count, sizeof *zip->by_name, compare_begin);
    for (size_t i = 0; i < zip->count; i++) {
        zip_member *m = (zip_member *)zip->by_name[i];
        if (m->begin < end)
            return lm__fail(LM_CORRUPT, "%s: member \"%s\" at offset %llu overlaps \"%s\"", zip->name, m->name,
                            (unsigned long long)m->begin, zip->by_name[i - 1]->name);
        LM_TRY(read_local(zip, d, m, &end));
        size += m->size, packed += m->packed;
    }
    if (size > LM__ZIP_BOMB_BYTES && size / LM__ZIP_BOMB_RATIO > packed)
        return lm__fail(LM_CORRUPT, "%s: refused as a bomb: its members expand %llu bytes to %llu, more than %d "
                        "times", zip->name, (unsigned long long)packed, (unsigned long long)size, LM__ZIP_BOMB_RATIO);
    if (zip->count) qsort(zip->by_name, zip->count, sizeof *zip->by_name, compare_name);
    for (size_t i = 1; i < zip->count; i++)
        if (!strcmp(zip->by_name[i - 1]->name, zip->by_name[i]->name))
            return lm__fail(LM_CORRUPT, "%s: two members are named \"%s\"", zip->name, zip->by_name[i]->name);
    return LM_OK;
}

static lm_status read_members(lm__zip *zip, const zip_directory *d)
{
    zip->count = (size_t)d->count;
    zip->members = lm__calloc(zip->count, sizeof *zip->members);
    zip->by_name = lm__calloc(zip->count, sizeof *zip->by_name);
    if (!zip->members || !zip->by_name) return lm__no_memory(zip->count * sizeof *zip->members);
    LM_TRY(need(zip, d->begin, d->bytes));
    lm__bytes b = lm__bytes_of(zip->data + d->begin, (size_t)d->bytes);
    for (size_t i = 0; i < zip->count; i++) LM_TRY(read_central(zip, &b, &zip->members[i]));
    if (lm__bytes_left(&b))
        return lm__fail(LM_CORRUPT, "%s: %zu bytes too many in the ZIP directory at offset %llu", zip->name,
                        lm__bytes_left(&b), (unsigned long long)d->begin);
    return check_members(zip, d);
}

/* --- the interface ---------------------------------------------------------------------------------------------- */

static lm_status open_archive(const lm__zip *archive, lm__zip **out)
{
    lm_status status;
    zip_directory directory = {0};
    *out = NULL;
    lm__zip *zip = lm__alloc(sizeof *zip);
    if (!zip) return lm__no_memory(sizeof *zip);
    *zip = *archive;
    zip->arena = lm__arena_new();
    if (!zip->arena) LM_GO(failed, lm__no_memory(sizeof *zip));
    LM_GO(failed, find_directory(zip, &directory));
    LM_GO(failed, read_members(zip, &directory));
    *out = zip;
    return LM_OK;
failed:
    lm__zip_close(zip);
    return status;
}

lm_status lm__zip_open(const char *name, const void *data, size_t size, lm__zip **out)
{
    return open_archive(&(lm__zip){.name = name, .data = data, .size = size}, out);
}

lm_status lm__zip_open_view(const char *name, const lm__view *view, lm__zip **out)
{
    lm__zip archive = {.name = name, .data = lm__view_data(view), .size = lm__view_size(view), .view = view};
    return open_archive(&archive, out);
}

void lm__zip_close(lm__zip *zip)
{
    if (!zip) return;
    lm__free(zip->by_name);
    lm__free(zip->members);
    lm__arena_free(zip->arena);
    lm__free(zip);
}

size_t lm__zip_count(const lm__zip *zip)
{
    return zip->count;
}

const char *lm__zip_name(const lm__zip *zip, size_t member)
{
    return zip->members[member].name;
}

size_t lm__zip_size(const lm__zip *zip, size_t member)
{
    return (size_t)zip->members[member].size;
}

static const zip_member *find(const lm__zip *zip, const char *name)
{
    const zip_member key = {.name = name}, *pointer = &key;
    const zip_member **found = NULL;
    if (zip->count) found = bsearch(&pointer, zip->by_name, zip->count, sizeof *zip->by_name, compare_name);
    return found ? *found : NULL;
}

int lm__zip_has(const lm__zip *zip, const char *member_name)
{
    return find(zip, member_name) != NULL;
}

lm_status lm__zip_find(const lm__zip *zip, const char *member_name, size_t *member)
{
    const zip_member *found = find(zip, member_name);
    if (found) {
        *member = (size_t)(found - zip->members);
        return LM_OK;
    }
    /* A few dozen names are enough for a hint. */
    const char *names[33] = {0};
    for (size_t i = 0; i < zip->count && i < 32; i++) names[i] = zip->members[i].name;
    const char *near = lm__nearest(member_name, names);
    return lm__fail(LM_NOT_FOUND, "%s: no member \"%s\"%s%s%s", zip->name, member_name,
                    near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static lm_status inflate_member(const lm__zip *zip, const zip_member *m, lm__zip_data *out)
{
    lm__inflate *z;
    LM_TRY(lm__inflate_open(LM__INFLATE_BARE, m->name, zip->data + m->begin, (size_t)m->packed, &z));
    lm_status status = lm__inflate_rest(z, (size_t)m->size + 1, &out->owned, &out->size);
    lm__inflate_close(z);
    if (status != LM_OK) return lm__fail_in("%s", zip->name);
    out->bytes = out->owned;
    if (out->size == m->size) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: member \"%s\" decompresses to %s than the %llu bytes declared", zip->name,
                    m->name, out->size < m->size ? "less" : "more", (unsigned long long)m->size);
}

static lm_status check_crc(const lm__zip *zip, const zip_member *m, uint32_t crc)
{
    if (crc == m->crc) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: member \"%s\" is damaged: its checksum is %08x, expected %08x", zip->name,
                    m->name, crc, m->crc);
}

lm_status lm__zip_read(const lm__zip *zip, size_t member, lm__zip_data *out)
{
    lm_status status;
    const zip_member *m = &zip->members[member];
    *out = (lm__zip_data){.bytes = zip->data + m->begin, .size = (size_t)m->size};
    LM_GO(failed, need(zip, m->begin, m->packed));
    if (m->method == ZIP_DEFLATED) LM_GO(failed, inflate_member(zip, m, out));
    LM_GO(failed, check_crc(zip, m, (uint32_t)crc32_z(0, out->bytes, out->size)));
    return LM_OK;
failed:
    lm__zip_release(out);
    return status;
}

int lm__zip_stored(const lm__zip *zip, size_t member)
{
    return zip->members[member].method == ZIP_STORED;
}

/* The checksum of a stored member, read through a small buffer. */
static lm_status sum_pieces(const lm__zip *zip, const zip_member *m, uint8_t *piece, size_t bytes)
{
    uint32_t crc = 0;
    for (uint64_t done = 0; done < m->size; done += bytes) {
        size_t part = m->size - done < bytes ? (size_t)(m->size - done) : bytes;
        LM_TRY(lm__view_copy(zip->view, m->begin + done, part, piece));
        crc = (uint32_t)crc32_z(crc, piece, part);
    }
    return check_crc(zip, m, crc);
}

lm_status lm__zip_place(const lm__zip *zip, size_t member, size_t *begin, size_t *size)
{
    const zip_member *m = &zip->members[member];
    enum { PIECE = 1 << 17 };
    if (m->method != ZIP_STORED) return lm__fail(LM_INVALID, "%s: member \"%s\" is compressed", zip->name, m->name);
    *begin = (size_t)m->begin, *size = (size_t)m->size;
    if (!zip->view) return check_crc(zip, m, (uint32_t)crc32_z(0, zip->data + m->begin, *size));
    uint8_t *piece = lm__alloc(PIECE);
    lm_status status = piece ? sum_pieces(zip, m, piece, PIECE) : lm__no_memory(PIECE);
    lm__free(piece);
    return status;
}

void lm__zip_release(lm__zip_data *data)
{
    lm__free(data->owned);
    *data = (lm__zip_data){0};
}
