/* base/arena.h: many small things that are freed together. Not thread-safe. */
#ifndef LM_BASE_ARENA_H
#define LM_BASE_ARENA_H

#include <stddef.h>

typedef struct lm__arena lm__arena;

lm__arena *lm__arena_new(void);                              /* NULL when memory is out */
void lm__arena_free(lm__arena *arena);
void *lm__arena_alloc(lm__arena *arena, size_t bytes);       /* zeroed, 16-byte aligned; NULL when memory is out */
char *lm__arena_strdup(lm__arena *arena, const char *text);
char *lm__arena_printf(lm__arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *lm__arena_copy(lm__arena *arena, const void *data, size_t bytes);

#endif
