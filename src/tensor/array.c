/* tensor/array.c: new tensors from old ones. */
#include "base/status.h"
#include "base/team.h"
#include "tensor/tensor.h"

#include <string.h>

enum { BLOCK = 512, BLOCKS_PER_JOB = 64 };

static lm_tensor *poison(void)
{
    return lm__object_poison(&lm__tensor_type);
}

/* A tensor over part of another's memory. `t` is sound and the shape checked. */
static lm_tensor *view(lm_tensor *t, int rank, const int64_t *dims, size_t size, size_t first)
{
    lm_tensor *v = lm__object_new(&lm__tensor_type, sizeof *v);
    if (lm_failed(v)) return v;
    v->dtype = t->dtype, v->rank = rank, v->size = size;
    for (int i = 0; i < rank; i++) v->dims[i] = dims[i];
    v->data = (char *)t->data + first * lm_dtype_size(t->dtype);
    v->base = lm_retain(t->base ? t->base : t);
    return v;
}

/* Puts a number in the place of the one LM_ANY, so that the shape has `size` elements. */
static lm_status resolve(const lm_tensor *t, int rank, const int64_t *dims, int64_t out[LM_MAX_RANK])
{
    char from[160], to[160];
    int unknown = -1;
    size_t known = 0;
    if (rank < 0 || rank > LM_MAX_RANK || (rank && !dims)) return lm__shape_size(rank, dims, &known);
    for (int i = 0; i < rank; i++) {
        out[i] = dims[i];
        if (dims[i] != LM_ANY) continue;
        if (unknown >= 0) return lm__fail(LM_INVALID, "reshape to %s: only one dimension may be LM_ANY",
                                          lm__shape_text(rank, dims, to, sizeof to));
        unknown = i, out[i] = 1;
    }
    LM_TRY(lm__shape_size(rank, out, &known));
    if (unknown < 0 && known == t->size) return LM_OK;
    if (unknown >= 0 && known && t->size % known == 0) {
        out[unknown] = (int64_t)(t->size / known);
        return LM_OK;
    }
    return lm__fail(LM_INVALID, "cannot reshape %s with %zu elements to %s",
                    lm__shape_text(t->rank, t->dims, from, sizeof from), t->size,
                    lm__shape_text(rank, dims, to, sizeof to));
}

lm_tensor *lm_tensor_reshape(lm_tensor *t, int rank, const int64_t *dims)
{
    int64_t out[LM_MAX_RANK];
    if (lm__object_check(t, &lm__tensor_type, "reshape") != LM_OK) return poison();
    if (resolve(t, rank, dims, out) != LM_OK) return poison();
    return view(t, rank, out, t->size, 0);
}

static int64_t clip_index(int64_t i, int64_t count)
{
    if (i < 0) i = i < -count ? 0 : i + count;
    return i > count ? count : i;
}

lm_tensor *lm_tensor_slice(lm_tensor *t, int64_t begin, int64_t end)
{
    if (lm__object_check(t, &lm__tensor_type, "slice") != LM_OK) return poison();
    if (!t->rank) {
        lm__fail(LM_INVALID, "slice: a single number has no rows");
        return poison();
    }
    int64_t dims[LM_MAX_RANK];
    memcpy(dims, t->dims, sizeof dims);
    begin = clip_index(begin, t->dims[0]), end = clip_index(end, t->dims[0]);
    dims[0] = end > begin ? end - begin : 0;
    size_t row = t->dims[0] ? t->size / (size_t)t->dims[0] : 0;
    return view(t, t->rank, dims, row * (size_t)dims[0], row * (size_t)begin);
}

/* --- element by element ----------------------------------------------------------------------------------------- */

typedef struct conversion {
    const lm_tensor *from;
    lm_tensor *to;
    double divisor;
} conversion;

/* In float32 as NumPy does for float32 and the 16-bit types; otherwise in double. */
static void divide(double *values, size_t count, lm_dtype from, double divisor)
{
    if (lm__is_float(from) && from != LM_F64)
        for (size_t i = 0; i < count; i++) values[i] = (double)((float)values[i] / (float)divisor);
    else
        for (size_t i = 0; i < count; i++) values[i] /= divisor;
}

static void convert_job(void *argument, size_t job, int thread)
{
    (void)thread;
    const conversion *c = argument;
    double values[BLOCK];
    size_t first = job * BLOCK * BLOCKS_PER_JOB, last = first + BLOCK * BLOCKS_PER_JOB;
    if (last > c->from->size) last = c->from->size;
    for (; first < last; first += BLOCK) {
        size_t count = last - first < BLOCK ? last - first : BLOCK;
        lm__load_many(c->from->dtype, c->from->data, first, count, values);
        if (c->divisor != 1) divide(values, count, c->from->dtype, c->divisor);
        lm__store_many(c->to->dtype, c->to->data, first, count, values);
    }
}

static lm_tensor *convert(const lm_tensor *t, lm_dtype dtype, double divisor, const char *what)
{
    if (lm__object_check(t, &lm__tensor_type, what) != LM_OK) return poison();
    lm_tensor *to = lm__tensor_raw(dtype, t->rank, t->dims);
    if (lm_failed(to) || !t->size) return to;
    conversion c = {t, to, divisor};
    if (dtype == t->dtype && divisor == 1)
        memcpy(to->data, t->data, lm_tensor_bytes(t));
    else
        lm__parallel((t->size - 1) / (BLOCK * BLOCKS_PER_JOB) + 1, convert_job, &c);
    return to;
}

lm_tensor *lm_tensor_divide(const lm_tensor *t, double divisor)
{
    lm_dtype dtype = lm__is_float(lm_tensor_dtype(t)) ? lm_tensor_dtype(t) : LM_F32;
    return convert(t, dtype, divisor, "divide");
}

lm_tensor *lm_tensor_cast(const lm_tensor *t, lm_dtype dtype)
{
    return convert(t, dtype, 1, "cast");
}
