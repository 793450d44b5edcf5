/* Sums inside maps, factors taken out of sums, and values computed again instead of kept: what becomes of a layer of
 * batch normalisation and relu and of its gradient. */
#include "support/check.h"
#include "base/alloc.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3000, CHANNELS = 5, SIZE = ROWS * CHANNELS };

/* y = relu((x - mean) * f + beta), normalised by the batch, with a gradient dy given: dx, df, dbeta. */
typedef struct layer {
    lm_graph *graph;
    float x[SIZE], dy[SIZE], gamma[CHANNELS], beta[CHANNELS];
    float y[SIZE], dx[SIZE], dgamma[CHANNELS], dbeta[CHANNELS];
} layer;

static layer *layer_make(bool residual)
{
    layer *l = calloc(1, sizeof *l);
    for (int i = 0; i < SIZE; i++) l->x[i] = sinf((float)(i * 7 % 1999)) + 3, l->dy[i] = cosf((float)(i * 3 % 997));
    for (int i = 0; i < CHANNELS; i++) l->gamma[i] = 0.5f + (float)i / 4, l->beta[i] = (float)i / 8 - 0.25f;
    lm_graph *g = l->graph = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, ROWS, CHANNELS);
    lm_value *dy = lm_placeholder(g, "dy", LM_F32, ROWS, CHANNELS);
    lm_value *in[] = {x, lm_placeholder(g, "gamma", LM_F32, CHANNELS), lm_placeholder(g, "beta", LM_F32, CHANNELS)};
    lm_value *mean, *variance, *grads[3];
    lm_op_moments(x, LM__INTS(0), false, &mean, &variance);
    lm_value *f = lm_op_multiply(lm_op_rsqrt(lm_op_add(variance, lm_scalar(g, LM_F32, 1e-3))), in[1]);
    lm_value *y = lm_op_add(lm_op_multiply(lm_op_subtract(x, mean), f), in[2]);
    if (residual) y = lm_op_add(y, dy);
    y = lm_op_relu(y);
    check_ok(lm__graph_output(g, y));
    check_ok(lm__graph_vjp(g, 1, &y, &dy, 3, in, grads));
    for (int i = 0; i < 3; i++) check_ok(lm__graph_output(g, grads[i]));
    return l;
}

static void layer_run(layer *l, unsigned off, lm__text *text, int *steps)
{
    lm__plan *plan;
    lm__context *context;
    lm__plan_options options = {.passes_off = off};
    check_ok(lm__plan_new(l->graph, NULL, &options, &plan));
    if (text) lm__plan_print(plan, false, text);
    if (steps) *steps = lm__plan_steps(plan);
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, (const void *[]){l->x, l->dy, l->gamma, l->beta},
                             (void *[]){l->y, l->dx, l->dgamma, l->dbeta}));
    lm__context_free(context);
    lm__plan_free(plan);
}

static void near(const float *a, const float *b, int n, float tolerance)
{
    for (int i = 0; i < n; i++)
        if (fabsf(a[i] - b[i]) > tolerance * (1 + fabsf(b[i])))
            fail_msg("element %d: %g, not %g", i, (double)a[i], (double)b[i]);
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) n++;
    return n;
}

/* Forward: moments, factor, one map. Backward: one map with both sums, a small one or two, one map for dx, which
 * makes mask and gradient again from dy and x alone. */
static void few_passes(void **state)
{
    (void)state;
    for (int residual = 0; residual < 2; residual++) {
        layer *fused = layer_make(residual), *plain = layer_make(residual);
        lm__text text = {0};
        layer_run(fused, 0, &text, NULL);
        layer_run(plain, LM__PASS_BIT(fuse) | LM__PASS_BIT(simplify) | LM__PASS_BIT(fast), NULL, NULL);
        near(fused->y, plain->y, SIZE, 1e-4f), near(fused->dx, plain->dx, SIZE, 1e-4f);
        near(fused->dgamma, plain->dgamma, CHANNELS, 1e-3f), near(fused->dbeta, plain->dbeta, CHANNELS, 1e-3f);
        if (count(text.data, "2 sums") != 1 || count(text.data, "  sum ") != 0) fail_msg("%s", text.data);
        /* x, dy and the two results y and dx are the only large arrays: nothing between them is kept */
        if (count(text.data, "float32(3000, 5)@arena")) fail_msg("%s", text.data);
        /* copies that meet in one map are one step again */
        if (count(text.data, "subtract multiply add relu greater where subtract")) fail_msg("%s", text.data);
        lm__free(text.data);
        lm_free(fused->graph), lm_free(plain->graph);
        free(fused), free(plain);
    }
}

/* sum(x b) and -sum(-x) with b the same for all: one sum, of x. */
static void factors_come_out(void **state)
{
    (void)state;
    static float x[6][4], b[4] = {1, 2, 3, 4}, c[6] = {1, 1, 2, 2, 3, 3};
    float first[4], second[4], third[4];
    for (int i = 0; i < 24; i++) x[i / 4][i % 4] = (float)(i * i % 17) - 5;
    lm_graph *g = lm_graph_new();
    lm_value *xs = lm_placeholder(g, "x", LM_F32, 6, 4), *bs = lm_placeholder(g, "b", LM_F32, 4);
    lm_value *cs = lm_placeholder(g, "c", LM_F32, 6, 1);
    lm_value *product = lm_op_negative(lm_op_multiply(lm_op_multiply(xs, bs), lm_scalar(g, LM_F32, 0.5)));
    check_ok(lm__graph_output(g, lm_op_sum(xs, 0)));
    check_ok(lm__graph_output(g, lm_op_sum(product, 0)));
    check_ok(lm__graph_output(g, lm_op_sum(lm_op_multiply(xs, cs), 0)));   /* differs along the axis: stays */
    lm__plan *plan;
    lm__context *context;
    lm__text text = {0};
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    lm__plan_print(plan, false, &text);
    if (count(text.data, " sum  ") != 1 || count(text.data, "1 sum") != 1) fail_msg("%s", text.data);
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, (const void *[]){x, b, c}, (void *[]){first, second, third}));
    for (int j = 0; j < 4; j++) {
        float sum = 0, scaled = 0;
        for (int i = 0; i < 6; i++) sum += x[i][j], scaled += x[i][j] * c[i];
        assert_float_equal(first[j], sum, 1e-5);
        assert_float_equal(second[j], sum * b[j] * -0.5f, 1e-4);
        assert_float_equal(third[j], scaled, 1e-4);
    }
    lm__free(text.data);
    lm__context_free(context);
    lm__plan_free(plan);
    lm_free(g);
}

/* A variable's old value is not read again behind its update, and costly ops are not repeated. */
static void kept_where_it_must_be(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 4096), *e = lm_op_exp(x);
    lm_value *sum = lm_op_sum(e);
    check_ok(lm__graph_output(g, lm_op_divide(e, sum)));
    lm__plan *plan;
    lm__text text = {0};
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    lm__plan_print(plan, false, &text);
    if (count(text.data, "{exp") != 1) fail_msg("%s", text.data);
    lm__free(text.data);
    lm__plan_free(plan);
    lm_free(g);
}

/* The same bytes for any team. */
static void any_team(void **state)
{
    (void)state;
    layer *one = layer_make(true), *more = layer_make(true);
    lm_set_threads(1);
    layer_run(one, 0, NULL, NULL);
    for (int t = 2; t <= 3; t++) {
        lm_set_threads(t);
        layer_run(more, 0, NULL, NULL);
        assert_memory_equal(one->y, more->y, sizeof *one - offsetof(layer, y));
    }
    lm_free(one->graph), lm_free(more->graph);
    free(one), free(more);
}

RUN(cmocka_unit_test(few_passes), cmocka_unit_test(factors_come_out), cmocka_unit_test(kept_where_it_must_be),
    cmocka_unit_test(any_team))
