/* base/append.c: see append.h. */
#include "base/append.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static lm_status io_error(const char *path)
{
    return lm__fail(LM_IO, "could not write '%s': %s", path, strerror(errno));
}

static lm_status open_file(lm__append *a, const char *path, int flags)
{
    *a = (lm__append)LM__APPEND_CLOSED;
    if (!path || !*path) return lm__fail(LM_INVALID, "the name of the file to write is empty");
    LM_TRY(lm__make_folder_of(path));
    a->path = lm__strdup(path);
    if (!a->path) return lm__no_memory(strlen(path) + 1);
    a->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    return a->file < 0 ? io_error(path) : LM_OK;
}

/* Where the end is; what has no end, such as a pipe, begins at 0. */
static void find_end(lm__append *a)
{
    off_t end = lseek(a->file, 0, SEEK_END);
    a->position = end > 0 ? (uint64_t)end : 0;
}

lm_status lm__append_open(lm__append *a, const char *path, int keep)
{
    lm_status status = open_file(a, path, keep ? 0 : O_TRUNC);
    if (status) lm__append_close(a);
    else find_end(a);
    return status;
}

static lm_status cut(lm__append *a, uint64_t position)
{
    struct stat info;
    if (fstat(a->file, &info)) return io_error(a->path);
    if (!S_ISREG(info.st_mode)) return LM_OK;
    if ((uint64_t)info.st_size < position)
        return lm__fail(LM_INVALID, "'%s' has %lld bytes, but the run that goes on had written %llu: it was changed "
                                    "since", a->path, (long long)info.st_size, (unsigned long long)position);
    if (ftruncate(a->file, (off_t)position)) return io_error(a->path);
    find_end(a);
    return LM_OK;
}

lm_status lm__append_reopen(lm__append *a, const char *path, uint64_t position)
{
    lm_status status = open_file(a, path, 0);
    if (!status) status = cut(a, position);
    if (status) lm__append_close(a);
    return status;
}

lm_status lm__append_write(lm__append *a, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes) {
        ssize_t written = write(a->file, at, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = ENOSPC;
        if (written <= 0) return io_error(a->path);
        at += written, bytes -= (size_t)written, a->position += (uint64_t)written;
    }
    return LM_OK;
}

lm_status lm__append_sync(lm__append *a)
{
    if (a->file < 0 || !fsync(a->file) || errno == EINVAL || errno == EROFS) return LM_OK;
    return io_error(a->path);
}

void lm__append_close(lm__append *a)
{
    if (a->path && a->file >= 0) close(a->file);
    lm__free(a->path);
    *a = (lm__append)LM__APPEND_CLOSED;
}
