/* data/dataset.h: the inside of datasets.
 *
 * Every dataset can read any of its elements by number: a shuffle is a table of numbers, a batch reads `size`
 * elements of its source in one call. What is passed down is a list of numbers, what is filled is the caller's
 * memory, so that shuffle, take, skip, repeat and batch over arrays come to arithmetic on numbers and one copy of
 * each row.
 *
 * An element's tensors have fixed types and shapes, but for the first dimension of a batch, which may be smaller than
 * usual (the last one of an epoch).
 */
#ifndef LM_DATA_DATASET_H
#define LM_DATA_DATASET_H

#include "base/object.h"
#include "base/status.h"
#include "tensor/tensor.h"
#include <lamina/data.h>

/* One tensor of an element, at its largest. */
typedef struct lm__spec {
    lm_dtype dtype;
    int rank;
    int64_t dims[LM_MAX_RANK];
    size_t bytes;
} lm__spec;

typedef struct lm__cursor lm__cursor;
typedef struct lm__element lm__element;

/* A kind of source or combinator. Functions may be NULL where the comment says so. */
typedef struct lm__data_kind {
    const char *name;
    size_t dataset_bytes, cursor_bytes;     /* sizeof of what begins with an lm_dataset, an lm__cursor           */
    bool any_order;                         /* asks its source for elements in an order of its own               */
    void (*destroy)(lm_dataset *ds);        /* NULL: nothing to release                                          */
    int64_t (*rows)(const lm_dataset *ds, int64_t k); /* see lm__data_rows; NULL: as the source                  */
    lm_status (*open)(lm__cursor *c);       /* the rest of the cursor, whose source is open; NULL: nothing       */
    void (*close)(lm__cursor *c);           /* also after an open that failed; NULL: nothing                     */
    lm_status (*begin)(lm__cursor *c, int64_t epoch); /* NULL: the source begins                                 */
    lm_status (*read)(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows);
    /* Instead of read for one element: lends memory of its own until the next call. NULL: cannot.               */
    lm_status (*lend)(lm__cursor *c, int64_t index, lm__element **element, int64_t *rows);
    /* How many elements its thread makes ahead. NULL: has no thread.                                            */
    int (*ahead)(const lm_dataset *ds);
} lm__data_kind;

struct lm_dataset {
    lm__object object;
    const lm__data_kind *kind;
    lm_dataset *from;               /* the source, owned; NULL at the bottom                                     */
    int n;
    lm__spec spec[LM_DATA_MAX_TENSORS];
    int64_t count;                  /* elements; LM_ANY: without end                                             */
    int64_t batch_size;             /* 0: single examples                                                        */
    int64_t rows;                   /* examples of a full element: the tensors' first dimension, 1 if not batched */
    bool varies;                    /* some element has fewer rows than that                                     */
    uint64_t seed;                  /* of the nearest shuffle below                                              */
    int draws;                      /* shuffles and maps up to here: their random numbers differ                 */
    const char *const *classes;
    int class_count;
    char **own_classes;             /* what `classes` points to, if it is this dataset's own                        */
    const char *preparation;        /* see lm_data_preparation; NULL: unknown                                    */
};

extern const lm__type lm__dataset_type, lm__iterator_type;

/* --- making --------------------------------------------------------------------------------------------------- */

/* A dataset of a kind without a source, or a poisoned one. */
lm_dataset *lm__data_new(const lm__data_kind *kind);

/* One over `from`, which it takes over, with the same elements; poisoned if `from` is, or is no dataset. */
lm_dataset *lm__data_over(const lm__data_kind *kind, lm_dataset *from);

/* Frees the dataset and gives a poisoned one with the thread's last error. */
lm_dataset *lm__data_poison(lm_dataset *ds);

/* Sets tensor i of the elements. */
lm_status lm__data_spec(lm_dataset *ds, int i, lm_dtype dtype, int rank, const int64_t *dims);

/* Tensor i of all elements as one array, read from beginning to end. */
lm_tensor *lm__data_read_all(lm_dataset *ds, int i);

/* Elements are as the n tensors of `like`. */
lm_status lm__data_like(lm_dataset *ds, const char *what, int n, lm_tensor *const *like);

/* --- elements --------------------------------------------------------------------------------------------------- */

/* Examples in the first k elements; LM_ANY if that depends on the epoch. */
int64_t lm__data_rows(const lm_dataset *ds, int64_t k);

/* Memory for one element, and the tensors to show it by. The tensors that a last, smaller batch is shown by are made
 * with it. */
struct lm__element {
    int n;
    int64_t rows;                   /* of a full one */
    lm_tensor *full[LM_DATA_MAX_TENSORS], *part[LM_DATA_MAX_TENSORS];
    char *to[LM_DATA_MAX_TENSORS];  /* their memory  */
};

lm_status lm__element_open(lm__element *e, const lm_dataset *ds);
void lm__element_close(lm__element *e);
/* The tensors for an element of so many rows. */
lm_tensor *const *lm__element_show(lm__element *e, int64_t rows);

/* The tensors of one element that someone else fills or reads, made once and moved from memory to memory. */
lm_status lm__views_open(const lm_dataset *ds, lm_tensor **views);
/* Points them at the k-th element, of so many rows, in memory for several. */
void lm__views_move(const lm_dataset *ds, lm_tensor *const *views, char *const *to, int64_t k, int64_t rows);

/* Rows index[0…n) of `bytes` bytes each, one after the other. */
void lm__gather(char *to, const char *from, size_t bytes, int64_t n, const int64_t *index);

/* A user's function that makes elements failed: says which element, and what the function called said if it said
 * anything since `before` (lm__stream of the last error then). */
lm_status lm__data_callback_failed(const char *what, int64_t element, lm_status status, uint64_t before);

/* --- reading ------------------------------------------------------------------------------------------------------
 * */

/* A reader of a dataset; belongs to one thread. All memory is taken when it is opened. */
struct lm__cursor {
    lm_dataset *ds;                 /* borrowed */
    lm__cursor *from;
    int64_t epoch;
    bool opened, begun;
    bool in_order;                  /* elements are mostly asked for one after the other */
};

lm_status lm__cursor_open(lm_dataset *ds, bool in_order, lm__cursor **out);
void lm__cursor_close(lm__cursor *c);                       /* NULL does nothing */

/* Sets the epoch whose elements are read; does nothing if it is the epoch already. */
lm_status lm__cursor_begin(lm__cursor *c, int64_t epoch);

/* Reads n elements into to[0…], one after the other; overwrites `index`. Of batched datasets, *rows receives the
 * rows of the last one; n > 1 only where no element is smaller than the others. */
lm_status lm__cursor_read(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows);

#endif
