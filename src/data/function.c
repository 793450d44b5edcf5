/* data/function.c: elements made by a function. */
#include "base/philox.h"
#include "data/dataset.h"

#include <pthread.h>

typedef struct function {
    lm_dataset ds;
    lm_data_make_fn *make;
    void *user;
    void (*release)(void *user);
    pthread_mutex_t lock;           /* one call at a time, whoever iterates */
} function;

typedef struct function_cursor {
    lm__cursor c;
    lm_tensor *views[LM_DATA_MAX_TENSORS];
} function_cursor;

static void destroy(lm_dataset *ds)
{
    function *f = (function *)ds;
    pthread_mutex_destroy(&f->lock);
    if (f->release) f->release(f->user);
}

static lm_status open_cursor(lm__cursor *c)
{
    return lm__views_open(c->ds, ((function_cursor *)c)->views);
}

static void close_cursor(lm__cursor *c)
{
    for (int i = 0; i < c->ds->n; i++) lm_free(((function_cursor *)c)->views[i]);
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    function *f = (function *)c->ds;
    lm_tensor **views = ((function_cursor *)c)->views;
    lm_status status = LM_OK;
    (void)rows;
    pthread_mutex_lock(&f->lock);
    for (int64_t k = 0; k < n && !status; k++) {
        uint64_t before = lm__stream(lm_last_error());
        lm__views_move(c->ds, views, to, k, 1);
        status = f->make(f->user, index[k], views);
        if (status) lm__data_callback_failed("from_function", index[k], status, before);
    }
    pthread_mutex_unlock(&f->lock);
    return status;
}

static const lm__data_kind kind = {
    .name = "from_function", .dataset_bytes = sizeof(function), .cursor_bytes = sizeof(function_cursor),
    .destroy = destroy, .open = open_cursor, .close = close_cursor, .read = read_elements};

static lm_status check(lm_dataset *ds, int64_t count, int n, lm_tensor *const *like, lm_data_make_fn *make)
{
    if (!make) return lm__fail(LM_INVALID, "from_function: the function is NULL");
    if (count < 0 && count != LM_ANY)
        return lm__fail(LM_INVALID, "from_function: a count of %lld, expected 0 or more, or LM_ANY",
                        (long long)count);
    ds->count = count;
    return lm__data_like(ds, "from_function: like", n, like);
}

lm_dataset *lm_data_from_function(int64_t count, int n, lm_tensor *const *like, lm_data_make_fn *make, void *user,
                                  void (*release)(void *user))
{
    lm_dataset *ds = lm__data_new(&kind);
    if (lm_failed(ds)) {
        if (release) release(user);
        return ds;
    }
    function *f = (function *)ds;
    f->make = make, f->user = user, f->release = release;
    pthread_mutex_init(&f->lock, NULL);
    return check(ds, count, n, like, make) ? lm__data_poison(ds) : ds;
}
