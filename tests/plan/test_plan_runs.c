/* Running plans: the same bytes for any number of threads, half floats, watch mode, packed weights, memory running
 * out. */
#include "support/check.h"
#include "support/oom.h"
#include "support/random_graph.h"
#include "base/alloc.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/function.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>
#include <stdio.h>

static lm_status run_plan(const lm_graph *g, const lm__plan_options *options, const void *const *in, void *const *out)
{
    lm__plan *plan;
    lm__context *context = NULL;
    lm_status status = lm__plan_new(g, NULL, options, &plan);
    if (status == LM_OK) status = lm__context_new(plan, &context);
    if (status == LM_OK) status = lm__context_run(context, in, out);
    lm__context_free(context);
    lm__plan_free(plan);
    return status;
}

/* A small net with its gradients: products, convolution, pooling's relatives, sums long enough to be cut. */
static lm_graph *net(void)
{
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 8, 20, 20, 3), *k = lm_placeholder(g, "k", LM_F32, 3, 3, 3, 16);
    lm_value *b = lm_placeholder(g, "b", LM_F32, 16), *w = lm_placeholder(g, "w", LM_F32, 18 * 18 * 16, 10);
    lm_value *h = lm_op_relu(lm_op_add(lm_op_conv2d(x, k), b));
    lm_value *y = lm_op_softmax(lm_op_matmul(lm_op_reshape(h, 2, (int64_t[]){8, LM_ANY}), w), -1);
    lm_value *loss = lm_op_mean(lm_op_square(y)), *grads[3];
    check_ok(lm_gradients(loss, 3, (lm_value *[]){k, b, w}, grads));
    check_ok(lm__graph_output(g, loss));
    check_ok(lm__graph_output(g, grads[0]));
    check_ok(lm__graph_output(g, grads[1]));
    check_ok(lm__graph_output(g, grads[2]));
    return g;
}

static void threads_give_the_same_bytes(void **state)
{
    (void)state;
    static float x[8 * 20 * 20 * 3], k[27 * 16], b[16], w[18 * 18 * 16 * 10];
    static struct {
        float loss, k[27 * 16], b[16], w[18 * 18 * 16 * 10];
    } got[3];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = sinf((float)i);
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) k[i] = 0.1f * cosf((float)i);
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) w[i] = 0.1f * cosf(0.7f * (float)i);
    lm_graph *g = net();
    for (int t = 0; t < 3; t++) {
        check_ok(lm_set_threads(t + 1));
        void *out[] = {&got[t].loss, got[t].k, got[t].b, got[t].w};
        check_ok(run_plan(g, NULL, (const void *[]){x, k, b, w}, out));
        assert_memory_equal(&got[t], &got[0], sizeof got[0]);
    }
    assert_true(isfinite(got[0].loss) && got[0].loss > 0);
    lm_free(g);
    check_ok(lm_set_threads(0));
}

/* A plan made for fewer threads than there are now would lack scratch memory. */
static void more_threads_are_refused(void **state)
{
    (void)state;
    float x = 1, y;
    lm_graph *g = lm_graph_new();
    check_ok(lm__graph_output(g, lm_op_exp(lm_placeholder_new(g, "x", LM_F32, 0, NULL))));
    check_ok(lm_set_threads(1));
    lm__plan *plan;
    lm__context *context;
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm_set_threads(2));
    check_status(lm__context_run(context, (const void *[]){&x}, (void *[]){&y}), LM_INVALID);
    check_ok(lm_set_threads(1));
    check_ok(lm__context_run(context, (const void *[]){&x}, (void *[]){&y}));
    lm__context_free(context);
    lm__plan_free(plan);
    check_ok(lm_set_threads(3));        /* handles are made with the context: a plan for more does not help */
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    check_ok(lm_set_threads(1));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm_set_threads(2));
    check_status(lm__context_run(context, (const void *[]){&x}, (void *[]){&y}), LM_INVALID);
    lm__context_free(context);
    lm__plan_free(plan);
    lm_free(g);
    check_ok(lm_set_threads(0));
}

static void half_floats(void **state)
{
    (void)state;
    static const lm_dtype halves[] = {LM_BF16, LM_F16};
    for (int h = 0; h < 2; h++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = lm_placeholder(g, "x", LM_F32, 4, 4), *half = lm_op_cast(x, halves[h]);
        lm_value *y = lm_op_matmul(lm_op_add(half, lm_scalar(g, halves[h], 1)), lm_op_transpose(half, 1, 0));
        lm_value *z = lm_op_where(lm_op_greater(y, lm_scalar(g, halves[h], 2)), lm_op_relu(y), half);
        assert_int_equal(z->dtype, halves[h]);
        check_ok(lm__graph_output(g, lm_op_cast(z, LM_F32)));
        check_ok(lm__graph_output(g, lm_op_sum(z)));
        float in[16], out[16], want[16];
        uint16_t sum;
        for (int i = 0; i < 16; i++) in[i] = (float)(i % 5) - 1;
        for (int i = 0; i < 16; i++) {
            float p = 0;
            for (int k = 0; k < 4; k++) p += (in[i / 4 * 4 + k] + 1) * in[i % 4 * 4 + k];
            want[i] = p > 2 ? p : in[i];
        }
        for (int off = 0; off < 2; off++) {
            lm__plan_options options = {.passes_off = off ? ~0u : 0};
            check_ok(run_plan(g, &options, (const void *[]){in}, (void *[]){out, &sum}));
            for (int i = 0; i < 16; i++) assert_float_equal(out[i], want[i], 0);
        }
        lm_free(g);
    }
}

/* log of a negative number, two layers deep, under a guard that does not matter here. */
static void watch_names_layer_and_op(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_tensor *one = lm_tensor_scalar(LM_F32, 1);
    lm_variable *v = lm_variable_new("v", one, true);
    lm_value *x = lm_placeholder(g, "x", LM_F32, 2, 3);
    lm__graph_scope(g, "dense_1");
    lm_value *y = lm_op_log(lm_op_subtract(x, lm_read(g, v)));
    lm__graph_scope(g, "dense_2");
    lm_value *loss = lm_op_mean(lm_op_exp(y));
    lm__graph_scope(g, "");
    check_ok(lm_assign(g, v, loss));
    check_ok(lm__graph_output(g, loss));
    check_ok(lm__graph_commit(g, NULL));
    float in[6] = {2, 2, 2, 2, 0, 2}, out;
    lm__plan_options options = {.watch = true};
    check_status(run_plan(g, &options, (const void *[]){in}, (void *[]){&out}), LM_NOT_FINITE);
    check_contains(lm_last_error(), "layer 'dense_1', op log: output has NaN at [1, 1]");
    in[4] = 1e38f * 10;                     /* what comes in infinite is no op's fault */
    check_ok(run_plan(g, &options, (const void *[]){in}, (void *[]){&out}));
    in[4] = 3;
    check_ok(run_plan(g, &options, (const void *[]){in}, (void *[]){&out}));
    assert_float_equal(lm_tensor_get(lm_variable_value(v), 0), 1, 0);
    lm_free(g), lm_free(v), lm_free(one);
}

/* The size is known before anything runs: a context takes the arena, and little besides. */
static void the_size_is_known(void **state)
{
    (void)state;
    lm_graph *g = net();
    lm__plan *plan;
    lm__context *context;
    lm__text text = {0};
    char step[200], total[64];
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    size_t before = lm_memory().live;
    check_ok(lm__context_new(plan, &context));
    size_t taken = lm_memory().live - before;
    assert_true(taken >= lm__plan_bytes(plan) / 2 && taken < lm__plan_bytes(plan) + 40000);
    lm__plan_print(plan, true, &text);
    snprintf(total, sizeof total, "total: %zu bytes", lm__plan_bytes(plan));
    check_contains(text.data, total);
    for (int i = 0; i < lm__plan_steps(plan); i++) {
        lm__plan_step_text(plan, i, step, sizeof step);
        *strchr(step, ' ') = 0;
        check_contains(text.data, step);
    }
    assert_true(lm__plan_flops(plan) > 2.0 * 8 * 18 * 18 * 16 * (27 + 10));
    lm__context_free(context);
    lm__plan_free(plan);
    lm__free(text.data);
    lm_free(g);
}

/* Buffers share memory: much less than all values together. */
static void reuse_saves_memory(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 64, 64);
    for (int i = 0; i < 40; i++) x = lm_op_softmax(lm_op_matmul(x, x), -1);
    check_ok(lm__graph_output(g, x));
    lm__plan_options on = {.passes_off = LM__PASS_BIT(fast)}, off = on;
    off.passes_off |= LM__PASS_BIT(reuse);
    lm__plan *with, *without;
    check_ok(lm__plan_new(g, NULL, &on, &with));
    check_ok(lm__plan_new(g, NULL, &off, &without));
    assert_int_equal(lm__plan_bytes(with), 2 * 64 * 64 * sizeof(float));
    assert_int_equal(lm__plan_bytes(without), 79 * 64 * 64 * sizeof(float));
    lm__plan_free(with);
    lm__plan_free(without);
    lm_free(g);
}

/* --- memory running out ----------------------------------------------------------------------------------------- */

static lm_status plan_and_run(void *user)
{
    random_graph *r = user;
    return run_plan(r->graph, NULL, r->inputs, r->outputs);
}

static void planning_out_of_memory(void **state)
{
    (void)state;
    static random_graph r;
    random_graph_make(&r, 5, 25);
    random_graph_reset(&r);
    oom_each(plan_and_run, &r);
    random_graph_free(&r);
}

static lm_status scan_body(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = out[1] = lm_op_tanh(lm_op_add(in[0], in[1]));
    return LM_OK;
}

static lm_status make_and_call(void *user)
{
    (void)user;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *out[3] = {x, x, x};
    lm_value *zero = lm_placeholder(g, "z", LM_F32, 3);
    lm_op_scan(out, .carries = {zero}, .sequences = {x}, .outputs = 1, .body = scan_body);
    lm_function *f = lm_function(.graph = g, .inputs = {x, zero}, .outputs = {out[1], out[0]});
    lm_tensor *xs = lm_tensor_new(LM_F32, 2, (int64_t[]){4, 3}), *zs = lm_tensor_new(LM_F32, 1, (int64_t[]){3});
    lm_tensor *results[2] = {NULL, NULL};
    lm_status status = lm_function_run(f, (lm_tensor *[]){xs, zs}, results);
    lm_free(results[0]), lm_free(results[1]), lm_free(xs), lm_free(zs), lm_free(f), lm_free(g);
    return status;
}

static void functions_out_of_memory(void **state)
{
    (void)state;
    oom_each(make_and_call, NULL);
}

RUN(cmocka_unit_test(threads_give_the_same_bytes), cmocka_unit_test(more_threads_are_refused),
    cmocka_unit_test(half_floats), cmocka_unit_test(watch_names_layer_and_op),
    cmocka_unit_test(the_size_is_known), cmocka_unit_test(reuse_saves_memory),
    cmocka_unit_test(planning_out_of_memory), cmocka_unit_test(functions_out_of_memory))
