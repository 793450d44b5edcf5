/* tensor/tensor.c: making tensors and looking at them. */
#include "tensor/tensor.h"

#include "base/alloc.h"
#include "base/status.h"

#include <string.h>

static void destroy(void *object)
{
    lm_tensor *t = object;
    if (t->base)
        lm_free(t->base);
    else if (t->release)
        t->release(t->user);
    else
        lm__free(t->data);
}

static lm_tensor poisoned = {.object = LM__POISON(&lm__tensor_type)};
const lm__type lm__tensor_type = {"tensor", destroy, &poisoned.object, sizeof(lm_tensor)};

/* --- making ----------------------------------------------------------------------------------------------------- */

/* A tensor without memory, or a poisoned one. */
static lm_tensor *make(lm_dtype dtype, int rank, const int64_t *dims)
{
    size_t size = 0;
    lm_status status = LM_OK;
    if (!lm_dtype_size(dtype))
        status = lm__fail(LM_INVALID, "%d is no element type", (int)dtype);
    else
        status = lm__shape_size(rank, dims, &size);
    if (status != LM_OK) return lm__object_poison(&lm__tensor_type);
    lm_tensor *t = lm__object_new(&lm__tensor_type, sizeof *t);
    if (lm_failed(t)) return t;
    t->dtype = dtype, t->rank = rank, t->size = size;
    for (int i = 0; i < rank; i++) t->dims[i] = dims[i];
    return t;
}

/* `t` with memory of its own, or poisoned in its place. */
static lm_tensor *with_memory(lm_tensor *t, int zero)
{
    if (lm_failed(t)) return t;
    size_t bytes = lm_tensor_bytes(t);
    t->data = zero ? lm__calloc(1, bytes) : lm__alloc(bytes);
    if (t->data) return t;
    lm_free(t);
    lm__no_memory(bytes);
    return lm__object_poison(&lm__tensor_type);
}

lm_tensor *lm_tensor_new(lm_dtype dtype, int rank, const int64_t *dims)
{
    return with_memory(make(dtype, rank, dims), 1);
}

lm_tensor *lm__tensor_raw(lm_dtype dtype, int rank, const int64_t *dims)
{
    return with_memory(make(dtype, rank, dims), 0);
}

/* Whether data came for the elements that a tensor has; a poisoned tensor passes. */
static int has_data(const lm_tensor *t, const void *data)
{
    if (lm_failed(t) || t->size == 0 || data) return 1;
    lm__fail(LM_INVALID, "the data of a tensor with %zu elements is NULL", t->size);
    return 0;
}

lm_tensor *lm_tensor_copy_of(lm_dtype dtype, int rank, const int64_t *dims, const void *data)
{
    lm_tensor *t = make(dtype, rank, dims);
    if (!has_data(t, data)) {
        lm_free(t);
        return lm__object_poison(&lm__tensor_type);
    }
    t = with_memory(t, 0);
    if (!lm_failed(t) && t->size) memcpy(t->data, data, lm_tensor_bytes(t));
    return t;
}

static void keep(void *user)
{
    (void)user;
}

lm_tensor *lm_tensor_wrap(lm_dtype dtype, int rank, const int64_t *dims, void *data, void (*release)(void *user),
                          void *user)
{
    lm_tensor *t = make(dtype, rank, dims);
    if (!has_data(t, data)) {
        lm_free(t);
        return lm__object_poison(&lm__tensor_type);
    }
    if (lm_failed(t)) return t;
    t->data = data, t->release = release ? release : keep, t->user = user;
    return t;
}

lm_tensor *lm_tensor_scalar(lm_dtype dtype, double value)
{
    lm_tensor *t = lm__tensor_raw(dtype, 0, NULL);
    if (!lm_failed(t)) lm__store(dtype, t->data, 0, value);
    return t;
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

static int is_tensor(const lm_tensor *t) { return lm__object_is(t, &lm__tensor_type); }

lm_dtype lm_tensor_dtype(const lm_tensor *t)
{
    return is_tensor(t) ? t->dtype : LM_F32;
}

int lm_tensor_rank(const lm_tensor *t)
{
    return is_tensor(t) ? t->rank : 0;
}

int64_t lm_tensor_dim(const lm_tensor *t, int axis)
{
    if (!is_tensor(t)) return 0;
    if (axis < 0) axis += t->rank;
    return axis >= 0 && axis < t->rank ? t->dims[axis] : 0;
}

const int64_t *lm_tensor_dims(const lm_tensor *t)
{
    return is_tensor(t) ? t->dims : poisoned.dims;
}

size_t lm_tensor_size(const lm_tensor *t)
{
    return is_tensor(t) ? t->size : 0;
}

size_t lm_tensor_bytes(const lm_tensor *t)
{
    return is_tensor(t) ? t->size * lm_dtype_size(t->dtype) : 0;
}

void *lm_tensor_data(lm_tensor *t)
{
    return is_tensor(t) ? t->data : NULL;
}

const void *lm_tensor_read(const lm_tensor *t)
{
    return is_tensor(t) ? t->data : NULL;
}

double lm_tensor_get(const lm_tensor *t, size_t i)
{
    return is_tensor(t) && i < t->size ? lm__load(t->dtype, t->data, i) : 0;
}
