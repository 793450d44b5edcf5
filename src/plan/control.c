/* plan/control.c: scan and if: running the plans of their bodies in the memory of the plan around them.
 *
 * A scan copies next to nothing: its body reads slices of the sequences and writes slices of the stacked outputs
 * where they are. The carries go from step to step through the history, if anyone reads it, else through two
 * buffers in turn. */
#include "graph/control.h"
#include "plan/context.h"
#include "plan/control.h"
#include <string.h>

typedef struct control {
    lm__plan *body[2];
    int outputs[LM__MAX_OUTPUTS];       /* output k of a body's plan is output outputs[k] of the body: what counts */
    int noutputs;
    const lm__scan_attr *scan;          /* NULL: an if */
    int64_t length;
    size_t carries_at;                  /* where in the shared memory the carries' two buffers begin */
} control;

typedef struct local {
    lm__context *body[2];
} local;

/* --- planning --------------------------------------------------------------------------------------------------- */

static void release(void *state)
{
    control *c = state;
    if (!c) return;
    lm__plan_free(c->body[0]);
    lm__plan_free(c->body[1]);
    lm__free(c);
}

/* The plan of a body that returns only the outputs that count. */
static lm_status plan_body(const lm__plan *plan, const control *c, const lm_graph *body, lm__plan **out)
{
    lm_graph *copy;
    LM_TRY(lm__graph_clone(body, NULL, &copy));
    for (int k = 0; k < c->noutputs; k++) copy->outputs[k] = copy->outputs[c->outputs[k]];
    copy->noutputs = c->noutputs;
    lm_status status = lm__plan_new(copy, NULL, &plan->options, out);
    lm_free(copy);
    return status;
}

static size_t carry_bytes(const lm__problem *p, int i) { return lm__round64(lm__desc_bytes(&p->in[i])); }

/* A scan's carries are always computed; its step outputs where they are read. */
static void find_outputs(control *c, const lm__step *s)
{
    int carries = c->scan ? (int)c->scan->carries : 0;
    int n = c->scan ? carries + (int)c->scan->outputs : s->problem.nout;
    for (int i = 0; i < n; i++)
        if (i < carries || s->problem.out_used >> i & 1) c->outputs[c->noutputs++] = i;
}

static lm_status prepare(const lm__plan *plan, lm__step *s, control *c)
{
    size_t arena = 0;
    find_outputs(c, s);
    for (int b = 0; b < 2 && s->node->body[b]; b++) {
        LM_TRY(plan_body(plan, c, s->node->body[b], &c->body[b]));
        if (c->body[b]->arena_bytes > arena) arena = c->body[b]->arena_bytes;
    }
    c->carries_at = lm__round64(arena);
    s->needs.shared = c->carries_at;
    for (int i = 0; c->scan && i < c->scan->carries; i++) s->needs.shared += 2 * carry_bytes(&s->problem, i);
    return LM_OK;
}

/* --- running ---------------------------------------------------------------------------------------------------- */

static void close_bodies(void *at)
{
    local *l = at;
    lm__context_free(l->body[0]);
    lm__context_free(l->body[1]);
    lm__free(l);
}

static lm_status open_bodies(const lm__problem *problem, const void *state, void **out)
{
    const control *c = state;
    lm_status status = LM_OK;
    local *l = lm__calloc(1, sizeof *l);
    (void)problem;
    if (!l) return lm__no_memory(sizeof *l);
    for (int b = 0; b < 2 && c->body[b] && status == LM_OK; b++) status = lm__context_make(c->body[b], &l->body[b]);
    if (status == LM_OK) *out = l;
    else close_bodies(l);
    return status;
}

static lm_status run_if(const lm__run *r)
{
    const control *c = r->state;
    const local *l = r->local;
    void *out[LM__MAX_OUTPUTS];
    lm__context *body = l->body[*(const unsigned char *)r->in[0] ? 0 : 1];
    for (int k = 0; k < c->noutputs; k++) out[k] = r->out[c->outputs[k]];
    lm__context_attach(body, r->shared);
    return lm__context_run(body, r->in + 1, out);
}

/* Slice t of an array whose first axis is the steps. */
static char *slice(const void *base, const lm__desc *d, int64_t t)
{
    return (char *)base + (size_t)t * (lm__desc_bytes(d) / (size_t)d->dims[0]);
}

static int64_t position(const control *c, int64_t k) { return c->scan->reverse ? c->length - 1 - k : k; }

/* Where carry i lies as it comes into step k; k = length: as it leaves the scan. */
static char *carry_at(const lm__run *r, int i, int64_t k)
{
    const control *c = r->state;
    const lm__problem *p = r->problem;
    int carries = (int)c->scan->carries, history = carries + (int)c->scan->outputs + i;
    if (k == c->length && r->out[i]) return r->out[i];
    if (k < c->length && r->out[history]) return slice(r->out[history], &p->out[history], position(c, k));
    if (k == 0) return (char *)r->in[i];
    char *at = (char *)r->shared + c->carries_at;
    for (int j = 0; j < i; j++) at += 2 * carry_bytes(p, j);
    return at + (k & 1 ? carry_bytes(p, i) : 0);
}

static lm_status run_step(const lm__run *r, lm__context *body, int64_t k)
{
    const control *c = r->state;
    const lm__scan_attr *a = c->scan;
    const lm__problem *p = r->problem;
    const void *in[LM__MAX_INPUTS + 1];
    void *out[LM__MAX_OUTPUTS];
    const int64_t t = position(c, k);
    for (int i = 0; i < p->nin; i++) {
        bool is_sequence = i >= a->carries && i < a->carries + a->sequences;
        in[i] = i < a->carries ? carry_at(r, i, k) : is_sequence ? slice(r->in[i], &p->in[i], t) : r->in[i];
    }
    in[p->nin] = &t;
    for (int j = 0; j < c->noutputs; j++) {
        int i = c->outputs[j];
        out[j] = i < a->carries ? carry_at(r, i, k + 1) : slice(r->out[i], &p->out[i], t);
    }
    lm_status status = lm__context_run(body, in, out);
    return status == LM_OK ? status : lm__fail_in("scan, position %lld", (long long)t);
}

static lm_status run_scan(const lm__run *r)
{
    const control *c = r->state;
    const local *l = r->local;
    lm__context_attach(l->body[0], r->shared);
    for (int i = 0; i < c->scan->carries; i++) {
        char *first = carry_at(r, i, 0);
        if (first != r->in[i]) memcpy(first, r->in[i], lm__desc_bytes(&r->problem->in[i]));
    }
    for (int64_t k = 0; k < c->length; k++) LM_TRY(run_step(r, l->body[0], k));
    return LM_OK;
}

static const lm__kernel scan_kernel = {
    .op = "scan", .name = "plan", .release = release, .open = open_bodies, .close = close_bodies, .run = run_scan};
static const lm__kernel if_kernel = {
    .op = "if", .name = "plan", .release = release, .open = open_bodies, .close = close_bodies, .run = run_if};

lm_status lm__control_prepare(lm__plan *plan, lm__step *s)
{
    control *c = lm__calloc(1, sizeof *c);
    if (!c) return lm__no_memory(sizeof *c);
    s->state = c;
    s->kernel = &if_kernel;
    if (strcmp(s->node->op->name, "scan") == 0) {
        s->kernel = &scan_kernel;
        c->scan = s->node->attr;
        c->length = c->scan->length.dim[0];
    }
    LM_TRY(prepare(plan, s, c));
    double flops = 0;
    for (int b = 0; b < 2 && c->body[b]; b++) {
        plan->child_bytes += c->body[b]->constant_bytes + c->body[b]->packed_bytes + c->body[b]->child_bytes;
        if (c->body[b]->flops > flops) flops = c->body[b]->flops;
    }
    plan->flops += flops * (c->scan ? (double)c->length : 1);
    return LM_OK;
}

int lm__control_bodies(const lm__step *s, const lm__plan *bodies[2])
{
    const control *c = s->state;
    int n = 0;
    if (s->kernel != &scan_kernel && s->kernel != &if_kernel) return 0;
    for (int b = 0; b < 2 && c->body[b]; b++) bodies[n++] = c->body[b];
    return n;
}
