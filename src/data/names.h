/* data/names.h: the names of classes that a reader finds in its files. */
#ifndef LM_DATA_NAMES_H
#define LM_DATA_NAMES_H

#include "base/status.h"
#include <lamina/data.h>
#include <stdint.h>

/* More classes than that are a column of names or numbers taken for classes. */
enum { LM__MOST_NAMES = 1 << 16, LM__MOST_NAME_BYTES = 1000 };

/* A set in bytewise order: "10" stands before "2". */
typedef struct lm__names {
    char **name;
    size_t count, capacity;
} lm__names;

lm_status lm__names_add(lm__names *names, const char *name);        /* nothing if it is there */
int32_t lm__names_find(const lm__names *names, const char *name);   /* its place, or -1       */
/* For many: any text at the end, then all sorted at once. */
lm_status lm__names_append(lm__names *names, const char *name);
void lm__names_sort(lm__names *names);
void lm__names_free(lm__names *names);

/* They become the dataset's classes, and its own. */
void lm__data_own_classes(lm_dataset *ds, lm__names *names);

#endif
