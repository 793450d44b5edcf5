/* plan/function.c: plans by concrete sizes, and contexts by caller.
 *
 * The lock is held to look up and to hand out, never while planning or running. A plan in use outlives its place
 * in the cache. Every run borrows a context of its plan and an arena; contexts keep packed weights, arenas are
 * shared by all plans of the function. */
#include "plan/function.h"
#include "base/alloc.h"
#include "base/settings.h"
#include "base/team.h"
#include "plan/context.h"
#include "plan/internal.h"
#include "plan/tune.h"
#include <pthread.h>
#include <string.h>

typedef struct pooled {
    struct pooled *next;
    lm__context *context;
} pooled;

typedef struct arena {
    struct arena *next;
    char *memory;
    size_t bytes;
} arena;

/* A plan and the contexts made for it that nobody uses now. */
typedef struct entry {
    struct entry *next;                 /* less recently used */
    lm__plan *plan;
    int64_t *symbols;
    pooled *contexts;
    int uses;
} entry;

struct lm_function {
    lm__object object;
    lm_graph *graph;
    lm__plan_options options;
    bool stores;
    int nsymbols, outputs;
    pthread_mutex_t lock, planning;
    bool locks;                         /* both were made */
    entry *entries;                     /* most recently used first */
    int nentries, running;
    arena *arenas;
};

static void free_entry(entry *e)
{
    if (!e) return;
    while (e->contexts) {
        pooled *p = e->contexts;
        e->contexts = p->next;
        lm__context_free(p->context);
        lm__free(p);
    }
    lm__plan_free(e->plan);
    lm__free(e->symbols);
    lm__free(e);
}

static void free_arena(arena *a)
{
    if (!a) return;
    lm__free(a->memory);
    lm__free(a);
}

static void destroy(void *object)
{
    lm_function *f = object;
    while (f->entries) {
        entry *e = f->entries;
        f->entries = e->next;
        free_entry(e);
    }
    while (f->arenas) {
        arena *a = f->arenas;
        f->arenas = a->next;
        free_arena(a);
    }
    lm_free(f->graph);
    if (!f->locks) return;
    pthread_mutex_destroy(&f->lock);
    pthread_mutex_destroy(&f->planning);
}

static lm_function nowhere = {.object = LM__POISON(&lm__function_type)};
const lm__type lm__function_type = {.name = "function",
                                    .destroy = destroy,
                                    .poisoned = &nowhere.object,
                                    .bytes = sizeof(lm_function)};

lm_function *lm__function_poison(int outputs)
{
    lm_function *f = lm__object_poison(&lm__function_type);
    if (f != &nowhere) f->outputs = outputs;
    return f;
}

int lm__function_outputs(const lm_function *function)
{
    return lm__object_is(function, &lm__function_type) ? function->outputs : 0;
}

lm_function *lm__function_new(lm_graph *graph, const lm__plan_options *options)
{
    if (lm__object_check(graph, &lm__graph_type, "graph") != LM_OK) {
        lm_free(graph);
        return lm__object_poison(&lm__function_type);
    }
    lm_function *f = lm__object_new(&lm__function_type, sizeof *f);
    if (lm_failed(f)) {
        lm_free(graph);
        return f;
    }
    f->graph = graph;
    f->outputs = graph->noutputs;
    if (options) f->options = *options;
    f->nsymbols = lm__dim_symbol_count(graph->dims);
    for (const lm__node *n = graph->first; n; n = n->next) f->stores |= n->op == graph->table->store;
    f->stores &= !f->options.watch;
    f->locks = pthread_mutex_init(&f->lock, NULL) == 0;
    if (f->locks && pthread_mutex_init(&f->planning, NULL) != 0) {
        pthread_mutex_destroy(&f->lock);
        f->locks = false;
    }
    if (f->locks) return f;
    lm__no_memory(sizeof f->lock);
    lm_free(f);
    return lm__object_poison(&lm__function_type);
}

const lm_graph *lm__function_graph(const lm_function *function) { return function->graph; }

/* --- the cache -------------------------------------------------------------------------------------------------- */

/* The entry for these sizes and as many threads as there are, moved to the front. With the lock held. */
static entry *find_entry(lm_function *f, const int64_t *symbols)
{
    for (entry **at = &f->entries; *at; at = &(*at)->next) {
        entry *e = *at;
        if (e->plan->threads != lm__team_threads()) continue;
        if (f->nsymbols && memcmp(e->symbols, symbols, sizeof *symbols * (size_t)f->nsymbols) != 0) continue;
        *at = e->next;
        e->next = f->entries;
        f->entries = e;
        return e;
    }
    return NULL;
}

/* Takes the least recently used entry that nobody uses out of a cache that is too full. With the lock held. */
static entry *evict(lm_function *f)
{
    entry **oldest = NULL;
    if (f->nentries <= LM__FUNCTION_PLANS) return NULL;
    for (entry **at = &f->entries; *at; at = &(*at)->next)
        if ((*at)->uses == 0) oldest = at;
    if (!oldest) return NULL;
    entry *e = *oldest;
    *oldest = e->next;
    f->nentries--;
    return e;
}

static lm_status make_entry(lm_function *f, const int64_t *symbols, entry **out)
{
    size_t bytes = sizeof *symbols * (size_t)f->nsymbols;
    lm_status status = LM_OK;
    entry *e = lm__calloc(1, sizeof *e);
    if (!e) return lm__no_memory(sizeof *e);
    e->symbols = lm__alloc(bytes);
    if (!e->symbols) LM_GO(fail, lm__no_memory(bytes));
    if (bytes) memcpy(e->symbols, symbols, bytes);
    lm__plan_options options = f->options;
    options.passes_off |= lm__passes_off();
    options.tune = lm__tuning();
    LM_GO(fail, lm__plan_new(f->graph, symbols, &options, &e->plan));
    *out = e;
    return LM_OK;
fail:
    free_entry(e);
    return status;
}

/* The entry, in use once more; made if need be. One thread plans at a time. */
static lm_status take_entry(lm_function *f, const int64_t *symbols, entry **out)
{
    lm_status status = LM_OK;
    pthread_mutex_lock(&f->lock);
    entry *e = find_entry(f, symbols), *old = NULL;
    if (e) e->uses++;
    pthread_mutex_unlock(&f->lock);
    *out = e;
    if (e) return LM_OK;
    pthread_mutex_lock(&f->planning);
    pthread_mutex_lock(&f->lock);
    e = find_entry(f, symbols);         /* another thread may have made it meanwhile */
    pthread_mutex_unlock(&f->lock);
    bool made = !e;
    if (made) status = make_entry(f, symbols, &e);
    if (status == LM_OK) {
        pthread_mutex_lock(&f->lock);
        e->uses++;
        if (made) {
            e->next = f->entries;
            f->entries = e;
            f->nentries++;
            old = evict(f);
        }
        pthread_mutex_unlock(&f->lock);
        *out = e;
    }
    pthread_mutex_unlock(&f->planning);
    free_entry(old);
    return status;
}

static void drop_entry(lm_function *f, entry *e)
{
    pthread_mutex_lock(&f->lock);
    e->uses--;
    pthread_mutex_unlock(&f->lock);
}

lm_status lm__function_plan(lm_function *f, const int64_t *symbols, const lm__plan **out)
{
    entry *e;
    *out = NULL;
    LM_TRY(lm__object_check(f, &lm__function_type, "function"));
    LM_TRY(take_entry(f, symbols, &e));
    *out = e->plan;
    drop_entry(f, e);
    return LM_OK;
}

/* --- contexts --------------------------------------------------------------------------------------------------- */

static lm_status make_context(const entry *e, pooled **out)
{
    pooled *p = lm__calloc(1, sizeof *p);
    if (!p) return lm__no_memory(sizeof *p);
    lm_status status = lm__context_make(e->plan, &p->context);
    if (status == LM_OK) *out = p;
    else lm__free(p);
    return status;
}

static lm_status make_arena(size_t bytes, arena **out)
{
    arena *a = lm__calloc(1, sizeof *a);
    if (!a) return lm__no_memory(sizeof *a);
    a->memory = lm__alloc(bytes);
    a->bytes = bytes;
    *out = a;
    if (a->memory) return LM_OK;
    lm__free(a);
    *out = NULL;
    return lm__no_memory(bytes);
}

/* A context and an arena that is large enough, from the pools or new. */
static lm_status borrow(lm_function *f, entry *e, pooled **context, arena **memory)
{
    pthread_mutex_lock(&f->lock);
    if ((*context = e->contexts)) e->contexts = (*context)->next;
    if ((*memory = f->arenas)) f->arenas = (*memory)->next;
    pthread_mutex_unlock(&f->lock);
    if (*memory && (*memory)->bytes < e->plan->arena_bytes) {
        free_arena(*memory);
        *memory = NULL;
    }
    if (!*context) LM_TRY(make_context(e, context));
    if (!*memory) LM_TRY(make_arena(e->plan->arena_bytes, memory));
    lm__context_attach((*context)->context, (*memory)->memory);
    return LM_OK;
}

static void give_back(lm_function *f, entry *e, pooled *context, arena *memory)
{
    pthread_mutex_lock(&f->lock);
    if (context) {
        context->next = e->contexts;
        e->contexts = context;
    }
    if (memory) {
        memory->next = f->arenas;
        f->arenas = memory;
    }
    pthread_mutex_unlock(&f->lock);
}

/* Functions that store have one run at a time. */
static lm_status enter(lm_function *f)
{
    pthread_mutex_lock(&f->lock);
    bool busy = f->stores && f->running > 0;
    if (!busy) f->running++;
    pthread_mutex_unlock(&f->lock);
    if (!busy) lm__team_hold();         /* plan, context and run are for as many threads */
    return busy ? lm__fail(LM_BUSY, "the function assigns variables and is being run by another thread") : LM_OK;
}

static void leave(lm_function *f)
{
    pthread_mutex_lock(&f->lock);
    f->running--;
    pthread_mutex_unlock(&f->lock);
    lm__team_release();
}

static lm_status run_entry(lm_function *f, entry *e, const void *const *inputs, void *const *outputs)
{
    pooled *context = NULL;
    arena *memory = NULL;
    lm_status status = borrow(f, e, &context, &memory);
    if (status == LM_OK) status = lm__context_run(context->context, inputs, outputs);
    give_back(f, e, context, memory);
    return status;
}

lm_status lm__function_call(lm_function *f, const int64_t *symbols, const void *const *inputs, void *const *outputs)
{
    entry *e;
    LM_TRY(lm__object_check(f, &lm__function_type, "function"));
    LM_TRY(enter(f));
    lm_status status = take_entry(f, symbols, &e);
    if (status == LM_OK) {
        status = run_entry(f, e, inputs, outputs);
        drop_entry(f, e);
    }
    leave(f);
    return status;
}

lm_status lm__function_enter(lm_function *f, const int64_t *symbols, lm__function_hold *out)
{
    entry *e;
    LM_TRY(lm__object_check(f, &lm__function_type, "function"));
    LM_TRY(enter(f));
    lm_status status = take_entry(f, symbols, &e);
    if (status != LM_OK) leave(f);
    else *out = (lm__function_hold){e->plan, e};
    return status;
}

void lm__function_leave(lm_function *f, const lm__function_hold *hold)
{
    drop_entry(f, hold->entry);
    leave(f);
}

static lm_status run_new(lm_function *f, entry *e, const void *const *inputs, lm_tensor **outputs)
{
    void *memory[LM__MAX_INPUTS];
    const lm_graph *g = e->plan->graph;
    if (g->noutputs > LM__MAX_INPUTS)
        return lm__fail(LM_UNSUPPORTED, "a function with %d outputs; at most %d", g->noutputs, LM__MAX_INPUTS);
    for (int i = 0; i < g->noutputs; i++) {
        lm__desc d;
        LM_TRY(lm__desc_of(g->outputs[i], &d));
        outputs[i] = lm__tensor_raw(d.dtype, d.rank, d.dims);
        LM_TRY(lm__object_check(outputs[i], &lm__tensor_type, "output"));
        memory[i] = outputs[i]->data;
    }
    return run_entry(f, e, inputs, memory);
}

lm_status lm__function_call_new(lm_function *f, const int64_t *symbols, const void *const *inputs,
                                lm_tensor **outputs)
{
    entry *e;
    LM_TRY(lm__object_check(f, &lm__function_type, "function"));
    for (int i = 0; i < f->outputs; i++) outputs[i] = NULL;
    lm_status status = enter(f);
    if (status == LM_OK) {
        status = take_entry(f, symbols, &e);
        if (status == LM_OK) {
            status = run_new(f, e, inputs, outputs);
            drop_entry(f, e);
        }
        leave(f);
    }
    for (int i = 0; status != LM_OK && i < f->outputs; i++) {
        lm_free(outputs[i]);
        outputs[i] = lm__object_poison(&lm__tensor_type);
    }
    return status;
}
