/* kernels/fast/winograd.c: conv2d and both ways back by Winograd's F(2 x 2, 3 x 3) (simd/winograd.h), for windows of
 * 3 x 3 with stride 1.
 *
 * A unit is some tiles, a few rows of them or a few images, whose cells and products stay in the second-level cache.
 * The way back to the image is the same with the turned kernel; the kernel's gradient is summed in slices of units
 * before it is transformed. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/epilogue.h"
#include "kernels/fast/conv.h"

enum {
    TILES = 16,                         /* about so many in a unit, … */
    MOST_FLOATS = 1 << 17,              /* … fewer where their 16 products would take more, but never less than … */
    LEAST_TILES = 16,
    JOB_FLOPS = 1 << 22,
    SLICES = 32,                        /* of the kernel's gradient, … */
    SLICE_FLOATS = 1 << 19,             /* … whose floats are to be no more, while there are more than … */
    LEAST_SLICES = 8,
    KERNEL_CHUNK = 4096,                /* elements of a kernel that a job transforms */
    APART = 16,                         /* floats between planes, which would lie in the same sets of the caches */
};

typedef struct winograd {
    lm__conv2d_dims d;                  /* of the convolution that is done: of the way back, with the turned kernel */
    const lm__simd *simd;
    bool turned, stable;
    int64_t rows, columns;              /* tiles of an image */
    int64_t images, rows_a_unit;        /* of a unit: images, or (images 1) rows of tiles of one */
    int64_t strips, units;              /* units of an image, or 1; in all */
    int64_t units_a_job, slices;
    int64_t tiles;                      /* of a unit at most */
    int64_t v_plane, m_plane, u_plane;
} winograd;

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static void plan_units(winograd *w)
{
    const lm__conv2d_dims *d = &w->d;
    int64_t width = w->simd->width;
    int64_t channels = up(d->channels, width) * width, filters = up(d->filters, width) * width;
    int64_t wanted = most(least(TILES, MOST_FLOATS / (16 * (channels + filters))), LEAST_TILES);
    w->rows = up(d->out_height, 2);
    w->columns = up(d->out_width, 2);
    int64_t image = w->rows * w->columns;
    w->images = least(most(wanted / image, 1), d->batch);
    int64_t rows = w->images > 1 ? w->rows : least(most(wanted / w->columns, 1), w->rows);
    w->strips = up(w->rows, rows);
    w->rows_a_unit = up(w->rows, w->strips);            /* of nearly one size */
    w->units = w->images > 1 ? up(d->batch, w->images) : d->batch * w->strips;
    w->tiles = w->images * w->rows_a_unit * w->columns;
    w->v_plane = w->tiles * channels + APART;
    w->m_plane = w->tiles * filters + APART;
    double flops = lm__conv2d_flops(d) / (double)w->units;
    w->units_a_job = flops < JOB_FLOPS ? (int64_t)(JOB_FLOPS / (flops + 1)) + 1 : 1;
}

static size_t unit_floats(const winograd *w) { return (size_t)(16 * (w->v_plane + w->m_plane)); }

static lm_status make(const lm__problem *problem, const lm__conv2d_dims *d, winograd **out)
{
    winograd *w = lm__calloc(1, sizeof *w);
    *out = w;
    if (!w) return lm__no_memory(sizeof *w);
    w->d = *d;
    w->simd = lm__simd_at(problem->isa);
    plan_units(w);
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

/* Tiles of images of `height` x `width`, the first beginning at cell (y, x). */
static lm__winograd_tiles tiles_of(const winograd *w, int64_t height, int64_t width, int64_t channels, int64_t plane)
{
    return (lm__winograd_tiles){.columns = w->columns, .pitch = w->tiles, .plane = plane,
                                .height = height, .width = width, .channels = channels};
}

/* What a unit has to do: images [first, end), rows of tiles [row, row + rows). */
typedef struct unit {
    int64_t first, end, row, rows;
} unit;

static unit unit_at(const winograd *w, int64_t index)
{
    if (w->images > 1) {
        int64_t first = index * w->images;
        return (unit){.first = first, .end = least(first + w->images, w->d.batch), .rows = w->rows};
    }
    int64_t image = index / w->strips, row = index % w->strips * w->rows_a_unit;
    return (unit){.first = image, .end = image + 1, .row = row, .rows = least(w->rows_a_unit, w->rows - row)};
}

/* Bᵀ d B of a unit; returns the number of tiles. */
static int64_t transform_image(const call *r, const unit *u, float *v)
{
    const winograd *w = r->w;
    const lm__conv2d_dims *d = &w->d;
    lm__winograd_tiles t = tiles_of(w, d->height, d->width, d->channels, w->v_plane);
    t.rows = u->rows, t.y = 2 * u->row - d->top, t.x = -d->left;
    for (int64_t i = u->first; i < u->end; i++, t.first += t.rows * t.columns)
        w->simd->winograd.image(&t, r->image + i * d->height * d->width * d->channels, v);
    return t.first;
}

/* --- forward, and back to the image ----------------------------------------------------------------------------- */

static void run_unit(const call *r, int64_t index, const float *kernel, float *v)
{
    const winograd *w = r->w;
    const lm__conv2d_dims *d = &w->d;
    const unit u = unit_at(w, index);
    float *m = v + 16 * w->v_plane;
    lm__winograd_product p = {.count = transform_image(r, &u, v), .pitch = w->tiles, .channels = d->channels,
                              .filters = d->filters, .v = v, .v_plane = w->v_plane, .u = (float *)kernel,
                              .u_plane = w->u_plane, .m = m, .m_plane = w->m_plane};
    w->simd->winograd.product(&p);
    lm__winograd_tiles t = tiles_of(w, d->out_height, d->out_width, d->filters, w->m_plane);
    t.rows = u.rows, t.y = 2 * u.row;
    int64_t line = d->out_width * d->filters;
    for (int64_t i = u.first; i < u.end; i++, t.first += t.rows * t.columns) {
        float *y = r->result + i * d->out_height * line;
        w->simd->winograd.result(&t, m, r->bias, r->act == LM__ACT_RELU, y);
        if (r->act > LM__ACT_RELU)
            w->simd->bias_act(y + t.y * line, line, least(2 * t.rows, d->out_height - t.y), line, NULL, r->act);
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
    float *turned = (float *)r->run->shared + 16 * w->u_plane;
    (void)thread;
    w->simd->transpose(r->kernel + (8 - (int64_t)job) * size, to, from, to, turned + (int64_t)job * size, from);
}

static lm_status run_images(const lm__run *run, const float *image, const float *bias, int act, float *result)
{
    const winograd *w = (const winograd *)run->state;
    call r = {.w = w, .image = image, .kernel = run->in[1], .bias = bias, .act = act, .result = result, .run = run};
    if (w->turned) {
        lm__parallel(9, turn_job, &r);
        r.kernel = (const float *)run->shared + 16 * w->u_plane;
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

static size_t slice_floats(const winograd *w) { return (size_t)(16 * w->u_plane); }

static void slice_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const winograd *w = r->w;
    const lm__conv2d_dims *d = &w->d;
    float *v = lm__run_scratch(r->run, thread), *m = v + 16 * w->v_plane;
    int64_t first = w->units * (int64_t)job / w->slices, end = w->units * ((int64_t)job + 1) / w->slices;
    lm__winograd_product p = {.pitch = w->tiles, .channels = d->channels, .filters = d->filters, .v = v,
                              .v_plane = w->v_plane, .u = (float *)r->run->shared + job * slice_floats(w),
                              .u_plane = w->u_plane, .m = m, .m_plane = w->m_plane};
    lm__winograd_tiles t = tiles_of(w, d->out_height, d->out_width, d->filters, w->m_plane);
    for (int64_t i = first; i < end; i++) {
        const unit u = unit_at(w, i);
        p.count = transform_image(r, &u, v);
        t.rows = u.rows, t.y = 2 * u.row, t.first = 0;
        for (int64_t k = u.first; k < u.end; k++, t.first += t.rows * t.columns)
            w->simd->winograd.gradient(&t, r->gradient + k * d->out_height * d->out_width * d->filters, m);
        w->simd->winograd.outer(&p, i > first);
    }
}

static void sum_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__conv2d_dims *d = &r->w->d;
    int64_t rows = most(kernel_rows(r->w) / 4, 1), first = (int64_t)job * rows;
    (void)thread;
    r->w->simd->winograd.kernel_gradient(r->run->shared, (int64_t)slice_floats(r->w), r->w->slices, d->channels,
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
    w->u_plane = up(d->filters, width) * width * d->channels;
    w->turned = back;
    w->stable = !back && (problem->in_stable >> 1 & 1);
    needs->scratch = unit_floats(w) * sizeof(float);
    size_t kernel = (size_t)(16 * w->u_plane) * sizeof(float);
    if (w->stable) needs->pack[1] = kernel;
    else needs->shared = kernel + (back ? (size_t)(9 * d->channels * d->filters) * sizeof(float) : 0);
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
    int64_t width = w->simd->width;
    w->u_plane = up(d.filters, width) * width * up(d.channels, width) * width;
    w->slices = most(least(SLICES, SLICE_FLOATS / (int64_t)slice_floats(w)), LEAST_SLICES);
    w->slices = least(w->slices, w->units);
    needs->scratch = unit_floats(w) * sizeof(float);
    needs->shared = (size_t)w->slices * slice_floats(w) * sizeof(float);
    *state = w;
    return LM_OK;
}

/* 3 x 3 with stride 1; channels enough to outweigh the transforms, few enough for the caches; and few of the tiles'
 * results outside. */
static bool fits(const lm__problem *p, const lm__conv2d_dims *d)
{
    if (p->in[0].dtype != LM_F32 || d->batch <= 0 || d->groups != 1) return false;
    if (d->kernel_height != 3 || d->kernel_width != 3 || d->stride_y != 1 || d->stride_x != 1 ||
        d->dilation_y != 1 || d->dilation_x != 1 || d->top > 2 || d->left > 2 || d->top < 0 || d->left < 0)
        return false;
    if (d->channels < 8 || d->filters < 8 || d->channels * d->filters > 256 * 256) return false;
    double area = (double)(d->out_height * d->out_width);
    double tiles = (double)(up(d->out_height, 2) * up(d->out_width, 2));
    return area > 0 && 4 * tiles <= 1.35 * area && tiles * (double)d->batch >= LEAST_TILES && lm__conv_fits(d);
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
    return fits(p, &d);
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
