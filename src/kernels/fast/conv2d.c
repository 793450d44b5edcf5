/* kernels/fast/conv2d.c: conv2d and conv2d_fused on our own vector code: y = sum over taps of x k, straight from the
 * image.
 *
 * Measured with AVX-512, 118 GFLOP/s a core, one thread: the tutorial's first layer (28 x 28 x 1 to 26 x 26 x 32,
 * batch 32) 76 GFLOP/s, bound by writing the result; 16 channels to 16: 110 against 114 of oneDNN 2.6, 64 to 64: 115
 * against 136 (which leaves out padding). So thin and small ones are done here, the others by oneDNN where it is
 * there; on a faster processor: decision 60, whose algorithm takes what it can before. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/fast/conv.h"

typedef struct forward {
    lm__conv2d_dims d;
    const lm__simd *simd;
    bool is_product, padded;
    lm__product product;
    lm__slab slab;
    lm__conv_units units;
    int64_t taps;
    int32_t offset[];                   /* of each tap */
} forward;

static void plan_slab(forward *f)
{
    const lm__conv2d_dims *d = &f->d;
    int64_t right = lm__conv2d_right(d);
    f->padded = d->top > 0 || d->left > 0 || right > 0 || lm__conv2d_bottom(d) > 0;
    f->slab = (lm__slab){.columns = d->left + d->width + right, .channels = d->channels, .left = -d->left};
    int64_t row = f->slab.columns * d->channels;
    f->units = lm__conv_units_of(d->batch, d->out_height, d->out_width, 2.0 * (double)f->taps * (double)d->filters,
                                 f->padded ? row * d->stride_y : 0, 1);
    f->slab.rows = (f->units.rows - 1) * d->stride_y + lm__window_extent(d->kernel_height, d->dilation_y);
    f->slab.floats = f->padded ? (size_t)(f->slab.rows * row) : 0;
    int64_t i = 0, pitch = f->padded ? row : d->width * d->channels;
    for (int64_t ky = 0; ky < d->kernel_height; ky++)
        for (int64_t kx = 0; kx < d->kernel_width; kx++)
            for (int64_t c = 0; c < d->channels / d->groups; c++)
                f->offset[i++] = (int32_t)(ky * d->dilation_y * pitch + kx * d->dilation_x * d->channels + c);
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_problem(problem);
    if (!lm__conv_fits(&d)) return LM_UNSUPPORTED;
    int64_t taps = d.kernel_height * d.kernel_width * (d.channels / d.groups);
    forward *f = lm__calloc(1, sizeof *f + (size_t)taps * sizeof(int32_t));
    if (!f) return lm__no_memory(sizeof *f + (size_t)taps * sizeof(int32_t));
    f->d = d;
    f->taps = taps;
    f->simd = lm__simd_at(problem->isa);
    f->is_product = lm__conv_is_product(&d);
    *state = f;
    if (f->is_product) {
        f->product = lm__product_of(
            &(lm__matmul_dims){.m = d.batch * d.height * d.width, .n = d.filters, .k = d.channels, .batches = 1},
            false, false, problem->isa);
        needs->scratch = lm__product_scratch(&f->product);
        needs->shared = lm__product_shared(&f->product);
        return LM_OK;
    }
    plan_slab(f);
    needs->scratch = (f->slab.floats + (size_t)(LM__CONV_TAPS * f->simd->tile_columns)) * sizeof(float);
    return LM_OK;
}

typedef struct call {
    const forward *f;
    const float *x, *k, *bias;
    float *y;
    int act;                            /* lm__act */
    const lm__run *run;
} call;

static void run_unit(const call *r, int64_t unit, float *scratch)
{
    const forward *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    int64_t image = unit / f->units.blocks, y0 = unit % f->units.blocks * f->units.rows;
    int64_t rows = d->out_height - y0 < f->units.rows ? d->out_height - y0 : f->units.rows;
    int64_t share = d->channels / d->groups, mine = d->filters / d->groups, pitch = d->width * d->channels;
    const float *x = r->x + image * d->height * pitch;
    const float *a = x + y0 * d->stride_y * pitch;
    if (f->padded) {
        pitch = f->slab.columns * d->channels;
        lm__slab_copy(&f->slab, x, d->height, d->width, y0 * d->stride_y - d->top, scratch);
        a = scratch;
    }
    lm__conv v = {.height = rows, .width = d->out_width, .taps = f->taps, .filters = mine,
                  .a_row = d->stride_y * pitch, .a_step = d->stride_x * d->channels, .offset = f->offset,
                  .ldb = d->filters, .copy_b = d->filters >= 256, .c_row = d->out_width * d->filters,
                  .c_step = d->filters, .relu = r->act == LM__ACT_RELU};
    for (int64_t g = 0; g < d->groups; g++) {
        v.a = a + g * share;
        v.b = r->k + g * mine;
        v.c = r->y + (image * d->out_height + y0) * v.c_row + g * mine;
        v.bias = r->bias ? r->bias + g * mine : NULL;
        f->simd->conv(&v, scratch + f->slab.floats);
    }
    if (r->act > LM__ACT_RELU) {
        float *y = r->y + (image * d->out_height + y0) * v.c_row;
        f->simd->bias_act(y, v.c_row, rows, v.c_row, NULL, r->act);
    }
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__conv_units *u = &r->f->units;
    float *scratch = lm__run_scratch(r->run, thread);
    int64_t first = (int64_t)job * u->units_a_job, end = first + u->units_a_job;
    for (int64_t unit = first; unit < end && unit < u->units; unit++) run_unit(r, unit, scratch);
}

static lm_status run_with(const lm__run *run, const float *bias, int act)
{
    const forward *f = (const forward *)run->state;
    call r = {.f = f, .x = run->in[0], .k = run->in[1], .y = run->out[0], .bias = bias, .act = act, .run = run};
    if (f->is_product)
        lm__product_run(&f->product, &(lm__product_data){.a = r.x, .b = r.k, .bias = bias, .c = r.y, .act = act},
                        run);
    else
        lm__parallel((size_t)f->units.jobs, run_job, &r);
    return LM_OK;
}

static lm_status run(const lm__run *r)
{
    return run_with(r, NULL, LM__ACT_NONE);
}

static lm_status run_fused(const lm__run *r)
{
    const lm__conv2d_fused *attr = (const lm__conv2d_fused *)r->problem->attr;
    return run_with(r, r->problem->nin > 2 ? r->in[2] : NULL, (int)attr->activation);
}

static bool takes(const lm__problem *problem)
{
    return problem->in[0].dtype == LM_F32;
}

static bool takes_thin(const lm__problem *problem)
{
    lm__conv2d_dims d = lm__conv2d_problem(problem);
    return takes(problem) && lm__conv_is_thin(&d);
}

#define KERNEL(name_of_op, rule, function)                                                                       \
    {                                                                                                            \
        .op = name_of_op, .name = "simd", .accepts = rule, .prepare = prepare, .release = lm__free, .run = function \
    }
const lm__kernel lm__simd_conv2d = KERNEL("conv2d", takes_thin, run);
const lm__kernel lm__simd_any_conv2d = KERNEL("conv2d", takes, run);
const lm__kernel lm__simd_conv2d_fused = KERNEL("conv2d_fused", takes_thin, run_fused);
const lm__kernel lm__simd_any_conv2d_fused = KERNEL("conv2d_fused", takes, run_fused);
