/* data/part.c: take and skip: a stretch of another dataset. */
#include "data/dataset.h"

typedef struct part {
    lm_dataset ds;
    int64_t first;
} part;

static int64_t rows(const lm_dataset *ds, int64_t k)
{
    int64_t first = ((const part *)ds)->first;
    int64_t before = lm__data_rows(ds->from, first), upto = lm__data_rows(ds->from, first + k);
    return before == LM_ANY || upto == LM_ANY ? LM_ANY : upto - before;
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *got)
{
    int64_t first = ((const part *)c->ds)->first;
    if (first)
        for (int64_t k = 0; k < n; k++) index[k] += first;
    return lm__cursor_read(c->from, n, index, to, got);
}

static const lm__data_kind take = {.name = "take", .dataset_bytes = sizeof(part), .cursor_bytes = sizeof(lm__cursor),
                                   .rows = rows, .read = read_elements};
static const lm__data_kind skip = {.name = "skip", .dataset_bytes = sizeof(part), .cursor_bytes = sizeof(lm__cursor),
                                   .rows = rows, .read = read_elements};

lm_dataset *lm_data_take(lm_dataset *from, int64_t count)
{
    lm_dataset *ds = lm__data_over(&take, from);
    if (lm_failed(ds)) return ds;
    if (count < 0) {
        lm__fail(LM_INVALID, "take: a count of %lld, expected 0 or more", (long long)count);
        return lm__data_poison(ds);
    }
    if (ds->count == LM_ANY || ds->count > count) ds->count = count;
    return ds;
}

lm_dataset *lm_data_skip(lm_dataset *from, int64_t count)
{
    lm_dataset *ds = lm__data_over(&skip, from);
    if (lm_failed(ds)) return ds;
    if (count < 0) {
        lm__fail(LM_INVALID, "skip: a count of %lld, expected 0 or more", (long long)count);
        return lm__data_poison(ds);
    }
    if (ds->count != LM_ANY && count > ds->count) count = ds->count;
    if (ds->count != LM_ANY) ds->count -= count;
    ((part *)ds)->first = count;
    return ds;
}
