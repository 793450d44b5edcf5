/* codec/hdf5_tree.h: what hdf5_write.c collects and hdf5_layout.c lays out. */
#ifndef LM_CODEC_HDF5_TREE_H
#define LM_CODEC_HDF5_TREE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "codec/hdf5_format.h"

#include <lamina/tensor.h>

/* A string, and where it stands among the file's variable-length data. */
typedef struct h5_text {
    const char *text;
    uint32_t length, index;
    uint64_t collection;
} h5_text;

typedef struct h5_attribute h5_attribute;
struct h5_attribute {
    h5_attribute *next;
    const char *name;
    int scalar;                     /* one string rather than a list of one */
    size_t count;
    h5_text texts[];
};

/* A group, or with a tensor a dataset. */
typedef struct h5_object h5_object;
struct h5_object {
    h5_object *next;                /* all objects of the file, in the order in which they were put */
    const char *path, *name;        /* the name is the path's end */
    h5_object **children;           /* sorted by name */
    size_t count, capacity;
    lm_tensor *tensor;
    h5_attribute *attributes;
    size_t attribute_count;
    uint64_t header, tree, heap;    /* addresses; tree and heap: of groups */
    uint64_t data_at;               /* address of a dataset's numbers ... */
    size_t data_field;              /* ... and where it stands in `meta`  */
    uint64_t name_at;               /* of the name in its group's heap    */
};

struct lm__h5_writer {
    lm__arena *arena;
    h5_object *root, **last;
    lm__text meta;                  /* the file up to the first dataset's numbers */
    uint64_t bytes;
    int laid_out;
};

#endif
