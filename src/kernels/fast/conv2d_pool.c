/* kernels/fast/conv2d_pool.c: conv2d_pool and conv2d_pool_backward_kernel on our own vector code.
 *
 * A unit is some rows of pooling windows of one image. What lies between convolution and pooling is made, or put
 * back, for one unit in the thread's scratch memory, where it stays in the caches. Windows must lie side by side
 * without padding.
 *
 * Windows of 2 x 2 are pooled in the registers.
 *
 * Measured on the tutorial's layer (batch 32, 28 x 28 x 1 to 13 x 13 x 32), AVX-512, 118 GFLOP/s a core, one thread:
 * forward 0.16 ms against 0.24 ms apart, and without the 2.8 MB between; backward with relu's mask and the bias's
 * gradient 0.23 ms against 0.42 ms apart. On a Zen 5 now 0.073 and 0.110 ms, the mask and the bias in a map. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/conv2d_pool.h"
#include "kernels/fast/conv.h"
#include <stdatomic.h>
#include <string.h>

enum { BETWEEN_FLOATS = 1 << 12, JOB_FLOPS = 1 << 20, SLICES = 16 };

typedef struct pooled {
    lm__conv2d_dims d;
    lm__pool2d_dims p;
    const lm__simd *simd;
    bool padded;
    lm__slab slab;
    int64_t rows, blocks, units;        /* rows of windows in a unit; units in an image; units in all */
    int64_t units_a_job;
    int64_t taps, slices;               /* backward: slices of the units, each with a partial result */
    size_t between;                     /* floats of a unit's part of what lies between */
    size_t size;                        /* of the kernel */
    int32_t offset[];                   /* of each tap */
} pooled;

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void plan_slab(pooled *f)
{
    const lm__conv2d_dims *d = &f->d;
    int64_t right = lm__conv2d_right(d), i = 0;
    f->padded = d->top > 0 || d->left > 0 || right > 0 || lm__conv2d_bottom(d) > 0;
    f->slab = (lm__slab){.columns = d->left + d->width + right, .channels = d->channels, .left = -d->left};
    f->slab.rows = (f->rows * f->p.size_y - 1) * d->stride_y + lm__window_extent(d->kernel_height, d->dilation_y);
    f->slab.floats = f->padded ? (size_t)(f->slab.rows * f->slab.columns * d->channels) : 0;
    int64_t pitch = (f->padded ? f->slab.columns : d->width) * d->channels;
    for (int64_t ky = 0; ky < d->kernel_height; ky++)
        for (int64_t kx = 0; kx < d->kernel_width; kx++)
            for (int64_t c = 0; c < d->channels; c++)
                f->offset[i++] = (int32_t)(ky * d->dilation_y * pitch + kx * d->dilation_x * d->channels + c);
}

static lm_status make(const lm__conv2d_dims *d, const lm__pool2d_dims *p, lm__isa isa, pooled **out)
{
    int64_t taps = d->kernel_height * d->kernel_width * d->channels, line = p->size_y * d->out_width * d->filters;
    pooled *f = lm__calloc(1, sizeof *f + (size_t)taps * sizeof(int32_t));
    if (!f) return lm__no_memory(sizeof *f + (size_t)taps * sizeof(int32_t));
    f->d = *d;
    f->p = *p;
    f->simd = lm__simd_at(isa);
    f->taps = taps;
    f->size = (size_t)(taps * d->filters);
    f->rows = least(most(BETWEEN_FLOATS / line, 1), p->out_height);
    f->blocks = (p->out_height + f->rows - 1) / f->rows;
    f->units = d->batch * f->blocks;
    f->between = (size_t)(f->rows * line);
    double flops = 2.0 * (double)taps * (double)(f->rows * line);
    f->units_a_job = most((int64_t)(JOB_FLOPS / (flops + 1)), 1);
    f->slices = least(SLICES, most(f->units / f->units_a_job, 1));
    plan_slab(f);
    *out = f;
    return LM_OK;
}

/* What both directions do for a unit: where it is. */
typedef struct unit {
    int64_t image, y0, rows;            /* rows of windows [y0, y0 + rows) */
    const float *a;                     /* what the first window's first tap sees */
    int64_t pitch;                      /* from image row to image row at a */
} unit;

static unit unit_at(const pooled *f, int64_t index, const float *x, float *slab)
{
    const lm__conv2d_dims *d = &f->d;
    unit u = {.image = index / f->blocks, .y0 = index % f->blocks * f->rows, .pitch = d->width * d->channels};
    u.rows = least(f->rows, f->p.out_height - u.y0);
    int64_t top = u.y0 * f->p.size_y * d->stride_y - d->top;
    const float *image = x + u.image * d->height * u.pitch;
    if (f->padded) {
        lm__slab_copy(&f->slab, image, d->height, d->width, top, slab);
        u.pitch = f->slab.columns * d->channels;
        u.a = slab;
    } else {
        u.a = image + top * u.pitch;
    }
    return u;
}

static lm__conv conv_of(const pooled *f, const unit *u)
{
    const lm__conv2d_dims *d = &f->d;
    return (lm__conv){.height = u->rows * f->p.size_y, .width = d->out_width, .taps = f->taps, .filters = d->filters,
                      .a = u->a, .a_row = d->stride_y * u->pitch, .a_step = d->stride_x * d->channels,
                      .offset = f->offset, .ldb = d->filters};
}

/* --- forward ---------------------------------------------------------------------------------------------------- */

typedef struct forward {
    const pooled *f;
    const float *x, *k, *bias;
    float *y;
    int32_t *index;
    int act;                            /* lm__act */
    const lm__run *run;
} forward;

static void pool_unit(const forward *r, int64_t index, float *scratch)
{
    const pooled *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    float *between = scratch, *slab = between + f->between, *panel = slab + f->slab.floats;
    const unit u = unit_at(f, index, r->x, slab);
    int64_t line = d->out_width * d->filters, small = f->p.out_width * d->filters;
    lm__conv v = conv_of(f, &u);
    v.b = r->k;
    v.copy_b = d->filters >= 256;
    v.c = between, v.c_row = line, v.c_step = d->filters;
    v.bias = r->bias;
    v.relu = r->act == LM__ACT_RELU;
    if (f->p.size_y == 2 && f->p.size_x == 2 && r->act <= LM__ACT_RELU && !v.copy_b) {
        int64_t at = (u.image * f->p.out_height + u.y0) * small;
        v.height = u.rows, v.width = f->p.out_width;
        f->simd->conv_pool(&(lm__conv_pool){.conv = v, .y = r->y ? r->y + at : NULL,
                                            .index = r->index ? r->index + at : NULL,
                                            .place = u.y0 * 2 * d->out_width, .image_width = d->out_width});
        return;
    }
    f->simd->conv(&v, panel);
    if (r->act > LM__ACT_RELU) f->simd->bias_act(between, line, v.height, line, NULL, r->act);
    for (int64_t y = 0; y < u.rows; y++) {
        int64_t at = (u.image * f->p.out_height + u.y0 + y) * small;
        f->simd->max_pool_row(&(lm__pool_row){
            .in = between + y * f->p.size_y * line, .rows = f->p.size_y, .width = d->out_width,
            .channels = d->filters, .out_width = f->p.out_width, .size = f->p.size_x, .stride = f->p.size_x,
            .place = (u.y0 + y) * f->p.size_y * d->out_width, .out = r->y ? r->y + at : NULL,
            .index = r->index ? r->index + at : NULL});
    }
}

static void pool_job(void *argument, size_t job, int thread)
{
    const forward *r = (const forward *)argument;
    float *scratch = lm__run_scratch(r->run, thread);
    int64_t first = (int64_t)job * r->f->units_a_job, end = least(first + r->f->units_a_job, r->f->units);
    for (int64_t i = first; i < end; i++) pool_unit(r, i, scratch);
}

static lm__conv2d_dims forward_dims(const lm__problem *p)
{
    const lm__conv2d_pool *attr = (const lm__conv2d_pool *)p->attr;
    return lm__conv2d_dims_of(&attr->conv.conv, p->in[0].dims, p->in[1].dims, attr->between);
}

static lm_status prepare_forward(const lm__problem *p, lm__needs *needs, void **state)
{
    const lm__conv2d_pool *attr = (const lm__conv2d_pool *)p->attr;
    const lm__conv2d_dims d = forward_dims(p);
    const lm__pool2d_dims q = lm__pool2d_dims_of(&attr->pool, attr->between, p->out[0].dims);
    pooled *f;
    LM_TRY(make(&d, &q, p->isa, &f));
    needs->scratch = (f->between + f->slab.floats + (size_t)(LM__CONV_TAPS * f->simd->tile_columns)) * sizeof(float);
    *state = f;
    return LM_OK;
}

static lm_status run_forward(const lm__run *run)
{
    const lm__conv2d_pool *attr = (const lm__conv2d_pool *)run->problem->attr;
    forward r = {.f = run->state, .x = run->in[0], .k = run->in[1], .bias = run->problem->nin > 2 ? run->in[2] : NULL,
                 .y = run->out[0], .index = run->out[1], .act = (int)attr->conv.activation, .run = run};
    lm__parallel((size_t)((r.f->units + r.f->units_a_job - 1) / r.f->units_a_job), pool_job, &r);
    return LM_OK;
}

/* --- the kernel's gradient -------------------------------------------------------------------------------------- */

typedef struct backward {
    const pooled *f;
    const float *x, *dy;
    const int32_t *index;
    float *dk;
    const lm__run *run;
    atomic_bool missed;                 /* a place outside its window */
} backward;

static void add_unit(backward *r, int64_t index, float *c, bool begin, float *scratch)
{
    const pooled *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    float *between = scratch, *slab = between + f->between;
    const unit u = unit_at(f, index, r->x, slab);
    int64_t line = d->out_width * d->filters, small = f->p.out_width * d->filters;
    int64_t rest = d->out_width - f->p.out_width * f->p.size_x;
    for (int64_t y = 0; y < u.rows; y++) {
        int64_t at = (u.image * f->p.out_height + u.y0 + y) * small;
        float *dx = between + y * f->p.size_y * line;
        if (!f->simd->unpool_row(&(lm__unpool_row){
                .dy = r->dy + at, .index = r->index + at, .dx = dx, .width = d->out_width, .channels = d->filters,
                .out_width = f->p.out_width, .size_y = f->p.size_y, .size_x = f->p.size_x,
                .place = (u.y0 + y) * f->p.size_y * d->out_width}))
            atomic_store_explicit(&r->missed, true, memory_order_relaxed);
        for (int64_t i = 1; i <= f->p.size_y && rest > 0; i++)
            memset(dx + i * line - rest * d->filters, 0, (size_t)(rest * d->filters) * sizeof(float));
    }
    lm__conv v = conv_of(f, &u);
    v.b = between, v.b_row = line;
    v.c = c, v.c_step = d->filters;
    v.add = !begin;
    f->simd->conv_kernel(&v);
}

static void slice_job(void *argument, size_t job, int thread)
{
    backward *r = (backward *)argument;
    const pooled *f = r->f;
    float *scratch = lm__run_scratch(r->run, thread);
    float *c = job == 0 ? r->dk : (float *)r->run->shared + (job - 1) * f->size;
    int64_t first = f->units * (int64_t)job / f->slices, end = f->units * ((int64_t)job + 1) / f->slices;
    for (int64_t i = first; i < end; i++) add_unit(r, i, c, i == first, scratch);
}

static lm__conv2d_dims backward_dims(const lm__problem *p)
{
    const lm__conv2d_pool_backward *attr = (const lm__conv2d_pool_backward *)p->attr;
    return lm__conv2d_dims_of(&attr->conv, p->in[0].dims, attr->kernel, attr->between);
}

static lm_status prepare_backward(const lm__problem *p, lm__needs *needs, void **state)
{
    const lm__conv2d_pool_backward *attr = (const lm__conv2d_pool_backward *)p->attr;
    const lm__conv2d_dims d = backward_dims(p);
    const lm__pool2d_dims q = lm__pool2d_dims_of(&attr->pool, attr->between, p->in[1].dims);
    pooled *f;
    LM_TRY(make(&d, &q, p->isa, &f));
    needs->scratch = (f->between + f->slab.floats) * sizeof(float);
    needs->shared = (size_t)(f->slices - 1) * f->size * sizeof(float);
    *state = f;
    return LM_OK;
}

static lm_status run_backward(const lm__run *run)
{
    backward r = {.f = run->state, .x = run->in[0], .dy = run->in[1], .index = run->in[2], .dk = run->out[0],
                  .run = run};
    lm__parallel((size_t)r.f->slices, slice_job, &r);
    if (r.f->slices > 1)
        r.f->simd->add_up(r.dk, r.f->size, (const float *)run->shared, r.f->size, (size_t)r.f->slices - 1);
    if (!atomic_load_explicit(&r.missed, memory_order_relaxed)) return LM_OK;
    return lm__fail(LM_INTERNAL, "conv2d_pool_backward_kernel: a place lies outside its window");
}

/* --- what is taken ---------------------------------------------------------------------------------------------- */

/* Small kernels of one group, of which a partial result costs little, and windows side by side. */
static bool fits(const lm__problem *p, const lm__conv2d_dims *d, const lm__pool2d *pool)
{
    return p->in[0].dtype == LM_F32 && d->groups == 1 && d->filters >= 4 && d->batch > 0 && lm__conv_fits(d) &&
           d->channels * d->kernel_height * d->kernel_width <= LM__CONV_TAPS && d->out_height >= pool->size[0] &&
           d->out_width >= pool->size[1] && pool->padding == LM__PAD_VALID && pool->size[0] == pool->strides[0] &&
           pool->size[1] == pool->strides[1];
}

static bool takes_forward(const lm__problem *p)
{
    const lm__conv2d_dims d = forward_dims(p);
    return fits(p, &d, &((const lm__conv2d_pool *)p->attr)->pool);
}

static bool takes_backward(const lm__problem *p)
{
    const lm__conv2d_dims d = backward_dims(p);
    return fits(p, &d, &((const lm__conv2d_pool_backward *)p->attr)->pool);
}

const lm__kernel lm__simd_conv2d_pool = {.op = "conv2d_pool", .name = "simd", .accepts = takes_forward,
                                         .prepare = prepare_forward, .release = lm__free, .run = run_forward};
const lm__kernel lm__simd_conv2d_pool_backward_kernel = {
    .op = "conv2d_pool_backward_kernel", .name = "simd", .accepts = takes_backward, .prepare = prepare_backward,
    .release = lm__free, .run = run_backward};
