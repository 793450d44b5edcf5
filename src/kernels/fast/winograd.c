/* kernels/fast/winograd.c: conv2d and both ways back by Winograd's F(4 x 4, 3 x 3) (simd/winograd.h), for windows of
 * 3 x 3 with stride 1.
 *
 * A unit is a group of tiles, or a few: what lies between stays in the second-level cache, or in the first where the
 * products can take the place of their factors (one register tile of filters). The way back to the image is the same
 * with the turned kernel; the kernel's gradient is summed in slices of units before it is transformed. Measured:
 * decision 60. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/epilogue.h"
#include "kernels/fast/conv.h"

enum {
    MOST_FLOATS = 1 << 16,              /* of what lies between, of a unit of more than two groups */
    JOB_FLOPS = 1 << 22,
    SLICES = 32,                        /* of the kernel's gradient, halved while … */
    SLICE_FLOATS = 3 << 17,             /* … they have more floats, but not below … */
    LEAST_SLICES = 4,
    KERNEL_CHUNK = 4096,                /* elements of a kernel that a job transforms */
    SIDE = LM__WINOGRAD_TILE,
};

typedef struct winograd {
    lm__conv2d_dims d;                  /* of the convolution that is done: of the way back, with the turned kernel */
    const lm__simd *simd;
    bool turned, stable;
    int64_t rows, columns;              /* tiles of an image */
    int64_t tiles, groups;              /* of a unit: at most */
    int64_t units, units_a_job, slices;
    size_t strip, v, m, u;              /* floats: of columns on their way, of what lies between, of a kernel */
} winograd;

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t whole(int64_t a, int64_t b) { return up(a, b) * b; }

/* in_place: the products take the place of their factors. */
static void plan_units(winograd *w, bool in_place)
{
    const lm__conv2d_dims *d = &w->d;
    int64_t width = w->simd->width, group = w->simd->winograd.group;
    int64_t channels = whole(d->channels, width), filters = whole(d->filters, width);
    int64_t floats = LM__WINOGRAD * group * (in_place ? most(channels, filters) : channels + filters);
    w->rows = up(d->out_height, SIDE);
    w->columns = up(d->out_width, SIDE);
    int64_t all = d->batch * w->rows * w->columns;
    w->groups = in_place ? 1 : least(most(MOST_FLOATS / floats, 2), most(up(all, group), 1));
    w->tiles = w->groups * group;
    w->units = up(all, w->tiles);
    w->strip = (size_t)((SIDE * w->columns + 2) * 6 * width);
    w->v = (size_t)(LM__WINOGRAD * w->tiles * (in_place ? most(channels, filters) : channels));
    w->m = in_place ? 0 : (size_t)(LM__WINOGRAD * w->tiles * filters);
    double flops = lm__conv2d_flops(d) / (double)w->units;
    w->units_a_job = flops < JOB_FLOPS ? (int64_t)(JOB_FLOPS / (flops + 1)) + 1 : 1;
}

static size_t scratch_bytes(const winograd *w) { return (w->strip + w->v + w->m) * sizeof(float); }

static lm_status make(const lm__problem *problem, const lm__conv2d_dims *d, winograd **out)
{
    winograd *w = lm__calloc(1, sizeof *w);
    *out = w;
    if (!w) return lm__no_memory(sizeof *w);
    w->d = *d;
    w->simd = lm__simd_at(problem->isa);
    return LM_OK;
}

/* --- units ------------------------------------------------------------------------------------------------------ */

typedef struct call {
    const winograd *w;
    const float *image, *kernel, *bias, *gradient;
    float *result;
    int act;                            /* lm__act */
    const lm__run *run;
} call;

/* Goes through a unit in pieces of one row of one image. `first` counts the unit's tiles; false at the end. */
typedef struct piece {
    int64_t image, row, column, columns, first;
} piece;

static bool next_piece(const winograd *w, int64_t unit, piece *p)
{
    int64_t all = w->d.batch * w->rows * w->columns;
    p->first += p->columns;
    int64_t at = unit * w->tiles + p->first, end = least((unit + 1) * w->tiles, all);
    if (at >= end) return false;
    p->image = at / (w->rows * w->columns);
    p->row = at / w->columns % w->rows;
    p->column = at % w->columns;
    p->columns = least(w->columns - p->column, end - at);
    return true;
}

/* Bᵀ d B of a unit; returns the number of tiles. */
static int64_t transform_image(const call *r, int64_t unit, float *v, float *strip)
{
    const winograd *w = r->w;
    const lm__conv2d_dims *d = &w->d;
    lm__winograd_tiles t = {.groups = w->groups, .height = d->height, .width = d->width, .channels = d->channels};
    piece p = {0};
    while (next_piece(w, unit, &p)) {
        t.columns = p.columns, t.first = p.first;
        t.y = SIDE * p.row - d->top, t.x = SIDE * p.column - d->left;
        w->simd->winograd.image(&t, r->image + p.image * d->height * d->width * d->channels, v, strip);
    }
    return p.first;
}

/* The tiles of a piece in results. */
static lm__winograd_tiles result_tiles(const winograd *w, const piece *p)
{
    const lm__conv2d_dims *d = &w->d;
    return (lm__winograd_tiles){.columns = p->columns, .first = p->first, .groups = w->groups, .y = SIDE * p->row,
                                .x = SIDE * p->column, .height = d->out_height, .width = d->out_width,
                                .channels = d->filters};
}

/* --- forward, and back to the image ----------------------------------------------------------------------------- */

static void run_unit(const call *r, int64_t unit, const float *kernel, float *scratch)
{
    const winograd *w = r->w;
    const lm__conv2d_dims *d = &w->d;
    float *v = scratch + w->strip, *m = w->m ? v + w->v : v;
    int64_t count = transform_image(r, unit, v, scratch), pixel = d->filters, line = d->out_width * pixel;
    w->simd->winograd.product(&(lm__winograd_product){.count = count, .groups = w->groups, .channels = d->channels,
                                                      .filters = d->filters, .v = v, .u = (float *)kernel, .m = m});
    piece p = {0};
    while (next_piece(w, unit, &p)) {
        const lm__winograd_tiles t = result_tiles(w, &p);
        float *y = r->result + p.image * d->out_height * line;
        w->simd->winograd.result(&t, m, r->bias, r->act == LM__ACT_RELU, y);
        if (r->act > LM__ACT_RELU)
            w->simd->bias_act(y + t.y * line + t.x * pixel, line, least(SIDE, d->out_height - t.y),
                              least(SIDE * t.columns, d->out_width - t.x) * pixel, NULL, r->act);
    }
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const winograd *w = r->w;
    const float *kernel = w->stable ? r->run->packed[1] : r->run->shared;
    int64_t first = (int64_t)job * w->units_a_job, end = least(first + w->units_a_job, w->units);
    for (int64_t i = first; i < end; i++) run_unit(r, i, kernel, lm__run_scratch(r->run, thread));
}

static int64_t kernel_rows(const winograd *w) { return most(KERNEL_CHUNK / most(w->d.filters, 1), 1); }

/* G g Gᵀ of some channels. */
static void kernel_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__conv2d_dims *d = &r->w->d;
    int64_t rows = kernel_rows(r->w), first = (int64_t)job * rows;
    (void)thread;
    r->w->simd->winograd.kernel(r->kernel, d->channels, d->filters, first, least(first + rows, d->channels),
                                r->run->shared);
}

/* A cell of the kernel that leads back: the opposite cell, channels and filters exchanged. */
static void turn_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const winograd *w = r->w;
    int64_t from = w->d.filters, to = w->d.channels, size = from * to;
    float *turned = (float *)r->run->shared + w->u;
    (void)thread;
    w->simd->transpose(r->kernel + (8 - (int64_t)job) * size, to, from, to, turned + (int64_t)job * size, from);
}

static lm_status run_images(const lm__run *run, const float *image, const float *bias, int act, float *result)
{
    const winograd *w = (const winograd *)run->state;
    call r = {.w = w, .image = image, .kernel = run->in[1], .bias = bias, .act = act, .result = result, .run = run};
    if (w->turned) {
        lm__parallel(9, turn_job, &r);
        r.kernel = (const float *)run->shared + w->u;
    }
    if (!w->stable) lm__parallel((size_t)up(w->d.channels, kernel_rows(w)), kernel_job, &r);
    lm__parallel((size_t)up(w->units, w->units_a_job), run_job, &r);
    return LM_OK;
}

static lm_status run_forward(const lm__run *run)
{
    return run_images(run, run->in[0], NULL, LM__ACT_NONE, run->out[0]);
}

static lm_status run_fused(const lm__run *run)
{
    const lm__conv2d_fused *attr = (const lm__conv2d_fused *)run->problem->attr;
    return run_images(run, run->in[0], run->problem->nin > 2 ? run->in[2] : NULL, (int)attr->activation, run->out[0]);
}

static lm_status run_input(const lm__run *run)
{
    return run_images(run, run->in[0], NULL, LM__ACT_NONE, run->out[0]);
}

static lm_status pack(const lm__problem *problem, const void *state, int i, const void *source, void *packed)
{
    const winograd *w = (const winograd *)state;
    (void)problem;
    (void)i;
    w->simd->winograd.kernel(source, w->d.channels, w->d.filters, 0, w->d.channels, packed);
    return LM_OK;
}

/* --- the kernel's gradient -------------------------------------------------------------------------------------- */

static void slice_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const winograd *w = r->w;
    const lm__conv2d_dims *d = &w->d;
    float *scratch = lm__run_scratch(r->run, thread), *v = scratch + w->strip, *m = v + w->v;
    int64_t first = w->units * (int64_t)job / w->slices, end = w->units * ((int64_t)job + 1) / w->slices;
    lm__winograd_product product = {.groups = w->groups, .channels = d->channels, .filters = d->filters, .v = v,
                                    .u = (float *)r->run->shared + job * w->u, .m = m};
    for (int64_t i = first; i < end; i++) {
        product.count = transform_image(r, i, v, scratch);
        piece p = {0};
        while (next_piece(w, i, &p)) {
            const lm__winograd_tiles t = result_tiles(w, &p);
            w->simd->winograd.gradient(&t, r->gradient + p.image * d->out_height * d->out_width * d->filters, m);
        }
        w->simd->winograd.outer(&product, i > first);
    }
}

static void sum_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__conv2d_dims *d = &r->w->d;
    int64_t rows = most(kernel_rows(r->w) / 4, 1), first = (int64_t)job * rows;
    (void)thread;
    r->w->simd->winograd.kernel_gradient(r->run->shared, (int64_t)r->w->u, r->w->slices, d->channels,
                                         d->filters, first, least(first + rows, d->channels), r->result);
}

static lm_status run_kernel(const lm__run *run)
{
    const winograd *w = (const winograd *)run->state;
    call r = {.w = w, .image = run->in[0], .gradient = run->in[1], .result = run->out[0], .run = run};
    lm__parallel((size_t)w->slices, slice_job, &r);
    lm__parallel((size_t)up(w->d.channels, most(kernel_rows(w) / 4, 1)), sum_job, &r);
    return LM_OK;
}

/* --- what is taken, and prepared -------------------------------------------------------------------------------- */

/* The convolution that leads back from the results' gradient to the image's. */
static lm__conv2d_dims turned(const lm__conv2d_dims *d)
{
    lm__conv2d_dims back = *d;
    back.height = d->out_height, back.width = d->out_width, back.channels = d->filters;
    back.out_height = d->height, back.out_width = d->width, back.filters = d->channels;
    back.top = 2 - d->top, back.left = 2 - d->left;
    return back;
}

static lm_status prepare_images(const lm__problem *problem, const lm__conv2d_dims *d, bool back, lm__needs *needs,
                                void **state)
{
    winograd *w;
    LM_TRY(make(problem, d, &w));
    int64_t width = w->simd->width;
    plan_units(w, d->filters <= 2 * width);
    w->u = (size_t)(LM__WINOGRAD * whole(d->filters, width) * d->channels);
    w->turned = back;
    w->stable = !back && (problem->in_stable >> 1 & 1);
    needs->scratch = scratch_bytes(w);
    if (w->stable) needs->pack[1] = w->u * sizeof(float);
    else needs->shared = (w->u + (back ? (size_t)(9 * d->channels * d->filters) : 0)) * sizeof(float);
    *state = w;
    return LM_OK;
}

static lm_status prepare_forward(const lm__problem *problem, lm__needs *needs, void **state)
{
    const lm__conv2d_dims d = lm__conv2d_problem(problem);
    return prepare_images(problem, &d, false, needs, state);
}

static lm_status prepare_input(const lm__problem *problem, lm__needs *needs, void **state)
{
    const lm__conv2d_dims d = lm__conv2d_backward_input_problem(problem), back = turned(&d);
    return prepare_images(problem, &back, true, needs, state);
}

static lm_status prepare_kernel(const lm__problem *problem, lm__needs *needs, void **state)
{
    const lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(problem);
    winograd *w;
    LM_TRY(make(problem, &d, &w));
    plan_units(w, false);
    int64_t width = w->simd->width;
    w->u = (size_t)(LM__WINOGRAD * whole(d.filters, width) * whole(d.channels, width));
    w->slices = SLICES;
    while (w->slices > LEAST_SLICES && w->slices * (int64_t)w->u > SLICE_FLOATS) w->slices /= 2;
    w->slices = least(w->slices, w->units);
    needs->scratch = scratch_bytes(w);
    needs->shared = (size_t)w->slices * w->u * sizeof(float);
    *state = w;
    return LM_OK;
}

/* 3 x 3 with stride 1; channels enough to outweigh the transforms, few enough for the caches; and few of the tiles'
 * results outside. */
enum { LEAST_TILES = 12 };

static bool fits(const lm__problem *p, const lm__conv2d_dims *d)
{
    if (p->in[0].dtype != LM_F32 || d->batch <= 0 || d->groups != 1) return false;
    if (d->kernel_height != 3 || d->kernel_width != 3 || d->stride_y != 1 || d->stride_x != 1 ||
        d->dilation_y != 1 || d->dilation_x != 1 || d->top > 2 || d->left > 2 || d->top < 0 || d->left < 0)
        return false;
    if (d->channels < 8 || d->filters < 8 || d->channels * d->filters > 256 * 256) return false;
    double area = (double)(d->out_height * d->out_width);
    double tiles = (double)(up(d->out_height, SIDE) * up(d->out_width, SIDE));
    return area > 0 && SIDE * SIDE * tiles <= 1.8 * area && tiles * (double)d->batch >= LEAST_TILES &&
           lm__conv_fits(d);
}

static bool takes_forward(const lm__problem *p)
{
    const lm__conv2d_dims d = lm__conv2d_problem(p);
    return fits(p, &d);
}

static bool takes_input(const lm__problem *p)
{
    const lm__conv2d_dims d = lm__conv2d_backward_input_problem(p), back = turned(&d);
    return fits(p, &d) && fits(p, &back);
}

static bool takes_kernel(const lm__problem *p)
{
    const lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(p);
    return fits(p, &d) && d.channels * d.filters <= 160 * 160;    /* its slices would be larger than the caches */
}

#define KERNEL(name_of_op, form, prepared, packer, function)                                                     \
    {                                                                                                            \
        .op = name_of_op, .name = "winograd", .accepts = takes_##form, .prepare = prepare_##prepared,            \
        .release = lm__free, .pack = packer, .run = function                                                     \
    }
const lm__kernel lm__winograd_conv2d = KERNEL("conv2d", forward, forward, pack, run_forward);
const lm__kernel lm__winograd_conv2d_fused = KERNEL("conv2d_fused", forward, forward, pack, run_fused);
const lm__kernel lm__winograd_conv2d_backward_input = KERNEL("conv2d_backward_input", input, input, NULL, run_input);
const lm__kernel lm__winograd_conv2d_backward_kernel =
    KERNEL("conv2d_backward_kernel", kernel, kernel, NULL, run_kernel);
