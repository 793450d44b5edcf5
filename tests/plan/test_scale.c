/* Batch normalisation behind convolutions and products in predictions: part of their weights, computed once a
 * version; the same numbers as without; and left alone where weights change, or others read what lies between. */
#include "support/check.h"
#include "base/alloc.h"
#include "graph/graph.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 3, SIDE = 6, IN = 5, OUT = 7, CELLS = BATCH * SIDE * SIDE };

typedef struct net {
    lm_variable *kernel, *bias, *gamma, *beta, *mean, *variance;
    lm_graph *graph;
    float x[CELLS * IN], y[CELLS * OUT], z[CELLS * OUT];
} net;

typedef enum kind { CONV, DENSE, CONV_BIAS, CONV_STORED, CONV_READ_TWICE } kind;

static lm_variable *draw(const char *name, int rank, const int64_t *dims, float low)
{
    lm_tensor *t = lm_tensor_new(LM_F32, rank, dims);
    for (size_t i = 0; i < lm_tensor_size(t); i++)
        ((float *)lm_tensor_data(t))[i] = low + sinf((float)(i * i % 101) + (float)name[0]) / 3;
    lm_variable *v = lm_variable_new(name, t, true);
    lm_free(t);
    return v;
}

static net *net_make(kind k)
{
    const int64_t conv[] = {3, 3, IN, OUT}, dense[] = {IN, OUT}, channel[] = {OUT};
    net *n = calloc(1, sizeof *n);
    n->kernel = k == DENSE ? draw("kernel", 2, dense, 0) : draw("kernel", 4, conv, 0);
    n->bias = draw("bias", 1, channel, 0), n->gamma = draw("gamma", 1, channel, 1);
    n->beta = draw("beta", 1, channel, 0.2f), n->mean = draw("mean", 1, channel, 0);
    n->variance = draw("variance", 1, channel, 1);
    lm_graph *g = n->graph = lm_graph_new();
    lm_value *x = k == DENSE ? lm_placeholder(g, "x", LM_F32, CELLS, IN)
                             : lm_placeholder(g, "x", LM_F32, BATCH, SIDE, SIDE, IN);
    lm_value *w = lm_read(g, n->kernel);
    lm_value *h = k == DENSE ? lm_op_matmul(x, w) : lm_op_conv2d(x, w, .padding = "same"), *between = h;
    if (k == CONV_BIAS) h = lm_op_add(h, lm_read(g, n->bias));
    lm_value *f = lm_op_rsqrt(lm_op_add(lm_read(g, n->variance), lm_scalar(g, LM_F32, 1e-3)));
    f = lm_op_multiply(f, lm_read(g, n->gamma));
    h = lm_op_add(lm_op_multiply(lm_op_subtract(h, lm_read(g, n->mean)), f), lm_read(g, n->beta));
    check_ok(lm__graph_output(g, lm_op_relu(h)));
    if (k == CONV_READ_TWICE) check_ok(lm__graph_output(g, between));
    if (k == CONV_STORED) check_ok(lm_assign(g, n->gamma, lm_op_multiply(f, lm_scalar(g, LM_F32, 1.5))));
    check_ok(lm__graph_commit(g, NULL));
    for (int i = 0; i < CELLS * IN; i++) n->x[i] = cosf((float)(i % 89));
    return n;
}

static void net_free(net *n)
{
    lm_free(n->kernel), lm_free(n->bias), lm_free(n->gamma), lm_free(n->beta), lm_free(n->mean), lm_free(n->variance);
    lm_free(n->graph);
    free(n);
}

static void run(net *n, lm__context *context, double *seconds)
{
    check_ok(lm__context_profile(context, (const void *[]){n->x}, (void *[]){n->y, n->z}, seconds));
}

/* What the same graph gives without the passes. */
static void expect(net *n)
{
    static float have[CELLS * OUT];
    lm__plan *plan;
    lm__context *context;
    memcpy(have, n->y, sizeof have);
    check_ok(lm__plan_new(n->graph, NULL, &(lm__plan_options){.passes_off = ~0u}, &plan));
    check_ok(lm__context_new(plan, &context));
    run(n, context, NULL);
    for (int i = 0; i < CELLS * OUT; i++)
        if (fabsf(have[i] - n->y[i]) > 1e-5f * (1 + fabsf(n->y[i])))
            fail_msg("element %d is %g, not %g", i, (double)have[i], (double)n->y[i]);
    lm__context_free(context);
    lm__plan_free(plan);
}

static void becomes_weights(void **state)
{
    (void)state;
    for (kind k = CONV; k <= CONV_BIAS; k++) {
        net *n = net_make(k);
        lm__plan *plan;
        lm__context *context;
        lm__text text = {0};
        check_ok(lm__plan_new(n->graph, NULL, NULL, &plan));
        lm__plan_print(plan, false, &text);
        int steps = lm__plan_steps(plan);
        double *first = calloc((size_t)steps, sizeof *first), *then = calloc((size_t)steps, sizeof *then);
        check_ok(lm__context_new(plan, &context));
        run(n, context, first);
        expect(n);
        run(n, context, then);
        /* of all steps only the convolution runs again */
        int once = 0, always = 0;
        for (int i = 0; i < steps; i++) {
            assert_true(first[i] > 0);
            once += then[i] == 0, always += then[i] > 0;
        }
        if (always != 1 || once < 1) fail_msg("%d, %d: %s", always, once, text.data);
        expect(n);
        /* new statistics, new weights */
        lm_tensor *other = lm_tensor_copy_of(LM_F32, 1, (int64_t[]){OUT}, (float[OUT]){3, 1, 4, 1, 5, 9, 2});
        check_ok(lm_variable_set(n->variance, other));
        run(n, context, NULL);
        expect(n);
        check_ok(lm_variable_set(n->mean, other));
        run(n, context, NULL);
        expect(n);
        lm_free(other);
        lm__free(text.data);
        lm__context_free(context);
        lm__plan_free(plan);
        free(first), free(then);
        net_free(n);
    }
}

static void left_alone(void **state)
{
    (void)state;
    for (kind k = CONV_STORED; k <= CONV_READ_TWICE; k++) {
        net *n = net_make(k), *again = net_make(k);
        lm__plan *plan;
        lm__context *context;
        check_ok(lm__plan_new(n->graph, NULL, NULL, &plan));
        check_ok(lm__context_new(plan, &context));
        for (int i = 0; i < 3; i++) {
            lm__plan *plain;
            lm__context *slow;
            check_ok(lm__plan_new(again->graph, NULL, &(lm__plan_options){.passes_off = ~0u}, &plain));
            check_ok(lm__context_new(plain, &slow));
            run(n, context, NULL);
            run(again, slow, NULL);
            for (int j = 0; j < CELLS * OUT; j++) {
                assert_true(fabsf(n->y[j] - again->y[j]) <= 1e-4f * (1 + fabsf(n->y[j])));
                assert_true(fabsf(n->z[j] - again->z[j]) <= 1e-4f * (1 + fabsf(n->z[j])));
            }
            lm__context_free(slow);
            lm__plan_free(plain);
        }
        lm__context_free(context);
        lm__plan_free(plan);
        net_free(n), net_free(again);
    }
}

RUN(cmocka_unit_test(becomes_weights), cmocka_unit_test(left_alone))
