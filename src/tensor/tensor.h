/* tensor/tensor.h: the inside of lm_tensor. */
#ifndef LM_TENSOR_TENSOR_H
#define LM_TENSOR_TENSOR_H

#include "base/bytes.h"
#include "base/object.h"
#include <lamina/tensor.h>

struct lm_tensor {
    lm__object object;
    lm_dtype dtype;
    int rank;
    int64_t dims[LM_MAX_RANK];
    size_t size;                        /* elements */
    void *data;
    lm_tensor *base;                    /* the tensor whose memory this one shares, retained; or NULL */
    void (*release)(void *user);        /* for wrapped memory; owned memory: lm__free                 */
    void *user;
};

extern const lm__type lm__tensor_type;

/* Number of elements of a shape; LM_INVALID with a message on negative dimensions, rank out of range or overflow. */
lm_status lm__shape_size(int rank, const int64_t *dims, size_t *out);

/* "(32, 28, 28, 1)" into `text`; LM_ANY prints as None. Returns `text`. */
char *lm__shape_text(int rank, const int64_t *dims, char *text, size_t bytes);

/* As lm_tensor_new, without the zeros: for a caller who writes every element. */
lm_tensor *lm__tensor_raw(lm_dtype dtype, int rank, const int64_t *dims);

/* One element as a double, and back: rounds to nearest even for floats; truncates, saturates and gives 0 for NaN for
 * integers; not zero for bool. */
double lm__load(lm_dtype dtype, const void *data, size_t i);
void lm__store(lm_dtype dtype, void *data, size_t i, double value);

/* The same for `count` elements from element `first` on. */
void lm__load_many(lm_dtype dtype, const void *data, size_t first, size_t count, double *out);
void lm__store_many(lm_dtype dtype, void *data, size_t first, size_t count, const double *values);

/* What lm_tensor_print writes. */
void lm__tensor_text(const lm_tensor *t, const lm_print_args *args, lm__text *out);

/* bf16 and f16 <-> f32, round to nearest even. */
float lm__bf16_to_f32(uint16_t bits);
uint16_t lm__f32_to_bf16(float value);
float lm__f16_to_f32(uint16_t bits);
uint16_t lm__f32_to_f16(float value);

static inline int lm__is_float(lm_dtype d) { return d <= LM_F16; }
static inline int lm__is_integer(lm_dtype d) { return d >= LM_U8 && d <= LM_I64; }

#endif
