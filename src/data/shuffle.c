/* data/shuffle.c: a permutation of all elements, another one each epoch. */
#include "base/alloc.h"
#include "base/philox.h"
#include "data/dataset.h"

/* Places in the permutation are 32 bits: half the memory traffic of 64, and a table of more would not fit anyway. */
#define MOST_ELEMENTS ((int64_t)UINT32_MAX)

typedef struct shuffle_cursor {
    lm__cursor c;
    uint32_t *order;
} shuffle_cursor;

static lm_status open_cursor(lm__cursor *c)
{
    size_t bytes = (size_t)c->ds->count * sizeof(uint32_t);
    uint32_t *order = ((shuffle_cursor *)c)->order = lm__alloc(bytes);
    return order ? LM_OK : lm__no_memory(bytes);
}

static void close_cursor(lm__cursor *c)
{
    lm__free(((shuffle_cursor *)c)->order);
}

/* A number in [0, below) out of 64 random bits: the high half of their product. */
static uint32_t bounded(uint32_t high, uint32_t low, uint32_t below)
{
    uint64_t part = ((uint64_t)low * below) >> 32;
    return (uint32_t)(((uint64_t)high * below + part) >> 32);
}

/* Fisher and Yates: each element changes places with one of those before it, or itself. */
static lm_status begin(lm__cursor *c, int64_t epoch)
{
    uint32_t *order = ((shuffle_cursor *)c)->order, words[4] = {0};
    uint64_t stream = lm__stream("shuffle") + (uint64_t)c->ds->draws;
    uint32_t n = (uint32_t)c->ds->count;
    for (uint32_t i = 0; i < n; i++) {
        if (i % 2 == 0) lm__philox_block(c->ds->seed, stream, (uint64_t)epoch, i / 2, words);
        uint32_t j = bounded(words[i % 2 * 2], words[i % 2 * 2 + 1], i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    return lm__cursor_begin(c->from, epoch);
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    const uint32_t *order = ((const shuffle_cursor *)c)->order;
    for (int64_t k = 0; k < n; k++) index[k] = order[index[k]];
    return lm__cursor_read(c->from, n, index, to, rows);
}

/* Which elements come first depends on the epoch. */
static int64_t rows_of(const lm_dataset *ds, int64_t k)
{
    return k == 0 || k == ds->count ? lm__data_rows(ds->from, k) : LM_ANY;
}

static const lm__data_kind kind = {
    .name = "shuffle", .dataset_bytes = sizeof(lm_dataset), .cursor_bytes = sizeof(shuffle_cursor), .any_order = true,
    .rows = rows_of, .open = open_cursor, .close = close_cursor, .begin = begin, .read = read_elements};

lm_dataset *lm_data_shuffle(lm_dataset *from, uint64_t seed)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    ds->seed = seed;
    ds->draws++;
    if (ds->count != LM_ANY && ds->count <= MOST_ELEMENTS) return ds;
    if (ds->count == LM_ANY)
        lm__fail(LM_INVALID, "shuffle: the dataset has no end; shuffle before lm_data_repeat, or take a part first");
    else
        lm__fail(LM_UNSUPPORTED, "shuffle: %lld elements, at most %lld can be shuffled", (long long)ds->count,
                 (long long)MOST_ELEMENTS);
    return lm__data_poison(ds);
}
