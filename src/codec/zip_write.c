/* codec/zip_write.c: writing ZIP archives of stored members. */
#include "codec/zip.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/zip_format.h"

#include <string.h>
#include <zlib.h>

struct lm__zip_writer {
    lm__file_writer *file;
    char *path;
    uint64_t at;                /* bytes written                                       */
    uint32_t zip64_from;
    lm__text directory;         /* grows with every member                             */
    uint64_t *names;            /* hashes: twins are looked up in the directory itself */
    size_t count, capacity;
    struct {                    /* the member being written                            */
        char name[LM__ZIP_MAX_NAME + 1];
        int open;
        uint16_t time, date;
        uint64_t begin, size, written;
        uint32_t crc;
    } member;
};

/* A little-endian record being put together; the longest is a local record's fixed part with its ZIP64 sizes. */
typedef struct zip_record {
    uint8_t bytes[128];
    size_t size;
} zip_record;

static void put(zip_record *r, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) r->bytes[r->size++] = (uint8_t)(value >> (8 * i));
}

/* A 32-bit field, or the mark that the value stands in the extra field. */
static void put_or_mark(zip_record *r, uint64_t value, int mark)
{
    put(r, mark ? UINT32_MAX : value, 4);
}

lm_status lm__zip_create(const char *path, lm__zip_writer **out)
{
    *out = NULL;
    lm__zip_writer *w = lm__calloc(1, sizeof *w);
    if (!w) return lm__no_memory(sizeof *w);
    w->zip64_from = UINT32_MAX;
    w->path = lm__strdup(path);
    lm_status status = w->path ? lm__file_create(path, &w->file) : lm__no_memory(strlen(path));
    if (status == LM_OK) *out = w;
    else lm__zip_abort(w);
    return status;
}

static void writer_free(lm__zip_writer *w)
{
    lm__free(w->directory.data);
    lm__free(w->names);
    lm__free(w->path);
    lm__free(w);
}

void lm__zip_abort(lm__zip_writer *w)
{
    if (!w) return;
    if (w->file) lm__file_abort(w->file);
    writer_free(w);
}

void lm__zip_set_zip64_from(lm__zip_writer *w, uint32_t from)
{
    w->zip64_from = from;
}

static lm_status write_bytes(lm__zip_writer *w, const void *data, size_t bytes)
{
    LM_TRY(lm__file_write(w->file, data, bytes));
    w->at += bytes;
    return LM_OK;
}

/* --- members ---------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *name)
{
    uint64_t h = 0xCBF29CE484222325u;       /* FNV-1a */
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001B3u;
    return h;
}

/* Two names of one hash count as the same: at 64 bits that happens only to twins. */
static lm_status remember_name(lm__zip_writer *w, const char *name)
{
    size_t length = strlen(name);
    LM_TRY(lm__zip_check_name(LM_INVALID, w->path, name, length));
    if (w->count == LM__ZIP_MAX_MEMBERS)
        return lm__fail(LM_INVALID, "%s: more than %d members", w->path, LM__ZIP_MAX_MEMBERS);
    uint64_t hash = hash_of(name);
    for (size_t i = 0; i < w->count; i++)
        if (w->names[i] == hash)
            return lm__fail(LM_INVALID, "%s: a member named \"%s\" has been written already", w->path, name);
    if (lm__grow(&w->names, w->count, &w->capacity, sizeof *w->names)) return lm__no_memory(sizeof *w->names);
    w->names[w->count++] = hash;
    memcpy(w->member.name, name, length + 1);
    return LM_OK;
}

/* The format's date and time, in steps of two seconds, from 1980 to 2107. */
static void set_date(lm__zip_writer *w, const struct tm *date)
{
    w->member.date = 1 << 5 | 1, w->member.time = 0;
    if (!date || date->tm_year < 80 || date->tm_year > 207) return;
    w->member.date = (uint16_t)((date->tm_year - 80) << 9 | (date->tm_mon + 1) << 5 | date->tm_mday);
    w->member.time = (uint16_t)(date->tm_hour << 11 | date->tm_min << 5 | date->tm_sec / 2);
}

/* What a local record and a directory record have in common, from the version needed to the extra field's length. */
static void put_common(const lm__zip_writer *w, zip_record *r, int zip64, int extra)
{
    put(r, zip64 ? 45 : 20, 2);
    put(r, ZIP_FLAG_UTF8, 2);
    put(r, ZIP_STORED, 2);
    put(r, w->member.time, 2), put(r, w->member.date, 2);
    put(r, w->member.crc, 4);
    put_or_mark(r, w->member.size, zip64), put_or_mark(r, w->member.size, zip64);
    put(r, strlen(w->member.name), 2);
    put(r, (uint64_t)extra, 2);
}

lm_status lm__zip_begin(lm__zip_writer *w, const char *name, const struct tm *date, uint64_t size)
{
    zip_record r = {.size = 0};
    if (w->member.open)
        return lm__fail(LM_INVALID, "%s: member \"%s\" begun before \"%s\" was ended", w->path, name, w->member.name);
    LM_TRY(remember_name(w, name));
    set_date(w, date);
    w->member.open = 1;
    w->member.begin = w->at, w->member.size = size, w->member.written = 0, w->member.crc = 0;
    int zip64 = size >= w->zip64_from;
    put(&r, ZIP_LOCAL, 4);
    put_common(w, &r, zip64, zip64 ? 20 : 0);
    LM_TRY(write_bytes(w, r.bytes, r.size));
    LM_TRY(write_bytes(w, name, strlen(name)));
    if (!zip64) return LM_OK;
    r.size = 0;
    put(&r, ZIP_EXTRA64, 2), put(&r, 16, 2), put(&r, size, 8), put(&r, size, 8);
    return write_bytes(w, r.bytes, r.size);
}

static lm_status write_member(void *user, const void *data, size_t bytes)
{
    lm__zip_writer *w = user;
    if (!w->member.open || bytes > w->member.size - w->member.written)
        return lm__fail(LM_INVALID, "%s: member \"%s\": more than the %llu bytes said at its beginning", w->path,
                        w->member.name, (unsigned long long)w->member.size);
    w->member.crc = (uint32_t)crc32_z(w->member.crc, data, bytes);
    w->member.written += bytes;
    return write_bytes(w, data, bytes);
}

lm__sink lm__zip_sink(lm__zip_writer *w)
{
    return (lm__sink){write_member, w};
}

static lm_status append_to_directory(lm__zip_writer *w)
{
    zip_record r = {.size = 0};
    int size64 = w->member.size >= w->zip64_from, begin64 = w->member.begin >= w->zip64_from;
    int extra = (size64 || begin64 ? 4 : 0) + (size64 ? 16 : 0) + (begin64 ? 8 : 0);
    put(&r, ZIP_CENTRAL, 4);
    put(&r, 3 << 8 | 45, 2);                /* made by: Unix, so that the mode below counts */
    put_common(w, &r, size64, extra);
    put(&r, 0, 6);                          /* no comment, first part, a binary file        */
    put(&r, 0100644u << 16, 4);
    put_or_mark(&r, w->member.begin, begin64);
    lm__text_append(&w->directory, r.bytes, r.size);
    lm__text_append(&w->directory, w->member.name, strlen(w->member.name));
    r.size = 0;
    if (extra) put(&r, ZIP_EXTRA64, 2), put(&r, (uint64_t)extra - 4, 2);
    if (size64) put(&r, w->member.size, 8), put(&r, w->member.size, 8);
    if (begin64) put(&r, w->member.begin, 8);
    lm__text_append(&w->directory, r.bytes, r.size);
    return w->directory.bad ? lm__no_memory(w->directory.size) : LM_OK;
}

lm_status lm__zip_end(lm__zip_writer *w)
{
    zip_record r = {.size = 0};
    if (!w->member.open || w->member.written != w->member.size)
        return lm__fail(LM_INVALID, "%s: member \"%s\" ended after %llu of its %llu bytes", w->path, w->member.name,
                        (unsigned long long)w->member.written, (unsigned long long)w->member.size);
    w->member.open = 0;
    put(&r, w->member.crc, 4);              /* known only now: goes back into the local record */
    LM_TRY(lm__file_seek(w->file, w->member.begin + 14));
    LM_TRY(lm__file_write(w->file, r.bytes, r.size));
    LM_TRY(lm__file_seek(w->file, w->at));
    return append_to_directory(w);
}

lm_status lm__zip_add(lm__zip_writer *w, const char *name, const struct tm *date, const void *data, size_t size)
{
    LM_TRY(lm__zip_begin(w, name, date, size));
    if (size) LM_TRY(write_member(w, data, size));
    return lm__zip_end(w);
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

static lm_status write_end(lm__zip_writer *w)
{
    zip_record r = {.size = 0};
    uint64_t begin = w->at, bytes = w->directory.size, end = begin + bytes;
    int many = w->count >= UINT16_MAX || w->count >= w->zip64_from;
    int far = begin >= w->zip64_from, large = bytes >= w->zip64_from;
    if (w->member.open) return lm__fail(LM_INVALID, "%s: member \"%s\" was not ended", w->path, w->member.name);
    if (bytes) LM_TRY(write_bytes(w, w->directory.data, w->directory.size));
    if (many || far || large) {
        put(&r, ZIP_END64, 4), put(&r, ZIP_END64_BYTES - 12, 8);
        put(&r, 3 << 8 | 45, 2), put(&r, 45, 2);
        put(&r, 0, 8);                      /* this part and the first one are part 0 */
        put(&r, w->count, 8), put(&r, w->count, 8), put(&r, bytes, 8), put(&r, begin, 8);
        put(&r, ZIP_LOCATOR64, 4), put(&r, 0, 4), put(&r, end, 8), put(&r, 1, 4);
    }
    put(&r, ZIP_END, 4), put(&r, 0, 4);
    put(&r, many ? UINT16_MAX : w->count, 2), put(&r, many ? UINT16_MAX : w->count, 2);
    put_or_mark(&r, bytes, large), put_or_mark(&r, begin, far);
    put(&r, 0, 2);
    return write_bytes(w, r.bytes, r.size);
}

lm_status lm__zip_commit(lm__zip_writer *w)
{
    lm_status status = write_end(w);
    if (status == LM_OK) status = lm__file_commit(w->file);
    else lm__file_abort(w->file);
    writer_free(w);
    return status;
}
