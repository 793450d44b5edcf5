/* plan/context.c: the executor. A context has the memory of one run at a time; running fills the caller's pointers in
 * and calls the kernels one after the other. */
#include "plan/context.h"
#include "base/alloc.h"
#include "base/team.h"
#include "plan/alone.h"
#include "plan/internal.h"

enum { REPEATS = 100 };                 /* of a product by itself, or as many as fit into … */
static const double repeat_seconds = 0.01;

struct lm__context {
    const lm__plan *plan;
    char *memory;                       /* the arena; NULL too where the plan needs none */
    bool wired;                         /* to it */
    int threads;                        /* at most: what plan and local handles were made for */
    char *own;                          /* the arena, if this context made it */
    char *packed;                       /* packed copies, then what is kept from run to run */
    uint64_t kept_version;              /* 1 + the versions that this was made from; 0: not made yet */
    void **pointers;                    /* one a slot */
    lm__run *runs;                      /* one a step */
    void **locals;                      /* from kernel->open, one a step */
    uint64_t *packed_version;           /* one a pack: version + 1 that it was made from; 0: none yet */
};

static void *buffer_memory(const lm__context *c, int b)
{
    const lm__buffer *buffer = &c->plan->buffers[lm__plan_root(c->plan, b)];
    switch (buffer->space) {
    case LM__SPACE_ARENA: return c->memory + buffer->offset;
    case LM__SPACE_CONSTANT: return (void *)buffer->data;
    case LM__SPACE_KEPT: return c->packed + c->plan->packed_bytes + buffer->offset;
    default: return NULL;               /* a fixup */
    }
}

static void wire_step(lm__context *c, int i)
{
    const lm__step *s = &c->plan->steps[i];
    void **slots = c->pointers + s->slot;
    int nin = s->problem.nin, nout = s->problem.nout;
    for (int k = 0; k < nin; k++) slots[k] = buffer_memory(c, s->in[k]);
    for (int k = 0; k < nout; k++) slots[nin + k] = s->out[k] < 0 ? NULL : buffer_memory(c, s->out[k]);
    c->runs[i] = (lm__run){.problem = &s->problem,
                           .in = (const void *const *)slots,
                           .out = slots + nin,
                           .packed = (const void *const *)(slots + nin + nout),
                           .scratch = s->scratch < 0 ? NULL : buffer_memory(c, s->scratch),
                           .scratch_stride = lm__round64(s->needs.scratch),
                           .shared = s->shared < 0 ? NULL : buffer_memory(c, s->shared),
                           .state = s->state,
                           .local = c->locals[i]};
}

static lm_status open_step(lm__context *c, int i)
{
    const lm__step *s = &c->plan->steps[i];
    if (!s->kernel->open) return LM_OK;
    return s->kernel->open(&s->problem, s->state, &c->locals[i]);
}

lm_status lm__context_make(const lm__plan *plan, lm__context **out)
{
    lm_status status = LM_OK;
    *out = NULL;
    lm__context *c = lm__calloc(1, sizeof *c);
    if (!c) return lm__no_memory(sizeof *c);
    c->plan = plan;
    c->threads = lm__team_threads() < plan->threads ? lm__team_threads() : plan->threads;
    c->packed = lm__alloc(plan->packed_bytes + plan->kept_bytes);
    c->pointers = lm__calloc((size_t)plan->slots, sizeof *c->pointers);
    c->runs = lm__calloc((size_t)plan->nsteps, sizeof *c->runs);
    c->locals = lm__calloc((size_t)plan->nsteps, sizeof *c->locals);
    c->packed_version = lm__calloc((size_t)plan->npacks, sizeof *c->packed_version);
    if (!c->packed || !c->pointers || !c->runs || !c->locals || !c->packed_version)
        LM_GO(fail, lm__no_memory(plan->packed_bytes + plan->kept_bytes + sizeof *c->runs * (size_t)plan->nsteps));
    for (int i = 0; i < plan->nsteps; i++) LM_GO(fail, open_step(c, i));
    for (int i = 0; i < plan->npacks; i++) c->pointers[plan->packs[i].slot] = c->packed + plan->packs[i].offset;
    *out = c;
    return LM_OK;
fail:
    lm__context_free(c);
    return status;
}

void lm__context_attach(lm__context *c, char *memory)
{
    if (c->wired && c->memory == memory) return;
    c->memory = memory;
    c->wired = true;
    for (int i = 0; i < c->plan->nsteps; i++) wire_step(c, i);
}

lm_status lm__context_new(const lm__plan *plan, lm__context **out)
{
    LM_TRY(lm__context_make(plan, out));
    char *memory = lm__alloc(plan->arena_bytes);
    if (!memory) {
        lm__context_free(*out);
        *out = NULL;
        return lm__no_memory(plan->arena_bytes);
    }
    lm__context_attach(*out, (*out)->own = memory);
    return LM_OK;
}

void lm__context_free(lm__context *c)
{
    if (!c) return;
    for (int i = 0; c->locals && i < c->plan->nsteps; i++)
        if (c->locals[i] && c->plan->steps[i].kernel->close) c->plan->steps[i].kernel->close(c->locals[i]);
    lm__free(c->packed_version);
    lm__free(c->locals);
    lm__free(c->runs);
    lm__free(c->pointers);
    lm__free(c->packed);
    lm__free(c->own);
    lm__free(c);
}

/* Fills in the pointers that belong to this run alone. */
static void bind(lm__context *c, const void *const *inputs, void *const *outputs)
{
    const lm__plan *plan = c->plan;
    for (int i = 0; i < plan->nfixups; i++) {
        const lm__buffer *b = &plan->buffers[plan->fixups[i].buffer];
        void *memory = b->space == LM__SPACE_INPUT    ? (void *)inputs[b->index]
                       : b->space == LM__SPACE_OUTPUT ? outputs[b->index]
                                                      : plan->variables[b->index]->value->data;
        c->pointers[plan->fixups[i].slot] = memory;
    }
}

static lm_status run_step(lm__context *c, int i, double *seconds)
{
    const lm__step *s = &c->plan->steps[i];
    double start = seconds ? lm__seconds() : 0;
    LM_TRY(s->kernel->run(&c->runs[i]));
    if (seconds) seconds[i] += lm__seconds() - start;
    return LM_OK;
}

/* Makes again what depends on weights alone, if one of them changed: versions only grow. */
static lm_status run_once(lm__context *c, double *seconds)
{
    const lm__plan *plan = c->plan;
    uint64_t version = 1;
    if (plan->kept_bytes == 0) return LM_OK;
    for (int i = 0; i < plan->nvariables; i++)
        if (!plan->stored[i]) version += plan->variables[i]->version;
    if (version == c->kept_version) return LM_OK;
    for (int i = 0; i < plan->nsteps; i++)
        if (plan->steps[i].once) LM_TRY(run_step(c, i, seconds));
    c->kept_version = version;
    return LM_OK;
}

/* Packs again what was packed from another version. */
static lm_status pack(lm__context *c)
{
    for (int i = 0; i < c->plan->npacks; i++) {
        const lm__pack *p = &c->plan->packs[i];
        uint64_t version = 1;
        if (p->variable >= 0) version += c->plan->variables[p->variable]->version;
        if (p->variable == LM__PACK_KEPT) version = c->kept_version;
        if (c->packed_version[i] == version) continue;
        const lm__step *s = &c->plan->steps[p->step];
        const void *source = c->runs[p->step].in[p->input];
        LM_TRY(s->kernel->pack(&s->problem, s->state, p->input, source, c->packed + p->offset));
        c->packed_version[i] = version;
    }
    return LM_OK;
}

static lm_status run_steps(lm__context *c, double *seconds)
{
    LM_TRY(run_once(c, seconds));
    LM_TRY(pack(c));
    for (int i = 0; i < c->plan->nsteps; i++) {
        const lm__step *s = &c->plan->steps[i];
        if (s->once) continue;
        LM_TRY(run_step(c, i, seconds));
        if (c->plan->options.watch) LM_TRY(lm__watch_step(s, c->runs[i].in, c->runs[i].out));
    }
    return LM_OK;
}

/* Products may be repeated: plain ones write over no input, and variables that a map in one updates are put back by
 * whoever measures. */
static lm_status repeat_products(lm__context *c, double *seconds)
{
    LM_TRY(pack(c));
    for (int i = 0; i < c->plan->nsteps; i++) {
        const lm__step *s = &c->plan->steps[i];
        bool product = s->node->op->flops && s->kernel != &lm__copy_kernel;
        LM_TRY(s->kernel->run(&c->runs[i]));
        double begun = lm__seconds(), at = begun;
        for (int k = 0; product && k < REPEATS && at - begun < repeat_seconds; k++) {
            double start = at;
            LM_TRY(s->kernel->run(&c->runs[i]));
            at = lm__seconds();
            if (at - start < seconds[i]) seconds[i] = at - start;
        }
    }
    return LM_OK;
}

typedef lm_status run_fn(lm__context *c, double *seconds);

/* With the team held. */
static lm_status run(lm__context *c, const void *const *inputs, void *const *outputs, run_fn *steps, double *seconds)
{
    const lm__plan *plan = c->plan;
    if (lm__team_threads() > c->threads)
        return lm__fail(LM_INVALID, "the plan was made for %d threads and there are %d now: make it again",
                        c->threads, lm__team_threads());
    bind(c, inputs, outputs);
    unsigned fp = lm__fp_fast();
    lm_status status = steps(c, seconds);
    lm__fp_restore(fp);
    for (int i = 0; i < plan->nvariables; i++)
        if (plan->stored[i]) plan->variables[i]->version++;
    return status;
}

lm_status lm__context_profile(lm__context *c, const void *const *inputs, void *const *outputs, double *seconds)
{
    lm__team_hold();
    lm_status status = run(c, inputs, outputs, run_steps, seconds);
    lm__team_release();
    return status;
}

lm_status lm__context_time_products(lm__context *c, const void *const *inputs, void *const *outputs, double *seconds)
{
    lm__team_hold();
    lm_status status = run(c, inputs, outputs, repeat_products, seconds);
    lm__team_release();
    return status;
}

lm_status lm__context_run(lm__context *c, const void *const *inputs, void *const *outputs)
{
    return lm__context_profile(c, inputs, outputs, NULL);
}
