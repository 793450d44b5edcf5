/* lamina/tensor.h: arrays of numbers: a type, a shape, and memory in row-major order without gaps.
 *
 * Reading functions take any number of threads; a tensor being written belongs to one. All constructors return a
 * new object (see object.h) that may be poisoned; array functions on a poisoned tensor return its error.
 */
#ifndef LAMINA_TENSOR_H
#define LAMINA_TENSOR_H

#include <lamina/args.h>
#include <lamina/object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LM_MAX_RANK = 8 };

/* A dimension that is not known yet, Keras's None. */
#define LM_ANY (-1)

/* Element types; X(code, name, bytes). bf16 and f16 are stored as their 16 bits. */
#define LM_DTYPE_LIST(X)                                                                                          \
    X(LM_F32, "float32", 4) X(LM_F64, "float64", 8) X(LM_BF16, "bfloat16", 2) X(LM_F16, "float16", 2)             \
    X(LM_U8, "uint8", 1) X(LM_I8, "int8", 1) X(LM_I32, "int32", 4) X(LM_I64, "int64", 8) X(LM_BOOL, "bool", 1)

typedef enum lm_dtype {
#define LM__DTYPE(code, name, bytes) code,
    LM_DTYPE_LIST(LM__DTYPE)
#undef LM__DTYPE
    LM_DTYPE_COUNT
} lm_dtype;

const char *lm_dtype_name(lm_dtype dtype);        /* "float32"; "?" for no dtype                     */
size_t lm_dtype_size(lm_dtype dtype);             /* bytes of one element                            */
lm_status lm_dtype_parse(const char *name, lm_dtype *out); /* "float32"; LM_NOT_FOUND names the nearest */

typedef struct lm_tensor lm_tensor;

/* A new tensor of zeros with `rank` dimensions. Dimensions of 0 are allowed (no elements). New reference. */
lm_tensor *lm_tensor_new(lm_dtype dtype, int rank, const int64_t *dims);

/* As above, with a copy of `data` (rank 0: one number). */
lm_tensor *lm_tensor_copy_of(lm_dtype dtype, int rank, const int64_t *dims, const void *data);

/* A tensor over the caller's memory, which must outlive it; `release(user)`, if not NULL, is called with the last
 * reference. A poisoned result took nothing over. */
lm_tensor *lm_tensor_wrap(lm_dtype dtype, int rank, const int64_t *dims, void *data, void (*release)(void *user),
                          void *user);

/* One number, rank 0. */
lm_tensor *lm_tensor_scalar(lm_dtype dtype, double value);

lm_dtype lm_tensor_dtype(const lm_tensor *t);
int lm_tensor_rank(const lm_tensor *t);
int64_t lm_tensor_dim(const lm_tensor *t, int axis); /* axis < 0 counts from the end; 0 if out of range */
const int64_t *lm_tensor_dims(const lm_tensor *t);
size_t lm_tensor_size(const lm_tensor *t);        /* number of elements */
size_t lm_tensor_bytes(const lm_tensor *t);
void *lm_tensor_data(lm_tensor *t);               /* NULL if poisoned   */
const void *lm_tensor_read(const lm_tensor *t);

/* Element i in row-major order as a double; 0 where i is out of range. */
double lm_tensor_get(const lm_tensor *t, size_t i);

/* --- array operations: each returns a new tensor; the argument is only read -------------------------------- */

/* The same elements under another shape, sharing memory; one dimension may be LM_ANY. */
lm_tensor *lm_tensor_reshape(lm_tensor *t, int rank, const int64_t *dims);
#define lm_tensor_reshape_to(t, ...)                                                                             \
    lm_tensor_reshape((t), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

/* t / divisor, as NumPy does it: an integer tensor gives float32, a float tensor keeps its type. */
lm_tensor *lm_tensor_divide(const lm_tensor *t, double divisor);

/* Converted to another type: floats to integers truncate and saturate, NaN gives 0; to bool: not zero. */
lm_tensor *lm_tensor_cast(const lm_tensor *t, lm_dtype dtype);

/* Rows [begin, end) of the first dimension, sharing memory; negative counts from the end, as in Python. */
lm_tensor *lm_tensor_slice(lm_tensor *t, int64_t begin, int64_t end);

/* --- files ------------------------------------------------------------------------------------------------- */

/* The array in a file: .npy, or IDX (plain or gzip), told by its content. New reference, poisoned on failure. */
lm_tensor *lm_tensor_load(const char *path);
/* As .npy, whole or not at all. */
lm_status lm_tensor_save(const lm_tensor *t, const char *path);

/* --- output ------------------------------------------------------------------------------------------------ */

/* Prints to stdout like NumPy (with suppress=True): of two or more dimensions the first `rows` rows (0: all), and at
 * most `decimals` decimals; long inner dimensions show their first and last three. */
typedef struct lm_print_args {
    size_t size;
    int rows, decimals;
} lm_print_args;
void lm_tensor_print(const lm_tensor *t, const lm_print_args *args);
#define lm_print(t, ...)                                                                                         \
    LM__WITH(lm_print_args, LM__LIST(.rows = 6, .decimals = 4), lm_tensor_print((t), &lm__a), __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
