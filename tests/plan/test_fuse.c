/* Chains: an optimizer's update is one map a parameter, in place; what must stay apart does. */
#include "support/check.h"
#include "base/alloc.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>

enum { N = 5000 };

typedef struct adam {
    lm_variable *w, *m, *v, *t;
    lm_graph *graph;
} adam;

static lm_variable *filled(const char *name, int64_t n, float value)
{
    lm_tensor *t = lm_tensor_new(LM_F32, n ? 1 : 0, &n);
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((float *)lm_tensor_data(t))[i] = value + 0.001f * (float)(i % 7);
    lm_variable *v = lm_variable_new(name, t, true);
    lm_free(t);
    return v;
}

static lm_value *number(lm_graph *g, double x) { return lm_scalar(g, LM_F32, x); }

/* A parameter, its gradient as an input, and Adam's step as Keras writes it. */
static adam adam_make(bool guarded)
{
    adam a = {filled("w", N, 1), filled("m", N, 0.5f), filled("v", N, 0.25f), filled("t", 0, 1), lm_graph_new()};
    lm_graph *g = a.graph;
    lm_value *grad = lm_placeholder(g, "gradient", LM_F32, N), *loss = lm_placeholder_new(g, "loss", LM_F32, 0, NULL);
    lm_value *w = lm_read(g, a.w), *m = lm_read(g, a.m), *v = lm_read(g, a.v);
    lm_value *t = lm_op_add(lm_read(g, a.t), number(g, 1));
    lm_value *b1 = lm_op_power(number(g, 0.9), t), *b2 = lm_op_power(number(g, 0.999), t), *one = number(g, 1);
    lm_value *rate = lm_op_divide(lm_op_multiply(number(g, 0.01), lm_op_sqrt(lm_op_subtract(one, b2))),
                                  lm_op_subtract(one, b1));
    m = lm_op_add(m, lm_op_multiply(lm_op_subtract(grad, m), number(g, 0.1)));
    v = lm_op_add(v, lm_op_multiply(lm_op_subtract(lm_op_square(grad), v), number(g, 0.001)));
    w = lm_op_subtract(w, lm_op_divide(lm_op_multiply(m, rate), lm_op_add(lm_op_sqrt(v), number(g, 1e-7))));
    lm_assign(g, a.t, t);
    lm_assign(g, a.m, m);
    lm_assign(g, a.v, v);
    lm_assign(g, a.w, w);
    check_ok(lm__graph_commit(g, guarded ? lm_op_isfinite(loss) : NULL));
    return a;
}

static void adam_free(adam *a) { lm_free(a->w), lm_free(a->m), lm_free(a->v), lm_free(a->t), lm_free(a->graph); }

static void adam_check(const adam *a, const float *grad)
{
    double t = 2, rate = 0.01 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t));
    for (size_t i = 0; i < N; i++) {
        double w = 1 + 0.001 * (i % 7), m = 0.5 + 0.001 * (i % 7), v = 0.25 + 0.001 * (i % 7), g = (double)grad[i];
        m += (g - m) * 0.1;
        v += (g * g - v) * 0.001;
        w -= m * rate / (sqrt(v) + 1e-7);
        assert_float_equal(lm_tensor_get(lm_variable_value(a->m), i), m, 1e-5);
        assert_float_equal(lm_tensor_get(lm_variable_value(a->v), i), v, 1e-5);
        assert_float_equal(lm_tensor_get(lm_variable_value(a->w), i), w, 1e-5);
    }
}

static void adam_is_one_map(void **state)
{
    (void)state;
    for (int guarded = 0; guarded < 2; guarded++) {
        adam a = adam_make(guarded);
        float grad[N], loss = 1;
        for (int i = 0; i < N; i++) grad[i] = 0.01f * (float)(i % 100) - 0.5f;
        lm__plan *plan;
        lm__context *context;
        lm__text text = {0};
        check_ok(lm__plan_new(a.graph, NULL, NULL, &plan));
        lm__plan_print(plan, true, &text);
        /* One map for the scalars, one for the parameter; with a guard, that and a copy of t at the end, as others
         * read the scalars' map. */
        if (lm__plan_steps(plan) != (guarded ? 4 : 2)) fail_msg("%s", text.data);
        assert_true(lm__plan_bytes(plan) < 400000);
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, (const void *[]){grad, &loss}, NULL));
        adam_check(&a, grad);
        lm_memory_stats before = lm_memory();
        loss = nanf("");
        for (int k = 0; guarded && k < 3; k++)
            check_ok(lm__context_run(context, (const void *[]){grad, &loss}, NULL));
        assert_int_equal(lm_memory().allocations, before.allocations);
        if (guarded) adam_check(&a, grad);
        lm__context_free(context);
        lm__plan_free(plan);
        lm__free(text.data);
        adam_free(&a);
    }
}

/* f(x) and g(f(x) summed): no chain across the sum. */
static void not_across_reductions(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 4, 5), *e = lm_op_exp(lm_op_negative(x));
    lm_value *y = lm_op_divide(e, lm_op_sum_over(e, 1, (int64_t[]){1}, true));
    check_ok(lm__graph_output(g, lm_op_add(y, x)));
    lm__plan *plan;
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    assert_int_equal(lm__plan_steps(plan), 3);
    lm__plan_free(plan);
    lm_free(g);
}

/* A constant of one number everywhere is read as one; of two it is not. */
static void even_constants(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        float x[60], y[60];
        lm_graph *g = lm_graph_new();
        lm_tensor *t = lm_tensor_new(LM_F32, 2, (int64_t[]){6, 10});
        for (int i = 0; i < 60; i++) ((float *)lm_tensor_data(t))[i] = odd && i == 59 ? 3 : 2, x[i] = (float)i;
        lm_value *c = lm_constant(g, t);
        check_ok(lm__graph_output(g, lm_op_sin(lm_op_multiply(lm_placeholder(g, "x", LM_F32, 6, 10), c))));
        lm__plan *plan;
        lm__context *context;
        check_ok(lm__plan_new(g, NULL, NULL, &plan));
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, (const void *[]){x}, (void *[]){y}));
        for (int i = 0; i < 60; i++) assert_float_equal(y[i], sin((odd && i == 59 ? 3 : 2) * i), 1e-5);
        lm__context_free(context);
        lm__plan_free(plan);
        lm_free(t), lm_free(g);
    }
}

/* A variable read through broadcasting by the map that makes its new version: not written in place. */
static void broadcast_of_itself(void **state)
{
    (void)state;
    lm_variable *a = filled("a", 3, 1);
    lm_graph *g = lm_graph_new();
    lm_value *old = lm_read(g, a);
    lm_value *first = lm_op_broadcast_to(lm_op_sum(old), 1, (int64_t[]){3});
    lm_value *table = lm_op_add(lm_op_reshape(old, 2, (int64_t[]){3, 1}), lm_op_reshape(old, 2, (int64_t[]){1, 3}));
    lm_assign(g, a, lm_op_add(lm_op_sum(table, 1), first));
    check_ok(lm__graph_commit(g, NULL));
    lm__plan *plan;
    lm__context *context;
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, NULL, NULL));
    for (size_t i = 0; i < 3; i++)
        assert_float_equal(lm_tensor_get(lm_variable_value(a), i), 3 * (1 + 0.001 * (double)i) + 2 * 3.003, 1e-5);
    lm__context_free(context);
    lm__plan_free(plan);
    lm_free(g), lm_free(a);
}

/* An input that dies and has as many bytes as the result, but is read twice: the result must not lie over it. */
static void repeated_input_stays(void **state)
{
    (void)state;
    static float x[N], y[N][2];
    static double w[2][N];
    lm_graph *g = lm_graph_new();
    lm_value *xs = lm_placeholder(g, "x", LM_F32, 1, N), *ws = lm_placeholder(g, "w", LM_F64, 2, N);
    lm_value *wide = lm_op_exp(lm_op_cast(xs, LM_F64));
    check_ok(lm__graph_output(g, lm_op_transpose(lm_op_cast(lm_op_add(wide, ws), LM_F32), 1, 0)));
    for (int i = 0; i < N; i++) x[i] = (float)i / N, w[0][i] = i, w[1][i] = -i;
    lm__plan *plan;
    lm__context *context;
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    assert_int_equal(lm__plan_steps(plan), 3);
    check_ok(lm__context_new(plan, &context));
    void *out[] = {y};
    check_ok(lm__context_run(context, (const void *[]){x, w}, out));
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < N; i++) assert_float_equal(y[i][k], (float)(exp((double)x[i]) + w[k][i]), 1e-3);
    lm__context_free(context);
    lm__plan_free(plan);
    lm_free(g);
}

/* A product whose result is wanted with and without bias and relu is computed once. */
static void product_is_made_once(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 8, 16), *w = lm_placeholder(g, "w", LM_F32, 16, 32);
    lm_value *y = lm_op_matmul(x, w), *z = lm_op_add(y, lm_placeholder(g, "b", LM_F32, 32));
    check_ok(lm__graph_output(g, lm_op_relu(z)));
    for (int both = 0; both < 3; both++) {
        lm__plan *plan;
        check_ok(lm__plan_new(g, NULL, NULL, &plan));
        assert_float_equal(lm__plan_flops(plan), 2.0 * 8 * 16 * 32, 0);
        lm__plan_free(plan);
        check_ok(lm__graph_output(g, both ? y : z));
    }
    lm_free(g);
}

RUN(cmocka_unit_test(adam_is_one_map), cmocka_unit_test(even_constants),
    cmocka_unit_test(not_across_reductions), cmocka_unit_test(broadcast_of_itself),
    cmocka_unit_test(repeated_input_stays), cmocka_unit_test(product_is_made_once))
