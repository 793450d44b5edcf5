/* data/gather.c: rows of an array by their numbers. */
#include "data/dataset.h"

#include <string.h>

/* How far ahead of the copy rows are asked for: a row that is anywhere in a large array is in no cache. */
enum { AHEAD = 4, CACHE_LINE = 64, MOST_LINES = 16 };

static void fetch(const char *row, size_t bytes)
{
    size_t end = bytes < MOST_LINES * CACHE_LINE ? bytes : MOST_LINES * CACHE_LINE;
    for (size_t at = 0; at < end; at += CACHE_LINE) __builtin_prefetch(row + at);
}

#define GATHER(T)                                                                                                    \
    for (int64_t k = 0; k < n; k++)                                                                                  \
    memcpy(to + k * (int64_t)sizeof(T), from + index[k] * (int64_t)sizeof(T), sizeof(T))

void lm__gather(char *to, const char *from, size_t bytes, int64_t n, const int64_t *index)
{
    switch (bytes) {
    case 0: return;
    case 1: GATHER(uint8_t); return;
    case 4: GATHER(uint32_t); return;
    case 8: GATHER(uint64_t); return;
    }
    for (int64_t k = 0, run; k < n; k += run) {     /* neighbours are copied together */
        for (run = 1; k + run < n && index[k + run] == index[k] + run;) run++;
        if (run == 1 && k + AHEAD < n) fetch(from + (size_t)index[k + AHEAD] * bytes, bytes);
        memcpy(to + (size_t)k * bytes, from + (size_t)index[k] * bytes, bytes * (size_t)run);
    }
}
