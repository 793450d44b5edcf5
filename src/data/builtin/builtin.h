/* data/builtin/builtin.h: the datasets that are known by name. One is one file with a descriptor and a line in
 * builtin.def. */
#ifndef LM_DATA_BUILTIN_BUILTIN_H
#define LM_DATA_BUILTIN_BUILTIN_H

#include <lamina/sources.h>

typedef struct lm__builtin {
    lm_data_set about;                  /* each of its files may stand as FILE.gz                  */
    const char *folder;                 /* in each place that is searched                          */
    const char *how_to_get;             /* the end of the message "… was not found"                */
    const char *const *classes;         /* in order of the labels; NULL: none                      */
    int class_count;
    const char *preparation;            /* of pictures from elsewhere: see lm_data_preparation     */
    const char *urls[2];                /* where FILE.gz is appended, tried in this order          */
    /* Makes the two parts from the files, whose paths come in the order of `files`. */
    lm_status (*load)(const struct lm__builtin *set, char *const paths[4], lm_dataset **train, lm_dataset **test);
} lm__builtin;

#define X(name) extern const lm__builtin lm__builtin_##name;
#include "data/builtin/builtin.def"
#undef X

/* The set of that name, or NULL; the name that is nearest, or NULL. */
const lm__builtin *lm__builtin_find(const char *name);
const char *lm__builtin_nearest(const char *name);

/* The i-th set, or NULL. */
const lm__builtin *lm__builtin_at(int i);

/* The folder that files are downloaded to: the last of the places that are searched. NULL with an error where the
 * environment names no home. Release with lm__free. */
char *lm__builtin_cache(const lm__builtin *set);

/* Finds the set's files and loads them; both datasets are poisoned on failure. */
lm_status lm__builtin_load(const lm__builtin *set, lm_dataset **train, lm_dataset **test);

/* `load` for the layout of MNIST: files are the images and labels for training, then those for testing. */
lm_status lm__builtin_load_idx(const lm__builtin *set, char *const paths[4], lm_dataset **train, lm_dataset **test);

#endif
