/* base/view.h: a file's bytes, read where they are asked for: what is never looked at is never read. */
#ifndef LM_BASE_VIEW_H
#define LM_BASE_VIEW_H

#include <lamina/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lm__view lm__view;

/* A regular file that stays open, or what a pipe holds, of at most `limit` bytes. A file that is cut short meanwhile
 * gives LM_IO. lm__view_of: a view of memory, which is borrowed. Any number of threads may use a view. */
lm_status lm__view_open(const char *path, size_t limit, lm__view **out);
lm_status lm__view_of(const void *data, size_t bytes, lm__view **out);
void lm__view_close(lm__view *view);                        /* NULL does nothing */

size_t lm__view_size(const lm__view *view);

/* The address of the file's byte 0. Only what lm__view_need has read may be looked at. */
const uint8_t *lm__view_data(const lm__view *view);

/* Reads the bytes from `at` on; those behind the file's end are left out. */
lm_status lm__view_need(const lm__view *view, uint64_t at, uint64_t bytes);

/* Copies bytes that must be there to memory of the caller's, without keeping them. */
lm_status lm__view_copy(const lm__view *view, uint64_t at, size_t bytes, void *to);

#endif
