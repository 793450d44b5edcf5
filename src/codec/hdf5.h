/* codec/hdf5.h: the part of HDF5 in which Keras and h5py write weights: a bounded reader over memory, and a writer.
 *
 * Read: superblock 0 or 1 with 8-byte addresses, version 1 object headers, groups as symbol tables, contiguous and
 * compact datasets of floats (16, 32, 64 bits), integers (8, 16, 32 bits, int64), bools as h5py stores them and
 * bfloat16 as Keras does (2 opaque bytes, attribute dtype = "bfloat16"), either byte order; attributes of fixed or
 * variable-length strings. Everything else in the format (chunks, filters, links, newer groups, ...) is refused by
 * name with LM_UNSUPPORTED and how to convert the file; damage and lies are LM_CORRUPT. libhdf5 is not used: it
 * crashes on altered files.
 *
 * Paths are "layers/dense/vars/0", with or without a leading '/'; "" and "/" are the root.
 */
#ifndef LM_CODEC_HDF5_H
#define LM_CODEC_HDF5_H

#include "base/view.h"
#include "codec/sink.h"

#include <lamina/tensor.h>

enum {
    LM__H5_MAX_DEPTH = 64,              /* groups within groups    */
    LM__H5_MAX_OBJECTS = 1 << 20,       /* of one file             */
    LM__H5_MAX_NAME = 1024,             /* bytes of one name       */
};

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* A file over `data`; its tree is read and checked here, datasets and attributes when asked for. `data` and `name`
 * (with which messages begin) are borrowed until it is closed. Any number of threads may read an open file. */
typedef struct lm__h5 lm__h5;
lm_status lm__h5_open(const char *name, const void *data, size_t size, lm__h5 **out);
/* The same over `size` bytes of a view from `base` on; of these, only what is asked for is read. */
lm_status lm__h5_open_view(const char *name, const lm__view *view, size_t base, size_t size, lm__h5 **out);
void lm__h5_close(lm__h5 *h5);                          /* NULL does nothing */

/* What is at a path; "other" is what exists but cannot be read: a link, a named datatype. */
typedef enum lm__h5_kind { LM__H5_NOTHING, LM__H5_GROUP, LM__H5_DATASET, LM__H5_OTHER } lm__h5_kind;
lm__h5_kind lm__h5_kind_of(const lm__h5 *h5, const char *path);

/* The names in a group, in the order of their bytes ("10" before "2"); borrowed. LM_NOT_FOUND, LM_INVALID: no
 * group. */
lm_status lm__h5_list(const lm__h5 *h5, const char *path, const char *const **names, size_t *count);

/* Type and shape of a dataset, without its numbers; `dims` holds LM_MAX_RANK. */
lm_status lm__h5_describe(const lm__h5 *h5, const char *path, lm_dtype *dtype, int *rank, int64_t *dims);

/* A dataset as a new tensor; rank 0 for a scalar. New reference, poisoned on error (LM_NOT_FOUND, ...); never
 * NULL. */
lm_tensor *lm__h5_read(const lm__h5 *h5, const char *path);

/* A dataset's numbers into a tensor of the same shape, converted to its type. LM_CORRUPT says both shapes if they
 * differ. */
lm_status lm__h5_read_into(const lm__h5 *h5, const char *path, lm_tensor *to);

/* A string attribute of a group or dataset, in new memory (release with lm__free). LM_NOT_FOUND: no such object or
 * attribute. LM_UNSUPPORTED: it is something else than one string. */
lm_status lm__h5_string(const lm__h5 *h5, const char *path, const char *attribute, char **out);

/* An attribute that is a list of strings (one string counts as a list of one; an empty list of any type as empty), in
 * one block of new memory: release `items` with lm__free. */
typedef struct lm__h5_strings {
    char **items;
    size_t count;
} lm__h5_strings;
lm_status lm__h5_strings_of(const lm__h5 *h5, const char *path, const char *attribute, lm__h5_strings *out);

/* 1 if the object exists and has the attribute. Records no error if not. */
int lm__h5_has_attribute(const lm__h5 *h5, const char *path, const char *attribute);

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* A file being put together in memory, as h5py would write it. Tensors are retained and read only by lm__h5_emit, so
 * a large file is never held twice. Groups on the way to a path are made. Not thread-safe. */
typedef struct lm__h5_writer lm__h5_writer;
lm_status lm__h5_create(lm__h5_writer **out);
void lm__h5_discard(lm__h5_writer *writer);             /* NULL does nothing */

/* LM_INVALID: a path that is taken (for a group: by a dataset), too deep, or holds an empty name, "." or "..". */
lm_status lm__h5_put_group(lm__h5_writer *writer, const char *path);
/* A bfloat16 tensor gets Keras's attribute with it. A poisoned tensor gives its error. */
lm_status lm__h5_put_tensor(lm__h5_writer *writer, const char *path, const lm_tensor *tensor);
/* Attributes of an object that was put before: a UTF-8 string, a list of them. All that an attribute holds but its
 * strings' own bytes must fit into 64 KiB (about 4000 strings; Keras splits longer lists: name0, name1, ...). */
lm_status lm__h5_put_string(lm__h5_writer *writer, const char *path, const char *attribute, const char *text);
lm_status lm__h5_put_strings(lm__h5_writer *writer, const char *path, const char *attribute, const char *const *texts,
                             size_t count);

/* Places everything and says how large the file will be. Nothing can be put afterwards. */
lm_status lm__h5_layout(lm__h5_writer *writer, uint64_t *bytes);

/* Writes the file front to back, exactly as many bytes as lm__h5_layout says (which it calls if it was not
 * called). */
lm_status lm__h5_emit(lm__h5_writer *writer, const lm__sink *sink);

/* Emits to a file of its own, atomically. */
lm_status lm__h5_save(lm__h5_writer *writer, const char *path);

#endif
