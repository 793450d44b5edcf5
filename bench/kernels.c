/* bench/kernels.c: times each kernel that takes the tutorial's shapes (batch 32), at the level in use.
 *
 *     ninja -C build bench_kernels && build/bin/bench_kernels [THREADS [WORD]]
 *
 * One line a kernel: the best of many runs in microseconds, and what it amounts to. WORD picks cases whose line has
 * it. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/conv2d_pool.h"
#include "kernels/matmul.h"
#include "kernels/pool2d.h"
#include "kernels/reduce.h"
#include "kernels/axis.h"
#include "ops/registry.h"
#include <lamina/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench {
    const char *op, *what;
    const void *attr;
    struct {
        lm_dtype dtype;
        int rank;
        int64_t dims[4];
    } in[3], out[2];
} bench;

#define ARRAY(...) {LM_F32, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), {__VA_ARGS__}}
#define PLACES(...) {LM_I32, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), {__VA_ARGS__}}

static const lm__matmul plain, turn_a = {.transpose_a = true}, turn_b = {.transpose_b = true};
static const lm__conv2d conv = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 1};
static const lm__conv2d same = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME};
static const lm__conv2d by_2 = {.strides = {2, 2}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME};
static const lm__conv2d depthwise = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 64, .padding = LM__PAD_SAME};
static const lm__pool2d pool = {.size = {2, 2}, .strides = {2, 2}};
#define POOLED(n) {.conv = {{.strides = {1, 1}, .dilation = {1, 1}, .groups = 1}, LM__ACT_RELU},                     \
                   .pool = {.size = {2, 2}, .strides = {2, 2}}, .between = {n, 26, 26, 32}}
static const lm__conv2d_pool pooled_256 = POOLED(256), pooled_32 = POOLED(32);
static const lm__conv2d_pool_backward pooled_back = {.conv = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 1},
                                                     .pool = {.size = {2, 2}, .strides = {2, 2}},
                                                     .between = {32, 26, 26, 32}, .kernel = {3, 3, 1, 32}};
static const lm__axis last = {1};

/* A convolution of n images, height x width x channels, with square windows: forward and both ways back. */
#define CONV(what, attr, n, height, width, channels, window, filters, out_height, out_width)                      \
    {"conv2d",                                                                                                   \
     what,                                                                                                       \
     &attr,                                                                                                      \
     {ARRAY(n, height, width, channels), ARRAY(window, window, channels, filters)},                              \
     {ARRAY(n, out_height, out_width, filters)}},                                                                \
        {"conv2d_backward_input",                                                                                \
         what,                                                                                                   \
         &attr,                                                                                                  \
         {ARRAY(n, out_height, out_width, filters), ARRAY(window, window, channels, filters)},                   \
         {ARRAY(n, height, width, channels)}},                                                                   \
    {                                                                                                            \
        "conv2d_backward_kernel", what, &attr,                                                                   \
            {ARRAY(n, height, width, channels), ARRAY(n, out_height, out_width, filters)},                       \
        {                                                                                                        \
            ARRAY(window, window, channels, filters)                                                             \
        }                                                                                                        \
    }

static const bench cases[] = {
    {"conv2d", "first layer", &conv, {ARRAY(32, 28, 28, 1), ARRAY(3, 3, 1, 32)}, {ARRAY(32, 26, 26, 32)}},
    {"conv2d_backward_kernel",
     "first layer",
     &conv,
     {ARRAY(32, 28, 28, 1), ARRAY(32, 26, 26, 32)},
     {ARRAY(3, 3, 1, 32)}},
    {"conv2d_pool",
     "first layer",
     &pooled_32,
     {ARRAY(32, 28, 28, 1), ARRAY(3, 3, 1, 32)},
     {ARRAY(32, 13, 13, 32), PLACES(32, 13, 13, 32)}},
    {"conv2d_pool",
     "first layer, inference",
     &pooled_256,
     {ARRAY(256, 28, 28, 1), ARRAY(3, 3, 1, 32)},
     {ARRAY(256, 13, 13, 32)}},
    {"conv2d_pool_backward_kernel",
     "first layer",
     &pooled_back,
     {ARRAY(32, 28, 28, 1), ARRAY(32, 13, 13, 32), PLACES(32, 13, 13, 32)},
     {ARRAY(3, 3, 1, 32)}},
    {"max_pool2d", "", &pool, {ARRAY(32, 26, 26, 32)}, {ARRAY(32, 13, 13, 32), PLACES(32, 13, 13, 32)}},
    {"max_pool2d_scatter", "", NULL, {ARRAY(32, 13, 13, 32), PLACES(32, 13, 13, 32)}, {ARRAY(32, 26, 26, 32)}},
    {"sum",
     "bias of the first layer",
     &(const lm__reduce_attr){{0, 1, 2}, 3, false},
     {ARRAY(32, 26, 26, 32)},
     {ARRAY(32)}},
    {"sum", "bias of a dense layer", &(const lm__reduce_attr){{0}, 1, false}, {ARRAY(32, 128)}, {ARRAY(128)}},
    {"sum", "all", &(const lm__reduce_attr){{0, 1}, 2, false}, {ARRAY(256, 1000)}, {{LM_F32, 0, {0}}}},
    {"sum", "rows", &(const lm__reduce_attr){{1}, 1, false}, {ARRAY(2560, 100)}, {ARRAY(2560)}},
    {"matmul", "dense 128, forward", &plain, {ARRAY(32, 5408), ARRAY(5408, 128)}, {ARRAY(32, 128)}},
    {"matmul", "dense 128, dx", &turn_b, {ARRAY(32, 128), ARRAY(5408, 128)}, {ARRAY(32, 5408)}},
    {"matmul", "dense 128, dw", &turn_a, {ARRAY(32, 5408), ARRAY(32, 128)}, {ARRAY(5408, 128)}},
    {"matmul", "dense 10, forward", &plain, {ARRAY(32, 128), ARRAY(128, 10)}, {ARRAY(32, 10)}},
    {"matmul", "dense 10, dx", &turn_b, {ARRAY(32, 10), ARRAY(128, 10)}, {ARRAY(32, 128)}},
    {"matmul", "dense 10, dw", &turn_a, {ARRAY(32, 128), ARRAY(32, 10)}, {ARRAY(128, 10)}},
    {"matmul", "dense 128, 256 rows", &plain, {ARRAY(256, 5408), ARRAY(5408, 128)}, {ARRAY(256, 128)}},
    {"matmul", "784 to 256, forward", &plain, {ARRAY(128, 784), ARRAY(784, 256)}, {ARRAY(128, 256)}},
    {"matmul", "256 to 784, dx", &turn_b, {ARRAY(128, 784), ARRAY(256, 784)}, {ARRAY(128, 256)}},
    {"matmul", "784 to 256, dw", &turn_a, {ARRAY(128, 784), ARRAY(128, 256)}, {ARRAY(784, 256)}},
    {"matmul", "one row", &plain, {ARRAY(1, 5408), ARRAY(5408, 128)}, {ARRAY(1, 128)}},
    {"matmul", "square 1024", &plain, {ARRAY(1024, 1024), ARRAY(1024, 1024)}, {ARRAY(1024, 1024)}},
    {"matmul", "square", &plain, {ARRAY(512, 512), ARRAY(512, 512)}, {ARRAY(512, 512)}},
    {"softmax", "", &last, {ARRAY(32, 10)}, {ARRAY(32, 10)}},
    {"log_softmax", "", &last, {ARRAY(32, 10)}, {ARRAY(32, 10)}},
    {"softmax", "wide", &last, {ARRAY(256, 1000)}, {ARRAY(256, 1000)}},
    {"conv2d", "depthwise", &depthwise, {ARRAY(32, 32, 32, 64), ARRAY(3, 3, 1, 64)}, {ARRAY(32, 32, 32, 64)}},
    /* ResNet-20 on CIFAR, batch 128 */
    CONV("3 to 16", same, 128, 32, 32, 3, 3, 16, 32, 32),
    CONV("16 channels", same, 128, 32, 32, 16, 3, 16, 32, 32),
    CONV("16 to 32, by 2", by_2, 128, 32, 32, 16, 3, 32, 16, 16),
    CONV("16 to 32, 1x1 by 2", by_2, 128, 32, 32, 16, 1, 32, 16, 16),
    CONV("32 channels", same, 128, 16, 16, 32, 3, 32, 16, 16),
    CONV("32 to 64, by 2", by_2, 128, 16, 16, 32, 3, 64, 8, 8),
    CONV("32 to 64, 1x1 by 2", by_2, 128, 16, 16, 32, 1, 64, 8, 8),
    CONV("64 channels", same, 128, 8, 8, 64, 3, 64, 8, 8),
    /* DCGAN, batch 64; the way back to the image is the transposed convolution */
    CONV("1 to 64, 4x4 by 2", by_2, 64, 28, 28, 1, 4, 64, 14, 14),
    CONV("64 to 128, 4x4 by 2", by_2, 64, 14, 14, 64, 4, 128, 7, 7),
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The best time of a run in seconds, or a negative number where the kernel declines. */
static double time_kernel(const lm__kernel *kernel, const lm__problem *p, const void *const *in, void *const *out)
{
    lm__needs needs = {0};
    void *state = NULL, *local = NULL, *packed[4] = {NULL};
    if (kernel->accepts && !kernel->accepts(p)) return -1;
    if (kernel->prepare && kernel->prepare(p, &needs, &state) != LM_OK) return -1;
    if (kernel->open && kernel->open(p, state, &local) != LM_OK) return -1;
    size_t stride = (needs.scratch + 63) & ~(size_t)63;
    lm__run run = {.problem = p,
                   .in = in,
                   .out = out,
                   .packed = (const void *const *)packed,
                   .scratch_stride = stride,
                   .scratch = lm__alloc(stride * (size_t)lm__team_threads() + 1),
                   .shared = lm__alloc(needs.shared + 1),
                   .state = state,
                   .local = local};
    unsigned fp = lm__fp_fast();
    double best = 1e9, begin = now();
    for (int i = 0; i < 3 || (i < 2000 && now() - begin < 0.2); i++) {
        double t = now();
        if (kernel->run(&run) != LM_OK) break;
        t = now() - t;
        if (t < best) best = t;
    }
    lm__fp_restore(fp);
    lm__free(run.scratch);
    lm__free(run.shared);
    if (local && kernel->close) kernel->close(local);
    if (state && kernel->release) kernel->release(state);
    return best;
}

static size_t describe(lm__desc *to, lm_dtype dtype, int rank, const int64_t *dims)
{
    *to = (lm__desc){.dtype = dtype, .rank = rank, .size = 1};
    for (int d = 0; d < rank; d++) to->size *= (size_t)(to->dims[d] = dims[d]);
    return to->size * lm_dtype_size(dtype);
}

/* A place within the window of 2 x 2 that element k of a result belongs to. */
static int32_t place_of(size_t k, const int64_t *dims)
{
    size_t width = (size_t)dims[2], ox = k / (size_t)dims[3] % width,
           oy = k / (size_t)dims[3] / width % (size_t)dims[1];
    return (int32_t)((oy * 2 + k % 3 % 2) * 2 * width + ox * 2 + k % 5 % 2);
}

static void *random_array(const lm__desc *d, size_t bytes)
{
    float *x = lm__alloc(bytes + 1);
    uint32_t random = 1;
    for (size_t k = 0; k < d->size; k++) {
        random = random * 1664525 + 1013904223;
        if (d->dtype == LM_F32) x[k] = (float)(random >> 8) * 0x1p-24f - 0.5f;
        else ((int32_t *)(void *)x)[k] = place_of(k, d->dims);
    }
    return x;
}

static void time_case(const bench *b, const char *word)
{
    lm__desc in[3], out[2];
    void *input[3] = {NULL}, *output[2] = {NULL};
    double bytes = 0;
    int nin = 0, nout = 0;
    for (; nin < 3 && (b->in[nin].rank || nin == 0); nin++) {
        size_t size = describe(&in[nin], b->in[nin].dtype, b->in[nin].rank, b->in[nin].dims);
        input[nin] = random_array(&in[nin], size);
        bytes += (double)size;
    }
    for (; nout < 2 && (b->out[nout].rank || nout == 0); nout++) {
        size_t size = describe(&out[nout], b->out[nout].dtype, b->out[nout].rank, b->out[nout].dims);
        output[nout] = lm__calloc(size + 1, 1);
        bytes += (double)size;
    }
    const lm__op *op = lm__op_find(&lm__ops, b->op);
    lm__problem p = {.op = b->op, .nin = nin, .nout = nout, .in = in, .out = out, .attr = b->attr,
                     .out_used = ~(uint64_t)0, .isa = lm__isa_level()};
    const lm__kernel *const *fast = lm__fast_kernels(b->op);
    double flops = op->flops ? op->flops(&p) : 0;
    for (int i = 0, more = 1; more; i++) {
        const lm__kernel *kernel = fast[i] ? fast[i] : &op->reference;
        more = fast[i] != NULL;
        char line[128];
        snprintf(line, sizeof line, "%-23s %-24s %-7s", b->op, b->what, kernel->name);
        if (word && !strstr(line, word)) continue;
        double t = time_kernel(kernel, &p, (const void *const *)input, output);
        if (t < 0) continue;
        printf("%s %9.1f us  %6.1f GFLOP/s  %6.1f GB/s\n", line, t * 1e6, flops / t * 1e-9, bytes / t * 1e-9);
    }
    for (int i = 0; i < 3; i++) lm__free(input[i]);
    for (int i = 0; i < 2; i++) lm__free(output[i]);
}

int main(int argc, char **argv)
{
    if (argc > 1) lm_set_threads(atoi(argv[1]));
    printf("level %s, %d threads\n", lm_isa(), lm_threads());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) time_case(&cases[i], argc > 2 ? argv[2] : NULL);
    return 0;
}
