/* kernels/fast/winograd_by_2.c: conv2d and both ways back with windows of 4 x 4 and stride 2, by Winograd's F(4 x 4,
 * 2 x 2) (simd/winograd_by_2.h).
 *
 * Some tiles after the other: all their cells are transformed, then come 25 products, which are large, then the
 * results. Each of the three is cut into jobs by itself.
 *
 * Measured with AVX-512, one thread, batch 64, 14 x 14 x 64 to 7 x 7 x 128, GFLOP/s of the definition (forward, to
 * the image, to the kernel): 360, 362, 369; oneDNN 2.6 has 276, 258, 184 (decision 64). */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/fast/conv.h"

enum {
    TILES = 64,                         /* transformed at once */
    LEAST_TILES = 64,                   /* below that the kernel's own transformation costs too much */
    LEAST_CHANNELS = 32,                /* fewer are no work for products */
    MOST_KERNEL = 1 << 17,              /* elements of one of its 25 matrices: all of them stay in a cache */
    KERNEL_CHUNK = 4096,                /* elements of a kernel that a job transforms */
    SIDE = LM__BY_2_TILE,
    POINTS = LM__BY_2,
};

typedef enum way { FORWARD, TO_IMAGE, TO_KERNEL } way;

typedef struct by_2 {
    lm__conv2d_dims d;
    const lm__simd *simd;
    way way;
    int64_t rows, columns;              /* tiles of an image */
    int64_t all, tiles;                 /* tiles; of a round */
    int64_t deep, wide;                 /* numbers of a tile before and after the product */
    int64_t parts;                      /* jobs that a product is cut into */
    lm__by_2_kernel kernel;
    size_t u, v, m, turned;             /* floats of shared memory */
} by_2;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static void plan(by_2 *f)
{
    const lm__conv2d_dims *d = &f->d;
    bool back = f->way == TO_IMAGE;
    f->rows = up(back ? (d->height - 1 + d->top) / 2 + 1 : d->out_height, SIDE);
    f->columns = up(back ? (d->width - 1 + d->left) / 2 + 1 : d->out_width, SIDE);
    f->all = d->batch * f->rows * f->columns;
    f->tiles = least(f->all, TILES);
    f->deep = back ? d->filters : 4 * d->channels;
    f->wide = back ? 4 * d->channels : d->filters;
    f->parts = f->wide % (4 * f->simd->tile_columns) ? 1 : 2;   /* 25 jobs leave one of two threads idle */
    f->kernel = (lm__by_2_kernel){.rows = d->channels, .columns = d->filters, .part = d->channels * d->filters,
                                  .row = d->filters, .apart = f->deep * f->wide};
    if (back)
        f->kernel = (lm__by_2_kernel){.rows = d->filters, .columns = d->channels, .part = d->channels,
                                      .row = f->wide, .apart = f->deep * f->wide, .turned = 1};
    f->u = (size_t)(POINTS * f->deep * f->wide);
    f->v = (size_t)(POINTS * f->tiles * f->deep);
    f->m = (size_t)(POINTS * f->tiles * f->wide);
    f->turned = back ? (size_t)(16 * d->channels * d->filters) : 0;
}

static lm_status prepare(const lm__problem *problem, const lm__conv2d_dims *d, way which, lm__needs *needs,
                         void **state)
{
    by_2 *f = lm__calloc(1, sizeof *f);
    if (!f) return lm__no_memory(sizeof *f);
    f->d = *d;
    f->way = which;
    f->simd = lm__simd_at(problem->isa);
    plan(f);
    *state = f;
    needs->scratch = f->simd->gemm_scratch;
    needs->shared = (f->u + f->v + f->m + f->turned) * sizeof(float);
    return LM_OK;
}

typedef struct call {
    const by_2 *f;
    const float *in, *gradient, *kernel, *bias;
    float *out;
    int act;                            /* lm__act */
    float *u, *v, *m;
    int64_t first, count;               /* tiles of this round */
    const lm__run *run;
} call;

static call call_of(const lm__run *run, const float *in, const float *kernel, float *out)
{
    const by_2 *f = (const by_2 *)run->state;
    float *u = run->shared;
    return (call){.f = f, .in = in, .kernel = kernel, .out = out, .u = u, .v = u + f->u, .m = u + f->u + f->v,
                  .run = run};
}

/* --- the kernel's side ------------------------------------------------------------------------------------------ */

static int64_t rows_a_job(const by_2 *f) { return most(KERNEL_CHUNK / (16 * f->kernel.columns), 1); }
static size_t kernel_jobs(const by_2 *f) { return (size_t)up(f->kernel.rows, rows_a_job(f)); }

static void kernel_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    int64_t rows = rows_a_job(r->f), first = (int64_t)job * rows;
    (void)thread;
    r->f->simd->by_2.kernel(&r->f->kernel, r->kernel, first, least(first + rows, r->f->kernel.rows), r->u);
}

static void kernel_gradient_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    int64_t rows = rows_a_job(r->f), first = (int64_t)job * rows;
    (void)thread;
    r->f->simd->by_2.kernel_gradient(&r->f->kernel, r->u, first, least(first + rows, r->f->kernel.rows), r->out);
}

/* A cell's matrix (channels, filters) turned. */
static void turn_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__conv2d_dims *d = &r->f->d;
    int64_t at = (int64_t)job * d->channels * d->filters;
    (void)thread;
    r->f->simd->transpose(r->kernel + at, d->filters, d->channels, d->filters, r->m + r->f->m + at, d->channels);
}

/* --- tiles ------------------------------------------------------------------------------------------------------ */

typedef struct place {
    int64_t image, row, column;
} place;

static place place_of(const by_2 *f, int64_t tile)
{
    return (place){tile / (f->rows * f->columns), tile / f->columns % f->rows, tile % f->columns};
}

/* The tile's cells of parity q in the image. */
static lm__by_2_tile image_tile(const by_2 *f, const place *p, int q)
{
    const lm__conv2d_dims *d = &f->d;
    return (lm__by_2_tile){.height = d->height, .width = d->width, .channels = d->channels, .step = 2,
                           .y = 2 * SIDE * p->row + q / 2 - d->top, .x = 2 * SIDE * p->column + q % 2 - d->left};
}

static lm__by_2_tile result_tile(const by_2 *f, const place *p, int64_t before)
{
    const lm__conv2d_dims *d = &f->d;
    return (lm__by_2_tile){.height = d->out_height, .width = d->out_width, .channels = d->filters, .step = 1,
                           .y = SIDE * p->row - before, .x = SIDE * p->column - before};
}

static void transform_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const by_2 *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    const lm__by_2 *steps = &f->simd->by_2;
    place p = place_of(f, r->first + (int64_t)job);
    const float *image = r->in + p.image * d->height * d->width * d->channels;
    int64_t result = p.image * d->out_height * d->out_width * d->filters, at = (int64_t)job * f->deep;
    (void)thread;
    if (f->way == TO_IMAGE) {
        lm__by_2_tile t = result_tile(f, &p, 1);
        steps->cells(&t, r->in + result, r->v + at, r->count * f->deep);
        return;
    }
    for (int q = 0; q < 4; q++) {
        lm__by_2_tile t = image_tile(f, &p, q);
        steps->cells(&t, image, r->v + at + q * d->channels, r->count * f->deep);
    }
    if (f->way == FORWARD) return;
    lm__by_2_tile t = result_tile(f, &p, 0);
    steps->gradient(&t, r->gradient + result, r->m + (int64_t)job * f->wide, r->count * f->wide);
}

static void product_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const by_2 *f = r->f;
    int64_t p = (int64_t)job / f->parts, n = f->wide / f->parts, at = (int64_t)job % f->parts * n;
    const float *v = r->v + p * r->count * f->deep;
    float *u = r->u + p * f->deep * f->wide + at, *m = r->m + p * r->count * f->wide + at;
    lm__gemm g = {.m = r->count, .n = n, .k = f->deep, .a = v, .rsa = f->deep, .csa = 1, .b = u,
                  .rsb = f->wide, .csb = 1, .c = m, .rsc = f->wide, .csc = 1};
    if (f->way == TO_KERNEL)
        g = (lm__gemm){.m = f->deep, .n = n, .k = r->count, .a = v, .rsa = 1, .csa = f->deep, .b = m,
                       .rsb = f->wide, .csb = 1, .c = u, .rsc = f->wide, .csc = 1, .add = r->first > 0};
    f->simd->gemm(&g, lm__run_scratch(r->run, thread));
}

static void result_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const by_2 *f = r->f;
    const lm__conv2d_dims *d = &f->d;
    place p = place_of(f, r->first + (int64_t)job);
    const float *m = r->m + (int64_t)job * f->wide;
    int64_t apart = r->count * f->wide;
    (void)thread;
    if (f->way == TO_IMAGE) {
        float *dx = r->out + p.image * d->height * d->width * d->channels;
        for (int q = 0; q < 4; q++) {
            lm__by_2_tile t = image_tile(f, &p, q);
            f->simd->by_2.result(&t, m + q * d->channels, apart, NULL, dx);
        }
        return;
    }
    lm__by_2_tile t = result_tile(f, &p, 0);
    float *y = r->out + p.image * d->out_height * d->out_width * d->filters;
    int64_t line = d->out_width * d->filters, rows = least(SIDE, d->out_height - t.y);
    f->simd->by_2.result(&t, m, apart, r->bias, y);
    if (r->act != LM__ACT_NONE)
        f->simd->bias_act(y + t.y * line + t.x * d->filters, line, rows, least(SIDE, d->out_width - t.x) * d->filters,
                          NULL, r->act);
}

static void run_rounds(call *r)
{
    const by_2 *f = r->f;
    for (r->first = 0; r->first < f->all; r->first += f->tiles) {
        r->count = least(f->tiles, f->all - r->first);
        lm__parallel((size_t)r->count, transform_job, r);
        lm__parallel((size_t)(POINTS * f->parts), product_job, r);
        if (f->way != TO_KERNEL) lm__parallel((size_t)r->count, result_job, r);
    }
}

/* --- the ops ---------------------------------------------------------------------------------------------------- */

static lm_status run_forward(const lm__run *run, const float *bias, int act)
{
    call r = call_of(run, run->in[0], run->in[1], run->out[0]);
    r.bias = bias, r.act = act;
    lm__parallel(kernel_jobs(r.f), kernel_job, &r);
    run_rounds(&r);
    return LM_OK;
}

static lm_status forward(const lm__run *run)
{
    return run_forward(run, NULL, LM__ACT_NONE);
}

static lm_status fused(const lm__run *run)
{
    const lm__conv2d_fused *attr = (const lm__conv2d_fused *)run->problem->attr;
    return run_forward(run, run->problem->nin > 2 ? run->in[2] : NULL, (int)attr->activation);
}

static lm_status to_image(const lm__run *run)
{
    call r = call_of(run, run->in[0], run->in[1], run->out[0]);
    lm__parallel(16, turn_job, &r);
    r.kernel = r.m + r.f->m;
    lm__parallel(kernel_jobs(r.f), kernel_job, &r);
    run_rounds(&r);
    return LM_OK;
}

static lm_status to_kernel(const lm__run *run)
{
    call r = call_of(run, run->in[0], NULL, run->out[0]);
    r.gradient = run->in[1];
    run_rounds(&r);
    lm__parallel(kernel_jobs(r.f), kernel_gradient_job, &r);
    return LM_OK;
}

static bool takes(const lm__problem *problem, const lm__conv2d_dims *d)
{
    int64_t width = lm__simd_at(problem->isa)->width;
    bool vectors = d->channels % width == 0 && d->filters % width == 0;
    if (problem->in[0].dtype != LM_F32 || d->kernel_height != 4 || d->kernel_width != 4 || !vectors) return false;
    return d->stride_y == 2 && d->stride_x == 2 && d->dilation_y == 1 && d->dilation_x == 1 && d->groups == 1 &&
           d->channels >= LEAST_CHANNELS && d->filters >= LEAST_CHANNELS &&
           4 * d->channels * d->filters <= MOST_KERNEL && d->out_height >= 2 && d->out_width >= 2 &&
           lm__conv_fits(d) &&
           d->batch * up(d->out_height, SIDE) * up(d->out_width, SIDE) >= LEAST_TILES;
}

#define FORM(form, problem_of, which)                                                                            \
    static bool takes_##form(const lm__problem *p)                                                               \
    {                                                                                                            \
        lm__conv2d_dims d = problem_of(p);                                                                       \
        return takes(p, &d);                                                                                     \
    }                                                                                                            \
    static lm_status prepare_##form(const lm__problem *p, lm__needs *needs, void **state)                        \
    {                                                                                                            \
        lm__conv2d_dims d = problem_of(p);                                                                       \
        return prepare(p, &d, which, needs, state);                                                              \
    }
FORM(forward, lm__conv2d_problem, FORWARD)
FORM(input, lm__conv2d_backward_input_problem, TO_IMAGE)
FORM(kernel, lm__conv2d_backward_kernel_problem, TO_KERNEL)

#define KERNEL(name_of_op, form, function)                                                                       \
    {                                                                                                            \
        .op = name_of_op, .name = "winograd_by_2", .accepts = takes_##form, .prepare = prepare_##form,           \
        .release = lm__free, .run = function                                                                     \
    }
const lm__kernel lm__by_2_conv2d = KERNEL("conv2d", forward, forward);
const lm__kernel lm__by_2_conv2d_fused = KERNEL("conv2d_fused", forward, fused);
const lm__kernel lm__by_2_conv2d_backward_input = KERNEL("conv2d_backward_input", input, to_image);
const lm__kernel lm__by_2_conv2d_backward_kernel = KERNEL("conv2d_backward_kernel", kernel, to_kernel);
