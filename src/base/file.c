/* base/file.c: reading whole files, and writing them so that a crash or a full disk leaves the old one. */
#define _GNU_SOURCE
#include "base/file.h"

#include "base/alloc.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, MOST_LINKS = 40 };

static lm_status io_error(const char *doing, const char *path)
{
    int error = errno;
    lm_status status = error == ENOMEM ? LM_NO_MEMORY : LM_IO;
    return lm__fail(status, "could not %s '%s': %s", doing, path, strerror(error));
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static lm_status too_large(const char *path, uint64_t bytes, size_t limit)
{
    return lm__fail(LM_UNSUPPORTED, "'%s' has %llu bytes or more; the limit here is %zu", path,
                    (unsigned long long)bytes, limit);
}

/* Reads until the end; the file may have another size than it said (pipes and /proc say 0). */
static lm_status read_all(int file, const char *path, size_t limit, size_t expected, uint8_t **data, size_t *bytes)
{
    size_t capacity = expected + 1, size = 0;
    uint8_t *buffer = lm__alloc(capacity);
    if (!buffer) return lm__no_memory(capacity);
    for (;;) {
        if (size + 1 >= capacity && size > expected) {
            size_t wanted = lm__mul_size(capacity, 2);
            uint8_t *fresh = lm__realloc(buffer, wanted);
            if (!fresh) {
                lm__free(buffer);
                return lm__no_memory(wanted);
            }
            buffer = fresh, capacity = wanted;
        }
        ssize_t got = read(file, buffer + size, capacity - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 || size + (size_t)got > limit) {
            lm__free(buffer);
            return got < 0 ? io_error("read", path) : too_large(path, size + (size_t)got, limit);
        }
        if (got == 0) break;
        size += (size_t)got;
        if (size == capacity) expected = size - 1;      /* larger than it said: grow */
    }
    buffer[size] = '\0';
    *data = buffer, *bytes = size;
    return LM_OK;
}

lm_status lm__file_read(const char *path, size_t limit, uint8_t **data, size_t *bytes)
{
    *data = NULL, *bytes = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return lm__fail(LM_NOT_FOUND, "there is no file '%s'", path);
    if (file < 0) return io_error("open", path);
    struct stat info;
    lm_status status = LM_OK;
    if (fstat(file, &info))
        status = io_error("open", path);
    else if (S_ISDIR(info.st_mode))
        status = lm__fail(LM_IO, "could not read '%s': it is a folder", path);
    else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > limit)
        status = too_large(path, (uint64_t)info.st_size, limit);
    else
        status = read_all(file, path, limit, S_ISREG(info.st_mode) ? (size_t)info.st_size : 4096, data, bytes);
    close(file);
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

struct lm__file_writer {
    char *path, *temporary;     /* the file meant, links followed; the name written under (NULL: directly) */
    int file, failed, nameless; /* nameless: it gets the temporary name only when it is whole */
    size_t buffered;
    uint8_t buffer[BUFFER_BYTES];
};

static void writer_free(lm__file_writer *writer)
{
    if (!writer) return;
    if (writer->file >= 0) close(writer->file);
    if (writer->temporary && !writer->nameless) unlink(writer->temporary);
    lm__free(writer->temporary);
    lm__free(writer->path);
    lm__free(writer);
}

/* Bytes of the folder's part of a path, with its slash. */
static size_t folder_bytes(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Where writing through symbolic links ends; other paths as they are. NULL when memory is out. */
static char *follow_links(const char *path)
{
    char target[4096], *at = lm__strdup(path);
    for (int links = 0; at && links < MOST_LINKS; links++) {
        ssize_t size = readlink(at, target, sizeof target - 1);
        if (size <= 0) break;
        size_t folder = target[0] == '/' ? 0 : folder_bytes(at);
        char *full = lm__alloc(folder + (size_t)size + 1);
        if (full) {
            memcpy(full, at, folder);
            memcpy(full + folder, target, (size_t)size);
            full[folder + (size_t)size] = '\0';
        }
        lm__free(at);
        at = full;
    }
    return at;
}

/* Another name beside writer->path. It is short: the target's may be as long as the system allows. */
enum { NAME_BYTES = 48 };
static void next_name(lm__file_writer *writer)
{
    static atomic_uint counter;
    snprintf(writer->temporary + folder_bytes(writer->path), NAME_BYTES, ".lamina-%ld-%u.tmp", (long)getpid(),
             atomic_fetch_add(&counter, 1));
}

/* A file without a name, of which nothing is left when the process is killed. Not all file systems have that, and the
 * name is given through /proc. */
static int open_nameless(lm__file_writer *writer)
{
    char *slash = strrchr(writer->path, '/');
    if (access("/proc/self/fd", X_OK)) return -1;
    if (!slash || slash == writer->path) return open(slash ? "/" : ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    *slash = '\0';
    int file = open(writer->path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    *slash = '/';
    return file;
}

/* A file with a temporary name, or -1. */
static int open_named(lm__file_writer *writer)
{
    int file;
    do {
        next_name(writer);
        file = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (file < 0 && errno == EEXIST);
    return file;
}

/* Opens a new file in the folder of writer->path. */
static lm_status open_temporary(lm__file_writer *writer)
{
    size_t folder = folder_bytes(writer->path), bytes = folder + NAME_BYTES;
    char *name = writer->temporary = lm__alloc(bytes);
    if (!name) return lm__no_memory(bytes);
    memcpy(name, writer->path, folder);
    writer->file = open_nameless(writer);
    writer->nameless = writer->file >= 0;
    if (writer->file < 0) writer->file = open_named(writer);
    if (writer->file >= 0) return LM_OK;
    lm__free(name);             /* there is nothing to unlink */
    writer->temporary = NULL;
    return io_error("write", writer->path);
}

static lm_status open_writer(lm__file_writer *writer)
{
    struct stat info;
    int exists = stat(writer->path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return lm__fail(LM_IO, "could not write '%s': it is a folder", writer->path);
    if (exists && !S_ISREG(info.st_mode)) {
        writer->file = open(writer->path, O_WRONLY | O_CLOEXEC);
        return writer->file < 0 ? io_error("write", writer->path) : LM_OK;
    }
    LM_TRY(open_temporary(writer));
    if (exists && fchmod(writer->file, info.st_mode & 07777)) return io_error("write", writer->path);
    return LM_OK;
}

lm_status lm__file_create(const char *path, lm__file_writer **out)
{
    *out = NULL;
    if (!path || !*path) return lm__fail(LM_INVALID, "the name of the file to write is empty");
    lm__file_writer *writer = lm__alloc(sizeof *writer);
    if (!writer) return lm__no_memory(sizeof *writer);
    *writer = (lm__file_writer){.file = -1};
    writer->path = follow_links(path);
    lm_status status = writer->path ? open_writer(writer) : lm__no_memory(strlen(path) + 1);
    if (status != LM_OK) {
        writer_free(writer);
        return status;
    }
    *out = writer;
    return LM_OK;
}

static lm_status write_all(lm__file_writer *writer, const uint8_t *data, size_t bytes)
{
    while (bytes) {
        ssize_t written = write(writer->file, data, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = ENOSPC;
        if (written <= 0) {
            writer->failed = 1;
            return io_error("write", writer->path);
        }
        data += written, bytes -= (size_t)written;
    }
    return LM_OK;
}

static lm_status flush(lm__file_writer *writer)
{
    size_t bytes = writer->buffered;
    writer->buffered = 0;
    return write_all(writer, writer->buffer, bytes);
}

lm_status lm__file_write(lm__file_writer *writer, const void *data, size_t bytes)
{
    if (bytes > BUFFER_BYTES - writer->buffered) LM_TRY(flush(writer));
    if (bytes >= BUFFER_BYTES) return write_all(writer, data, bytes);
    if (bytes) memcpy(writer->buffer + writer->buffered, data, bytes);
    writer->buffered += bytes;
    return LM_OK;
}

lm_status lm__file_seek(lm__file_writer *writer, uint64_t offset)
{
    LM_TRY(flush(writer));
    if (lseek(writer->file, (off_t)offset, SEEK_SET) < 0) {
        writer->failed = 1;
        return io_error("write", writer->path);
    }
    return LM_OK;
}

/* The rename is on disk once the folder is. */
static lm_status sync_folder(lm__file_writer *writer)
{
    size_t folder = folder_bytes(writer->path);
    writer->path[folder ? folder - 1 : 0] = '\0';
    const char *name = folder > 1 ? writer->path : folder ? "/" : ".";
    int file = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return LM_OK;                 /* a folder that may be written but not read */
    int failed = fsync(file) && errno != EINVAL && errno != EROFS;
    lm_status status = failed ? io_error("sync the folder", name) : LM_OK;
    close(file);
    return status;
}

/* The same content in a file with a temporary name. */
static lm_status copy_named(lm__file_writer *writer)
{
    struct stat info;
    int from = writer->file;
    ssize_t got = -1;
    off_t at = 0;
    writer->file = open_named(writer);
    if (writer->file < 0) {
        close(from);
        return io_error("write", writer->path);
    }
    writer->nameless = 0;
    lm_status status = LM_OK;
    if (fstat(from, &info) || fchmod(writer->file, info.st_mode & 07777)) status = io_error("write", writer->path);
    while (!status && (got = pread(from, writer->buffer, BUFFER_BYTES, at)) > 0) {
        status = write_all(writer, writer->buffer, (size_t)got);
        at += got;
    }
    if (!status && (got < 0 || fsync(writer->file))) status = io_error("write", writer->path);
    close(from);
    return status;
}

/* Gives the whole file its temporary name: a rename replaces what is there, a link does not. Where the system refuses
 * the link, a copy does. */
static lm_status name_it(lm__file_writer *writer)
{
    char own[40];
    int failed;
    snprintf(own, sizeof own, "/proc/self/fd/%d", writer->file);
    do {
        next_name(writer);
        failed = linkat(AT_FDCWD, own, AT_FDCWD, writer->temporary, AT_SYMLINK_FOLLOW);
    } while (failed && errno == EEXIST);
    if (failed) return copy_named(writer);
    writer->nameless = 0;
    return LM_OK;
}

static lm_status commit(lm__file_writer *writer)
{
    LM_TRY(flush(writer));
    if (writer->failed) return lm__fail(LM_IO, "'%s' is not written: an earlier write failed", writer->path);
    if (fsync(writer->file) && errno != EINVAL && errno != EROFS) return io_error("write", writer->path);
    if (writer->nameless) LM_TRY(name_it(writer));
    int closed = close(writer->file);
    writer->file = -1;
    if (closed && errno != EINTR) return io_error("write", writer->path);
    if (!writer->temporary) return LM_OK;
    if (rename(writer->temporary, writer->path)) return io_error("write", writer->path);
    lm__free(writer->temporary);
    writer->temporary = NULL;
    return sync_folder(writer);
}

lm_status lm__file_commit(lm__file_writer *writer)
{
    lm_status status = commit(writer);
    writer_free(writer);
    return status;
}

void lm__file_abort(lm__file_writer *writer)
{
    writer_free(writer);
}

lm_status lm__file_save(const char *path, const void *data, size_t bytes)
{
    lm__file_writer *writer;
    LM_TRY(lm__file_create(path, &writer));
    lm_status status = lm__file_write(writer, data, bytes);
    if (status == LM_OK) return lm__file_commit(writer);
    lm__file_abort(writer);
    return status;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

int lm__file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static lm_status make_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0) return LM_OK;
    int error = errno;
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode)) return LM_OK;
        error = ENOTDIR;
    }
    errno = error;
    return io_error("make the folder", path);
}

lm_status lm__make_folders(const char *path)
{
    char *copy = lm__strdup(path);
    if (!copy) return lm__no_memory(strlen(path) + 1);
    lm_status status = LM_OK;
    for (char *p = copy; *p && status == LM_OK; p++) {
        if (*p != '/' || p == copy) continue;
        *p = '\0';
        status = make_folder(copy);
        *p = '/';
    }
    if (status == LM_OK && *copy) status = make_folder(copy);
    lm__free(copy);
    return status;
}

lm_status lm__make_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return LM_OK;
    char *folder = lm__strdup(path);
    if (!folder) return lm__no_memory(strlen(path) + 1);
    folder[slash - path] = '\0';
    lm_status status = lm__file_exists(folder) ? LM_OK : lm__make_folders(folder);
    lm__free(folder);
    return status;
}
