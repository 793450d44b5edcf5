/* cli/standard_input.c: the standard input as a whole, for commands that take "-" as a file. */
#include "predict.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)1 << 30)

static char *data;
static size_t size;

const void *cli_standard_input(size_t *bytes)
{
    size_t capacity = 1 << 16;
    if (!data) data = malloc(capacity);
    while (data && !feof(stdin) && !ferror(stdin) && size < MOST_BYTES) {
        if (size == capacity) {
            char *grown = realloc(data, capacity *= 2);
            if (!grown) free(data);
            data = grown;
            continue;
        }
        size += fread(data + size, 1, capacity - size, stdin);
    }
    *bytes = data ? size : 0;
    return data;
}

const char *cli_standard_input_path(void)
{
    static char path[32];
    size_t bytes;
    const void *all = cli_standard_input(&bytes);
    FILE *copy = all ? tmpfile() : NULL;        /* stays open, and goes with the process */
    if (!copy || fwrite(all, 1, bytes, copy) != bytes || fflush(copy)) return NULL;
    snprintf(path, sizeof path, "/dev/fd/%d", fileno(copy));
    return path;
}
