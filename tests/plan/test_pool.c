/* Pooling in convolutions: the same numbers as apart, for odd sizes, padding, strides, activations; and where it
 * must not be. */
#include "support/check.h"
#include "base/alloc.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct layer {
    int64_t batch, height, width, channels, kernel, filters, stride, pool, pool_stride;
    const char *padding, *pool_padding;
    int activation;                     /* 0 none, 1 relu, 2 tanh */
    bool fits;                          /* whether a kernel can do both */
} layer;

static const layer layers[] = {
    {2, 28, 28, 1, 3, 32, 1, 2, 2, "valid", "valid", 1, true},
    {3, 11, 9, 3, 3, 5, 1, 2, 2, "valid", "valid", 1, true},
    {1, 13, 17, 2, 5, 20, 1, 3, 3, "same", "valid", 1, true},
    {2, 15, 12, 3, 3, 33, 2, 2, 2, "same", "valid", 2, true},
    {2, 10, 10, 2, 1, 8, 1, 2, 2, "valid", "valid", 0, true},
    {2, 9, 9, 2, 3, 8, 1, 3, 2, "valid", "valid", 1, false},   /* windows overlap */
    {2, 9, 9, 2, 3, 8, 1, 2, 2, "valid", "same", 1, false},    /* padded windows */
    {2, 9, 9, 2, 3, 3, 1, 2, 2, "valid", "valid", 1, false},   /* too few filters for vectors */
};

/* No gradients, those of kernel and bias, those of the image too. */
enum { INFERENCE, FIRST_LAYER, INNER_LAYER, MODES };

static lm_graph *build(const layer *l, int mode)
{
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, l->batch, l->height, l->width, l->channels);
    lm_value *k = lm_placeholder(g, "k", LM_F32, l->kernel, l->kernel, l->channels, l->filters);
    lm_value *b = lm_placeholder(g, "b", LM_F32, l->filters), *grads[3];
    lm_value *h = lm_op_add(lm_op_conv2d(x, k, .strides = {l->stride}, .padding = l->padding), b);
    h = l->activation == 1 ? lm_op_relu(h) : l->activation == 2 ? lm_op_tanh(h) : h;
    lm_value *y = lm_op_max_pool2d(h, .pool_size = {l->pool}, .strides = {l->pool_stride},
                                   .padding = l->pool_padding);
    lm_value *loss = lm_op_sum(lm_op_multiply(lm_op_sin(y), y));
    int n = mode == INFERENCE ? 0 : mode == FIRST_LAYER ? 2 : 3;
    if (n) check_ok(lm_gradients(loss, n, (lm_value *[]){k, b, x}, grads));
    check_ok(lm__graph_output(g, y));
    for (int i = 0; i < n; i++) check_ok(lm__graph_output(g, grads[i]));
    return g;
}

static size_t size_of(const lm_value *v)
{
    size_t size = 1;
    for (int d = 0; d < v->shape.rank; d++) size *= (size_t)v->shape.dim[d];
    return size;
}

/* The outputs, in new memory, one after the other. */
static float *run(const lm_graph *g, unsigned off, const void *const *in, size_t *count, lm__text *text)
{
    lm__plan_options options = {.passes_off = off};
    lm__plan *plan;
    lm__context *context;
    void *out[8];
    size_t total = 0;
    for (int i = 0; i < g->noutputs; i++) total += size_of(g->outputs[i]);
    float *all = malloc(total * sizeof *all), *at = all;
    for (int i = 0; i < g->noutputs; at += size_of(g->outputs[i++])) out[i] = at;
    check_ok(lm__plan_new(g, NULL, &options, &plan));
    if (text) lm__plan_print(plan, false, text);
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, in, out));
    lm__context_free(context);
    lm__plan_free(plan);
    *count = total;
    return all;
}

static void check_close(const layer *l, const float *want, const float *have, size_t n)
{
    float largest = 1;
    for (size_t i = 0; i < n; i++) largest = fmaxf(largest, fabsf(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(want[i] - have[i]) <= 2e-5f * largest))
            fail_msg("layer %d, element %zu of %zu: %g, not %g", (int)(l - layers), i, n, (double)have[i],
                     (double)want[i]);
}

static void equals_apart(void **state)
{
    static float x[20000], k[6000], b[40];
    const void *in[] = {x, k, b};
    (void)state;
    for (int i = 0; i < 20000; i++) x[i] = sinf(0.37f * (float)i);
    for (int i = 0; i < 6000; i++) k[i] = 0.3f * cosf(1.7f * (float)i);
    for (int i = 0; i < 40; i++) b[i] = 0.01f * (float)i - 0.2f;
    for (size_t i = 0; i < MODES * sizeof layers / sizeof layers[0]; i++) {
        const layer *l = &layers[i / MODES];
        int mode = (int)(i % MODES);
        lm_graph *g = build(l, mode);
        lm__text text = {0};
        size_t n;
        float *want = run(g, ~0u, in, &n, NULL), *have = run(g, 0, in, &n, &text);
        float *plain = run(g, LM__PASS_BIT(fast), in, &n, NULL);
        check_close(l, want, have, n);
        check_close(l, want, plain, n);
        /* The gradient of tanh needs what lies between; that of relu can look at the maxima. */
        bool seen = mode != INFERENCE && l->activation == 2;
        if ((strstr(text.data, " conv2d_pool ") != NULL) != (l->fits && !seen)) fail_msg("%s", text.data);
        if ((strstr(text.data, " conv2d_pool_backward_kernel") != NULL) != (l->fits && !seen && mode == FIRST_LAYER))
            fail_msg("%s", text.data);
        free(want), free(have), free(plain);
        lm__free(text.data);
        lm_free(g);
    }
}

/* A mask that is not that of the pooled image stays where it is. */
static void other_masks(void **state)
{
    static float x[2 * 8 * 8 * 4], z[2 * 8 * 8 * 4];
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *xs = lm_placeholder(g, "x", LM_F32, 2, 8, 8, 4), *zs = lm_placeholder(g, "z", LM_F32, 2, 8, 8, 4), *dx;
    lm_value *y = lm_op_max_pool2d(xs, .pool_size = {2, 2}), *zero = lm_scalar(g, LM_F32, 0);
    check_ok(lm_gradients(lm_op_sum(lm_op_square(y)), 1, &xs, &dx));
    check_ok(lm__graph_output(g, lm_op_where(lm_op_greater(zs, zero), dx, zero)));
    check_ok(lm__graph_output(g, lm_op_where(lm_op_greater(xs, zero), dx, zero)));
    for (int i = 0; i < 2 * 8 * 8 * 4; i++) x[i] = sinf(0.9f * (float)i) - 0.5f, z[i] = cosf(1.3f * (float)i);
    size_t n;
    const void *in[] = {x, z};
    float *want = run(g, ~0u, in, &n, NULL), *have = run(g, 0, in, &n, NULL);
    assert_memory_equal(want, have, n * sizeof *want);
    free(want), free(have);
    lm_free(g);
}

RUN(cmocka_unit_test(equals_apart), cmocka_unit_test(other_masks))
