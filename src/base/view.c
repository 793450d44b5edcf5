/* base/view.c: a file's bytes, read where they are asked for.
 *
 * Not mmap: a file that another program cuts short while it is mapped kills the process. The memory is taken at once,
 * but the system provides a page of it only when a block is read into it. */
#include "base/view.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 15 };

struct lm__view {
    const uint8_t *data;
    size_t size;
    uint8_t *own;                   /* `data`, if it is ours */
    uint8_t *there;                 /* for each block: was it read? NULL: all of them */
    int file;                       /* -1: none */
    char *path;
    pthread_mutex_t lock;
};

static lm__view *new_view(void)
{
    lm__view *view = lm__calloc(1, sizeof *view);
    if (!view) {
        lm__no_memory(sizeof *view);
        return NULL;
    }
    view->file = -1;
    pthread_mutex_init(&view->lock, NULL);
    return view;
}

void lm__view_close(lm__view *view)
{
    if (!view) return;
    if (view->file >= 0) close(view->file);
    pthread_mutex_destroy(&view->lock);
    lm__free(view->own), lm__free(view->there), lm__free(view->path);
    lm__free(view);
}

lm_status lm__view_of(const void *data, size_t bytes, lm__view **out)
{
    *out = new_view();
    if (!*out) return LM_NO_MEMORY;
    (*out)->data = data, (*out)->size = bytes;
    return LM_OK;
}

/* What is no regular file, or cannot be opened: read whole, or refused with the usual message. */
static lm_status read_whole(lm__view *view, const char *path, size_t limit)
{
    LM_TRY(lm__file_read(path, limit, &view->own, &view->size));
    view->data = view->own;
    return LM_OK;
}

static lm_status open_file(lm__view *view, const char *path, size_t limit)
{
    struct stat info;
    if (stat(path, &info) || !S_ISREG(info.st_mode)) return read_whole(view, path, limit);
    view->file = open(path, O_RDONLY | O_CLOEXEC);
    bool regular = view->file >= 0 && !fstat(view->file, &info) && S_ISREG(info.st_mode);
    if (!regular || (uint64_t)info.st_size > limit) return read_whole(view, path, limit);
    size_t bytes = (size_t)info.st_size, blocks = bytes / BLOCK + 1;
    view->own = lm__alloc(bytes + 1);
    view->there = lm__calloc(blocks, 1);
    view->path = lm__strdup(path);
    if (!view->own || !view->there || !view->path) return lm__no_memory(bytes);
    view->data = view->own, view->size = bytes;
    return LM_OK;
}

lm_status lm__view_open(const char *path, size_t limit, lm__view **out)
{
    *out = new_view();
    if (!*out) return LM_NO_MEMORY;
    lm_status status = open_file(*out, path, limit);
    if (!status) return LM_OK;
    lm__view_close(*out);
    *out = NULL;
    return status;
}

size_t lm__view_size(const lm__view *view) { return view->size; }

const uint8_t *lm__view_data(const lm__view *view) { return view->data; }

static lm_status read_at(const lm__view *view, uint64_t at, size_t bytes, uint8_t *to)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(view->file, to + done, bytes - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return lm__fail(LM_IO, "could not read '%s': %s", view->path, strerror(errno));
        if (got == 0)
            return lm__fail(LM_IO, "'%s' had %zu bytes, and was cut to %zu or less while it was read", view->path,
                            view->size, (size_t)at + done);
        done += (size_t)got;
    }
    return LM_OK;
}


/* The blocks first … last, whichever are not there yet. */
static lm_status read_blocks(const lm__view *view, size_t first, size_t last)
{
    for (size_t k = first; k <= last; k++) {
        size_t at = k * BLOCK, bytes = view->size - at < BLOCK ? view->size - at : BLOCK;
        if (view->there[k]) continue;
        LM_TRY(read_at(view, at, bytes, view->own + at));
        view->there[k] = 1;
    }
    return LM_OK;
}

lm_status lm__view_need(const lm__view *view, uint64_t at, uint64_t bytes)
{
    if (!view->there || at >= view->size || !bytes) return LM_OK;
    if (bytes > view->size - at) bytes = view->size - at;
    pthread_mutex_t *lock = (pthread_mutex_t *)&view->lock;
    pthread_mutex_lock(lock);
    lm_status status = read_blocks(view, (size_t)at / BLOCK, (size_t)(at + bytes - 1) / BLOCK);
    pthread_mutex_unlock(lock);
    return status;
}

lm_status lm__view_copy(const lm__view *view, uint64_t at, size_t bytes, void *to)
{
    if (!bytes) return LM_OK;
    if (at > view->size || bytes > view->size - at)
        return lm__fail(LM_CORRUPT, "%zu bytes at offset %llu of %zu", bytes, (unsigned long long)at, view->size);
    if (view->there) return read_at(view, at, bytes, to);
    memcpy(to, view->data + at, bytes);
    return LM_OK;
}
