/* kernels/fast/winograd_gradient.c: the gradient of conv2d's kernel by Winograd's algorithm (winograd.h).
 *
 * It is summed over all tiles before it is transformed back. Where it is small, units that stay in a cache go to
 * slices, each of which sums by itself, and what lies between never leaves its core. Where it is large, adding to it
 * for each unit and keeping it for each slice costs more than that: then units are larger, all of one is transformed,
 * and the jobs that follow have a few products each, whose sums are theirs alone. Measured: decision 60. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/fast/winograd.h"

enum {
    SLICES = 32,                        /* halved while … */
    SLICE_FLOATS = 3 << 17,             /* … they have more floats, but not below … */
    LEAST_SLICES = 4,
    LARGE = 1 << 17,                    /* floats of a gradient that is cut by product */
    LARGE_TILES = 128,                  /* of its units */
    TILES_A_JOB = 4,                    /* to transform */
    PANELS_A_JOB = 2,
    MOST_FLOATS = 36 * 160 * 160,
};

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t whole(int64_t a, int64_t b) { return up(a, b) * b; }

/* Of all products, as lm__winograd.outer counts them. */
static int64_t panels(const lm__winograd_plan *w)
{
    return LM__WINOGRAD(w->window) * up(w->filters, 2 * w->simd->width);
}

typedef struct call {
    const lm__winograd_plan *w;
    const float *image, *gradient;
    float *result;
    int64_t unit;                       /* of those that are cut by product */
    const lm__run *run;
} call;

/* Both factors of some tiles; returns the number of the last one + 1. */
static int64_t transform(const call *r, int64_t unit, lm__winograd_piece p, float *v, float *m, float *strip)
{
    const lm__winograd_plan *w = r->w;
    const lm__winograd_side *s = &w->to;
    int64_t end = lm__winograd_transform(w, r->image, unit, p, v, strip);
    while (lm__winograd_next(w, unit, &p)) {
        const lm__winograd_tiles t = lm__winograd_tiles_of(w, s, &p, 0);
        w->simd->winograd.gradient(&t, r->gradient + p.image * s->height * s->width * s->channels, m);
    }
    return end;
}

static lm__winograd_product product_of(const lm__winograd_plan *w, const float *v, float *u, float *m)
{
    return (lm__winograd_product){.window = w->window, .groups = w->groups, .channels = w->channels,
                                  .filters = w->filters, .v = v, .u = u, .m = m};
}

static void slice_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__winograd_plan *w = r->w;
    float *strip = lm__run_scratch(r->run, thread), *v = strip + w->strip, *m = v + w->v;
    int64_t first = w->units * (int64_t)job / w->slices, end = w->units * ((int64_t)job + 1) / w->slices;
    lm__winograd_product product = product_of(w, v, (float *)r->run->shared + job * w->u, m);
    for (int64_t i = first; i < end; i++) {
        product.count = transform(r, i, (lm__winograd_piece){.end = w->tiles}, v, m, strip);
        w->simd->winograd.outer(&product, 0, panels(w), i > first);
    }
}

/* Of the shared memory: the gradient, then both factors. */
static void transform_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__winograd_plan *w = r->w;
    float *v = (float *)r->run->shared + w->u;
    int64_t first = (int64_t)job * TILES_A_JOB;
    const lm__winograd_piece p = {.first = first, .end = least(first + TILES_A_JOB, w->tiles)};
    transform(r, r->unit, p, v, v + w->v, lm__run_scratch(r->run, thread));
}

static void product_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__winograd_plan *w = r->w;
    float *u = r->run->shared, *v = u + w->u;
    int64_t first = (int64_t)job * PANELS_A_JOB;
    lm__winograd_product product = product_of(w, v, u, v + w->v);
    (void)thread;
    product.count = least(w->tiles, w->all - r->unit * w->tiles);
    w->simd->winograd.outer(&product, first, least(first + PANELS_A_JOB, panels(w)), r->unit > 0);
}

static int64_t sum_rows(const lm__winograd_plan *w) { return most(lm__winograd_kernel_rows(w) / 4, 1); }

static void sum_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__winograd_plan *w = r->w;
    int64_t first = (int64_t)job * sum_rows(w);
    const lm__winograd_kernel d = lm__winograd_kernel_of(w, first, first + sum_rows(w));
    (void)thread;
    w->simd->winograd.kernel_gradient(&d, r->run->shared, (int64_t)w->u, most(w->slices, 1), r->result);
}

static lm_status run(const lm__run *run)
{
    const lm__winograd_plan *w = (const lm__winograd_plan *)run->state;
    call r = {.w = w, .image = run->in[0], .gradient = run->in[1], .result = run->out[0], .run = run};
    if (w->slices) lm__parallel((size_t)w->slices, slice_job, &r);
    for (; !w->slices && r.unit < w->units; r.unit++) {
        lm__parallel((size_t)up(w->tiles, TILES_A_JOB), transform_job, &r);
        lm__parallel((size_t)up(panels(w), PANELS_A_JOB), product_job, &r);
    }
    lm__parallel((size_t)up(w->channels, sum_rows(w)), sum_job, &r);
    return LM_OK;
}

static void plan_by_product(lm__winograd_plan *w)
{
    int64_t width = w->simd->width, group = w->simd->winograd.group;
    w->tiles = up(w->all, up(w->all, LARGE_TILES));     /* of nearly one size */
    w->units = up(w->all, w->tiles);
    w->groups = up(w->tiles, group);
    int64_t floats = LM__WINOGRAD(w->window) * w->groups * group;
    w->v = (size_t)(floats * whole(w->channels, width));
    w->m = (size_t)(floats * whole(w->filters, width));
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    const lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(problem);
    lm__winograd_plan *w;
    LM_TRY(lm__winograd_make(problem, &d, false, &w));
    int64_t width = w->simd->width;
    lm__winograd_units(w, false, lm__conv2d_flops(&d));
    w->u = (size_t)(LM__WINOGRAD(w->window) * whole(w->filters, width) * whole(w->channels, width));
    if (w->u > LARGE) {
        plan_by_product(w);
        needs->scratch = w->strip * sizeof(float);
        needs->shared = (w->u + w->v + w->m) * sizeof(float);
    } else {
        w->slices = SLICES;
        while (w->slices > LEAST_SLICES && w->slices * (int64_t)w->u > SLICE_FLOATS) w->slices /= 2;
        w->slices = least(w->slices, w->units);
        needs->scratch = (w->strip + w->v + w->m) * sizeof(float);
        needs->shared = (size_t)w->slices * w->u * sizeof(float);
    }
    *state = w;
    return LM_OK;
}

static bool takes(const lm__problem *p)
{
    const lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(p);
    return lm__winograd_fits(p, &d, false, MOST_FLOATS);
}

const lm__kernel lm__winograd_conv2d_backward_kernel = {
    .op = "conv2d_backward_kernel", .name = "winograd", .accepts = takes, .prepare = prepare, .release = lm__free,
    .run = run};
