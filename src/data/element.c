/* data/element.c: memory for one element. */
#include "base/philox.h"
#include "data/dataset.h"

static lm_status open_one(lm__element *e, int i, const lm__spec *spec, bool varies)
{
    e->full[i] = lm__tensor_raw(spec->dtype, spec->rank, spec->dims);
    LM_TRY(lm__object_check(e->full[i], &lm__tensor_type, "element"));
    e->to[i] = e->full[i]->data;
    if (!varies) return LM_OK;
    e->part[i] = lm_tensor_reshape(e->full[i], spec->rank, spec->dims);
    return lm__object_check(e->part[i], &lm__tensor_type, "element");
}

lm_status lm__element_open(lm__element *e, const lm_dataset *ds)
{
    *e = (lm__element){.n = ds->n, .rows = ds->rows};
    for (int i = 0; i < e->n; i++) LM_TRY(open_one(e, i, &ds->spec[i], ds->varies));
    return LM_OK;
}

void lm__element_close(lm__element *e)
{
    for (int i = 0; i < e->n; i++) lm_free(e->part[i]), lm_free(e->full[i]);
    e->n = 0;
}

lm_tensor *const *lm__element_show(lm__element *e, int64_t rows)
{
    if (rows == e->rows || !e->part[0]) return e->full;
    for (int i = 0; i < e->n; i++) {
        lm_tensor *t = e->part[i];
        t->dims[0] = rows;
        t->size = e->full[i]->size / (size_t)e->rows * (size_t)rows;
    }
    return e->part;
}

/* --- views ------------------------------------------------------------------------------------------------------ */

lm_status lm__views_open(const lm_dataset *ds, lm_tensor **views)
{
    static char nowhere;
    for (int i = 0; i < ds->n; i++) {
        views[i] = lm_tensor_wrap(ds->spec[i].dtype, ds->spec[i].rank, ds->spec[i].dims, &nowhere, NULL, NULL);
        LM_TRY(lm__object_check(views[i], &lm__tensor_type, "element"));
    }
    return LM_OK;
}

void lm__views_move(const lm_dataset *ds, lm_tensor *const *views, char *const *to, int64_t k, int64_t rows)
{
    for (int i = 0; i < ds->n; i++) {
        views[i]->data = to[i] + (size_t)k * ds->spec[i].bytes;
        if (!ds->varies) continue;
        views[i]->dims[0] = rows;
        views[i]->size = ds->spec[i].bytes / lm_dtype_size(ds->spec[i].dtype) / (size_t)ds->rows * (size_t)rows;
    }
}

lm_status lm__data_callback_failed(const char *what, int64_t element, lm_status status, uint64_t before)
{
    if (lm_last_status() == status && lm__stream(lm_last_error()) != before)
        return lm__fail_in("%s: the function failed on element %lld", what, (long long)element);
    return lm__fail(status, "%s: the function failed on element %lld: %s", what, (long long)element,
                    lm_status_text(status));
}
