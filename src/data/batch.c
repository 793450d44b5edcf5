/* data/batch.c: joins elements. */
#include "base/alloc.h"
#include "data/dataset.h"

typedef struct batch_cursor {
    lm__cursor c;
    int64_t *index;         /* of the elements of one batch */
} batch_cursor;

static lm_status open_cursor(lm__cursor *c)
{
    size_t bytes = lm__mul_size((size_t)c->ds->rows, sizeof(int64_t));
    int64_t *index = ((batch_cursor *)c)->index = lm__alloc(bytes);
    return index ? LM_OK : lm__no_memory(bytes);
}

static void close_cursor(lm__cursor *c)
{
    lm__free(((batch_cursor *)c)->index);
}

static lm_status read_one(lm__cursor *c, int64_t which, char *const *to, int64_t *rows)
{
    int64_t *index = ((batch_cursor *)c)->index, first = which * c->ds->rows, count = c->ds->rows, inner;
    if (c->ds->from->count != LM_ANY && count > c->ds->from->count - first) count = c->ds->from->count - first;
    for (int64_t k = 0; k < count; k++) index[k] = first + k;
    *rows = count;
    return lm__cursor_read(c->from, count, index, to, &inner);
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    char *at[LM_DATA_MAX_TENSORS];
    for (int64_t k = 0; k < n; k++) {
        for (int i = 0; i < c->ds->n; i++) at[i] = to[i] + (size_t)k * c->ds->spec[i].bytes;
        LM_TRY(read_one(c, index[k], at, rows));
    }
    return LM_OK;
}

/* Only the last batch can be smaller. */
static int64_t rows_of(const lm_dataset *ds, int64_t k)
{
    return k == ds->count ? ds->from->count : k * ds->rows;
}

static const lm__data_kind kind = {
    .name = "batch", .dataset_bytes = sizeof(lm_dataset), .cursor_bytes = sizeof(batch_cursor), .rows = rows_of,
    .open = open_cursor, .close = close_cursor, .read = read_elements};

static lm_status set_shapes(lm_dataset *ds)
{
    for (int i = 0; i < ds->n; i++) {
        lm__spec inner = ds->spec[i];
        int64_t dims[LM_MAX_RANK] = {ds->rows};
        if (inner.rank == LM_MAX_RANK)
            return lm__fail(LM_INVALID, "batch: tensor %d has rank %d already, the most there is", i, inner.rank);
        for (int k = 0; k < inner.rank; k++) dims[k + 1] = inner.dims[k];
        if (lm__data_spec(ds, i, inner.dtype, inner.rank + 1, dims)) return lm__fail_in("batch: tensor %d", i);
    }
    return LM_OK;
}

static lm_status set(lm_dataset *ds, int64_t size, bool drop_remainder)
{
    if (size < 1) return lm__fail(LM_INVALID, "batch: a size of %lld, expected 1 or more", (long long)size);
    if (ds->varies)
        return lm__fail(LM_INVALID, "batch: the elements are batches of different sizes (up to %lld examples), which "
                        "cannot be joined; make them with drop_remainder", (long long)ds->rows);
    int64_t all = ds->count;
    ds->batch_size = ds->rows = size;
    if (all != LM_ANY) {
        if (all < size && !drop_remainder && all > 0) ds->rows = all;   /* the only batch; no memory for more */
        ds->varies = all % ds->rows && !drop_remainder;
        ds->count = all / ds->rows + ds->varies;
    }
    return set_shapes(ds);
}

lm_dataset *lm_data_batch(lm_dataset *from, int64_t size, bool drop_remainder)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    return set(ds, size, drop_remainder) ? lm__data_poison(ds) : ds;
}
