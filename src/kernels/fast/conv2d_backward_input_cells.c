/* kernels/fast/conv2d_backward_input_cells.c: dx from dy where the image has a few channels only, as behind the
 * last layer of a generator. Vectors over channels would stay empty, so they go over (kernel cell, channel): one
 * product of dy's pixels by the kernel gives what each pixel adds to the cells of its window; then these are added.
 *
 * Measured with AVX-512, one thread, 64 filters of 4 x 4 by 2 to one channel of 28 x 28: 73 GFLOP/s, by phases
 * (conv2d_backward_input.c) 11. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/fast/conv.h"
#include <string.h>

enum { MOST_CHANNELS = 4, MOST_COLUMNS = 256, LEAST_FILTERS = 8 };

typedef struct backward {
    lm__conv2d_dims d;
    const lm__simd *simd;
    lm__conv_units units;               /* of rows of dx */
    int64_t columns;                    /* cells times channels */
    int64_t wide;                       /* floats of a row of dx with all that windows reach */
    size_t product, strip;              /* floats: what dy's pixels add; rows of dx with margins */
} backward;

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/* The rows of dy whose windows touch rows [i0, i0 + rows) of dx. */
static void rows_of(const lm__conv2d_dims *d, int64_t i0, int64_t rows, int64_t *first, int64_t *end)
{
    int64_t reach = (d->kernel_height - 1) * d->dilation_y;
    *first = most(-floor_divide(reach - d->top - i0, d->stride_y), 0);
    *end = least(floor_divide(i0 + rows - 1 + d->top, d->stride_y) + 1, d->out_height);
}

static void plan(backward *f)
{
    const lm__conv2d_dims *d = &f->d;
    double pixel = lm__conv2d_flops(d) / (double)(d->batch * d->height * d->width + 1);
    f->columns = d->kernel_height * d->kernel_width * d->channels;
    f->wide = ((d->out_width - 1) * d->stride_x + lm__window_extent(d->kernel_width, d->dilation_x)) * d->channels;
    f->wide = most(f->wide, (d->left + d->width) * d->channels);
    f->units = lm__conv_units_of(d->batch, d->height, d->width, pixel, d->out_width * f->columns / d->stride_y + 1,
                                 d->stride_y);
    int64_t rows = least(f->units.rows, d->height), reach = (d->kernel_height - 1) * d->dilation_y;
    f->product = (size_t)(((rows - 1 + reach) / d->stride_y + 1) * d->out_width * f->columns);
    f->strip = (size_t)(rows * f->wide);
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(problem);
    if (!lm__conv_fits(&d)) return LM_UNSUPPORTED;
    backward *f = lm__calloc(1, sizeof *f);
    if (!f) return lm__no_memory(sizeof *f);
    f->d = d;
    f->simd = lm__simd_at(problem->isa);
    plan(f);
    *state = f;
    needs->scratch = f->simd->gemm_scratch + (f->product + f->strip) * sizeof(float);
    return LM_OK;
}

/* Adds the products of one pixel after the other, a row of cells at a time. */
static void add_row(const backward *f, const float *from, float *to)
{
    const lm__conv2d_dims *d = &f->d;
    int64_t n = d->kernel_width * d->channels, step = d->stride_x * d->channels, apart = d->dilation_x * d->channels;
    if (d->dilation_x == 1) {
        for (int64_t x = 0; x < d->out_width; x++, from += f->columns, to += step)
            for (int64_t i = 0; i < n; i++) to[i] += from[i];
        return;
    }
    for (int64_t x = 0; x < d->out_width; x++, from += f->columns, to += step)
        for (int64_t i = 0; i < n; i++) to[i / d->channels * apart + i % d->channels] += from[i];
}

typedef struct call {
    const backward *f;
    const lm__run *run;
} call;

static void run_unit(const call *r, int64_t image, int64_t i0, int64_t rows, char *scratch)
{
    const backward *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    float *product = (float *)(scratch + f->simd->gemm_scratch), *strip = product + f->product;
    int64_t first, end, across = d->out_width * d->filters, line = d->width * d->channels;
    rows_of(d, i0, rows, &first, &end);
    memset(strip, 0, (size_t)(rows * f->wide) * sizeof *strip);
    if (end > first) {
        lm__gemm g = {.m = (end - first) * d->out_width, .n = f->columns, .k = d->filters,
                      .a = (const float *)r->run->in[0] + (image * d->out_height + first) * across,
                      .rsa = d->filters, .csa = 1, .b = r->run->in[1], .rsb = 1, .csb = d->filters, .c = product,
                      .rsc = f->columns, .csc = 1};
        f->simd->gemm(&g, scratch);
    }
    for (int64_t y = first; y < end; y++)
        for (int64_t ky = 0; ky < d->kernel_height; ky++) {
            int64_t i = y * d->stride_y - d->top + ky * d->dilation_y - i0;
            if (i < 0 || i >= rows) continue;
            add_row(f, product + (y - first) * d->out_width * f->columns + ky * d->kernel_width * d->channels,
                    strip + i * f->wide);
        }
    float *dx = (float *)r->run->out[0] + (image * d->height + i0) * line;
    for (int64_t i = 0; i < rows; i++)
        memcpy(dx + i * line, strip + i * f->wide + d->left * d->channels, (size_t)line * sizeof *dx);
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__conv_units *u = &r->f->units;
    int64_t begin = (int64_t)job * u->units_a_job, stop = least(begin + u->units_a_job, u->units);
    for (int64_t unit = begin; unit < stop; unit++) {
        int64_t i0 = unit % u->blocks * u->rows;
        run_unit(r, unit / u->blocks, i0, least(r->f->d.height - i0, u->rows), lm__run_scratch(r->run, thread));
    }
}

static lm_status run(const lm__run *run)
{
    call r = {(const backward *)run->state, run};
    lm__parallel((size_t)r.f->units.jobs, run_job, &r);
    return LM_OK;
}

static bool takes(const lm__problem *problem)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(problem);
    int64_t cells = d.kernel_height * d.kernel_width;
    return problem->in[0].dtype == LM_F32 && d.groups == 1 && d.channels <= MOST_CHANNELS && cells > 1 &&
           cells * d.channels <= MOST_COLUMNS && d.filters >= LEAST_FILTERS && d.out_height > 0 && d.out_width > 0;
}

const lm__kernel lm__cells_conv2d_backward_input = {
    .op = "conv2d_backward_input", .name = "simd", .accepts = takes, .prepare = prepare, .release = lm__free,
    .run = run};
