/* lamina/data.h: datasets: where examples come from, and what is done to them on the way to a model.
 *
 * A dataset is a description; reading it is an iterator's work. Elements are tuples of tensors, (x, y) or (x, y,
 * sample_weight) or (x) alone: single examples until lm_data_batch joins them. Combinators take over the reference to
 * the dataset they are handed, so that they nest: lm_data_batch(lm_data_take(ds, 100), 32). Everything is
 * deterministic: the order depends on the seed and the epoch alone, not on threads.
 *
 * An element's tensors have fixed types and shapes; only the first dimension of a batch may be smaller, in the last
 * one.
 *
 * Threads: a dataset may be iterated by several threads at once, each with its own iterator. */
#ifndef LAMINA_DATA_H
#define LAMINA_DATA_H

#include <lamina/args.h>
#include <lamina/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lm_dataset lm_dataset;
typedef struct lm_iterator lm_iterator;

enum { LM_DATA_MAX_TENSORS = 8 };

/* --- sources: each a new reference ---------------------------------------------------------------------------- */

/* Rows of arrays with the same first dimension: element i is row i of each. Retains them; NULL ends the list (y may
 * be NULL). */
lm_dataset *lm_data_from_arrays(lm_tensor *x, lm_tensor *y);
lm_dataset *lm_data_from_tensors(int n, lm_tensor *const *tensors);

/* An IDX file, plain or gzip, of images and one of labels (NULL: none). Images of rank 3 get a channel axis. */
lm_dataset *lm_data_from_idx(const char *images, const char *labels);

/* Elements made by a function: make(user, index, tensors) writes element `index` into the given tensors, whose types
 * and shapes are those of `like`. `count` may be LM_ANY: without end. Called from one thread at a time.
 * `release(user)` when the dataset goes, and at once if it could not be made. */
typedef lm_status lm_data_make_fn(void *user, int64_t index, lm_tensor *const *out);
lm_dataset *lm_data_from_function(int64_t count, int n, lm_tensor *const *like, lm_data_make_fn *make, void *user,
                                  void (*release)(void *user));

/* The built-in sets. MNIST: images u8 (60000, 28, 28, 1) and (10000, …), labels u8 (N,), digits 0…9. Fashion-MNIST
 * has the same layout. Looked for in the folder that the environment names as LAMINA_DATA, the source tree's data/,
 * ./data, ../shared/datasets, Lamina's installed files, /usr/share/datasets and the user's cache
 * (~/.cache/lamina); the message of a failure says which file is wanted and how to get it. Both are poisoned on
 * failure; returns the status. Either may be NULL. */
lm_status lm_data_mnist(lm_dataset **train, lm_dataset **test);
lm_status lm_data_fashion_mnist(lm_dataset **train, lm_dataset **test);
/* A built-in set by name ("mnist", "fashion_mnist"); LM_NOT_FOUND suggests the nearest. */
lm_status lm_data_load(const char *name, lm_dataset **train, lm_dataset **test);

/* The path of a file of the project's data, such as "timeseries/seattle-weather.csv" or that with .gz behind it, in
 * the first of the places where built-in sets are looked for. A new string, given back with lm_string_free; NULL
 * where it is nowhere: lm_last_error has the places. */
char *lm_data_find(const char *file);

/* --- combinators: each takes over `ds`, gives a new reference --------------------------------------------------- */

/* Each element's tensors replaced: fn reads `in` and writes `out`, whose types and shapes are those of the n tensors
 * of `like` (NULL, with n = 0: as in). `random` is a number that depends only on seed (of the nearest shuffle below,
 * else 0), epoch and element: the seed for augmentation. Of batches, the first dimension of `like` is the batch size.
 * Several iterators call fn from several threads at once. fn keeps none of the tensors. */
typedef lm_status lm_data_map_fn(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out);
lm_dataset *lm_data_map(lm_dataset *ds, lm_data_map_fn *fn, void *user, int n, lm_tensor *const *like);

/* A full permutation of the elements, another one each epoch. All datasets with an end can be shuffled; shuffle above
 * repeat above another shuffle is slow. */
lm_dataset *lm_data_shuffle(lm_dataset *ds, uint64_t seed);
lm_dataset *lm_data_batch(lm_dataset *ds, int64_t size, bool drop_remainder);
lm_dataset *lm_data_repeat(lm_dataset *ds, int64_t times);          /* LM_ANY: for ever                            */
lm_dataset *lm_data_take(lm_dataset *ds, int64_t count);
lm_dataset *lm_data_skip(lm_dataset *ds, int64_t count);
/* Elements are kept in memory once read: those of the source's epoch 0, in every epoch. Shuffle above it, not below.
 * */
lm_dataset *lm_data_cache(lm_dataset *ds);
/* So many elements are made ahead by a background thread; they are the same as without. Best as the last combinator;
 * below a shuffle it works as if it were. */
lm_dataset *lm_data_prefetch(lm_dataset *ds, int elements);

/* --- what a dataset is --------------------------------------------------------------------------------------------
 * */

int64_t lm_data_count(const lm_dataset *ds);                        /* elements an epoch; LM_ANY if without end    */
int64_t lm_data_examples(const lm_dataset *ds);                     /* rows of all batches; also LM_ANY if the
                                                                     * epoch decides */
int64_t lm_data_batch_size(const lm_dataset *ds);                   /* 0: elements are single examples             */
/* Tensors of an element; types and shapes (LM_ANY where it varies) of tensor i. */
int lm_data_tensors(const lm_dataset *ds);
int lm_data_shape(const lm_dataset *ds, int i, lm_dtype *dtype, int64_t dims[LM_MAX_RANK]);
/* Names of the classes, in order of the labels; NULL where unknown. *count receives their number. Borrowed. */
const char *const *lm_data_classes(const lm_dataset *ds, int *count);
/* How a picture from elsewhere is made to look like these: "digits" (MNIST's own: light on dark, the box of what is
 * drawn scaled to 20 pixels, centred by mass in 28), "resize" (scaled to the size of these), or "" where unknown.
 * Borrowed. */
const char *lm_data_preparation(const lm_dataset *ds);

/* Tensor i of the whole dataset as one array, in order (for arrays: the array itself, shared). New reference. */
lm_tensor *lm_data_array(lm_dataset *ds, int i);

/* --- iteration
 * ------------------------------------------------------------------------------------------------------ */

/* One pass in the order of the given epoch, from element `start` on. New reference; retains the dataset. */
lm_iterator *lm_data_iterate(lm_dataset *ds, int64_t epoch, int64_t start);
/* The next element's tensors, borrowed until the next call. Returns their number, 0 at the end, -1 on an error, which
 * the iterator carries until it is restarted. After the first two elements no memory is taken, in later epochs
 * neither. */
int lm_iterator_next(lm_iterator *it, lm_tensor *out[LM_DATA_MAX_TENSORS]);
/* Begins another epoch with the same buffers. */
lm_status lm_iterator_restart(lm_iterator *it, int64_t epoch);

#ifdef __cplusplus
}
#endif
#endif
