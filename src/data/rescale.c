/* data/rescale.c: x in another range, as float32. */
#include "data/dataset.h"
#include <lamina/sources.h>

#include <math.h>
#include <string.h>

typedef struct rescale {
    lm_dataset ds;
    float scale, offset;
} rescale;

typedef struct rescale_cursor {
    lm__cursor c;
    lm__element in;
} rescale_cursor;

static lm_status open_cursor(lm__cursor *c)
{
    return lm__element_open(&((rescale_cursor *)c)->in, c->ds->from);
}

static void close_cursor(lm__cursor *c)
{
    lm__element_close(&((rescale_cursor *)c)->in);
}

static void convert(const rescale *r, const lm_tensor *from, float *to)
{
    const uint8_t *bytes = from->data;
    if (from->dtype == LM_U8)
        for (size_t i = 0; i < from->size; i++) to[i] = (float)bytes[i] * r->scale + r->offset;
    else
        for (size_t i = 0; i < from->size; i++)
            to[i] = (float)lm__load(from->dtype, from->data, i) * r->scale + r->offset;
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    lm__element *in = &((rescale_cursor *)c)->in;
    const rescale *r = (const rescale *)c->ds;
    for (int64_t k = 0; k < n; k++) {
        int64_t from = index[k];
        *rows = c->ds->rows;
        LM_TRY(lm__cursor_read(c->from, 1, &from, in->to, rows));
        lm_tensor *const *tensor = lm__element_show(in, *rows);
        convert(r, tensor[0], (float *)(void *)(to[0] + (size_t)k * r->ds.spec[0].bytes));
        for (int i = 1; i < c->ds->n; i++)
            memcpy(to[i] + (size_t)k * r->ds.spec[i].bytes, tensor[i]->data, lm_tensor_bytes(tensor[i]));
    }
    return LM_OK;
}

static const lm__data_kind kind = {.name = "rescale", .dataset_bytes = sizeof(rescale),
                                   .cursor_bytes = sizeof(rescale_cursor), .open = open_cursor,
                                   .close = close_cursor, .read = read_elements};

lm_dataset *lm_data_rescale(lm_dataset *from, double scale, double offset)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    lm__spec spec = ds->spec[0];
    ((rescale *)ds)->scale = (float)scale, ((rescale *)ds)->offset = (float)offset;
    lm_status status = LM_OK;
    if (!isfinite(scale) || !isfinite(offset))
        status = lm__fail(LM_INVALID, "rescale: a scale of %g and an offset of %g; both must be finite", scale,
                          offset);
    if (!status) status = lm__data_spec(ds, 0, LM_F32, spec.rank, spec.dims);
    return status ? lm__data_poison(ds) : ds;
}
