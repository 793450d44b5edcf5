/* data/dataset.c: making datasets and asking what they are. */
#include "data/dataset.h"

#include "base/alloc.h"

#include <string.h>

static void destroy(void *object)
{
    lm_dataset *ds = object;
    if (ds->kind && ds->kind->destroy) ds->kind->destroy(ds);
    for (int i = 0; ds->own_classes && i < ds->class_count; i++) lm__free(ds->own_classes[i]);
    lm__free(ds->own_classes);
    lm_free(ds->from);
}

static lm_dataset poisoned = {.object = LM__POISON(&lm__dataset_type)};
const lm__type lm__dataset_type = {"dataset", destroy, &poisoned.object, sizeof(lm_dataset)};

/* --- making --------------------------------------------------------------------------------------------------- */

lm_dataset *lm__data_new(const lm__data_kind *kind)
{
    lm_dataset *ds = lm__object_new(&lm__dataset_type, kind->dataset_bytes);
    if (lm_failed(ds)) return ds;
    ds->kind = kind;
    ds->rows = 1;
    return ds;
}

/* The parts of `from` that a combinator hands on. */
static void inherit(lm_dataset *ds, lm_dataset *from)
{
    ds->from = from;
    ds->n = from->n;
    memcpy(ds->spec, from->spec, sizeof ds->spec);
    ds->count = from->count, ds->batch_size = from->batch_size, ds->rows = from->rows, ds->varies = from->varies;
    ds->seed = from->seed, ds->draws = from->draws;
    ds->classes = from->classes, ds->class_count = from->class_count;
    ds->preparation = from->preparation;
}

lm_dataset *lm__data_over(const lm__data_kind *kind, lm_dataset *from)
{
    if (lm__object_is(from, &lm__dataset_type) && lm_failed(from)) return from;  /* it carries the error on */
    if (lm__object_check(from, &lm__dataset_type, kind->name)) {
        lm_free(from);
        return lm__object_poison(&lm__dataset_type);
    }
    lm_dataset *ds = lm__data_new(kind);
    if (lm_failed(ds))
        lm_free(from);
    else
        inherit(ds, from);
    return ds;
}

lm_dataset *lm__data_poison(lm_dataset *ds)
{
    lm_dataset *fresh = lm__object_poison(&lm__dataset_type);
    lm_free(ds);
    return fresh;
}

lm_status lm__data_spec(lm_dataset *ds, int i, lm_dtype dtype, int rank, const int64_t *dims)
{
    lm__spec *spec = &ds->spec[i];
    size_t size;
    LM_TRY(lm__shape_size(rank, dims, &size));
    *spec = (lm__spec){.dtype = dtype, .rank = rank, .bytes = lm__mul_size(size, lm_dtype_size(dtype))};
    for (int k = 0; k < rank; k++) spec->dims[k] = dims[k];
    return spec->bytes == SIZE_MAX ? lm__no_memory(spec->bytes) : LM_OK;
}

lm_status lm__data_like(lm_dataset *ds, const char *what, int n, lm_tensor *const *like)
{
    if (n < 1 || n > LM_DATA_MAX_TENSORS || !like)
        return lm__fail(LM_INVALID, "%s: %d tensors, but an element has 1 to %d", what, like ? n : 0,
                        LM_DATA_MAX_TENSORS);
    for (int i = 0; i < n; i++) {
        LM_TRY(lm__object_check(like[i], &lm__tensor_type, what));
        LM_TRY(lm__data_spec(ds, i, like[i]->dtype, like[i]->rank, like[i]->dims));
    }
    ds->n = n;
    return LM_OK;
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

int64_t lm__data_rows(const lm_dataset *ds, int64_t k)
{
    if (!ds->batch_size) return k;
    int64_t rows;
    if (!ds->varies) return __builtin_mul_overflow(k, ds->rows, &rows) ? LM_ANY : rows;
    return ds->kind->rows ? ds->kind->rows(ds, k) : lm__data_rows(ds->from, k);
}

int64_t lm_data_count(const lm_dataset *ds)
{
    return lm__object_is(ds, &lm__dataset_type) ? ds->count : 0;
}

int64_t lm_data_examples(const lm_dataset *ds)
{
    if (lm_failed(ds) || ds->object.type != &lm__dataset_type) return 0;
    return ds->count == LM_ANY ? LM_ANY : lm__data_rows(ds, ds->count);
}

int64_t lm_data_batch_size(const lm_dataset *ds)
{
    return lm__object_is(ds, &lm__dataset_type) ? ds->batch_size : 0;
}

int lm_data_tensors(const lm_dataset *ds)
{
    return lm__object_is(ds, &lm__dataset_type) ? ds->n : 0;
}

int lm_data_shape(const lm_dataset *ds, int i, lm_dtype *dtype, int64_t dims[LM_MAX_RANK])
{
    if (!lm__object_is(ds, &lm__dataset_type) || lm_failed(ds) || i < 0 || i >= ds->n) return -1;
    const lm__spec *spec = &ds->spec[i];
    if (dtype) *dtype = spec->dtype;
    for (int k = 0; dims && k < spec->rank; k++) dims[k] = k == 0 && ds->varies ? LM_ANY : spec->dims[k];
    return spec->rank;
}

const char *const *lm_data_classes(const lm_dataset *ds, int *count)
{
    if (count) *count = lm__object_is(ds, &lm__dataset_type) ? ds->class_count : 0;
    return lm__object_is(ds, &lm__dataset_type) ? ds->classes : NULL;
}

const char *lm_data_preparation(const lm_dataset *ds)
{
    return lm__object_is(ds, &lm__dataset_type) && ds->preparation ? ds->preparation : "";
}

/* --- as one array ----------------------------------------------------------------------------------------------- */

/* A tensor for all of tensor i, or a poisoned one. */
static lm_tensor *whole(const lm_dataset *ds, int i)
{
    const lm__spec *spec = &ds->spec[i];
    int64_t dims[LM_MAX_RANK], examples = lm_data_examples(ds);
    int own = ds->batch_size ? 0 : 1;       /* a batch's first dimension counts examples; a single one's is added */
    if (ds->count == LM_ANY)
        lm__fail(LM_INVALID, "lm_data_array: the dataset has no end; take a part of it with lm_data_take");
    else if (examples == LM_ANY)
        lm__fail(LM_INVALID,
                 "lm_data_array: the number of examples depends on the epoch, as a shuffle brings smaller "
                 "batches first; shuffle before batching");
    else if (spec->rank + own > LM_MAX_RANK)
        lm__fail(LM_INVALID, "lm_data_array: elements of rank %d make no array of a rank up to %d", spec->rank,
                 LM_MAX_RANK);
    if (examples == LM_ANY || spec->rank + own > LM_MAX_RANK) return lm__object_poison(&lm__tensor_type);
    for (int k = own; k < spec->rank + own; k++) dims[k] = spec->dims[k - own];
    dims[0] = examples;
    return lm__tensor_raw(spec->dtype, spec->rank + own, dims);
}

lm_tensor *lm__data_read_all(lm_dataset *ds, int i)
{
    lm_tensor *all = whole(ds, i), *element[LM_DATA_MAX_TENSORS];
    if (lm_failed(all)) return all;
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    size_t at = 0;
    int count;
    while ((count = lm_iterator_next(it, element)) > 0) {
        memcpy((char *)all->data + at, element[i]->data, lm_tensor_bytes(element[i]));
        at += lm_tensor_bytes(element[i]);
    }
    lm_free(it);
    if (!count) return all;
    lm_free(all);
    return lm__object_poison(&lm__tensor_type);
}
