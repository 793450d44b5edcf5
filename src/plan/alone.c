/* plan/alone.c: runs a kernel on a problem by itself, again and again, on memory of its own. */
#include "plan/alone.h"
#include "base/alloc.h"
#include "base/team.h"
#include "plan/internal.h"
#include <math.h>
#include <string.h>
#include <time.h>

enum { LEAST_RUNS = 3, MOST_RUNS = 2000 };

struct lm__alone {
    const lm__problem *problem;
    void *memory[LM__MAX_INPUTS + LM__MAX_OUTPUTS];     /* inputs, then outputs; NULL: an output nobody wants */
};

/* A kernel made ready. */
typedef struct ready {
    const lm__kernel *kernel;
    lm__needs needs;
    void *state, *local, *scratch, *shared;
    void *packed[LM__MAX_INPUTS];
} ready;

double lm__seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(const lm__desc *d, void *memory)
{
    uint32_t state = 1;
    if (d->dtype != LM_F32 && d->dtype != LM_F64) {
        memset(memory, 0, lm__desc_bytes(d));
        return;
    }
    for (size_t i = 0; i < d->size; i++) {
        state = state * 1664525u + 1013904223u;
        double value = (double)(state >> 8) / (1 << 23) - 1;
        if (d->dtype == LM_F32) ((float *)memory)[i] = (float)value;
        else ((double *)memory)[i] = value;
    }
}

lm_status lm__alone_new(const lm__problem *p, lm__alone **out)
{
    lm__alone *a = lm__calloc(1, sizeof *a);
    *out = NULL;
    if (!a) return lm__no_memory(sizeof *a);
    a->problem = p;
    for (int i = 0; i < p->nin + p->nout; i++) {
        const lm__desc *d = i < p->nin ? &p->in[i] : &p->out[i - p->nin];
        if (i >= p->nin && !(p->out_used >> (i - p->nin) & 1)) continue;
        a->memory[i] = lm__alloc(lm__desc_bytes(d));
        if (!a->memory[i]) {
            lm__alone_free(a);
            return lm__no_memory(lm__desc_bytes(d));
        }
        fill(d, a->memory[i]);
    }
    *out = a;
    return LM_OK;
}

void lm__alone_free(lm__alone *a)
{
    if (!a) return;
    for (int i = 0; i < a->problem->nin + a->problem->nout; i++) lm__free(a->memory[i]);
    lm__free(a);
}

static void release(ready *r, const lm__problem *p)
{
    if (r->local && r->kernel->close) r->kernel->close(r->local);
    if (r->state && r->kernel->release) r->kernel->release(r->state);
    for (int i = 0; i < p->nin; i++) lm__free(r->packed[i]);
    lm__free(r->scratch);
    lm__free(r->shared);
}

static lm_status make_ready(const lm__alone *a, ready *r)
{
    const lm__problem *p = a->problem;
    const lm__kernel *k = r->kernel;
    if (k->accepts && !k->accepts(p)) return LM_UNSUPPORTED;
    if (k->prepare) LM_TRY(k->prepare(p, &r->needs, &r->state));
    if (k->open) LM_TRY(k->open(p, r->state, &r->local));
    size_t scratch = lm__mul_size(lm__round64(r->needs.scratch), (size_t)lm__team_threads());
    r->scratch = scratch ? lm__alloc(scratch) : NULL;
    r->shared = r->needs.shared ? lm__alloc(r->needs.shared) : NULL;
    if ((scratch && !r->scratch) || (r->needs.shared && !r->shared)) return lm__no_memory(scratch + r->needs.shared);
    for (int i = 0; i < 4 && i < p->nin; i++) {
        if (!r->needs.pack[i]) continue;
        r->packed[i] = lm__alloc(r->needs.pack[i]);
        if (!r->packed[i]) return lm__no_memory(r->needs.pack[i]);
        LM_TRY(k->pack(p, r->state, i, a->memory[i], r->packed[i]));
    }
    return LM_OK;
}

static lm_status time_runs(const lm__alone *a, const ready *r, double budget, double *seconds)
{
    const lm__problem *p = a->problem;
    const lm__run run = {.problem = p, .in = (const void *const *)a->memory, .out = (void *const *)a->memory + p->nin,
                         .packed = (const void *const *)r->packed, .scratch = r->scratch,
                         .scratch_stride = lm__round64(r->needs.scratch), .shared = r->shared, .state = r->state,
                         .local = r->local};
    double begun = lm__seconds();
    *seconds = INFINITY;
    for (int i = 0; i <= MOST_RUNS && (i <= LEAST_RUNS || lm__seconds() - begun < budget); i++) {
        double start = lm__seconds();
        LM_TRY(r->kernel->run(&run));
        double took = lm__seconds() - start;
        if (i && took < *seconds) *seconds = took;      /* the first one warms up */
    }
    return LM_OK;
}

lm_status lm__alone_time(lm__alone *a, const lm__kernel *kernel, double budget, double *seconds)
{
    ready r = {.kernel = kernel};
    unsigned fp = lm__fp_fast();
    lm_status status = make_ready(a, &r);
    if (status == LM_OK) status = time_runs(a, &r, budget, seconds);
    lm__fp_restore(fp);
    release(&r, a->problem);
    return status;
}

lm_status lm__alone_best(lm__alone *a, const lm__kernel *reference, double budget, double *seconds)
{
    *seconds = INFINITY;
    for (const lm__kernel *const *k = lm__fast_kernels(a->problem->op); *k; k++) {
        double took;
        lm_status status = lm__alone_time(a, *k, budget, &took);
        if (status == LM_OK && took < *seconds) *seconds = took;
        else if (status != LM_OK && status != LM_UNSUPPORTED) return status;
    }
    if (isfinite(*seconds)) return LM_OK;
    return lm__alone_time(a, reference, budget, seconds);
}
