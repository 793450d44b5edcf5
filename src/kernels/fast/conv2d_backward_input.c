/* kernels/fast/conv2d_backward_input.c: dx from dy, on our own vector code.
 *
 * With stride s, the pixels of dx whose row is r modulo s see only the taps of one residue: each such phase is a
 * convolution of dy with stride 1 by a part of the turned kernel, whose results lie s apart. Measured with AVX-512,
 * 118 GFLOP/s a core, one thread: 16 channels to 16: 110 against 121 GFLOP/s of oneDNN 2.6. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/fast/conv.h"

typedef struct phase {
    int64_t ry, rx;                     /* first row and column of dx */
    int64_t first, taps; /* its kernel cells, in the list of all; taps: cells times filters of a group */
    size_t weights;                     /* where its turned kernel begins, in floats */
} phase;

typedef struct backward {
    lm__conv2d_dims d;
    const lm__simd *simd;
    bool is_product;
    lm__product product;
    lm__slab slab;                      /* of dy */
    int64_t low_y, low_x;               /* the slab's first cell, from that of the unit's first row */
    lm__conv_units units;
    int64_t phases;
    int64_t *cell;                      /* kernel cells (ky * kernel_width + kx), phase by phase */
    phase *phase;
    int32_t *offset;                    /* of each tap, phase by phase */
} backward;

static int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/* Where tap k of the window row (or column) looks in dy, counted from the slab's beginning, for phase r; -1: it does
 * not. */
static int64_t place(int64_t r, int64_t before, int64_t k, int64_t dilation, int64_t stride, int64_t low)
{
    int64_t at = r + before - k * dilation;
    return at - floor_divide(at, stride) * stride ? -1 : floor_divide(at, stride) - low;
}

static void plan_phases(backward *f)
{
    const lm__conv2d_dims *d = &f->d;
    int64_t cells = 0, taps = 0, mine = d->filters / d->groups, share = d->channels / d->groups;
    size_t weights = 0;
    for (int64_t ry = 0; ry < d->stride_y; ry++)
        for (int64_t rx = 0; rx < d->stride_x; rx++) {
            phase *p = &f->phase[f->phases++];
            *p = (phase){.ry = ry, .rx = rx, .first = cells, .weights = weights};
            for (int64_t k = 0; k < d->kernel_height * d->kernel_width; k++) {
                int64_t y = place(ry, d->top, k / d->kernel_width, d->dilation_y, d->stride_y, f->low_y);
                int64_t x = place(rx, d->left, k % d->kernel_width, d->dilation_x, d->stride_x, f->low_x);
                if (y < 0 || x < 0) continue;
                f->cell[cells++] = k;
                for (int64_t i = 0; i < mine; i++)
                    f->offset[taps++] = (int32_t)((y * f->slab.columns + x) * d->filters + i);
                p->taps += mine;
            }
            weights += (size_t)(p->taps * share * d->groups);
        }
}

static void plan(backward *f)
{
    const lm__conv2d_dims *d = &f->d;
    int64_t reach_y = (d->kernel_height - 1) * d->dilation_y, reach_x = (d->kernel_width - 1) * d->dilation_x;
    f->low_y = floor_divide(d->top - reach_y, d->stride_y);
    f->low_x = floor_divide(d->left - reach_x, d->stride_x);
    if (f->low_x > 0) f->low_x = 0;
    int64_t high_x = floor_divide(d->width - 1 + d->left, d->stride_x);
    f->slab = (lm__slab){.columns = high_x - f->low_x + 1, .channels = d->filters, .left = f->low_x};
    double pixel = lm__conv2d_flops(d) / (double)(d->batch * d->height * d->width + 1);
    f->units = lm__conv_units_of(d->batch, d->height, d->width, pixel, f->slab.columns * d->filters / d->stride_y,
                                 d->stride_y);
    f->slab.rows = floor_divide(f->units.rows - 1 + d->top, d->stride_y) - f->low_y + 1;
    f->slab.floats = (size_t)(f->slab.rows * f->slab.columns * d->filters);
    plan_phases(f);
}

static void release(void *state)
{
    backward *f = state;
    lm__free(f->cell);
    lm__free(f->phase);
    lm__free(f->offset);
    lm__free(f);
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(problem);
    if (!lm__conv_fits(&d)) return LM_UNSUPPORTED;
    size_t cells = (size_t)(d.kernel_height * d.kernel_width), taps = cells * (size_t)(d.filters / d.groups);
    backward *f = lm__calloc(1, sizeof *f);
    if (!f) return lm__no_memory(sizeof *f);
    f->cell = lm__calloc(cells, sizeof *f->cell);
    f->phase = lm__calloc((size_t)(d.stride_y * d.stride_x), sizeof *f->phase);
    f->offset = lm__calloc(taps, sizeof *f->offset);
    if (!f->cell || !f->phase || !f->offset) {
        release(f);
        return lm__no_memory(taps * sizeof *f->offset);
    }
    f->d = d;
    f->simd = lm__simd_at(problem->isa);
    f->is_product = lm__conv_is_product(&d);
    *state = f;
    if (f->is_product) {
        f->product = lm__product_of(
            &(lm__matmul_dims){.m = d.batch * d.height * d.width, .n = d.channels, .k = d.filters, .batches = 1},
            false, true, problem->isa);
        needs->scratch = lm__product_scratch(&f->product);
        needs->shared = lm__product_shared(&f->product);
        return LM_OK;
    }
    plan(f);
    needs->scratch = (f->slab.floats + (size_t)(LM__CONV_TAPS * f->simd->tile_columns)) * sizeof(float);
    needs->shared = taps * (size_t)d.channels * sizeof(float);
    return LM_OK;
}

typedef struct call {
    const backward *f;
    const float *dy, *k;
    float *dx;
    const lm__run *run;
} call;

/* Turns the kernel: for each phase and group, rows (cell, filter) of the group's channels. */
static void turn_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const backward *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    int64_t share = d->channels / d->groups, mine = d->filters / d->groups, at = (int64_t)job, which = 0;
    (void)thread;
    while (which + 1 < f->phases && f->phase[which + 1].first <= at) which++;
    const phase *p = &f->phase[which];
    for (int64_t g = 0; g < d->groups; g++) {
        const float *from = r->k + f->cell[at] * share * d->filters + g * mine;
        float *to = (float *)r->run->shared + p->weights + (g * p->taps + (at - p->first) * mine) * share;
        f->simd->transpose(from, d->filters, share, mine, to, share);
    }
}

static void run_phase(const call *r, const phase *p, int64_t image, int64_t i0, int64_t rows, float *scratch)
{
    const backward *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    int64_t share = d->channels / d->groups, mine = d->filters / d->groups, pitch = d->width * d->channels;
    if (rows <= p->ry || d->width <= p->rx) return;
    lm__conv v = {.height = (rows - p->ry + d->stride_y - 1) / d->stride_y,
                  .width = (d->width - p->rx + d->stride_x - 1) / d->stride_x, .taps = p->taps, .filters = share,
                  .a_row = f->slab.columns * d->filters, .a_step = d->filters,
                  .offset = f->offset + p->first * mine, .ldb = share, .copy_b = share >= 256,
                  .c_row = d->stride_y * pitch, .c_step = d->stride_x * d->channels};
    for (int64_t g = 0; g < d->groups; g++) {
        v.a = scratch + g * mine;
        v.b = (const float *)r->run->shared + p->weights + g * p->taps * share;
        v.c = r->dx + (image * d->height + i0 + p->ry) * pitch + p->rx * d->channels + g * share;
        f->simd->conv(&v, scratch + f->slab.floats);
    }
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const backward *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    float *scratch = lm__run_scratch(r->run, thread);
    int64_t first = (int64_t)job * f->units.units_a_job, end = first + f->units.units_a_job;
    for (int64_t unit = first; unit < end && unit < f->units.units; unit++) {
        int64_t image = unit / f->units.blocks, i0 = unit % f->units.blocks * f->units.rows;
        int64_t rows = d->height - i0 < f->units.rows ? d->height - i0 : f->units.rows;
        lm__slab_copy(&f->slab, r->dy + image * d->out_height * d->out_width * d->filters, d->out_height,
                      d->out_width, i0 / d->stride_y + f->low_y, scratch);
        for (int64_t p = 0; p < f->phases; p++) run_phase(r, &f->phase[p], image, i0, rows, scratch);
    }
}

static lm_status run(const lm__run *run)
{
    const backward *f = (const backward *)run->state;
    call r = {.f = f, .dy = run->in[0], .k = run->in[1], .dx = run->out[0], .run = run};
    if (f->is_product) {
        lm__product_run(&f->product, &(lm__product_data){.a = r.dy, .b = r.k, .c = r.dx}, run);
        return LM_OK;
    }
    lm__parallel((size_t)(f->d.kernel_height * f->d.kernel_width), turn_job, &r);
    lm__parallel((size_t)f->units.jobs, run_job, &r);
    return LM_OK;
}

static bool takes(const lm__problem *problem)
{
    return problem->in[0].dtype == LM_F32;
}

static bool takes_thin(const lm__problem *problem)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(problem);
    return takes(problem) && lm__conv_is_thin(&d);
}

#define KERNEL(rule)                                                                                             \
    {                                                                                                            \
        .op = "conv2d_backward_input", .name = "simd", .accepts = rule, .prepare = prepare, .release = release,   \
        .run = run                                                                                               \
    }
const lm__kernel lm__simd_conv2d_backward_input = KERNEL(takes_thin);
const lm__kernel lm__simd_any_conv2d_backward_input = KERNEL(takes);
