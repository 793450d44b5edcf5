/* base/file.h: whole files, read with a limit and written atomically. */
#ifndef LM_BASE_FILE_H
#define LM_BASE_FILE_H

#include <lamina/status.h>
#include <stddef.h>
#include <stdint.h>

/* The whole file in new memory (release with lm__free), refused above `limit` bytes before memory is taken. A zero
 * byte that `bytes` does not count follows. LM_NOT_FOUND if there is no such file. */
lm_status lm__file_read(const char *path, size_t limit, uint8_t **data, size_t *bytes);

/* A file being written under a temporary name in the same folder; commit syncs it and renames it over `path`, so
 * that readers see the old file or the new one, whole. Abort removes it; so does a failed commit. Both end the
 * writer. A process that is killed leaves the old file, and nothing else where the file system has files without a
 * name (else the temporary one, .lamina-*.tmp).
 * What is not a regular file (a pipe, /dev/null) is written directly. A full disk is LM_IO. */
typedef struct lm__file_writer lm__file_writer;
lm_status lm__file_create(const char *path, lm__file_writer **out);
lm_status lm__file_write(lm__file_writer *writer, const void *data, size_t bytes);
lm_status lm__file_seek(lm__file_writer *writer, uint64_t offset);
lm_status lm__file_commit(lm__file_writer *writer);
void lm__file_abort(lm__file_writer *writer);

/* Both steps for data in memory. */
lm_status lm__file_save(const char *path, const void *data, size_t bytes);

int lm__file_exists(const char *path);
lm_status lm__make_folders(const char *path);    /* mkdir -p */
lm_status lm__make_folder_of(const char *path);  /* the folders that a file is to lie in */

#endif
