/* Corners of planning: numbers that a double does not hold, factors that overflow, empty arrays. */
#include "support/check.h"
#include "support/interpret.h"
#include "graph/graph.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>

static void run_plan(const lm_graph *g, unsigned off, const void *const *in, void *const *out)
{
    lm__plan *plan;
    lm__context *context;
    lm__plan_options options = {.passes_off = off};
    check_ok(lm__plan_new(g, NULL, &options, &plan));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, in, out));
    lm__context_free(context);
    lm__plan_free(plan);
}

/* A number that is repeated keeps all its bits, whatever stands for it. */
static void large_integers(void **state)
{
    (void)state;
    const int64_t large = ((int64_t)1 << 53) + 1;
    lm_graph *g = lm_graph_new();
    lm_tensor *t = lm_tensor_new(LM_I64, 0, NULL);
    *(int64_t *)lm_tensor_data(t) = large;
    lm_value *x = lm_placeholder(g, "x", LM_I64, 3);
    lm_value *many = lm_op_broadcast_to(lm__graph_constant(g, t), 1, (int64_t[]){3});
    check_ok(lm__graph_output(g, many));
    check_ok(lm__graph_output(g, lm_op_add(x, many)));
    for (unsigned off = 0; off < 2; off++) {
        int64_t xs[3] = {0, 1, 2}, out[2][3];
        run_plan(g, off ? ~0u : 0, (const void *[]){xs}, (void *[]){out[0], out[1]});
        for (int i = 0; i < 3; i++) {
            assert_true(out[0][i] == large);
            assert_true(out[1][i] == large + i);
        }
    }
    lm_free(t), lm_free(g);
}

/* Two factors are not made one where their product is no number, or none with all its bits, and each step is. */
static void factors_beyond_the_range(void **state)
{
    (void)state;
    static const double factors[][3] = {{1e30, 1e30, 1e-30}, {1e-30, 1e-30, 1e30}, {1e-25, 1e-18, 1e10}};
    for (size_t k = 0; k < 3; k++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = lm_placeholder(g, "x", LM_F32, 3);
        lm_value *y = lm_op_multiply(x, lm_scalar(g, LM_F32, factors[k][0]));
        check_ok(lm__graph_output(g, lm_op_multiply(y, lm_scalar(g, LM_F32, factors[k][1]))));
        float scale = (float)factors[k][2], xs[3] = {scale, 2 * scale, 3 * scale}, out[3];
        run_plan(g, 0, (const void *[]){xs}, (void *[]){out});
        double want = factors[k][0] * factors[k][2] * factors[k][1];
        for (int i = 0; i < 3; i++) assert_float_equal(out[i] / (want * (i + 1)), 1, 1e-5);
        lm_free(g);
    }
}

/* The mask of a pooled gradient may repeat over more axes than the gradient has. */
static void repeated_mask(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 1, 4, 4, 4), *grad;
    lm_value *y = lm_op_max_pool2d(x, .pool_size = {2, 2});
    check_ok(lm_gradients(lm_op_sum(lm_op_square(y)), 1, &x, &grad));
    lm_value *wide = lm_op_greater(x, lm_op_fill(g, LM_F32, 4, (int64_t[]){2, 1, 1, 1}, 0));
    check_ok(lm__graph_output(g, lm_op_where(wide, grad, lm_scalar(g, LM_F32, 0))));
    float xs[64], want[128], have[128];
    for (int i = 0; i < 64; i++) xs[i] = sinf((float)i);
    check_ok(interpret(g, NULL, (const void *[]){xs}, (void *[]){want}));
    run_plan(g, 0, (const void *[]){xs}, (void *[]){have});
    for (int i = 0; i < 128; i++) assert_float_equal(have[i], want[i], 1e-6);
    lm_free(g);
}

/* A sum over nothing is 0, to which bias and activation are added; no rows, columns or channels. */
static void empty_sums(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        int64_t m = k & 1 ? 3 : 0, n = k & 2 ? 20 : 0, inner = k & 4 ? 5 : 0;
        lm_graph *g = lm_graph_new();
        lm_value *a = lm_placeholder(g, "a", LM_F32, m, inner), *b = lm_placeholder(g, "b", LM_F32, inner, n);
        lm_value *bias = lm_placeholder(g, "bias", LM_F32, n), *y = lm_op_matmul(a, b);
        if (k & 8) {
            a = lm_placeholder(g, "image", LM_F32, m, 4, 4, inner),
            b = lm_placeholder(g, "kernel", LM_F32, 2, 2, inner, n);
            y = lm_op_conv2d(a, b);
        }
        check_ok(lm__graph_output(g, lm_op_relu(lm_op_add(y, bias))));
        lm_value *grads[2], *in[2] = {a, b};
        check_ok(lm_gradients(lm_op_sum(lm_op_square(lm_op_add(y, bias))), 2, in, grads));
        check_ok(lm__graph_output(g, grads[0]));
        check_ok(lm__graph_output(g, grads[1]));
        static float data[5][2000], want[3][2000], have[3][2000];
        for (int i = 0; i < 5 * 2000; i++) data[i / 2000][i % 2000] = cosf((float)i);
        memset(have, 0xff, sizeof have);
        memset(want, 0xff, sizeof want);
        const void *inputs[5] = {data[0], data[1], data[2], data[3], data[4]};
        check_ok(interpret(g, NULL, inputs, (void *[]){want[0], want[1], want[2]}));
        run_plan(g, 0, inputs, (void *[]){have[0], have[1], have[2]});
        for (int o = 0; o < 3; o++)
            for (size_t i = 0; i < interpret_size(g->outputs[o]); i++)
                if (!(fabsf(have[o][i] - want[o][i]) <= 1e-4f))
                    fail_msg("case %d output %d [%zu]: %g, not %g", k, o, i, (double)have[o][i], (double)want[o][i]);
        lm_free(g);
    }
}

/* The loss of no examples is not a number, and its gradient 0: what it is divided by stays within the sum. */
static void means_of_nothing(void **state)
{
    (void)state;
    for (unsigned off = 0; off < 2; off++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = lm_placeholder(g, "x", LM_F32, 0, 3), *w = lm_placeholder(g, "w", LM_F32, 3, 2), *dw;
        lm_value *loss = lm_op_mean(lm_op_square(lm_op_tanh(lm_op_add(lm_op_matmul(x, w), lm_op_sum(w, 0)))));
        check_ok(lm_gradients(loss, 1, &w, &dw));
        check_ok(lm__graph_output(g, loss));
        check_ok(lm__graph_output(g, dw));
        float none, ws[6] = {1, 2, 3, 4, 5, 6}, mean, grad[6];
        run_plan(g, off ? ~0u : 0, (const void *[]){&none, ws}, (void *[]){&mean, grad});
        assert_true(isnan(mean));
        for (int i = 0; i < 6; i++) assert_float_equal(grad[i], 0, 0);
        lm_free(g);
    }
}

/* A guard that is a variable counts as the run finds it, also where the run changes it. */
static void changing_guard(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        bool first = k & 1, flag_first = k & 4;
        lm_tensor *f = lm_tensor_new(LM_BOOL, 0, NULL), *zero = lm_tensor_new(LM_F32, 1, (int64_t[]){3});
        *(bool *)lm_tensor_data(f) = first;
        lm_variable *flag = lm_variable_new("flag", f, false), *v = lm_variable_new("v", zero, false);
        lm_graph *g = lm_graph_new();
        if (!flag_first) lm_read(g, v);     /* the order of reading is that of the stores */
        lm_value *old = lm_read(g, flag);
        check_ok(lm_assign(g, v, lm_op_add(lm_read(g, v), lm_scalar(g, LM_F32, 1))));
        check_ok(lm_assign(g, flag, lm_op_logical_not(old)));
        check_ok(lm__graph_commit(g, old));
        run_plan(g, k & 2 ? ~0u : 0, NULL, NULL);
        assert_float_equal(lm_tensor_get(lm_variable_value(v), 2), first, 0);
        assert_float_equal(lm_tensor_get(lm_variable_value(flag), 0), 0, 0);
        lm_free(g), lm_free(flag), lm_free(v), lm_free(f), lm_free(zero);
    }
}

/* low <= x < high holds in half floats too, where rounding could reach high. */
static void half_draws(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static const lm_dtype types[] = {LM_BF16, LM_F16};
    for (int k = 0; k < 2; k++) {
        lm_graph *g = lm_graph_new();
        lm_value *key = lm_placeholder(g, "key", LM_I64, 2);
        lm_value *x = lm_op_random_uniform(key, .shape = {MANY}, .dtype = types[k]);
        check_ok(lm__graph_output(g, lm_op_cast(x, LM_F32)));
        static float out[MANY];
        int64_t seed[2] = {3, 4};
        run_plan(g, 0, (const void *[]){seed}, (void *[]){out});
        for (int i = 0; i < MANY; i++) assert_true(out[i] >= 0 && out[i] < 1);
        lm_free(g);
    }
}


/* A convolution in bfloat16 throughout, large enough to be multiplied so: its result has bfloat16's bytes. */
static void half_convolutions(void **state)
{
    (void)state;
    enum { IMAGES = 8, SIDE = 32, IN = 16, OUT = 64, RESULTS = IMAGES * SIDE * SIDE * OUT };
    static float x[IMAGES * SIDE * SIDE * IN], w[9 * IN * OUT], fast[RESULTS], plain[RESULTS];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)(i * 7 % 256) / 256 - 0.5f;
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) w[i] = (float)(i * 11 % 128) / 128 - 0.5f;
    lm_graph *g = lm_graph_new();
    lm_value *image = lm_op_cast(lm_placeholder(g, "x", LM_F32, IMAGES, SIDE, SIDE, IN), LM_BF16);
    lm_value *kernel = lm_op_cast(lm_placeholder(g, "w", LM_F32, 3, 3, IN, OUT), LM_BF16);
    check_ok(lm__graph_output(g, lm_op_cast(lm_op_conv2d(image, kernel, .padding = "same"), LM_F32)));
    run_plan(g, 0, (const void *[]){x, w}, (void *[]){fast});
    run_plan(g, LM__PASS_BIT(fast), (const void *[]){x, w}, (void *[]){plain});
    for (int i = 0; i < RESULTS; i++) assert_float_equal(fast[i], plain[i], 0.05 + 0.01 * fabs((double)plain[i]));
    lm_free(g);
}

RUN(cmocka_unit_test(changing_guard), cmocka_unit_test(half_draws), cmocka_unit_test(half_convolutions),
    cmocka_unit_test(large_integers), cmocka_unit_test(factors_beyond_the_range), cmocka_unit_test(repeated_mask),
    cmocka_unit_test(empty_sums), cmocka_unit_test(means_of_nothing))
