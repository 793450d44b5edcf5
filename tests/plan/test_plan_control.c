/* scan and if through plans: what the interpreter computes, with every pass left out in turn; unused outputs;
 * gradients. */
#include "support/check.h"
#include "support/interpret.h"
#include "base/alloc.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <stdio.h>

enum { T = 5, N = 7, MOST = 16, ELEMENTS = T * N };

static void fill(float *to, int n, float first)
{
    for (int i = 0; i < n; i++) to[i] = first + 0.1f * (float)(i % 13) - 0.3f;
}

/* All outputs of the graph, interpreted and planned, on the same inputs. */
static void compare(const lm_graph *g, const void *const *in)
{
    static float want[MOST][ELEMENTS], have[MOST][ELEMENTS];
    void *out[MOST];
    assert_true(g->noutputs <= MOST);
    for (int i = 0; i < MOST; i++) out[i] = want[i];
    check_ok(interpret(g, NULL, in, out));
    for (int i = 0; i < MOST; i++) out[i] = have[i];
    for (int pass = -2; pass < LM__PASS_COUNT; pass++) {
        lm__plan_options options = {.passes_off = pass == -2 ? 0 : pass == -1 ? ~0u : 1u << pass};
        lm__plan *plan;
        lm__context *context;
        memset(have, 0, sizeof have);
        check_ok(lm__plan_new(g, NULL, &options, &plan));
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, in, out));
        memset(have, 0, sizeof have);
        lm_memory_stats before = lm_memory();
        check_ok(lm__context_run(context, in, out));
        assert_int_equal(lm_memory().allocations, before.allocations);
        for (int i = 0; i < g->noutputs; i++)
            for (size_t k = 0; k < interpret_size(g->outputs[i]); k++)
                if (have[i][k] - want[i][k] > 1e-5f || want[i][k] - have[i][k] > 1e-5f)
                    fail_msg("pass %d off: output %d element %zu is %g, not %g", pass, i, k, (double)have[i][k],
                             (double)want[i][k]);
        lm__context_free(context);
        lm__plan_free(plan);
    }
}

/* Two carries that change places, a sequence, an invariant, the position; two step outputs. */
static lm_status body(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user;
    lm_value *t = lm_op_cast(in[4], LM_F32);
    out[0] = in[1];
    lm_value *moved = lm_op_add(in[2], lm_op_multiply(t, lm_scalar(g, LM_F32, 0.1)));
    out[1] = lm_op_tanh(lm_op_add(lm_op_multiply(in[0], in[3]), moved));
    out[2] = lm_op_subtract(out[1], in[0]);
    out[3] = lm_op_mean(in[0]);
    return LM_OK;
}

typedef struct scan {
    lm_graph *graph;
    lm_value *in[4], *out[4];
} scan;

static scan make_scan(int64_t length, bool reverse)
{
    scan s = {.graph = lm_graph_new()};
    s.in[0] = lm_placeholder(s.graph, "a", LM_F32, N);
    s.in[1] = lm_placeholder(s.graph, "b", LM_F32, N);
    s.in[2] = lm_placeholder(s.graph, "x", LM_F32, length, N);
    s.in[3] = lm_placeholder(s.graph, "w", LM_F32, N);
    check_ok(lm_op_scan(s.out, .carries = {s.in[0], s.in[1]}, .sequences = {s.in[2]}, .invariants = {s.in[3]},
                        .outputs = 2, .reverse = reverse, .body = body));
    return s;
}

static float data[4][ELEMENTS];
static const void *inputs[4] = {data[0], data[1], data[2], data[3]};

static void scans(void **state)
{
    (void)state;
    for (int used = 1; used < 16; used++) {
        scan s = make_scan(T, used & 1);
        for (int i = 0; i < 4; i++)
            if (used >> i & 1) check_ok(lm__graph_output(s.graph, s.out[i]));
        compare(s.graph, inputs);
        lm_free(s.graph);
    }
}

static void no_steps(void **state)
{
    (void)state;
    scan s = make_scan(0, false);
    for (int i = 0; i < 4; i++) check_ok(lm__graph_output(s.graph, s.out[i]));
    compare(s.graph, inputs);
    lm_free(s.graph);
}

static void scan_gradients(void **state)
{
    (void)state;
    scan s = make_scan(T, false);
    lm_value *loss = lm_op_add(lm_op_sum(s.out[1]), lm_op_sum(s.out[3]));
    loss = lm_op_add(lm_op_sum(lm_op_square(s.out[2])), loss);
    lm_value *grads[4], *second[4];
    check_ok(lm_gradients(loss, 4, s.in, grads));
    for (int i = 0; i < 4; i++) check_ok(lm__graph_output(s.graph, grads[i]));
    check_ok(lm_gradients(lm_op_sum(lm_op_square(grads[3])), 4, s.in, second));
    for (int i = 0; i < 4; i++) check_ok(lm__graph_output(s.graph, second[i]));
    compare(s.graph, inputs);
    lm_free(s.graph);
}

static lm_status then(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_exp(in[0]);
    out[1] = lm_op_add(in[0], in[1]);
    return LM_OK;
}

static lm_status otherwise(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = in[1];
    out[1] = lm_op_multiply(in[0], in[0]);
    return LM_OK;
}

static void ifs(void **state)
{
    (void)state;
    for (int k = 0; k < 6; k++) {
        lm_graph *g = lm_graph_new();
        lm_value *p = lm_placeholder_new(g, "p", LM_BOOL, 0, NULL), *x = lm_placeholder(g, "x", LM_F32, N);
        lm_value *y = lm_placeholder(g, "y", LM_F32, N), *out[2], *grads[2];
        bool predicate = k & 1;
        check_ok(lm_op_if(out, .predicate = p, .captures = {x, y}, .outputs = 2, .then = then,
                          .otherwise = otherwise));
        if (k < 2) check_ok(lm__graph_output(g, out[0]));
        check_ok(lm__graph_output(g, out[1]));
        if (k >= 4) {
            check_ok(lm_gradients(lm_op_add(lm_op_sum(out[0]), lm_op_sum(out[1])), 2, (lm_value *[]){x, y}, grads));
            check_ok(lm__graph_output(g, grads[0]));
            check_ok(lm__graph_output(g, grads[1]));
        }
        compare(g, (const void *[]){&predicate, data[0], data[1]});
        lm_free(g);
    }
}

/* The last carry goes straight into the variable's memory, unless the scan reads the variable. */
static void stored_carries(void **state)
{
    (void)state;
    for (int self = 0; self < 2; self++) {
        scan s = make_scan(T, false);
        lm_tensor *zero = lm_tensor_new(LM_F32, 1, (int64_t[]){N});
        lm_variable *v = lm_variable_new("v", zero, false);
        lm_value *out[4];
        check_ok(lm_op_scan(out, .carries = {self ? lm_read(s.graph, v) : s.in[0], s.in[1]}, .sequences = {s.in[2]},
                            .invariants = {s.in[3]}, .outputs = 2, .body = body));
        check_ok(lm_assign(s.graph, v, out[0]));
        check_ok(lm__graph_commit(s.graph, NULL));
        check_ok(interpret(s.graph, NULL, inputs, NULL));
        float want[N];
        memcpy(want, lm_tensor_data(lm_variable_value(v)), sizeof want);
        check_ok(lm_variable_set(v, zero));
        lm__plan *plan;
        lm__context *context;
        check_ok(lm__plan_new(s.graph, NULL, NULL, &plan));
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, inputs, NULL));
        for (size_t i = 0; i < N; i++) assert_float_equal(lm_tensor_get(lm_variable_value(v), i), want[i], 1e-5);
        lm__context_free(context);
        lm__plan_free(plan);
        lm_free(s.graph), lm_free(v), lm_free(zero);
    }
}

static lm_status pass_on(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)g;
    out[0] = in[user ? 1 : 0];
    return LM_OK;
}

static lm_status pass_second(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user;
    return pass_on("", g, in, out);
}

/* Bodies that compute nothing need no memory of their own. */
static void bodies_that_pass_on(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        lm_graph *g = lm_graph_new();
        lm_value *p = lm_placeholder_new(g, "p", LM_BOOL, 0, NULL), *x = lm_placeholder(g, "x", LM_F32, T, N);
        lm_value *y = lm_placeholder(g, "y", LM_F32, T, N), *out[2];
        bool predicate = k & 1;
        if (k < 2)
            check_ok(lm_op_if(out, .predicate = p, .captures = {x, y}, .then = pass_on, .otherwise = pass_second));
        else check_ok(lm_op_scan(out, .sequences = {x, y}, .outputs = 1, .body = predicate ? pass_on : pass_second));
        check_ok(lm__graph_output(g, out[0]));
        compare(g, (const void *[]){&predicate, data[0], data[1]});
        lm_free(g);
    }
}

/* Random numbers in the bodies of two loops, and those outside, do not repeat each other. */
static lm_status draw(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_random_uniform(in[1], .shape = {N});
    return LM_OK;
}

static void bodies_draw_their_own(void **state)
{
    (void)state;
    float draws[3][N];
    int64_t seed[2] = {1, 2};
    lm_graph *g = lm_graph_new();
    lm_value *key = lm_placeholder(g, "key", LM_I64, 2), *x = lm_placeholder(g, "x", LM_F32, 1, N), *out[1];
    for (int i = 0; i < 2; i++) {
        check_ok(lm_op_scan(out, .sequences = {x}, .invariants = {key}, .outputs = 1, .body = draw));
        check_ok(lm__graph_output(g, out[0]));
    }
    lm_value *fresh = lm_op_random_uniform(key, .shape = {N});
    check_ok(lm__graph_output(g, fresh));
    lm__plan *plan;
    lm__context *context;
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, (const void *[]){seed, data[0]}, (void *[]){draws[0], draws[1], draws[2]}));
    assert_memory_not_equal(draws[0], draws[1], sizeof draws[0]);
    assert_memory_not_equal(draws[0], draws[2], sizeof draws[0]);
    assert_memory_not_equal(draws[1], draws[2], sizeof draws[0]);
    lm__context_free(context);
    lm__plan_free(plan);
    lm_free(g);
}

static int prepare(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) fill(data[i], ELEMENTS, 0.2f * (float)i - 0.4f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans),          cmocka_unit_test(no_steps),       cmocka_unit_test(scan_gradients),
        cmocka_unit_test(ifs),            cmocka_unit_test(stored_carries),
        cmocka_unit_test(bodies_that_pass_on), cmocka_unit_test(bodies_draw_their_own),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
