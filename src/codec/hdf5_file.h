/* codec/hdf5_file.h: an open file, between hdf5_read.c (its tree), hdf5_datasets.c, hdf5_attributes.c and
 * hdf5_heaps.c. */
#ifndef LM_CODEC_HDF5_FILE_H
#define LM_CODEC_HDF5_FILE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/view.h"
#include "codec/hdf5.h"

/* How often a file's bytes may be read as structures. Once is usual; hard links lead to the same header again. */
enum { H5_BUDGET = 4 };

/* One message of an object header: a piece of what is known about an object. */
typedef struct h5_message {
    const uint8_t *data;
    uint16_t type, size;
    uint8_t flags;
} h5_message;

/* An attribute's name, and which of the object's messages holds it. */
typedef struct h5_attribute_name {
    const char *name;
    uint32_t message;
} h5_attribute_name;

typedef struct h5_node h5_node;
struct h5_node {
    const char *name;
    lm__h5_kind kind;
    const char *other;              /* of LM__H5_OTHER: what it is */
    h5_message *messages;
    size_t message_count;
    h5_attribute_name *attributes;  /* sorted by name, those of one name in the file's order */
    size_t attribute_count;
    const h5_message *unread;       /* the first attribute that cannot be read, NULL: none */
    h5_node *children;              /* sorted by name, with the names also by themselves */
    const char **names;
    size_t count;
};

typedef struct h5_heaps h5_heaps;  /* see hdf5_heaps.c */

struct lm__h5 {
    const char *name;
    const uint8_t *data;            /* of a view, only what lm__h5_at gave may be looked at */
    size_t size;
    const lm__view *view;           /* NULL: memory */
    size_t base;                    /* where the file begins in the view */
    lm__arena *arena;
    h5_node root;
    size_t objects;
    size_t budget;                  /* bytes that may still be read as structures */
    h5_heaps *heaps;                /* where strings are, once they were asked for */
};

/* A shape, and a type as the file describes it. */
typedef struct h5_space {
    int rank, nothing;              /* nothing: HDF5's "null" space, without any element */
    uint64_t dims[LM_MAX_RANK];
    size_t count;                   /* SIZE_MAX where it overflows */
} h5_space;
typedef struct h5_type {
    unsigned class, version;
    uint32_t bits, bytes;
    lm__bytes rest;                 /* what follows, by class */
} h5_type;

/* `size` bytes at an address, or NULL if the file does not hold them or they cannot be read. */
const uint8_t *lm__h5_at(const lm__h5 *h5, uint64_t address, uint64_t size);

/* The object at a path. LM_NOT_FOUND names the part that is missing, and the nearest name. */
lm_status lm__h5_walk(const lm__h5 *h5, const char *path, const h5_node **out);

/* The messages that say shape and type. */
lm_status lm__h5_read_space(const lm__h5 *h5, const char *path, lm__bytes message, h5_space *out);
lm_status lm__h5_read_type(const lm__h5 *h5, const char *path, lm__bytes message, h5_type *out);

/* *is: whether the object has this string attribute and it says `text`. Fails only when memory is out. */
lm_status lm__h5_attribute_is(const lm__h5 *h5, const char *path, const char *attribute, const char *text, int *is);

/* Finds the attributes among an object's messages. */
lm_status lm__h5_index_attributes(lm__h5 *h5, h5_node *node);

/* The file's variable-length strings: the first `length` bytes of object `index` in the heap at an address, NULL if
 * they are not there. */
lm_status lm__h5_heaps_new(lm__h5 *h5);
void lm__h5_heaps_free(h5_heaps *heaps);
lm_status lm__h5_heap_object(const lm__h5 *h5, uint64_t at, uint32_t index, uint32_t length, const uint8_t **out);

/* LM_CORRUPT, naming the object and what of it is damaged. */
lm_status lm__h5_damaged(const lm__h5 *h5, const char *path, const char *what);

/* A part of the format that is not read, with what converts it. */
lm_status lm__h5_unsupported(const lm__h5 *h5, const char *path, const char *what);

#endif
