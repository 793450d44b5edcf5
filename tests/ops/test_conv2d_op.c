/* conv2d and its two transposes: against direct sums over padded images, adjoints, sizes, refusals. */
#include "support/check.h"

#include "kernels/conv2d.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include <math.h>
#include <stdlib.h>

typedef struct layout {
    int64_t batch, height, width, channels, kernel_height, kernel_width, filters, groups;
    int64_t strides[2], dilation[2];
    const char *padding;
    int64_t pads[4];                    /* also what "same" is expected to give */
    int64_t out_height, out_width;
} layout;

static const layout layouts[] = {
    {2, 5, 4, 2, 3, 2, 3, 1, {1, 1}, {1, 1}, "valid", {0}, 3, 3},
    {1, 28, 28, 1, 3, 3, 4, 1, {1, 1}, {1, 1}, "valid", {0}, 26, 26},
    {2, 5, 6, 3, 3, 3, 2, 1, {1, 1}, {1, 1}, "same", {1, 1, 1, 1}, 5, 6},
    {1, 6, 7, 2, 3, 2, 2, 1, {2, 2}, {1, 1}, "same", {0, 1, 0, 1}, 3, 4},
    {1, 5, 5, 2, 2, 4, 3, 1, {1, 1}, {1, 1}, "same", {0, 1, 1, 2}, 5, 5},
    {1, 8, 9, 1, 3, 3, 2, 1, {1, 1}, {2, 3}, "same", {2, 2, 3, 3}, 8, 9},
    {1, 4, 4, 1, 1, 1, 1, 1, {3, 3}, {1, 1}, "same", {0, 0, 0, 0}, 2, 2},
    {2, 6, 5, 4, 2, 3, 6, 2, {1, 2}, {2, 1}, NULL, {1, 2, 0, 1}, 7, 2},
    {1, 7, 7, 3, 3, 3, 6, 3, {2, 2}, {1, 1}, "valid", {0}, 3, 3},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* One result: a sum over the window in the image with its padding written out. */
static double direct(const layout *l, const double *x, const double *k, int64_t b, int64_t oy, int64_t ox, int64_t f)
{
    int64_t share = l->channels / l->groups, group = f / (l->filters / l->groups);
    double sum = 0;
    for (int64_t ky = 0; ky < l->kernel_height; ky++)
        for (int64_t kx = 0; kx < l->kernel_width; kx++)
            for (int64_t c = 0; c < share; c++) {
                int64_t y = oy * l->strides[0] + ky * l->dilation[0] - l->pads[0];
                int64_t z = ox * l->strides[1] + kx * l->dilation[1] - l->pads[2];
                bool inside = y >= 0 && y < l->height && z >= 0 && z < l->width;
                double pixel = inside ? x[((b * l->height + y) * l->width + z) * l->channels + group * share + c] : 0;
                sum += pixel * k[((ky * l->kernel_width + kx) * share + c) * l->filters + f];
            }
    return sum;
}

static lm_value *image(lm_graph *g, const layout *l, lm_dtype dtype, int salt)
{
    return noise(g, dtype, SHAPE(l->batch, l->height, l->width, l->channels), salt, -1, 1);
}

static lm_value *kernel(lm_graph *g, const layout *l, lm_dtype dtype, int salt)
{
    return noise(g, dtype, SHAPE(l->kernel_height, l->kernel_width, l->channels / l->groups, l->filters), salt, -1,
                 1);
}

static lm_value *convolve(const layout *l, lm_value *x, lm_value *k)
{
    lm_op_conv2d_args args = {.size = sizeof args, .padding = l->padding, .groups = l->groups};
    memcpy(args.strides, l->strides, sizeof args.strides);
    memcpy(args.dilation, l->dilation, sizeof args.dilation);
    if (!l->padding) memcpy(args.pads, l->pads, sizeof args.pads);
    return lm_op_conv2d_new(x, k, &args);
}

static void values(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS; i++) {
        const layout *l = &layouts[i / 2];
        lm_dtype dtype = i % 2 ? LM_F32 : LM_F64;
        lm_graph *g = lm_graph_new();
        lm_value *x = image(g, l, dtype, 1), *k = kernel(g, l, dtype, 2), *y = convolve(l, x, k);
        check_shape(y, SHAPE(l->batch, l->out_height, l->out_width, l->filters));
        double *xs = evaluate(x), *ks = evaluate(k), *want = malloc(interpret_size(y) * sizeof *want);
        for (int64_t j = 0; j < (int64_t)interpret_size(y); j++)
            want[j] = direct(l, xs, ks, j / (l->out_height * l->out_width * l->filters),
                             j / (l->out_width * l->filters) % l->out_height, j / l->filters % l->out_width,
                             j % l->filters);
        check_numbers(y, want, interpret_size(y), dtype == LM_F64 ? 1e-12 : 1e-5);
        free(xs), free(ks), free(want);
        lm_free(g);
    }
}

/* conv2d is linear in x and k: <conv(x, k), y> = <x, backward_input(y, k)> = <k, backward_kernel(x, y)>. */
static void adjoints(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        const layout *l = &layouts[i];
        lm_graph *g = lm_graph_new();
        lm_value *x = image(g, l, LM_F64, 1), *k = kernel(g, l, LM_F64, 2), *y = convolve(l, x, k), *grads[2];
        lm_value *up = noise(g, LM_F64, SHAPE(l->batch, l->out_height, l->out_width, l->filters), 3, -1, 1);
        check_ok(lm__graph_vjp(g, 1, &y, &up, 2, (lm_value *[]){x, k}, grads));
        double want = inner_product(y, up);
        assert_true(fabs(inner_product(x, grads[0]) - want) < 1e-10);
        assert_true(fabs(inner_product(k, grads[1]) - want) < 1e-10);
        lm_free(g);
    }
}

static void linearity(void **state)
{
    (void)state;
    const layout *l = &layouts[7];
    lm_graph *g = lm_graph_new();
    lm_value *x = image(g, l, LM_F64, 1), *z = image(g, l, LM_F64, 2), *k = kernel(g, l, LM_F64, 3);
    check_same(convolve(l, lm_op_add(x, z), k), lm_op_add(convolve(l, x, k), convolve(l, z, k)), 1e-12);
    lm_free(g);
}

/* A kernel of one cell is a product of matrices; a kernel that is 1 in its middle copies. */
static void special_kernels(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = noise(g, LM_F64, SHAPE(2, 4, 5, 3), 1, -1, 1), *k = noise(g, LM_F64, SHAPE(1, 1, 3, 7), 2, -1, 1);
    check_same(lm_op_conv2d(x, k), lm_op_matmul(x, lm_op_squeeze(k)), 1e-13);
    double middle[9] = {0, 0, 0, 0, 1, 0, 0, 0, 0};
    lm_value *plane = noise(g, LM_F64, SHAPE(1, 4, 5, 1), 3, -1, 1);
    check_same(lm_op_conv2d(plane, numbers(g, LM_F64, SHAPE(3, 3, 1, 1), middle), .padding = "same"), plane, 0);
    lm_free(g);
}

/* The transposed convolution by its own name, up-sampling. */
static void backward_input_by_name(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *dy = numbers(g, LM_F64, SHAPE(1, 1, 2, 1), (double[]){2, 3}),
             *k = numbers(g, LM_F64, SHAPE(1, 2, 1, 1), (double[]){1, 10});
    int64_t shape[4] = {LM_ANY, 1, 4, 1}, wrong[4] = {1, 1, 6, 1}, open[4] = {1, LM_ANY, 4, 1};
    check_list(lm_op_conv2d_backward_input(dy, k, shape, .strides = {1, 2}), 0, 2, 20, 3, 30);
    check_refused(g, lm_op_conv2d_backward_input(dy, k, wrong, .strides = {1, 2}),
                  "conv2d's result for the wanted image has the shape (1, 1, 3, 1)");
    check_refused(g, lm_op_conv2d_backward_input(dy, k, open, .strides = {1, 2}), "only the batch may be left open");
    lm_value *x = numbers(g, LM_F64, SHAPE(1, 1, 4, 1), (double[]){1, 2, 3, 4});
    int64_t kernel_shape[4] = {1, 2, 1, 1};
    check_list(lm_op_conv2d_backward_kernel(x, dy, kernel_shape, .strides = {1, 2}), 0, 2 + 9, 4 + 12);
    lm_free(g);
}

/* With open sizes "same" is resolved when they are known. */
static void sizes_may_be_open(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, LM_ANY, LM_ANY, 2),
             *k = noise(g, LM_F32, SHAPE(3, 3, 2, 3), 2, -1, 1);
    lm_value *y = lm_op_conv2d(x, k, .strides = {2}, .padding = "same"), *dx;
    check_ok(lm__graph_gradients(g, y, 1, &x, &dx));
    check_ok(lm__graph_output(g, y));
    check_ok(lm__graph_output(g, dx));
    static float data[5 * 6 * 2], out[3 * 3 * 3], grad[5 * 6 * 2];
    for (int i = 0; i < 60; i++) data[i] = (float)evaluate_noise(1, (uint64_t)i);
    check_ok(interpret(g, (int64_t[]){1, 5, 6}, (const void *[]){data}, (void *[]){out, grad}));
    lm_graph *h = lm_graph_new();
    double numbers_in[60];
    for (int i = 0; i < 60; i++) numbers_in[i] = data[i];
    lm_value *fixed =
        lm_op_conv2d(numbers(h, LM_F32, SHAPE(1, 5, 6, 2), numbers_in),
                     noise(h, LM_F32, SHAPE(3, 3, 2, 3), 2, -1, 1), .strides = {2}, .padding = "same");
    double want[27];
    for (int i = 0; i < 27; i++) want[i] = out[i];
    check_numbers(fixed, want, 27, 0);
    lm_free(h);
    lm_free(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 4, 4, 3), *k = lm_placeholder(g, "k", LM_F32, 5, 3, 3, 2);
    lm_value *other = lm_placeholder(g, "o", LM_F32, 3, 3, 4, 2), *flat = lm_placeholder(g, "f", LM_F32, LM_ANY, 784);
    lm_value *good = lm_placeholder(g, "good", LM_F32, 3, 3, 3, 2),
             *wide = lm_placeholder(g, "wide", LM_F64, 3, 3, 3, 2);
    check_refused(g, lm_op_conv2d(x, k), "the window covers 5 cells of the height, but there are only 4");
    check_refused(g, lm_op_conv2d(x, k), "use a smaller window or .padding = \"same\"");
    check_refused(g, lm_op_conv2d(x, good, .dilation = {1, 2}), "width");
    check_refused(g, lm_op_conv2d(x, other), "the image has 3 channels, the kernel is for 4");
    check_refused(g, lm_op_conv2d(x, good, .groups = 2), "2 groups of 3");
    check_refused(g, lm_op_conv2d(flat, good), "expected 4: (batch, height, width, channels)");
    check_refused(g, lm_op_conv2d(x, flat), "expected 4: (height, width, channels / groups, filters)");
    check_refused(g, lm_op_conv2d(x, wide), "float64");
    check_refused(g, lm_op_conv2d(x, good, .padding = "smae"), "did you mean \"same\"?");
    check_refused(g, lm_op_conv2d(x, good, .padding = "same", .pads = {1}), "leave out one");
    check_refused(g, lm_op_conv2d(x, good, .strides = {-1}), ".strides");
    check_refused(g, lm_op_conv2d(x, good, .groups = 0), ".groups = 0");
    lm_free(g);
}

RUN(cmocka_unit_test(values), cmocka_unit_test(adjoints), cmocka_unit_test(linearity),
    cmocka_unit_test(special_kernels), cmocka_unit_test(backward_input_by_name),
    cmocka_unit_test(sizes_may_be_open), cmocka_unit_test(refusals))
