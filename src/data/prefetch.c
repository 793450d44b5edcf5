/* data/prefetch.c: elements made ahead by a background thread.
 *
 * A cursor has a ring of elements and, from the first read on, a thread that fills it with the elements that follow
 * the one asked for; asking for another one than the next sends it there. Where elements are asked for in an order of
 * the reader's own (a shuffle above) nothing can be made ahead: then it reads straight from the source, and the
 * iterator puts a prefetch at the top. */
#include "base/alloc.h"
#include "data/dataset.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MOST_AHEAD = 65536 };

typedef struct prefetch {
    lm_dataset ds;
    int elements;
} prefetch;

typedef struct prefetch_cursor {
    lm__cursor c;                   /* its source belongs to the thread once there is one */
    lm__element *slot;
    int64_t *rows;                  /* of each slot */
    size_t slots;
    int64_t expected;               /* the element at the ring's head once it is there; -1: none */
    bool started, holds;            /* the thread runs; the reader has the head slot on loan */
    pthread_t thread;
    pthread_mutex_t lock;           /* of what follows */
    pthread_cond_t wake, filled;
    uint64_t job;                   /* changes when the thread is sent elsewhere */
    bool idle, quit;
    int64_t epoch, next;            /* what to make */
    size_t head, count;
    lm_status status;
    char message[1024];
} prefetch_cursor;

/* --- the thread ---------------------------------------------------------------------------------------------------
 * */

static lm_status make(prefetch_cursor *p, int64_t epoch, int64_t index, size_t slot)
{
    p->rows[slot] = p->c.ds->rows;
    LM_TRY(lm__cursor_begin(p->c.from, epoch));
    return lm__cursor_read(p->c.from, 1, &index, p->slot[slot].to, &p->rows[slot]);
}

/* With the lock held: what became of an element. */
static void deliver(prefetch_cursor *p, lm_status status)
{
    if (status) {
        p->status = status;
        snprintf(p->message, sizeof p->message, "%s", lm_last_error());
        p->idle = true;
    } else {
        p->count++;
        p->next++;
        p->idle = p->next == p->c.ds->count;
    }
    pthread_cond_signal(&p->filled);
}

static void *run(void *argument)
{
    prefetch_cursor *p = argument;
    pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        if (p->idle || p->count == p->slots) {
            pthread_cond_wait(&p->wake, &p->lock);
            continue;
        }
        uint64_t job = p->job;
        int64_t epoch = p->epoch, index = p->next;
        size_t slot = (p->head + p->count) % p->slots;
        pthread_mutex_unlock(&p->lock);
        lm_status status = make(p, epoch, index, slot);
        pthread_mutex_lock(&p->lock);
        if (job == p->job) deliver(p, status);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static lm_status start(prefetch_cursor *p)
{
    if (p->started) return LM_OK;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);    /* signals go to the program's own threads */
    int error = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) return lm__fail(LM_NO_MEMORY, "prefetch: could not start its thread: %s", strerror(error));
    p->started = true;
    return LM_OK;
}

/* --- the reader ---------------------------------------------------------------------------------------------------
 * */

/* With the lock held: drops what was made and has the thread go on at an element; -1: rest. */
static void send_to(prefetch_cursor *p, int64_t index)
{
    p->job++;
    p->epoch = p->c.epoch, p->next = index;
    p->idle = index < 0;
    p->head = p->count = 0;
    p->holds = false;
    p->status = LM_OK;
    p->expected = index;
    pthread_cond_signal(&p->wake);
}

static lm_status lend(lm__cursor *c, int64_t index, lm__element **element, int64_t *rows)
{
    prefetch_cursor *p = (prefetch_cursor *)c;
    LM_TRY(start(p));
    pthread_mutex_lock(&p->lock);
    if (p->holds) {
        p->head = (p->head + 1) % p->slots;
        p->count--;
        p->holds = false;
        pthread_cond_signal(&p->wake);
    }
    if (index != p->expected) send_to(p, index);
    while (!p->count && !p->status) pthread_cond_wait(&p->filled, &p->lock);
    lm_status status = p->count ? LM_OK : lm__fail(p->status, "%s", p->message);
    *element = &p->slot[p->head];
    *rows = p->rows[p->head];
    p->holds = !status;
    p->expected = status ? -1 : index + 1;
    pthread_mutex_unlock(&p->lock);
    return status;
}

static lm_status read_elements(lm__cursor *c, int64_t n, int64_t *index, char *const *to, int64_t *rows)
{
    if (!c->in_order) return lm__cursor_read(c->from, n, index, to, rows);
    for (int64_t k = 0; k < n; k++) {
        lm__element *element;
        LM_TRY(lend(c, index[k], &element, rows));
        for (int i = 0; i < c->ds->n; i++) {
            size_t bytes = c->ds->spec[i].bytes;
            memcpy(to[i] + (size_t)k * bytes, element->to[i], bytes);
        }
    }
    return LM_OK;
}

static lm_status begin(lm__cursor *c, int64_t epoch)
{
    prefetch_cursor *p = (prefetch_cursor *)c;
    if (!c->in_order) return lm__cursor_begin(c->from, epoch);
    pthread_mutex_lock(&p->lock);
    send_to(p, -1);
    pthread_mutex_unlock(&p->lock);
    return LM_OK;
}

static lm_status open_cursor(lm__cursor *c)
{
    prefetch_cursor *p = (prefetch_cursor *)c;
    int64_t ahead = ((const prefetch *)c->ds)->elements;
    if (!c->in_order) return LM_OK;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->filled, NULL);
    p->idle = true, p->expected = -1;
    if (c->ds->count != LM_ANY && ahead > c->ds->count) ahead = c->ds->count;
    size_t slots = (size_t)ahead + 1;           /* one is with the reader */
    p->slot = lm__calloc(slots, sizeof *p->slot);
    p->rows = lm__calloc(slots, sizeof *p->rows);
    if (!p->slot || !p->rows) return lm__no_memory(slots * sizeof *p->slot);
    for (p->slots = 0; p->slots < slots;) LM_TRY(lm__element_open(&p->slot[p->slots++], c->ds));
    return LM_OK;
}

static void close_cursor(lm__cursor *c)
{
    prefetch_cursor *p = (prefetch_cursor *)c;
    if (!c->in_order) return;
    if (p->started) {
        pthread_mutex_lock(&p->lock);
        p->quit = true;
        pthread_cond_signal(&p->wake);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    for (size_t i = 0; i < p->slots; i++) lm__element_close(&p->slot[i]);
    lm__free(p->slot), lm__free(p->rows);
    pthread_cond_destroy(&p->filled), pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
}

static int ahead_of(const lm_dataset *ds)
{
    return ((const prefetch *)ds)->elements;
}

static const lm__data_kind kind = {.name = "prefetch",
                                   .dataset_bytes = sizeof(prefetch),
                                   .cursor_bytes = sizeof(prefetch_cursor),
                                   .open = open_cursor,
                                   .close = close_cursor,
                                   .begin = begin,
                                   .read = read_elements,
                                   .lend = lend,
                                   .ahead = ahead_of};

lm_dataset *lm_data_prefetch(lm_dataset *from, int elements)
{
    lm_dataset *ds = lm__data_over(&kind, from);
    if (lm_failed(ds)) return ds;
    ((prefetch *)ds)->elements = elements;
    if (elements > 0 && elements <= MOST_AHEAD) return ds;
    lm__fail(LM_INVALID, "prefetch: %d elements ahead, expected 1 to %d", elements, MOST_AHEAD);
    return lm__data_poison(ds);
}
