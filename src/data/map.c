/* data/map.c: each element through a function. */
#include "base/philox.h"
#include "data/dataset.h"

typedef struct map {
    lm_dataset ds;
    lm_data_map_fn *fn;
    void *user;
} map;

typedef struct map_cursor {
    lm__cursor c;
    lm__element in;
    lm_tensor *out[LM_DATA_MAX_TENSORS];
} map_cursor;

static lm_status open_cursor(lm__cursor *c)
{
    map_cursor *m = (map_cursor *)c;
    LM_TRY(lm__element_open(&m->in, c->ds->from));
    return lm__views_open(c->ds, m->out);
}

static void close_cursor(lm__cursor *c)
{
    map_cursor *m = (map_cursor *)c;
    lm__element_close(&m->in);
    for (int i = 0; i < c->ds->n; i++) lm_free(m->out[i]);
}

static uint64_t random_of(const lm__cursor *c, int64_t element)
{
    uint32_t words[4];
    lm__philox_block(c->ds->seed, lm__stream("map") + (uint64_t)c->ds->draws, (uint64_t)c->epoch,
                     (uint64_t)element, words);
    return (uint64_t)words[0] << 32 | words[1];
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    map_cursor *m = (map_cursor *)c;
    const map *ds = (const map *)c->ds;
    for (int64_t k = 0; k < n; k++) {
        int64_t element = index[k], from = element;
        *rows = c->ds->rows;
        LM_TRY(lm__cursor_read(c->from, 1, &from, m->in.to, rows));
        lm__views_move(c->ds, m->out, to, k, *rows);
        uint64_t before = lm__stream(lm_last_error());
        lm_status status = ds->fn(ds->user, random_of(c, element), lm__element_show(&m->in, *rows), m->out);
        if (status) return lm__data_callback_failed("map", element, status, before);
    }
    return LM_OK;
}

static const lm__data_kind kind = {.name = "map", .dataset_bytes = sizeof(map), .cursor_bytes = sizeof(map_cursor),
                                   .open = open_cursor, .close = close_cursor, .read = read_elements};

/* What comes out of batches is batches: of `like` the first dimension may be the batch size asked for. */
static lm_status set_batches(lm_dataset *ds)
{
    for (int i = 0; ds->batch_size && i < ds->n; i++) {
        lm__spec spec = ds->spec[i];
        if (spec.rank < 1 || (spec.dims[0] != ds->batch_size && spec.dims[0] != ds->rows))
            return lm__fail(LM_INVALID,
                            "map: tensor %d of `like` has first dimension %lld, but the elements are "
                            "batches of %lld",
                            i, (long long)(spec.rank ? spec.dims[0] : 0), (long long)ds->batch_size);
        spec.dims[0] = ds->rows;
        LM_TRY(lm__data_spec(ds, i, spec.dtype, spec.rank, spec.dims));
    }
    return LM_OK;
}

static lm_status set(map *m, lm_data_map_fn *fn, void *user, int n, lm_tensor *const *like)
{
    if (!fn) return lm__fail(LM_INVALID, "map: the function is NULL");
    m->fn = fn, m->user = user;
    m->ds.draws++;
    if (!like && n != 0 && n != m->ds.n)
        return lm__fail(LM_INVALID, "map: %d tensors without `like`, but the elements have %d", n, m->ds.n);
    if (!like) return LM_OK;
    LM_TRY(lm__data_like(&m->ds, "map: like", n, like));
    return set_batches(&m->ds);
}

lm_dataset *lm_data_map(lm_dataset *from, lm_data_map_fn *fn, void *user, int n, lm_tensor *const *like)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    return set((map *)ds, fn, user, n, like) ? lm__data_poison(ds) : ds;
}
