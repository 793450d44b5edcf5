/* base/alloc.h: the one way to memory. Every allocation goes through the hook of lm_set_allocator. */
#ifndef LM_BASE_ALLOC_H
#define LM_BASE_ALLOC_H

#include <stddef.h>

/* All return NULL when memory is out (no message recorded: callers use lm__no_memory). A size of 0 gives a valid
 * pointer. Memory is aligned to 64 bytes. */
void *lm__alloc(size_t bytes);
void *lm__calloc(size_t count, size_t bytes);            /* zeroed; NULL on overflow        */
void *lm__realloc(void *pointer, size_t bytes);          /* contents kept; NULL keeps old   */
void lm__free(void *pointer);                            /* NULL does nothing               */
char *lm__strdup(const char *text);                      /* NULL text gives NULL            */

/* Grows an array by doubling so that one more element fits: *array, *capacity updated. 0 on success, -1 if out. */
int lm__grow(void *array_pointer, size_t count, size_t *capacity, size_t element_bytes);

/* a * b, or SIZE_MAX where it overflows. */
size_t lm__mul_size(size_t a, size_t b);

#endif
