/* plan/profile.c: runs a plan again and again and keeps the best time of each step; what a run stores is put back. */
#include "plan/profile.h"
#include "base/alloc.h"
#include "base/team.h"
#include "ops/map.h"
#include "plan/bound.h"
#include "plan/function.h"
#include "plan/internal.h"
#include <math.h>
#include <string.h>

enum { WARM_UP = 2, LEAST_RUNS = 5, MOST_RUNS = 1000, ROUNDS = 4 };

struct lm_profile {
    lm__object object;
    int nsteps;
    lm_profile_step *steps;             /* the texts are in `arena` */
    lm_profile_totals totals;
    lm__arena *arena;
    lm__text plan;
};

static void destroy(void *object)
{
    lm_profile *p = object;
    lm__free(p->steps);
    lm__arena_free(p->arena);
    lm__free(p->plan.data);
}

static lm_profile nowhere = {.object = LM__POISON(&lm__profile_type)};
const lm__type lm__profile_type = {
    .name = "profile", .destroy = destroy, .poisoned = &nowhere.object, .bytes = sizeof(lm_profile)};

static bool sound(const lm_profile *p) { return lm__object_is(p, &lm__profile_type) && !lm_failed(p); }

int lm_profile_steps(const lm_profile *p) { return sound(p) ? p->nsteps : 0; }

const lm_profile_step *lm_profile_step_at(const lm_profile *p, int i)
{
    return sound(p) && i >= 0 && i < p->nsteps ? &p->steps[i] : NULL;
}

lm_profile_totals lm_profile_sum(const lm_profile *p)
{
    lm_profile_totals none = {.seconds = NAN, .bound_seconds = NAN};
    return sound(p) ? p->totals : none;
}

const char *lm_profile_plan(const lm_profile *p) { return sound(p) && p->plan.data ? p->plan.data : ""; }

/* --- what a step is --------------------------------------------------------------------------------------------- */

static void put_array(lm__text *t, const lm__desc *d)
{
    char shape[160];
    lm__shape_text(d->rank, d->dims, shape, sizeof shape);
    lm__text_printf(t, "%s%s%s", t->size ? " " : "", d->dtype == LM_F32 ? "" : lm_dtype_name(d->dtype), shape);
}

static void put_map(lm__text *t, const lm__step *s)
{
    const lm__map *map = (const lm__map *)s->node->attr;
    put_array(t, &s->problem.out[0]);
    if (s->problem.nout > 1) lm__text_printf(t, " and %d more", s->problem.nout - 1);
    for (int i = 0; i < map->steps; i++) lm__text_printf(t, "%s %s", i ? "" : ":", map->step[i].op);
}

static const char *keep_text(lm_profile *p, const char *text)
{
    size_t bytes = text ? strlen(text) + 1 : 1;
    char *copy = lm__arena_alloc(p->arena, bytes);
    return copy ? memcpy(copy, text ? text : "", bytes) : NULL;
}

static double moved(const lm__step *s)
{
    double bytes = 0;
    bool gather = !strcmp(s->problem.op, "gather");
    for (int i = 0; i < s->problem.nin; i++)
        bytes += (double)lm__desc_bytes(gather && i == 0 ? &s->problem.out[0] : &s->problem.in[i]);
    for (int i = 0; i < s->problem.nout; i++)
        if (s->out[i] >= 0) bytes += (double)lm__desc_bytes(&s->problem.out[i]);
    return bytes;
}

static lm_status describe(lm_profile *p, const lm__step *s, lm_profile_step *out)
{
    lm__text t = {0};
    if (s->node->op->kind != LM__OP_CONTROL && !strcmp(s->problem.op, "map")) put_map(&t, s);
    else {
        for (int i = 0; i < s->problem.nin; i++) put_array(&t, &s->problem.in[i]);
        lm__text_printf(&t, "%s->", t.size ? " " : "");
        for (int i = 0; i < s->problem.nout; i++)
            if (s->out[i] >= 0) put_array(&t, &s->problem.out[i]);
    }
    *out = (lm_profile_step){.op = keep_text(p, lm__step_op(s)), .kernel = s->kernel->name,
                             .layer = keep_text(p, s->node->scope), .detail = keep_text(p, t.data),
                             .seconds = INFINITY, .bytes = moved(s), .bound_seconds = NAN};
    if (s->node->op->flops && s->kernel != &lm__copy_kernel) out->flops = s->node->op->flops(&s->problem);
    bool lost = t.bad || !out->op || !out->layer || !out->detail;
    lm__free(t.data);
    return lost ? lm__no_memory(256) : LM_OK;
}

static lm_status begin(lm_profile *p, const lm__plan *plan)
{
    p->arena = lm__arena_new();
    p->steps = lm__calloc((size_t)plan->nsteps + 1, sizeof *p->steps);
    if (!p->arena || !p->steps) return lm__no_memory((size_t)plan->nsteps * sizeof *p->steps);
    p->nsteps = plan->nsteps;
    for (int i = 0; i < plan->nsteps; i++) {
        LM_TRY(describe(p, &plan->steps[i], &p->steps[i]));
        p->totals.bytes += p->steps[i].bytes;
    }
    p->totals.flops = lm__plan_flops(plan);
    p->totals.threads = lm__team_threads();
    p->totals.memory = lm__plan_bytes(plan);
    p->totals.seconds = INFINITY;
    p->totals.bound_seconds = p->totals.bound_products = NAN;
    lm__plan_print(plan, false, &p->plan);
    return p->plan.bad ? lm__no_memory(p->plan.size) : LM_OK;
}

/* --- what a run stores ------------------------------------------------------------------------------------------ */

static size_t stored_bytes(const lm__plan *plan)
{
    size_t bytes = 0;
    for (int i = 0; i < plan->nvariables; i++)
        if (plan->stored[i]) bytes += lm_tensor_bytes(plan->variables[i]->value);
    return bytes;
}

/* Between the plan's stored variables and one block of memory. */
static void copy_stored(const lm__plan *plan, char *block, bool back)
{
    for (int i = 0; i < plan->nvariables; i++) {
        if (!plan->stored[i]) continue;
        lm_tensor *t = plan->variables[i]->value;
        if (back) memcpy(t->data, block, lm_tensor_bytes(t));
        else memcpy(block, t->data, lm_tensor_bytes(t));
        plan->variables[i]->version += back;
        block += lm_tensor_bytes(t);
    }
}

/* --- runs ------------------------------------------------------------------------------------------------------- */

typedef struct runner {
    lm_profile *profile;
    const lm__plan *plan;
    lm__context *context;
    const void *const *inputs;
    void *outputs[LM__MAX_INPUTS];
    double *seconds;                    /* of the steps */
} runner;

static void keep_run(runner *r, double whole)
{
    lm_profile *p = r->profile;
    bool best = whole < p->totals.seconds;
    double at = 0;
    for (int i = 0; i < p->nsteps; i++) {
        lm_profile_step *s = &p->steps[i];
        if (r->seconds[i] < s->seconds) s->seconds = r->seconds[i];
        if (best) s->begins = at, s->ends = at += r->seconds[i];
    }
    if (best) p->totals.seconds = whole;
}

static lm_status run_all(runner *r, const lm_profile_args *args)
{
    double begun = lm__seconds();
    for (int k = -WARM_UP; k < MOST_RUNS; k++) {
        bool enough = args->runs ? k >= args->runs : k >= LEAST_RUNS && lm__seconds() - begun > args->seconds;
        if (enough) break;
        memset(r->seconds, 0, (size_t)r->plan->nsteps * sizeof *r->seconds);
        double start = lm__seconds();
        LM_TRY(lm__context_profile(r->context, r->inputs, r->outputs, r->seconds));
        double whole = lm__seconds() - start;
        if (k < 0) continue;
        keep_run(r, whole);
        r->profile->totals.runs++;
    }
    return LM_OK;
}

/* --- the bound -------------------------------------------------------------------------------------------------- */

/* Equal products have one bound, whichever was the luckiest. */
static void share_luck(lm_profile *p)
{
    for (int i = 0; i < p->nsteps; i++)
        for (int k = 0; k < p->nsteps; k++) {
            const lm_profile_step *other = &p->steps[k];
            lm_profile_step *s = &p->steps[i];
            if (s->flops == 0 || other->flops != s->flops || strcmp(s->op, other->op) ||
                strcmp(s->kernel, other->kernel) || strcmp(s->detail, other->detail))
                continue;
            s->bound_seconds = fmin(s->bound_seconds, other->bound_seconds);
        }
}

/* Of each step: a product's own, again and again on the data of a run; of a control op its bodies'; else bytes. */
static lm_status bound_steps(runner *r, lm__bandwidths *known, lm__product_times *times, double *products)
{
    lm_profile *p = r->profile;
    *products = 0;
    for (int i = 0; i < p->nsteps; i++) r->seconds[i] = INFINITY;
    for (int k = 0; k < ROUNDS; k++)
        LM_TRY(lm__context_time_products(r->context, r->inputs, r->outputs, r->seconds));
    for (int i = 0; i < p->nsteps; i++) {
        double *bound = &p->steps[i].bound_seconds;
        bool several = r->plan->steps[i].node->op->products != NULL;
        if (isfinite(r->seconds[i])) *bound = fmin(r->seconds[i], p->steps[i].seconds);
        if (several || !isfinite(r->seconds[i])) {
            double alone;
            LM_TRY(lm__product_time(times, r->plan, i, &alone));
            *bound = fmin(*bound, alone);
        }
    }
    share_luck(p);
    for (int i = 0; i < p->nsteps; i++) {
        double *bound = &p->steps[i].bound_seconds, rate;
        *products += *bound;
        if (*bound > 0 || p->steps[i].bytes == 0) continue;
        LM_TRY(lm__bandwidth(known, p->steps[i].bytes, &rate));
        *bound = p->steps[i].bytes / rate;
    }
    return LM_OK;
}

static lm_status find_bound(runner *r, const lm_graph *graph, const int64_t *symbols)
{
    lm__bandwidths known = {{0}};
    lm__product_times *times;
    lm__bound bound;
    double fused;
    lm_profile_totals *t = &r->profile->totals;
    LM_TRY(lm__product_times_new(&times));
    lm_status status = bound_steps(r, &known, times, &fused);
    lm__product_times_free(times);
    LM_TRY(status);
    LM_TRY(lm__bound_measure(graph, symbols, &known, &bound));
    t->bound_products = bound.products < fused ? bound.products : fused;
    t->bound_moved = bound.moved;
    t->bandwidth = bound.moving > 0 ? bound.moved / bound.moving : 0;
    t->bound_seconds = t->bound_products + bound.moving;
    return LM_OK;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static lm_status make_outputs(runner *r)
{
    const lm_graph *g = r->plan->graph;
    if (g->noutputs > LM__MAX_INPUTS)
        return lm__fail(LM_UNSUPPORTED, "a function with %d outputs; at most %d", g->noutputs, LM__MAX_INPUTS);
    for (int i = 0; i < g->noutputs; i++) {
        lm__desc d;
        LM_TRY(lm__desc_of(g->outputs[i], &d));
        r->outputs[i] = lm__alloc(lm__desc_bytes(&d));
        if (!r->outputs[i]) return lm__no_memory(lm__desc_bytes(&d));
    }
    return LM_OK;
}

static lm_status measure(runner *r, const lm_graph *graph, const int64_t *symbols, const lm_profile_args *args)
{
    LM_TRY(begin(r->profile, r->plan));
    LM_TRY(make_outputs(r));
    r->seconds = lm__calloc((size_t)r->plan->nsteps + 1, sizeof *r->seconds);
    if (!r->seconds) return lm__no_memory((size_t)r->plan->nsteps * sizeof *r->seconds);
    LM_TRY(lm__context_new(r->plan, &r->context));
    LM_TRY(run_all(r, args));
    return args->bound ? find_bound(r, graph, symbols) : LM_OK;
}

/* With the function held. */
static lm_status profile(lm_profile *out, const lm__plan *plan, const lm_graph *graph, const int64_t *symbols,
                         const void *const *inputs, const lm_profile_args *args)
{
    runner r = {.profile = out, .plan = plan, .inputs = inputs};
    char *saved = lm__alloc(stored_bytes(plan));
    if (!saved) return lm__no_memory(stored_bytes(plan));
    copy_stored(plan, saved, false);
    lm_status status = measure(&r, graph, symbols, args);
    copy_stored(plan, saved, true);
    lm__context_free(r.context);
    for (int i = 0; i < LM__MAX_INPUTS; i++) lm__free(r.outputs[i]);
    lm__free(r.seconds);
    lm__free(saved);
    return status;
}

lm_profile *lm__function_profile(lm_function *function, const int64_t *symbols, const void *const *inputs,
                                 const lm_profile_args *args)
{
    lm__function_hold hold;
    lm_profile *p = lm__object_new(&lm__profile_type, sizeof *p);
    if (lm_failed(p)) return p;
    double begun = lm__seconds();
    lm_status status = lm__function_enter(function, symbols, &hold);
    p->totals.planning_seconds = lm__seconds() - begun;
    if (status == LM_OK) {
        status = profile(p, hold.plan, lm__function_graph(function), symbols, inputs, args);
        lm__function_leave(function, &hold);
    }
    if (status == LM_OK) return p;
    lm_free(p);
    return lm__object_poison(&lm__profile_type);
}

lm_profile *lm__function_profile_on(lm_function *function, lm_tensor *const *inputs, const lm_profile_args *args)
{
    int64_t symbols[LM__FUNCTION_SYMBOLS];
    const void *memory[LM__MAX_INPUTS];
    if (lm__function_bind(lm__function_graph(function), inputs, symbols, memory))
        return lm__object_poison(&lm__profile_type);
    return lm__function_profile(function, symbols, memory, args);
}
