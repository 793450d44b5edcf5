/* base/arena.c: memory by bumping a pointer through blocks. */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 18, UNIT = 16 };

typedef struct block {
    struct block *next;
    size_t used, size;
    char *data;         /* zeroed where unused */
} block;

struct lm__arena {
    block *blocks;      /* the newest first */
    size_t next_size;
};

lm__arena *lm__arena_new(void)
{
    lm__arena *arena = lm__calloc(1, sizeof *arena);
    if (arena) arena->next_size = FIRST_BLOCK;
    return arena;
}

void lm__arena_free(lm__arena *arena)
{
    if (!arena) return;
    for (block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        lm__free(b);
    }
    lm__free(arena);
}

static block *add_block(lm__arena *arena, size_t bytes)
{
    enum { HEAD = (sizeof(block) + UNIT - 1) / UNIT * UNIT };
    size_t size = bytes > arena->next_size ? bytes : arena->next_size;
    block *b = size > SIZE_MAX - HEAD ? NULL : lm__calloc(1, HEAD + size);
    if (!b) return NULL;
    b->size = size;
    b->data = (char *)b + HEAD;
    b->next = arena->blocks;
    arena->blocks = b;
    if (arena->next_size < LARGEST_BLOCK) arena->next_size *= 2;
    return b;
}

void *lm__arena_alloc(lm__arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - UNIT) return NULL;
    bytes = bytes ? (bytes + UNIT - 1) / UNIT * UNIT : UNIT;
    block *b = arena->blocks;
    if (!b || b->size - b->used < bytes) b = add_block(arena, bytes);
    if (!b) return NULL;
    void *pointer = b->data + b->used;
    b->used += bytes;
    return pointer;
}

void *lm__arena_copy(lm__arena *arena, const void *data, size_t bytes)
{
    void *copy = lm__arena_alloc(arena, bytes);
    if (copy && bytes) memcpy(copy, data, bytes);
    return copy;
}

char *lm__arena_strdup(lm__arena *arena, const char *text)
{
    return text ? lm__arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *lm__arena_printf(lm__arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size < 0 ? NULL : lm__arena_alloc(arena, (size_t)size + 1);
    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}
