/* data/repeat.c: the same elements several times; each time is an epoch of its own for what is below. */
#include "data/dataset.h"

typedef struct repeat {
    lm_dataset ds;
    int64_t times;
} repeat;

/* No two repetitions of any two epochs share one. */
static int64_t inner_epoch(const lm__cursor *c, int64_t repetition)
{
    int64_t times = ((const repeat *)c->ds)->times;
    uint64_t first = times == LM_ANY ? (uint64_t)c->epoch << 32 : (uint64_t)c->epoch * (uint64_t)times;
    return (int64_t)((first + (uint64_t)repetition) & INT64_MAX);
}

static lm_status begin(lm__cursor *c, int64_t epoch)
{
    (void)epoch;
    return lm__cursor_begin(c->from, inner_epoch(c, 0));
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    int64_t each = c->ds->from->count;
    if (each == LM_ANY) return lm__cursor_read(c->from, n, index, to, rows);
    for (int64_t k = 0, run; k < n; k += run) {
        int64_t repetition = index[k] / each;
        char *at[LM_DATA_MAX_TENSORS];
        for (run = 0; k + run < n && index[k + run] / each == repetition; run++) index[k + run] -= repetition * each;
        for (int i = 0; i < c->ds->n; i++) at[i] = to[i] + (size_t)k * c->ds->spec[i].bytes;
        LM_TRY(lm__cursor_begin(c->from, inner_epoch(c, repetition)));
        LM_TRY(lm__cursor_read(c->from, run, index + k, at, rows));
    }
    return LM_OK;
}

static int64_t rows_of(const lm_dataset *ds, int64_t k)
{
    int64_t each = ds->from->count;
    if (!each) return 0;
    int64_t all = lm__data_rows(ds->from, each), rest = lm__data_rows(ds->from, k % each);
    return all == LM_ANY || rest == LM_ANY ? LM_ANY : k / each * all + rest;
}

static const lm__data_kind kind = {
    .name = "repeat", .dataset_bytes = sizeof(repeat), .cursor_bytes = sizeof(lm__cursor), .rows = rows_of,
    .begin = begin, .read = read_elements};

static lm_status set(lm_dataset *ds, int64_t times)
{
    if (times < 1 && times != LM_ANY)
        return lm__fail(LM_INVALID, "repeat: %lld times, expected 1 or more, or LM_ANY for ever", (long long)times);
    ((repeat *)ds)->times = times;
    if (ds->count == LM_ANY || ds->count == 0) return LM_OK;
    if (times == LM_ANY)
        ds->count = LM_ANY;
    else if (__builtin_mul_overflow(ds->count, times, &ds->count))
        return lm__fail(LM_INVALID, "repeat: %lld times makes more elements than can be counted", (long long)times);
    return LM_OK;
}

lm_dataset *lm_data_repeat(lm_dataset *from, int64_t times)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    return set(ds, times) ? lm__data_poison(ds) : ds;
}
