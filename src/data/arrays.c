/* data/arrays.c: rows of arrays. */
#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

typedef struct arrays {
    lm_dataset ds;
    lm_tensor *array[LM_DATA_MAX_TENSORS];
} arrays;

static void destroy(lm_dataset *ds)
{
    for (int i = 0; i < LM_DATA_MAX_TENSORS; i++) lm_free(((arrays *)ds)->array[i]);
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    (void)rows;
    const arrays *a = (const arrays *)c->ds;
    for (int i = 0; i < a->ds.n; i++) lm__gather(to[i], a->array[i]->data, a->ds.spec[i].bytes, n, index);
    return LM_OK;
}

static const lm__data_kind kind = {
    .name = "arrays", .dataset_bytes = sizeof(arrays), .cursor_bytes = sizeof(lm__cursor), .destroy = destroy,
    .read = read_elements};

/* "x" and "y" where a tuple has these, else a number. */
static const char *name_of(int i, char *text, size_t bytes)
{
    snprintf(text, bytes, i == 0 ? "tensor 0 (x)" : i == 1 ? "tensor 1 (y)" : "tensor %d", i);
    return text;
}

static lm_status add(arrays *a, int i, lm_tensor *t)
{
    char name[24], first[24], shape[160], shape0[160];
    LM_TRY(lm__object_check(t, &lm__tensor_type, name_of(i, name, sizeof name)));
    if (t->rank < 1)
        return lm__fail(LM_INVALID, "%s is a single number; a dataset's arrays have a first dimension, their rows",
                        name);
    if (i && t->dims[0] != a->ds.count)
        return lm__fail(LM_INVALID, "%s has %lld rows, shape %s, but %s has %lld, shape %s: arrays of a dataset need "
                        "the same first dimension", name_of(0, first, sizeof first), (long long)a->ds.count,
                        lm__shape_text(a->array[0]->rank, a->array[0]->dims, shape0, sizeof shape0), name,
                        (long long)t->dims[0], lm__shape_text(t->rank, t->dims, shape, sizeof shape));
    a->ds.count = t->dims[0];
    a->array[i] = lm_retain(t);
    a->ds.n = i + 1;
    return lm__data_spec(&a->ds, i, t->dtype, t->rank - 1, t->dims + 1);
}

lm_dataset *lm_data_from_tensors(int n, lm_tensor *const *tensors)
{
    arrays *a = (arrays *)lm__data_new(&kind);
    lm_status status = LM_OK;
    if (lm_failed(a)) return &a->ds;
    if (n < 1 || n > LM_DATA_MAX_TENSORS || !tensors)
        status =
            lm__fail(LM_INVALID, "a dataset of %d arrays; it takes 1 to %d", tensors ? n : 0, LM_DATA_MAX_TENSORS);
    for (int i = 0; !status && i < n; i++) status = add(a, i, tensors[i]);
    return status ? lm__data_poison(&a->ds) : &a->ds;
}

lm_dataset *lm_data_from_arrays(lm_tensor *x, lm_tensor *y)
{
    return lm_data_from_tensors(y ? 2 : 1, (lm_tensor *[]){x, y});
}

lm_tensor *lm_data_array(lm_dataset *ds, int i)
{
    lm_status status = lm__object_check(ds, &lm__dataset_type, "lm_data_array");
    if (!status && (i < 0 || i >= ds->n))
        status = lm__fail(LM_INVALID, "lm_data_array: tensor %d of elements with %d tensors (they count from 0)", i,
                          ds->n);
    if (status) return lm__object_poison(&lm__tensor_type);
    return ds->kind == &kind ? lm_retain(((arrays *)ds)->array[i]) : lm__data_read_all(ds, i);
}
