/* Pooling: against plain loops over windows, ties, adjoints, sizes, refusals. */
#include "support/check.h"

#include "ops/pool2d.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include <math.h>
#include <stdlib.h>

typedef struct layout {
    int64_t dims[4], size[2], strides[2];
    const char *padding;
    int64_t top, left, out[2];          /* what is expected */
} layout;

static const layout layouts[] = {
    {{2, 4, 6, 3}, {2, 2}, {2, 2}, "valid", 0, 0, {2, 3}}, {{1, 26, 26, 2}, {2, 2}, {0}, NULL, 0, 0, {13, 13}},
    {{1, 5, 7, 2}, {2, 3}, {2, 2}, "valid", 0, 0, {2, 3}}, {{1, 5, 7, 2}, {3, 2}, {2, 2}, "same", 1, 0, {3, 4}},
    {{2, 4, 4, 1}, {3, 3}, {1, 1}, "same", 1, 1, {4, 4}},  {{1, 2, 3, 2}, {5, 5}, {1, 1}, "same", 2, 2, {2, 3}},
    {{1, 5, 5, 1}, {2, 2}, {3, 3}, "same", 0, 0, {2, 2}},  {{1, 1, 1, 1}, {1, 1}, {1, 1}, "valid", 0, 0, {1, 1}},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static lm_op_pool2d_args args_of(const layout *l)
{
    lm_op_pool2d_args args = {.size = sizeof args, .padding = l->padding};
    memcpy(args.pool_size, l->size, sizeof args.pool_size);
    memcpy(args.strides, l->strides, sizeof args.strides);
    return args;
}

/* The largest element, its place and the mean of the window of one result. */
static void window(const layout *l, const double *x, int64_t i, double *most, double *place, double *mean)
{
    const int64_t *d = l->dims;
    int64_t c = i % d[3], ox = i / d[3] % l->out[1], oy = i / (d[3] * l->out[1]) % l->out[0];
    int64_t b = i / (d[3] * l->out[1] * l->out[0]), cells = 0;
    int64_t stride_y = l->strides[0] ? l->strides[0] : l->size[0],
            stride_x = l->strides[1] ? l->strides[1] : l->size[1];
    double sum = 0;
    *most = -INFINITY;
    for (int64_t y = 0; y < d[1]; y++)
        for (int64_t z = 0; z < d[2]; z++) {
            int64_t ky = y - oy * stride_y + l->top, kx = z - ox * stride_x + l->left;
            if (ky < 0 || ky >= l->size[0] || kx < 0 || kx >= l->size[1]) continue;
            double v = x[((b * d[1] + y) * d[2] + z) * d[3] + c];
            if (v > *most) *most = v, *place = (double)(y * d[2] + z);
            sum += v;
            cells++;
        }
    *mean = sum / (double)cells;
}

static void values(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * LAYOUTS; i++) {
        const layout *l = &layouts[i / 2];
        lm_graph *g = lm_graph_new();
        lm_dtype dtype = i % 2 ? LM_F32 : LM_F64;
        /* Few different numbers, so that windows hold equals. */
        lm_value *x = lm_op_round(noise(g, dtype, 4, l->dims, 1, -3, 3));
        lm_op_pool2d_args args = args_of(l);
        lm_value *most = lm_op_max_pool2d_new(x, &args), *mean = lm_op_average_pool2d_new(x, &args);
        check_shape(most, SHAPE(l->dims[0], l->out[0], l->out[1], l->dims[3]));
        check_shape(mean, SHAPE(l->dims[0], l->out[0], l->out[1], l->dims[3]));
        size_t n = interpret_size(most);
        double *xs = evaluate(x), *want = malloc(3 * n * sizeof *want);
        for (size_t k = 0; k < n; k++) window(l, xs, (int64_t)k, &want[k], &want[n + k], &want[2 * n + k]);
        check_numbers(most, want, n, 0);
        check_numbers(lm_op_max_pool2d_index_new(x, &args), want + n, n, 0);
        check_numbers(mean, want + 2 * n, n, dtype == LM_F64 ? 1e-14 : 1e-6);
        free(xs), free(want);
        lm_free(g);
    }
}

/* Of equals the first wins, and it alone gets the gradient; NaN beats numbers. */
static void ties(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = numbers(g, LM_F64, SHAPE(1, 2, 4, 1), (double[]){1, 7, 0, 0, 7, 7, 0, 0}), *dx;
    lm_value *y = lm_op_max_pool2d(x, .pool_size = {2});
    check_list(y, 0, 7, 0);
    check_list(lm_op_max_pool2d_index(x, .pool_size = {2}), 0, 1, 2);
    check_ok(lm__graph_gradients(g, y, 1, &x, &dx));
    check_list(dx, 0, 0, 1, 1, 0, 0, 0, 0, 0);
    lm_value *nan = numbers(g, LM_F32, SHAPE(1, 2, 2, 1), (double[]){1, NAN, 9, NAN});
    check_list(lm_op_max_pool2d(nan, .pool_size = {2}), 0, NAN);
    check_list(lm_op_max_pool2d_index(nan, .pool_size = {2}), 0, 1);
    lm_free(g);
}

/* <A x, y> = <x, Aᵀ y>: mean pooling is linear; max pooling is, with its places held fast. */
static void adjoints(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        const layout *l = &layouts[i];
        lm_graph *g = lm_graph_new();
        lm_op_pool2d_args args = args_of(l);
        lm_value *x = noise(g, LM_F64, 4, l->dims, 1, -1, 1), *dx;
        lm_value *up = noise(g, LM_F64, SHAPE(l->dims[0], l->out[0], l->out[1], l->dims[3]), 2, -1, 1);
        lm_value *mean = lm_op_average_pool2d_new(x, &args), *index = lm_op_max_pool2d_index_new(x, &args);
        check_ok(lm__graph_vjp(g, 1, &mean, &up, 1, &x, &dx));
        assert_true(fabs(inner_product(mean, up) - inner_product(x, dx)) < 1e-11);
        lm_value *taken = lm__max_pool2d_gather(x, index), *put = lm__max_pool2d_scatter(up, index, &x->shape);
        check_same(taken, lm_op_max_pool2d_new(x, &args), 0);
        assert_true(fabs(inner_product(taken, up) - inner_product(x, put)) < 1e-11);
        lm_free(g);
    }
}

static void a_place_outside_the_plane_fails_the_run(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *dy = numbers(g, LM_F32, SHAPE(1, 1, 2, 1), (double[]){1, 2});
    lm_value *index = numbers(g, LM_I32, SHAPE(1, 1, 2, 1), (double[]){0, 9});
    lm__shape shape = {4, {1, 3, 3, 1}};
    float out[9];
    check_ok(lm__graph_output(g, lm__max_pool2d_scatter(dy, index, &shape)));
    check_status(interpret(g, NULL, NULL, (void *[]){out}), LM_INVALID);
    check_contains(lm_last_error(), "place 9 lies outside a plane of 9 cells");
    lm_free(g);
}

static void sizes_may_be_open(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, LM_ANY, 4, 1), *dx;
    lm_value *y = lm_op_max_pool2d(x, .pool_size = {2}, .padding = "same");
    check_ok(lm__graph_gradients(g, y, 1, &x, &dx));
    check_ok(lm__graph_output(g, y));
    check_ok(lm__graph_output(g, dx));
    float in[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, out[4], grad[12];
    check_ok(interpret(g, (int64_t[]){1, 3}, (const void *[]){in}, (void *[]){out, grad}));
    assert_true(out[0] == 6 && out[1] == 8 && out[2] == 10 && out[3] == 12);
    assert_true(grad[5] == 1 && grad[7] == 1 && grad[9] == 1 && grad[11] == 1 && grad[0] == 0);
    lm_free(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 4, 4, 3), *flat = lm_placeholder(g, "f", LM_F32, LM_ANY, 9);
    lm_value *i = lm_placeholder(g, "i", LM_I32, 1, 4, 4, 1), *none = lm_placeholder(g, "none", LM_F32, 1, 0, 4, 1);
    check_refused(g, lm_op_max_pool2d(x, .pool_size = {5, 2}),
                  "the window covers 5 cells of the height, but there are only 4");
    check_refused(g, lm_op_average_pool2d(x, .pool_size = {2, 5}), "of the width");
    check_refused(g, lm_op_max_pool2d(x), ".pool_size is missing");
    check_refused(g, lm_op_max_pool2d(x, .pool_size = {2}, .strides = {-1}), ".strides");
    check_refused(g, lm_op_max_pool2d(x, .pool_size = {2}, .padding = "vaild"), "did you mean \"valid\"?");
    check_refused(g, lm_op_max_pool2d(x, .pool_size = {2}, .padding = "explicit"), "use \"valid\" or \"same\"");
    check_refused(g, lm_op_max_pool2d(flat, .pool_size = {2}), "expected 4: (batch, height, width, channels)");
    check_refused(g, lm_op_average_pool2d(i, .pool_size = {2}), "expected a float type");
    check_refused(g, lm_op_max_pool2d(none, .pool_size = {1}, .padding = "same"), "the image has no cells");
    lm_free(g);
}

RUN(cmocka_unit_test(values), cmocka_unit_test(ties), cmocka_unit_test(adjoints),
    cmocka_unit_test(a_place_outside_the_plane_fails_the_run), cmocka_unit_test(sizes_may_be_open),
    cmocka_unit_test(refusals))
