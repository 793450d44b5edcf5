/* kernels/fast/conv2d_backward_kernel.c: dk = sum over windows of x dy, on our own vector code.
 *
 * Slices of the images go to partial results, added in order. Measured with AVX-512, 118 GFLOP/s a core, one thread:
 * the tutorial's first layer 108 GFLOP/s; 16 channels to 16: 106 against 119 of oneDNN 2.6. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/fast/conv.h"
#include <string.h>

enum { SLICE_FLOPS = 1 << 21, MOST_SLICES = 32, SUM_CHUNK = 4096, PARTIAL_FLOATS = 1 << 22 };

typedef struct backward {
    lm__conv2d_dims d;
    const lm__simd *simd;
    bool is_product, padded;
    lm__product product;
    lm__slab slab;
    lm__conv_units units;
    int64_t taps, slices, blocks;       /* slices of the units; blocks of the filters */
    size_t size;                        /* of dk */
    int32_t offset[];
} backward;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static void plan(backward *f)
{
    const lm__conv2d_dims *d = &f->d;
    int64_t right = lm__conv2d_right(d);
    f->padded = d->top > 0 || d->left > 0 || right > 0 || lm__conv2d_bottom(d) > 0;
    f->slab = (lm__slab){.columns = d->left + d->width + right, .channels = d->channels, .left = -d->left};
    int64_t row = f->slab.columns * d->channels;
    double pixel = 2.0 * (double)f->taps * (double)d->filters;
    f->units = lm__conv_units_of(d->batch, d->out_height, d->out_width, pixel, f->padded ? row * d->stride_y : 0, 1);
    f->slab.rows = (f->units.rows - 1) * d->stride_y + lm__window_extent(d->kernel_height, d->dilation_y);
    f->slab.floats = f->padded ? (size_t)(f->slab.rows * row) : 0;

    double flops = lm__conv2d_flops(d);
    int64_t wanted = flops < (double)SLICE_FLOPS * MOST_SLICES ? (int64_t)(flops / SLICE_FLOPS) + 1 : MOST_SLICES;
    f->slices = least(wanted, f->units.units);
    if (f->size > 0) f->slices = least(f->slices, 1 + PARTIAL_FLOATS / (int64_t)f->size);
    if (f->slices < 1) f->slices = 1;
    int64_t panels = d->groups == 1 ? up(d->filters, f->simd->tile_columns) : 1;
    f->blocks = least(up(wanted, f->slices), panels > 0 ? panels : 1);
    int64_t i = 0, pitch = f->padded ? row : d->width * d->channels;
    for (int64_t ky = 0; ky < d->kernel_height; ky++)
        for (int64_t kx = 0; kx < d->kernel_width; kx++)
            for (int64_t c = 0; c < d->channels / d->groups; c++)
                f->offset[i++] = (int32_t)(ky * d->dilation_y * pitch + kx * d->dilation_x * d->channels + c);
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(problem);
    if (!lm__conv_fits(&d)) return LM_UNSUPPORTED;
    int64_t taps = d.kernel_height * d.kernel_width * (d.channels / d.groups);
    backward *f = lm__calloc(1, sizeof *f + (size_t)taps * sizeof(int32_t));
    if (!f) return lm__no_memory(sizeof *f + (size_t)taps * sizeof(int32_t));
    f->d = d;
    f->taps = taps;
    f->size = (size_t)(taps * d.filters);
    f->simd = lm__simd_at(problem->isa);
    f->is_product = lm__conv_is_product(&d);
    *state = f;
    if (f->is_product) {
        f->product = lm__product_of(
            &(lm__matmul_dims){.m = d.channels, .n = d.filters, .k = d.batch * d.height * d.width, .batches = 1},
            true, false, problem->isa);
        needs->scratch = lm__product_scratch(&f->product);
        needs->shared = lm__product_shared(&f->product);
        return LM_OK;
    }
    plan(f);
    needs->scratch = f->slab.floats * sizeof(float);
    needs->shared = (size_t)(f->slices - 1) * f->size * sizeof(float);
    return LM_OK;
}

typedef struct call {
    const backward *f;
    const float *x, *dy;
    float *dk;
    const lm__run *run;
} call;

/* Adds what a unit has to filters [first, end) of c; `begin`: nothing is there yet. */
static void run_unit(const call *r, int64_t unit, int64_t first, int64_t end, float *c, bool begin, float *scratch)
{
    const backward *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    int64_t image = unit / f->units.blocks, y0 = unit % f->units.blocks * f->units.rows;
    int64_t rows = least(d->out_height - y0, f->units.rows), pitch = d->width * d->channels;
    int64_t share = d->channels / d->groups, mine = d->filters / d->groups;
    const float *x = r->x + image * d->height * pitch;
    const float *a = x + y0 * d->stride_y * pitch;
    if (f->padded) {
        pitch = f->slab.columns * d->channels;
        lm__slab_copy(&f->slab, x, d->height, d->width, y0 * d->stride_y - d->top, scratch);
        a = scratch;
    }
    lm__conv v = {.height = rows, .width = d->out_width, .taps = f->taps, .a_row = d->stride_y * pitch,
                  .a_step = d->stride_x * d->channels, .offset = f->offset, .ldb = d->filters,
                  .b_row = d->out_width * d->filters, .c_step = d->filters, .add = !begin};
    for (int64_t g = 0; g < d->groups; g++) {
        int64_t from = d->groups == 1 ? first : g * mine;
        v.filters = d->groups == 1 ? end - first : mine;
        v.a = a + g * share;
        v.b = r->dy + (image * d->out_height + y0) * v.b_row + from;
        v.c = c + from;
        f->simd->conv_kernel(&v);
    }
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const backward *f = r->f;
    float *scratch = lm__run_scratch(r->run, thread);
    int64_t slice = (int64_t)job / f->blocks, block = (int64_t)job % f->blocks, tile = f->simd->tile_columns;
    int64_t panels = up(f->d.filters, tile), first = panels * block / f->blocks * tile;
    int64_t end = least(panels * (block + 1) / f->blocks * tile, f->d.filters);
    float *c = slice == 0 ? r->dk : (float *)r->run->shared + (size_t)(slice - 1) * f->size;
    int64_t begin = f->units.units * slice / f->slices, stop = f->units.units * (slice + 1) / f->slices;
    for (int64_t unit = begin; unit < stop; unit++) run_unit(r, unit, first, end, c, unit == begin, scratch);
}

static void sum_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    size_t size = r->f->size, at = job * SUM_CHUNK, n = size - at < SUM_CHUNK ? size - at : SUM_CHUNK;
    (void)thread;
    r->f->simd->add_up(r->dk + at, n, (const float *)r->run->shared + at, size, (size_t)r->f->slices - 1);
}

static lm_status run(const lm__run *run)
{
    const backward *f = (const backward *)run->state;
    call r = {.f = f, .x = run->in[0], .dy = run->in[1], .dk = run->out[0], .run = run};
    if (f->is_product) {
        lm__product_run(&f->product, &(lm__product_data){.a = r.x, .b = r.dy, .c = r.dk}, run);
        return LM_OK;
    }
    if (f->units.units == 0) memset(r.dk, 0, f->size * sizeof(float));
    else lm__parallel((size_t)(f->slices * f->blocks), run_job, &r);
    if (f->slices > 1) lm__parallel((f->size + SUM_CHUNK - 1) / SUM_CHUNK, sum_job, &r);
    return LM_OK;
}

static bool takes(const lm__problem *problem)
{
    return problem->in[0].dtype == LM_F32;
}

static bool takes_thin(const lm__problem *problem)
{
    lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(problem);
    return takes(problem) && lm__conv_is_thin(&d);
}

#define KERNEL(rule)                                                                                             \
    {                                                                                                            \
        .op = "conv2d_backward_kernel", .name = "simd", .accepts = rule, .prepare = prepare, .release = lm__free,   \
        .run = run                                                                                               \
    }
const lm__kernel lm__simd_conv2d_backward_kernel = KERNEL(takes_thin);
const lm__kernel lm__simd_any_conv2d_backward_kernel = KERNEL(takes);
