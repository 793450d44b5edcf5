/* base/nearest.c: which known name did they mean? */
#include "base/status.h"

#include <stddef.h>
#include <string.h>

enum { LONGEST = 63 };

/* Case and the usual separators make no difference. */
static int fold(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A' + 'a';
    return c == '-' || c == ' ' || c == '.' ? '_' : c;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= m; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            best = min_size(best, min_size(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
                best = min_size(best, above2[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

/* The first name of which `name` is the beginning: "glorot" for "glorot_uniform". */
static const char *begins_so(const char *name, size_t n, const char *const *list)
{
    for (; n >= 4 && *list; list++) {
        size_t i = 0;
        while (i < n && (*list)[i] && fold(name[i]) == fold((*list)[i])) i++;
        if (i == n) return *list;
    }
    return NULL;
}

const char *lm__nearest(const char *name, const char *const *list)
{
    const char *const *first = list;
    if (!name || !list) return NULL;
    size_t n = strlen(name), best = (size_t)-1;
    const char *found = NULL;
    if (n == 0 || n > LONGEST) return NULL;
    for (; *list; list++) {
        size_t m = strlen(*list);
        if (m > LONGEST) continue;
        size_t d = distance(name, n, *list, m), longer = n > m ? n : m;
        size_t limit = longer / 3 > 1 ? longer / 3 : 1;
        if (d <= limit && d < best && d < m) best = d, found = *list;
    }
    return found ? found : begins_so(name, n, first);
}

const char *lm_nearest(const char *name, const char *const *list)
{
    return lm__nearest(name, list);
}
