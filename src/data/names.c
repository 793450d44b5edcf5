/* data/names.c: sorted sets of names. */
#include "data/names.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "data/dataset.h"

#include <stdlib.h>
#include <string.h>

/* The first place whose name is not smaller. */
static size_t place(const lm__names *names, const char *name)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(names->name[middle], name) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static int is_at(const lm__names *names, size_t at, const char *name)
{
    return at < names->count && !strcmp(names->name[at], name);
}

int32_t lm__names_find(const lm__names *names, const char *name)
{
    size_t at = place(names, name);
    return is_at(names, at, name) ? (int32_t)at : -1;
}

static lm_status check(const lm__names *names, const char *name)
{
    size_t length = strlen(name);
    if (!length || length > LM__MOST_NAME_BYTES || !lm__is_plain(name))
        return lm__fail(LM_INVALID, "\"%.40s\" cannot be the name of a class: names are UTF-8 text of 1 to %d bytes "
                        "without control characters", name, LM__MOST_NAME_BYTES);
    if (names->count < LM__MOST_NAMES) return LM_OK;
    return lm__fail(LM_INVALID, "there are more than %d classes; is this a column of names?", LM__MOST_NAMES);
}

lm_status lm__names_add(lm__names *names, const char *name)
{
    size_t at = place(names, name), after = names->count - at;
    if (is_at(names, at, name)) return LM_OK;
    LM_TRY(check(names, name));
    LM_TRY(lm__names_append(names, name));
    char *copy = names->name[names->count - 1];
    memmove(names->name + at + 1, names->name + at, after * sizeof *names->name);
    names->name[at] = copy;
    return LM_OK;
}

lm_status lm__names_append(lm__names *names, const char *name)
{
    if (lm__grow(&names->name, names->count, &names->capacity, sizeof *names->name)) return lm__no_memory(0);
    char *copy = lm__strdup(name);
    if (!copy) return lm__no_memory(strlen(name));
    names->name[names->count++] = copy;
    return LM_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void lm__names_sort(lm__names *names)
{
    if (names->count) qsort(names->name, names->count, sizeof *names->name, compare);
}

void lm__names_free(lm__names *names)
{
    for (size_t i = 0; i < names->count; i++) lm__free(names->name[i]);
    lm__free(names->name);
    *names = (lm__names){0};
}

void lm__data_own_classes(lm_dataset *ds, lm__names *names)
{
    ds->own_classes = names->name;
    ds->classes = (const char *const *)names->name;
    ds->class_count = (int)names->count;
    *names = (lm__names){0};
}
