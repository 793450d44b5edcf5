/* data/pick.c: some elements of another dataset, by number. */
#include "base/alloc.h"
#include "data/dataset.h"
#include <lamina/sources.h>

#include <string.h>

typedef struct pick {
    lm_dataset ds;
    int64_t *element;
} pick;

static void destroy(lm_dataset *ds)
{
    lm__free(((pick *)ds)->element);
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    const int64_t *element = ((const pick *)c->ds)->element;
    for (int64_t k = 0; k < n; k++) index[k] = element[index[k]];
    return lm__cursor_read(c->from, n, index, to, rows);
}

static const lm__data_kind kind = {.name = "pick", .dataset_bytes = sizeof(pick), .cursor_bytes = sizeof(lm__cursor),
                                   .any_order = true, .destroy = destroy, .read = read_elements};

static lm_status set(pick *p, int64_t count, const int64_t *elements)
{
    if (p->ds.batch_size)
        return lm__fail(LM_INVALID, "pick: the elements are batches; pick single examples, then batch them");
    if (count < 0 || (count && !elements))
        return lm__fail(LM_INVALID, "pick: %lld elements%s", (long long)count, count > 0 ? " at NULL" : "");
    for (int64_t i = 0; i < count; i++)
        if (elements[i] < 0 || (p->ds.count != LM_ANY && elements[i] >= p->ds.count))
            return lm__fail(LM_INVALID, "pick: element %lld, but there are %lld, counted from 0",
                            (long long)elements[i], (long long)p->ds.count);
    size_t bytes = lm__mul_size((size_t)count, sizeof *elements);
    if (!(p->element = lm__alloc(bytes))) return lm__no_memory(bytes);
    if (count) memcpy(p->element, elements, bytes);
    p->ds.count = count;
    return LM_OK;
}

lm_dataset *lm_data_pick(lm_dataset *from, int64_t count, const int64_t *elements)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    return set((pick *)ds, count, elements) ? lm__data_poison(ds) : ds;
}
