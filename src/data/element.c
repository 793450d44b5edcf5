/* data/element.c: memory for one element. */
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
