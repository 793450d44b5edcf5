/* base/append.h: files that grow as work goes on, such as logs: what was written survives a crash of the program,
 * and a run that goes on cuts back what was written after the point it goes on from. */
#ifndef LM_BASE_APPEND_H
#define LM_BASE_APPEND_H

#include <lamina/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lm__append {
    int file;               /* -1: closed */
    char *path;
    uint64_t position;      /* bytes in the file */
} lm__append;
#define LM__APPEND_CLOSED {.file = -1}

/* Opens a file to write at its end; without `keep` it is emptied. Folders on the way are made. */
lm_status lm__append_open(lm__append *a, const char *path, int keep);
/* Opens a file that was written before and cuts it to that many bytes; LM_INVALID if it has fewer. */
lm_status lm__append_reopen(lm__append *a, const char *path, uint64_t position);
lm_status lm__append_write(lm__append *a, const void *data, size_t bytes);
/* Waits until everything is on the disk. */
lm_status lm__append_sync(lm__append *a);
void lm__append_close(lm__append *a);      /* a closed one too */

#endif
