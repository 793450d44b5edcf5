/* data/iterator.c: going through a dataset. */
#include "data/dataset.h"

#include "base/alloc.h"

/* --- cursors ---------------------------------------------------------------------------------------------------- */

static lm_status open_cursor(lm__cursor *c)
{
    const lm__data_kind *kind = c->ds->kind;
    if (c->ds->from) LM_TRY(lm__cursor_open(c->ds->from, c->in_order && !kind->any_order, &c->from));
    c->opened = true;
    return kind->open ? kind->open(c) : LM_OK;
}

lm_status lm__cursor_open(lm_dataset *ds, bool in_order, lm__cursor **out)
{
    lm__cursor *c = lm__calloc(1, ds->kind->cursor_bytes);
    *out = NULL;
    if (!c) return lm__no_memory(ds->kind->cursor_bytes);
    c->ds = ds, c->in_order = in_order;
    lm_status status = open_cursor(c);
    if (status)
        lm__cursor_close(c);
    else
        *out = c;
    return status;
}

void lm__cursor_close(lm__cursor *c)
{
    if (!c) return;
    if (c->opened && c->ds->kind->close) c->ds->kind->close(c);
    lm__cursor_close(c->from);
    lm__free(c);
}

lm_status lm__cursor_begin(lm__cursor *c, int64_t epoch)
{
    if (c->begun && c->epoch == epoch) return LM_OK;
    c->epoch = epoch;
    c->begun = false;
    if (c->ds->kind->begin)
        LM_TRY(c->ds->kind->begin(c, epoch));
    else if (c->from)
        LM_TRY(lm__cursor_begin(c->from, epoch));
    c->begun = true;
    return LM_OK;
}

lm_status lm__cursor_read(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    return c->ds->kind->read(c, n, index, to, rows);
}

/* --- iterators -------------------------------------------------------------------------------------------------- */

struct lm_iterator {
    lm__object object;
    lm_dataset *ds;
    lm__cursor *cursor;
    int64_t next, start;
    lm__element element;
};

static void destroy(void *object)
{
    lm_iterator *it = object;
    lm__cursor_close(it->cursor);
    lm__element_close(&it->element);
    lm_free(it->ds);
}

static lm_iterator poisoned = {.object = LM__POISON(&lm__iterator_type)};
const lm__type lm__iterator_type = {"data iterator", destroy, &poisoned.object, sizeof(lm_iterator)};

static lm_status begin(lm_iterator *it, int64_t epoch, int64_t start)
{
    if (epoch < 0) return lm__fail(LM_INVALID, "iterate: epoch %lld; epochs count from 0", (long long)epoch);
    if (start < 0 || (it->ds->count != LM_ANY && start > it->ds->count))
        return lm__fail(LM_INVALID, "iterate: start %lld is outside the dataset's %lld elements", (long long)start,
                        (long long)it->ds->count);
    if (start > (INT64_MAX >> 24) / it->ds->rows)
        return lm__fail(LM_INVALID, "iterate: start %lld; no dataset without end is read that far", (long long)start);
    it->next = start;
    return lm__cursor_begin(it->cursor, epoch);
}

/* A prefetch below a shuffle cannot know what to make ahead; what comes out at the top is known. So the work goes to
 * a thread there instead, and the elements are the same. Returns a new reference. */
static lm_dataset *with_thread(lm_dataset *ds)
{
    bool any_order = false;
    lm_retain(ds);
    for (const lm_dataset *at = ds; at; at = at->from) {
        any_order |= at->kind->any_order;
        if (!at->kind->ahead) continue;
        if (!any_order) break;
        int64_t ahead = (at->kind->ahead(at) + ds->rows - 1) / ds->rows;
        return lm_data_prefetch(ds, (int)ahead);
    }
    return ds;
}

static lm_status open_iterator(lm_iterator *it, lm_dataset *ds, int64_t epoch, int64_t start)
{
    it->ds = with_thread(ds);
    LM_TRY(lm__object_check(it->ds, &lm__dataset_type, "iterate"));
    LM_TRY(lm__cursor_open(it->ds, true, &it->cursor));
    if (!it->ds->kind->lend) LM_TRY(lm__element_open(&it->element, it->ds));
    return begin(it, epoch, start);
}

lm_iterator *lm_data_iterate(lm_dataset *ds, int64_t epoch, int64_t start)
{
    if (lm__object_check(ds, &lm__dataset_type, "iterate")) return lm__object_poison(&lm__iterator_type);
    lm_iterator *it = lm__object_new(&lm__iterator_type, sizeof *it);
    if (lm_failed(it) || open_iterator(it, ds, epoch, start) == LM_OK) return it;
    lm_free(it);
    return lm__object_poison(&lm__iterator_type);
}

static lm_status read_next(lm_iterator *it, lm__element **element, int64_t *rows)
{
    int64_t index = it->next;
    *rows = it->ds->rows;
    *element = &it->element;
    if (it->ds->kind->lend) return it->ds->kind->lend(it->cursor, index, element, rows);
    return lm__cursor_read(it->cursor, 1, &index, it->element.to, rows);
}

int lm_iterator_next(lm_iterator *it, lm_tensor *out[LM_DATA_MAX_TENSORS])
{
    lm__element *element;
    int64_t rows;
    if (lm__object_check(it, &lm__iterator_type, "iterator")) return -1;
    if (!out) {
        lm__fail(LM_INVALID, "lm_iterator_next needs room for %d tensors; NULL came", LM_DATA_MAX_TENSORS);
        return -1;
    }
    if (it->next == it->ds->count) return 0;
    if (read_next(it, &element, &rows)) {
        lm__object_fail(it, 0);
        return -1;
    }
    it->next++;
    lm_tensor *const *shown = lm__element_show(element, rows);
    for (int i = 0; i < it->ds->n; i++) out[i] = shown[i];
    return it->ds->n;
}

lm_status lm_iterator_restart(lm_iterator *it, int64_t epoch)
{
    if (lm__object_is(it, &lm__iterator_type))
        lm_clear(it); /* an error while reading ends an epoch, not the iterator */
    LM_TRY(lm__object_check(it, &lm__iterator_type, "iterator"));
    return begin(it, epoch, 0);
}
