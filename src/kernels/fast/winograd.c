/* kernels/fast/winograd.c: conv2d and the way back to the image by Winograd's F(4 x 4, r x r) (simd/winograd.h):
 * windows of 2 and 3 with stride 1, of 4 to 6 with stride 2. The kernel's gradient is in winograd_gradient.c.
 *
 * A unit is a group of tiles, or a few: what lies between stays in the second-level cache, or in the first where the
 * products can take the place of their factors (one register tile of filters). The way back to the image is a
 * convolution with the turned kernel, whose results lie a stride apart. Measured: decision 60. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/epilogue.h"
#include "kernels/fast/winograd.h"
#include <string.h>

enum {
    MOST_FLOATS = 1 << 16,              /* of what lies between, of a unit of more than two groups */
    LARGE_KERNEL = 1 << 19,             /* a transformed kernel that comes from afar: units are of … */
    LARGE_GROUPS = 4,                   /* … so many groups, to read it seldom */
    JOB_FLOPS = 1 << 22,
    KERNEL_CHUNK = 4096,                /* elements of a kernel that a job transforms */
    SIDE = LM__WINOGRAD_TILE,
    LEAST_TILES = 12,
    KERNEL_FLOATS = 36 << 16,           /* measured */
};

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t whole(int64_t a, int64_t b) { return up(a, b) * b; }

void lm__winograd_units(lm__winograd_plan *w, bool in_place, double flops)
{
    int64_t width = w->simd->width, group = w->simd->winograd.group, products = LM__WINOGRAD(w->window);
    int64_t channels = whole(w->channels, width), filters = whole(w->filters, width);
    int64_t floats = products * group * (in_place ? most(channels, filters) : channels + filters);
    int64_t all = w->all, groups = in_place ? 1 : most(MOST_FLOATS / floats, 2);
    if (products * channels * filters > LARGE_KERNEL) groups = most(groups, LARGE_GROUPS);
    w->units = most(up(all, groups * group), 1);
    w->tiles = in_place ? group : most(up(all, w->units), 1);   /* of nearly one size */
    w->units = up(all, w->tiles);
    w->groups = up(w->tiles, group);
    w->strip = (size_t)((SIDE * w->columns + w->window - 1) * (w->window + 3) * width);
    w->v = (size_t)(products * w->groups * group * (in_place ? most(channels, filters) : channels));
    w->m = in_place ? 0 : (size_t)(products * w->groups * group * filters);
    flops /= (double)w->units;
    w->units_a_job = flops < JOB_FLOPS ? (int64_t)(JOB_FLOPS / (flops + 1)) + 1 : 1;
}

static int64_t window_of(const lm__conv2d_dims *d) { return up(d->kernel_height, d->stride_y); }

static void plan_sides(lm__winograd_plan *w, const lm__conv2d_dims *d, bool back)
{
    const lm__winograd_side image = {d->height, d->width, d->channels, d->stride_y, d->top, d->left};
    const lm__winograd_side result = {d->out_height, d->out_width, d->filters, 1, 0, 0};
    w->batch = d->batch, w->window = window_of(d);
    w->kernel_height = d->kernel_height, w->kernel_width = d->kernel_width, w->stride = d->stride_y;
    w->from = back ? result : image;
    w->to = back ? image : result;
    int64_t height = d->out_height, width = d->out_width;
    if (back && w->stride == 1) {       /* results from the first row and column on */
        w->from.top = w->window - 1 - d->top, w->from.left = w->window - 1 - d->left;
        w->to.top = w->to.left = 0;
        height = d->height, width = d->width;
    } else if (back) {
        w->from.top = w->from.left = w->window - 1;
        height = (d->height - 1 + d->top) / w->stride + 1, width = (d->width - 1 + d->left) / w->stride + 1;
    }
    w->rows = up(height, SIDE);
    w->columns = up(width, SIDE);
    w->all = w->batch * w->rows * w->columns;
    w->channels = w->from.channels * w->from.step * w->from.step;
    w->filters = w->to.channels * w->to.step * w->to.step;
}

lm_status lm__winograd_make(const lm__problem *problem, const lm__conv2d_dims *d, bool back, lm__winograd_plan **out)
{
    lm__winograd_plan *w = lm__calloc(1, sizeof *w);
    *out = w;
    if (!w) return lm__no_memory(sizeof *w);
    w->simd = lm__simd_at(problem->isa);
    plan_sides(w, d, back);
    return LM_OK;
}

/* --- units ------------------------------------------------------------------------------------------------------ */

bool lm__winograd_next(const lm__winograd_plan *w, int64_t unit, lm__winograd_piece *p)
{
    p->first += p->columns;
    int64_t at = unit * w->tiles + p->first, end = least(unit * w->tiles + p->end, w->all);
    if (at >= end) return false;
    p->image = at / (w->rows * w->columns);
    p->row = at / w->columns % w->rows;
    p->column = at % w->columns;
    p->columns = least(w->columns - p->column, end - at);
    return true;
}

lm__winograd_tiles lm__winograd_tiles_of(const lm__winograd_plan *w, const lm__winograd_side *s,
                                         const lm__winograd_piece *p, int64_t phase)
{
    return (lm__winograd_tiles){
        .window = w->window, .columns = p->columns, .first = p->first, .groups = w->groups,
        .block = phase * up(s->channels, w->simd->width), .y = s->step * SIDE * p->row + phase / s->step - s->top,
        .x = s->step * SIDE * p->column + phase % s->step - s->left, .step = s->step, .height = s->height,
        .width = s->width, .channels = s->channels};
}

int64_t lm__winograd_transform(const lm__winograd_plan *w, const float *image, int64_t unit, lm__winograd_piece p,
                               float *v, float *strip)
{
    const lm__winograd_side *s = &w->from;
    while (lm__winograd_next(w, unit, &p))
        for (int64_t phase = 0; phase < s->step * s->step; phase++) {
            const lm__winograd_tiles t = lm__winograd_tiles_of(w, s, &p, phase);
            w->simd->winograd.image(&t, image + p.image * s->height * s->width * s->channels, v, strip);
        }
    return p.first;
}

/* --- forward, and back to the image ----------------------------------------------------------------------------- */

typedef struct call {
    const lm__winograd_plan *w;
    const float *image, *kernel, *bias;
    float *result;
    int act;                            /* lm__act */
    const lm__run *run;
} call;

static void run_unit(const call *r, int64_t unit, const float *kernel, float *scratch)
{
    const lm__winograd_plan *w = r->w;
    const lm__winograd_side *s = &w->to;
    float *v = scratch + w->strip, *m = w->m ? v + w->v : v;
    lm__winograd_piece p = {.end = w->tiles};
    int64_t count = lm__winograd_transform(w, r->image, unit, p, v, scratch), line = s->width * s->channels;
    w->simd->winograd.product(&(lm__winograd_product){.window = w->window, .count = count, .groups = w->groups,
                                                      .channels = w->channels, .filters = w->filters, .v = v,
                                                      .u = (float *)kernel, .m = m});
    while (lm__winograd_next(w, unit, &p))
        for (int64_t phase = 0; phase < s->step * s->step; phase++) {
            const lm__winograd_tiles t = lm__winograd_tiles_of(w, s, &p, phase);
            float *y = r->result + p.image * s->height * line;
            w->simd->winograd.result(&t, m, r->bias, r->act == LM__ACT_RELU, y);
            if (r->act > LM__ACT_RELU)  /* forward: one phase */
                w->simd->bias_act(y + t.y * line + t.x * s->channels, line, least(SIDE, s->height - t.y),
                                  least(SIDE * t.columns, s->width - t.x) * s->channels, NULL, r->act);
        }
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__winograd_plan *w = r->w;
    const float *kernel = w->stable ? r->run->packed[1] : r->run->shared;
    int64_t first = (int64_t)job * w->units_a_job, end = least(first + w->units_a_job, w->units);
    for (int64_t i = first; i < end; i++) run_unit(r, i, kernel, lm__run_scratch(r->run, thread));
}

lm__winograd_kernel lm__winograd_kernel_of(const lm__winograd_plan *w, int64_t first, int64_t end)
{
    lm__winograd_kernel d = {.window = w->window, .step = w->stride, .height = w->kernel_height,
                             .width = w->kernel_width, .channels = w->from.channels, .filters = w->filters,
                             .first = first, .end = least(end, w->channels)};
    if (w->turned) d.step = 1, d.height = d.width = w->window;
    return d;
}

int64_t lm__winograd_kernel_rows(const lm__winograd_plan *w) { return most(KERNEL_CHUNK / most(w->filters, 1), 1); }

/* G g Gᵀ of some channels. */
static void kernel_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    int64_t rows = lm__winograd_kernel_rows(r->w), first = (int64_t)job * rows;
    const lm__winograd_kernel d = lm__winograd_kernel_of(r->w, first, first + rows);
    (void)thread;
    r->w->simd->winograd.kernel(&d, r->kernel, r->run->shared);
}

/* A cell of the window that leads back: of each phase the opposite cell, channels and filters exchanged. */
static void turn_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__winograd_plan *w = r->w;
    int64_t channels = w->to.channels, filters = w->from.channels, last = w->window - 1;
    int64_t y = (last - (int64_t)job / w->window) * w->stride, x = (last - (int64_t)job % w->window) * w->stride;
    float *turned = (float *)r->run->shared + w->u + (int64_t)job * filters * w->filters;
    (void)thread;
    for (int64_t phase = 0; phase < w->stride * w->stride; phase++, turned += channels) {
        int64_t row = y + phase / w->stride, column = x + phase % w->stride;
        if (row < w->kernel_height && column < w->kernel_width)
            w->simd->transpose(r->kernel + (row * w->kernel_width + column) * channels * filters, filters, channels,
                               filters, turned, w->filters);
        else
            for (int64_t f = 0; f < filters; f++)
                memset(turned + f * w->filters, 0, (size_t)channels * sizeof(float));
    }
}

static lm_status run_images(const lm__run *run, const float *image, const float *bias, int act, float *result)
{
    const lm__winograd_plan *w = (const lm__winograd_plan *)run->state;
    call r = {.w = w, .image = image, .kernel = run->in[1], .bias = bias, .act = act, .result = result, .run = run};
    if (w->turned) {
        lm__parallel((size_t)(w->window * w->window), turn_job, &r);
        r.kernel = (const float *)run->shared + w->u;
    }
    if (!w->stable) lm__parallel((size_t)up(w->channels, lm__winograd_kernel_rows(w)), kernel_job, &r);
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
    const lm__winograd_plan *w = (const lm__winograd_plan *)state;
    const lm__winograd_kernel d = lm__winograd_kernel_of(w, 0, w->channels);
    (void)problem;
    (void)i;
    w->simd->winograd.kernel(&d, source, packed);
    return LM_OK;
}

/* --- what is taken, and prepared -------------------------------------------------------------------------------- */

static lm_status prepare_images(const lm__problem *problem, const lm__conv2d_dims *d, bool back, lm__needs *needs,
                                void **state)
{
    lm__winograd_plan *w;
    LM_TRY(lm__winograd_make(problem, d, back, &w));
    int64_t width = w->simd->width, cells = w->window * w->window;
    lm__winograd_units(w, w->filters <= 2 * width, lm__conv2d_flops(d));
    w->u = (size_t)(LM__WINOGRAD(w->window) * whole(w->filters, width) * w->channels);
    w->turned = back;
    w->stable = !back && (problem->in_stable >> 1 & 1);
    needs->scratch = (w->strip + w->v + w->m) * sizeof(float);
    if (w->stable) needs->pack[1] = w->u * sizeof(float);
    else needs->shared = (w->u + (back ? (size_t)(cells * w->channels * w->filters) : 0)) * sizeof(float);
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
    const lm__conv2d_dims d = lm__conv2d_backward_input_problem(problem);
    return prepare_images(problem, &d, true, needs, state);
}

static bool has_window(const lm__conv2d_dims *d)
{
    int64_t window = window_of(d), height = d->kernel_height, width = d->kernel_width;
    if (d->stride_y != d->stride_x || d->stride_y > 2 || d->dilation_y != 1 || d->dilation_x != 1) return false;
    return window >= 2 && window <= 3 && up(width, d->stride_x) == window && height > d->stride_y &&
           width > d->stride_x && d->top >= 0 && d->left >= 0 && d->top < height && d->left < width;
}

/* A third of the multiplications saved at least, those of tiles that reach out of the results included (3 x 3 by 2
 * saves less: no faster, measured); channels enough to outweigh the transforms, in whole vectors if there are phases;
 * a transformed kernel of no more than `floats`. */
bool lm__winograd_fits(const lm__problem *p, const lm__conv2d_dims *d, bool back, int64_t floats)
{
    if (p->in[0].dtype != LM_F32 || d->batch <= 0 || d->groups != 1) return false;
    if (!has_window(d) || !lm__conv_fits(d)) return false;
    lm__winograd_plan w = {.simd = lm__simd_at(p->isa)};
    plan_sides(&w, d, back);
    if (d->channels < 8 || d->filters < 8 || (w.stride > 1 && d->channels % w.simd->width != 0)) return false;
    double tiles = (double)(w.rows * w.columns), products = (double)LM__WINOGRAD(w.window);
    double cost = tiles * products * (double)(w.stride * w.stride);
    double direct = (double)(d->out_height * d->out_width * d->kernel_height * d->kernel_width);
    return direct >= 1.5 * cost && tiles * (double)d->batch >= LEAST_TILES &&
           (int64_t)products * w.channels * w.filters <= floats;
}

static bool takes_forward(const lm__problem *p)
{
    const lm__conv2d_dims d = lm__conv2d_problem(p);
    return lm__winograd_fits(p, &d, false, KERNEL_FLOATS);
}

static bool takes_input(const lm__problem *p)
{
    const lm__conv2d_dims d = lm__conv2d_backward_input_problem(p);
    return lm__winograd_fits(p, &d, true, KERNEL_FLOATS);
}

#define KERNEL(name_of_op, form, prepared, packer, function)                                                     \
    {                                                                                                            \
        .op = name_of_op, .name = "winograd", .accepts = takes_##form, .prepare = prepare_##prepared,            \
        .release = lm__free, .pack = packer, .run = function                                                     \
    }
const lm__kernel lm__winograd_conv2d = KERNEL("conv2d", forward, forward, pack, run_forward);
const lm__kernel lm__winograd_conv2d_fused = KERNEL("conv2d_fused", forward, forward, pack, run_fused);
const lm__kernel lm__winograd_conv2d_backward_input = KERNEL("conv2d_backward_input", input, input, NULL, run_input);
