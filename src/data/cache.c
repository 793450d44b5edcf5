/* data/cache.c: elements kept in memory once they were read.
 *
 * What is kept is always epoch 0 of the source, whoever asks first for whichever epoch, so that the contents do not
 * depend on the order in which several iterators come by. */
#include "base/alloc.h"
#include "data/dataset.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct cache {
    lm_dataset ds;
    pthread_mutex_t lock;                   /* of what follows, but for looking at `kept` */
    atomic_uchar *kept;                     /* of each element */
    char *data[LM_DATA_MAX_TENSORS];
    int64_t *rows;                          /* of each element, where they vary */
} cache;

static void destroy(lm_dataset *ds)
{
    cache *h = (cache *)ds;
    for (int i = 0; i < LM_DATA_MAX_TENSORS; i++) lm__free(h->data[i]);
    lm__free(h->kept), lm__free(h->rows);
    pthread_mutex_destroy(&h->lock);
}

/* Memory for all elements, with the first iterator. */
static lm_status make_room(cache *h)
{
    size_t count = (size_t)h->ds.count;
    for (int i = 0; i < h->ds.n; i++) {
        size_t bytes = lm__mul_size(count, h->ds.spec[i].bytes);
        if (!h->data[i]) h->data[i] = lm__alloc(bytes);
        if (!h->data[i]) return lm__no_memory(bytes);
    }
    if (!h->rows && h->ds.varies) h->rows = lm__alloc(lm__mul_size(count, sizeof *h->rows));
    if (!h->rows && h->ds.varies) return lm__no_memory(count * sizeof *h->rows);
    if (!h->kept) h->kept = lm__calloc(count, sizeof *h->kept);
    return h->kept ? LM_OK : lm__no_memory(count);
}

static lm_status open_cursor(lm__cursor *c)
{
    cache *h = (cache *)c->ds;
    pthread_mutex_lock(&h->lock);
    lm_status status = make_room(h);
    pthread_mutex_unlock(&h->lock);
    return status;
}

static lm_status begin(lm__cursor *c, int64_t epoch)
{
    (void)c, (void)epoch;
    return LM_OK;
}

/* With the lock held. */
static lm_status fill(lm__cursor *c, cache *h, int64_t element)
{
    char *to[LM_DATA_MAX_TENSORS];
    int64_t index = element, rows = h->ds.rows;
    if (atomic_load_explicit(&h->kept[element], memory_order_relaxed)) return LM_OK;
    for (int i = 0; i < h->ds.n; i++) to[i] = h->data[i] + (size_t)element * h->ds.spec[i].bytes;
    LM_TRY(lm__cursor_begin(c->from, 0));
    LM_TRY(lm__cursor_read(c->from, 1, &index, to, &rows));
    if (h->rows) h->rows[element] = rows;
    atomic_store_explicit(&h->kept[element], 1, memory_order_release);
    return LM_OK;
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    cache *h = (cache *)c->ds;
    for (int64_t k = 0; k < n; k++) {
        if (atomic_load_explicit(&h->kept[index[k]], memory_order_acquire)) continue;
        pthread_mutex_lock(&h->lock);
        lm_status status = fill(c, h, index[k]);
        pthread_mutex_unlock(&h->lock);
        LM_TRY(status);
    }
    for (int i = 0; i < h->ds.n; i++) lm__gather(to[i], h->data[i], h->ds.spec[i].bytes, n, index);
    *rows = h->rows ? h->rows[index[n - 1]] : h->ds.rows;
    return LM_OK;
}

static const lm__data_kind kind = {.name = "cache",
                                   .dataset_bytes = sizeof(cache),
                                   .cursor_bytes = sizeof(lm__cursor),
                                   .destroy = destroy,
                                   .open = open_cursor,
                                   .begin = begin,
                                   .read = read_elements};

lm_dataset *lm_data_cache(lm_dataset *from)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    pthread_mutex_init(&((cache *)ds)->lock, NULL);
    if (ds->count != LM_ANY) return ds;
    lm__fail(LM_INVALID, "cache: the dataset has no end; cache before lm_data_repeat, or take a part first");
    return lm__data_poison(ds);
}
