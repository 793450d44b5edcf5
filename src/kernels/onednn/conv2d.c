/* kernels/onednn/conv2d.c: the three forms of conv2d by oneDNN, in slices of images.
 *
 * oneDNN wants the kernel in a layout of its own (the images stay as they are): it is brought there before, or from
 * there after; for a kernel that the plan does not change, once. What fast/conv2d*.c measured says when it is worth
 * it. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/epilogue.h"
#include "kernels/narrow.h"
#include "kernels/onednn/slices.h"
#include "kernels/simd/level.h"
#include <stdatomic.h>

#define SLICE_FLOPS 16e6
enum { MOST_SLICES = 16 };
#define LEAST_FLOPS 1e8

typedef struct conv {
    lm__conv2d_dims d;
    lm__dnn_way way;
    const lm__simd *simd;
    int64_t images, slices;             /* images of a slice */
    size_t kernel;                      /* bytes in oneDNN's layout */
    bool stable;                        /* the kernel is packed once */
    bool bf16;
    size_t image_width, result_width;   /* bytes of an element */
    lm__dnn *primitive[LM__DNN_KINDS];
} conv;

static void release(void *state)
{
    conv *c = state;
    for (int i = 0; i < LM__DNN_KINDS; i++) lm__dnn_free(c->primitive[i]);
    lm__free(c);
}

static lm__dnn_conv shape(const conv *c, int64_t batch)
{
    const lm__conv2d_dims *d = &c->d;
    return (lm__dnn_conv){.batch = batch, .height = d->height, .width = d->width, .channels = d->channels,
                          .kernel_height = d->kernel_height, .kernel_width = d->kernel_width,
                          .out_height = d->out_height, .out_width = d->out_width, .filters = d->filters,
                          .groups = d->groups, .stride_y = d->stride_y, .stride_x = d->stride_x,
                          .dilation_y = d->dilation_y, .dilation_x = d->dilation_x, .top = d->top,
                          .bottom = lm__conv2d_bottom(d), .left = d->left, .right = lm__conv2d_right(d),
                          .bf16 = c->bf16};
}

static lm_status make(conv *c)
{
    int64_t rest = c->d.batch - (c->slices - 1) * c->images;
    lm__dnn_conv whole = shape(c, c->images), last = shape(c, rest);
    LM_TRY(lm__dnn_conv_new(c->way, &whole, &c->primitive[0]));
    if (rest != c->images) {
        LM_TRY(lm__dnn_conv_new(c->way, &last, &c->primitive[1]));
        if (!lm__dnn_same_kernel(c->primitive[0], c->primitive[1])) return LM_UNSUPPORTED;
    }
    return lm__dnn_reorder_new(c->primitive[0], c->way == LM__DNN_BACKWARD_KERNEL, &c->primitive[2]);
}

static lm_status prepare(const lm__problem *problem, const lm__conv2d_dims *d, lm__dnn_way way, lm__needs *needs,
                         void **state)
{
    conv *c = lm__calloc(1, sizeof *c);
    if (!c) return lm__no_memory(sizeof *c);
    c->d = *d;
    c->way = way;
    c->simd = lm__simd_at(problem->isa);
    c->bf16 = problem->in[0].dtype == LM_BF16;
    c->image_width = c->bf16 && way != LM__DNN_BACKWARD_INPUT ? 2 : 4;
    c->result_width = c->bf16 && way != LM__DNN_FORWARD ? 2 : 4;
    double flops = lm__conv2d_flops(d);
    int64_t slices = flops / SLICE_FLOPS < MOST_SLICES ? 1 + (int64_t)(flops / SLICE_FLOPS) : MOST_SLICES;
    c->images = (d->batch + slices - 1) / slices;
    c->slices = (d->batch + c->images - 1) / c->images;
    lm_status status = make(c);
    if (status != LM_OK) {
        release(c);
        return status;
    }
    c->kernel = (lm__dnn_kernel_bytes(c->primitive[0]) + 63) & ~(size_t)63;
    c->stable =
        way != LM__DNN_BACKWARD_KERNEL && (problem->in_stable >> 1 & 1) && lm__dnn_scratch(c->primitive[2]) == 0;
    needs->scratch = lm__dnn_most_scratch(c->primitive);
    if (c->stable) needs->pack[1] = c->kernel;
    else needs->shared = c->kernel * (size_t)(way == LM__DNN_BACKWARD_KERNEL ? c->slices : 1);
    *state = c;
    return LM_OK;
}

static lm_status prepare_forward(const lm__problem *p, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_problem(p);
    return prepare(p, &d, LM__DNN_FORWARD, needs, state);
}

static lm_status prepare_input(const lm__problem *p, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(p);
    return prepare(p, &d, LM__DNN_BACKWARD_INPUT, needs, state);
}

static lm_status prepare_kernel(const lm__problem *p, lm__needs *needs, void **state)
{
    lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(p);
    return prepare(p, &d, LM__DNN_BACKWARD_KERNEL, needs, state);
}

static lm_status open_calls(const lm__problem *problem, const void *state, void **local)
{
    (void)problem;
    return lm__dnn_calls_open(((const conv *)state)->primitive, (lm__dnn_calls **)local);
}

/* Outside of a run, so with a call of its own. */
static lm_status pack(const lm__problem *problem, const void *state, int i, const void *source, void *packed)
{
    const conv *c = (const conv *)state;
    lm__dnn_call *call;
    (void)problem;
    (void)i;
    LM_TRY(lm__dnn_open(c->primitive[2], &call));
    lm_status status = lm__dnn_run(call, source, NULL, packed, NULL);
    lm__dnn_close(call);
    return status;
}

typedef struct call {
    const conv *c;
    const lm__run *run;
    const char *image, *result;
    char *kernel;                       /* in oneDNN's layout; of backward_kernel: one a slice */
    const float *bias;
    int act;                            /* lm__act */
    atomic_int status;
} call;

static void run_job(void *argument, size_t job, int thread)
{
    call *r = (call *)argument;
    const lm__conv2d_dims *d = &r->c->d;
    int64_t first = (int64_t)job * r->c->images, rest = d->batch - first;
    int64_t images = rest < r->c->images ? rest : r->c->images, pixels = d->out_height * d->out_width;
    const char *image = r->image + (size_t)(first * d->height * d->width * d->channels) * r->c->image_width;
    const char *result = r->result + (size_t)(first * pixels * d->filters) * r->c->result_width;
    char *kernel = r->kernel + (r->c->way == LM__DNN_BACKWARD_KERNEL ? job * r->c->kernel : 0);
    lm__dnn_call *primitive = lm__dnn_call_of(r->run->local, thread, images != r->c->images);
    lm_status status = lm__dnn_run(primitive, image, kernel, result,
                                   lm__run_scratch(r->run, thread));
    if (status != LM_OK) atomic_store(&r->status, (int)status);
    else if (r->bias || r->act != LM__ACT_NONE)
        r->c->simd->bias_act((float *)result, d->filters, images * pixels, d->filters, r->bias, r->act);
}

static lm_status failed(lm_status status)
{
    return status == LM_OK ? LM_OK : lm__fail(status, "conv2d: a call of oneDNN failed");
}

/* Forward, and backward to the image: in[1] is the kernel. */
static lm_status run_images(const lm__run *run, call *r)
{
    r->c = run->state;
    r->run = run;
    r->kernel = r->c->stable ? (char *)run->packed[1] : run->shared;
    if (!r->c->stable)
        LM_TRY(failed(lm__dnn_run(lm__dnn_call_of(run->local, 0, 2), run->in[1], NULL, run->shared, run->scratch)));
    lm__parallel((size_t)r->c->slices, run_job, r);
    return failed((lm_status)atomic_load(&r->status));
}

static lm_status run_forward(const lm__run *run)
{
    call r = {.image = run->in[0], .result = run->out[0]};
    return run_images(run, &r);
}

static lm_status run_fused(const lm__run *run)
{
    const lm__conv2d_fused *attr = (const lm__conv2d_fused *)run->problem->attr;
    call r = {.image = run->in[0], .result = run->out[0], .bias = run->problem->nin > 2 ? run->in[2] : NULL,
              .act = (int)attr->activation};
    return run_images(run, &r);
}

static lm_status run_input(const lm__run *run)
{
    call r = {.image = run->out[0], .result = run->in[0]};
    return run_images(run, &r);
}

static lm_status run_kernel(const lm__run *run)
{
    call r = {.c = run->state, .run = run, .image = run->in[0], .result = run->in[1], .kernel = run->shared};
    lm__parallel((size_t)r.c->slices, run_job, &r);
    LM_TRY(failed((lm_status)atomic_load(&r.status)));
    size_t floats = r.c->kernel / sizeof(float);
    if (r.c->slices > 1)
        r.c->simd->add_up(run->shared, floats, (float *)run->shared + floats, floats, (size_t)r.c->slices - 1);
    return failed(lm__dnn_run(lm__dnn_call_of(run->local, 0, 2), run->shared, NULL, run->out[0], run->scratch));
}

static bool worth(const lm__problem *p, const lm__conv2d_dims *d)
{
    bool narrow = d->groups > 1 && d->filters / d->groups < 8, thin = !narrow && d->channels / d->groups <= 4;
    /* Results are float32: the ops …_bf16. Of a convolution in bfloat16 throughout they would not fit. */
    if (p->in[0].dtype == LM_BF16)
        return p->out[0].dtype == LM_F32 && lm__narrow_conv(d) && lm__cpu_bf16() && lm__dnn_usable(p->isa);
    return p->in[0].dtype == LM_F32 && d->batch > 0 && !thin && lm__conv2d_flops(d) >= (narrow ? 4e6 : LEAST_FLOPS) &&
           lm__dnn_usable(p->isa);
}

static bool takes_forward(const lm__problem *p)
{
    lm__conv2d_dims d = lm__conv2d_problem(p);
    return worth(p, &d);
}

static bool takes_input(const lm__problem *p)
{
    lm__conv2d_dims d = lm__conv2d_backward_input_problem(p);
    return worth(p, &d);
}

/* Whether each cell of a window meets a cell of the image somewhere, and not padding alone. */
static bool meets(int64_t size, int64_t results, int64_t window, int64_t stride, int64_t dilation, int64_t before)
{
    for (int64_t i = 0; i < window; i++) {
        int64_t at = i * dilation - before, steps = at < 0 ? (stride - 1 - at) / stride : 0;
        if (steps >= results || at + steps * stride >= size) return false;
    }
    return true;
}

/* In bfloat16, oneDNN 2.6 leaves the gradients of cells that meet nothing as they were in memory. */
static bool takes_kernel(const lm__problem *p)
{
    lm__conv2d_dims d = lm__conv2d_backward_kernel_problem(p);
    bool narrow = p->in[0].dtype == LM_BF16;
    if (narrow && !meets(d.height, d.out_height, d.kernel_height, d.stride_y, d.dilation_y, d.top)) return false;
    if (narrow && !meets(d.width, d.out_width, d.kernel_width, d.stride_x, d.dilation_x, d.left)) return false;
    return worth(p, &d);
}

#define KERNEL(name_of_op, form, function)                                                                       \
    {                                                                                                            \
        .op = name_of_op, .name = "onednn", .accepts = takes_##form, .prepare = prepare_##form, .release = release, \
        .open = open_calls, .close = lm__dnn_calls_close, .pack = pack, .run = function                          \
    }
const lm__kernel lm__onednn_conv2d = KERNEL("conv2d", forward, run_forward);
const lm__kernel lm__onednn_conv2d_fused = KERNEL("conv2d_fused", forward, run_fused);
const lm__kernel lm__onednn_conv2d_backward_input = KERNEL("conv2d_backward_input", input, run_input);
const lm__kernel lm__onednn_conv2d_backward_kernel = KERNEL("conv2d_backward_kernel", kernel, run_kernel);
const lm__kernel lm__onednn_conv2d_bf16 = KERNEL("conv2d_bf16", forward, run_fused);
const lm__kernel lm__onednn_conv2d_backward_input_bf16 = KERNEL("conv2d_backward_input_bf16", input, run_input);
const lm__kernel lm__onednn_conv2d_backward_kernel_bf16 = KERNEL("conv2d_backward_kernel_bf16", kernel, run_kernel);
