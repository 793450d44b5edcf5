/* codec/zip.h: ZIP archives: a bounded reader over memory and an atomic writer.
 *
 * Read: stored and deflated members, with or without ZIP64, one archive per file and nothing before or behind it.
 * Refused with LM_CORRUPT when the archive is opened: two members of one name; names that are empty, absolute, hold a
 * backslash, a drive, a control character or a `..`; members that overlap each other or the directory; sizes, names
 * or methods that differ between the directory and a member; bombs (below). With LM_UNSUPPORTED: encryption, other
 * compressions, archives in several parts. The checksum is checked when a member is read.
 */
#ifndef LM_CODEC_ZIP_H
#define LM_CODEC_ZIP_H

#include "base/view.h"
#include "codec/sink.h"

#include <time.h>

enum {
    LM__ZIP_MAX_MEMBERS = 1 << 20,
    LM__ZIP_MAX_NAME = 1024,                /* bytes */
    LM__ZIP_BOMB_RATIO = 100,               /* what expands more than this, a member or all of them together, ... */
    LM__ZIP_BOMB_BYTES = 64 << 20,          /* ... into more than this is a bomb                                  */
};

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* An archive over `data`. `data` and `name` (with which messages begin) are borrowed until it is closed. A const
 * archive may be read from any thread. */
typedef struct lm__zip lm__zip;
lm_status lm__zip_open(const char *name, const void *data, size_t size, lm__zip **out);
/* The same over a view, borrowed too: of the members, only those that are asked for are read. */
lm_status lm__zip_open_view(const char *name, const lm__view *view, lm__zip **out);
void lm__zip_close(lm__zip *zip);                               /* NULL does nothing */

/* Members in the order of the directory. Names are borrowed; those of folders end in '/'. */
size_t lm__zip_count(const lm__zip *zip);
const char *lm__zip_name(const lm__zip *zip, size_t member);
size_t lm__zip_size(const lm__zip *zip, size_t member);         /* decompressed bytes, as declared */

/* The member of that name. LM_NOT_FOUND names the archive and the nearest name. */
lm_status lm__zip_find(const lm__zip *zip, const char *member_name, size_t *member);
int lm__zip_has(const lm__zip *zip, const char *member_name);

/* A member's contents: a stored member is borrowed from the archive's memory (not aligned), a deflated one is new. */
typedef struct lm__zip_data {
    const uint8_t *bytes;
    size_t size;
    uint8_t *owned;         /* NULL if borrowed */
} lm__zip_data;
lm_status lm__zip_read(const lm__zip *zip, size_t member, lm__zip_data *out);

/* Where a stored member's bytes are in the archive (LM_INVALID: it is compressed), after its checksum was checked
 * piece by piece, without keeping what was read for that. */
lm_status lm__zip_place(const lm__zip *zip, size_t member, size_t *begin, size_t *size);
int lm__zip_stored(const lm__zip *zip, size_t member);
void lm__zip_release(lm__zip_data *data);                       /* zeroed data: does nothing */

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* An archive being written; nothing is seen at `path` until it is committed. Members are stored. ZIP64 is used where
 * a size or a place needs it. After an error only lm__zip_abort is of use. Commit ends the writer, also when it
 * fails. */
typedef struct lm__zip_writer lm__zip_writer;
lm_status lm__zip_create(const char *path, lm__zip_writer **out);
lm_status lm__zip_commit(lm__zip_writer *writer);
void lm__zip_abort(lm__zip_writer *writer);                     /* NULL does nothing */

/* A whole member. `date` NULL: 1980-01-01 00:00, which makes archives reproducible. LM_INVALID: a name that the
 * reader would refuse, or one that is there already. */
lm_status lm__zip_add(lm__zip_writer *writer, const char *name, const struct tm *date, const void *data, size_t size);

/* A member in pieces: its size is said first, then exactly that much is written through the sink, then it is
 * ended. */
lm_status lm__zip_begin(lm__zip_writer *writer, const char *name, const struct tm *date, uint64_t size);
lm__sink lm__zip_sink(lm__zip_writer *writer);
lm_status lm__zip_end(lm__zip_writer *writer);

/* --- shared by both, and by tests ------------------------------------------------------------------------------- */

/* LM_OK for a name that a member may have; else `code` with a message beginning with `archive`. */
lm_status lm__zip_check_name(lm_status code, const char *archive, const char *name, size_t length);

/* Sizes and places from this on are written as ZIP64; the format's own bound unless a test lowers it. */
void lm__zip_set_zip64_from(lm__zip_writer *writer, uint32_t from);

#endif
