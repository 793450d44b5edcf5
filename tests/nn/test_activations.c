/* Activations: values against formulas in long double, slopes against central differences, and what happens far out,
 * where careless formulas overflow. */
#include "support/check.h"

#include "graph/graph.h"
#include "nn/activations/activation.h"
#include "support/interpret.h"
#include <float.h>
#include <lamina/ops.h>
#include <math.h>

typedef long double oracle_fn(long double x);

static long double o_linear(long double x) { return x; }
static long double o_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double o_relu(long double x) { return x > 0 ? x : 0; }
static long double o_leaky_relu(long double x) { return x > 0 ? x : 0.2L * x; }
static long double o_elu(long double x) { return x > 0 ? x : expm1l(x); }
static long double o_selu(long double x)
{
    return 1.05070098735548049342L * (x > 0 ? x : 1.67326324235437728482L * expm1l(x));
}
static long double o_gelu(long double x) { return x * erfcl(-x / sqrtl(2)) / 2; }
static long double o_gelu_approximate(long double x)
{
    return x / 2 * (1 + tanhl(sqrtl(2 / 3.14159265358979323846L) * (x + 0.044715L * x * x * x)));
}
static long double o_silu(long double x) { return x / (1 + expl(-x)); }
static long double o_softplus(long double x) { return x > 1000 ? x : log1pl(expl(x)); }
static long double o_softsign(long double x) { return x / (1 + fabsl(x)); }
static long double o_hard_sigmoid(long double x) { return fminl(fmaxl(x + 3, 0), 6) / 6; }

typedef struct activation_case {
    const char *name;
    oracle_fn *oracle;
    double at_zero, left, right;        /* Keras's slope at 0, and the slope far out on each side */
} activation_case;

static const activation_case cases[] = {
    {"linear", o_linear, 1, 1, 1},
    {"sigmoid", o_sigmoid, 0.25, 0, 0},
    {"tanh", tanhl, 1, 0, 0},
    {"relu", o_relu, 0, 0, 1},
    {"leaky_relu", o_leaky_relu, 0.2, 0.2, 1},
    {"elu", o_elu, 1, 0, 1},
    {"selu", o_selu, 1.0507009873554805, 0, 1.0507009873554805},
    {"gelu", o_gelu, 0.5, 0, 1},
    {"gelu_approximate", o_gelu_approximate, 0.5, 0, 1},
    {"silu", o_silu, 0.5, 0, 1},
    {"swish", o_silu, 0.5, 0, 1},
    {"softplus", o_softplus, 0.5, 0, 1},
    {"softsign", o_softsign, 1, 0, 0},
    {"hard_sigmoid", o_hard_sigmoid, 1.0 / 6, 0, 0},
    {"exponential", expl, 1, 0, NAN},   /* NaN: not asked, it grows without bound */
};
enum { CASES = sizeof cases / sizeof *cases, MOST = 64 };

static lm__activation_fn *find(const activation_case *c)
{
    const lm__activation *found;
    check_ok(lm__activation_find(c->name, &found));
    return found->apply;
}

/* y, dy/dx and the second derivative of an activation at n points of a float type. */
static void derive(lm__activation_fn *apply, lm_dtype dtype, int64_t n, const void *x, void *y, void *dy, void *ddy)
{
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder(g, "x", dtype, n), *out = apply(in), *slope = NULL, *curve = NULL;
    check_ok(lm_gradients(out, 1, &in, &slope));
    check_ok(lm_gradients(slope, 1, &in, &curve));
    check_ok(lm__graph_output(g, out));
    check_ok(lm__graph_output(g, slope));
    check_ok(lm__graph_output(g, curve));
    check_ok(interpret(g, NULL, &x, (void *[]){y, dy, ddy}));
    lm_free(g);
}

/* --- values and slopes ------------------------------------------------------------------------------------------ */

static void values_agree_with_formulas(void **state)
{
    enum { N = 61 };
    double x[N], y[N], dy[N], ddy[N];
    float xf[N], yf[N], dyf[N], ddyf[N];
    (void)state;
    for (int i = 0; i < N; i++) xf[i] = (float)(x[i] = -15 + 0.5 * i + 0.0625 * (i % 3));
    for (int c = 0; c < CASES; c++) {
        derive(find(&cases[c]), LM_F64, N, x, y, dy, ddy);
        derive(find(&cases[c]), LM_F32, N, xf, yf, dyf, ddyf);
        for (int i = 0; i < N; i++) {
            double want = (double)cases[c].oracle(x[i]);
            double error = fabs(y[i] - want) / fmax(1, fabs(want)),
                   error_f = fabs(yf[i] - want) / fmax(1, fabs(want));
            if (!(error < 1e-15) || !(error_f < 1e-6))
                fail_msg("%s(%g) is %.17g and %.9g in float32, not %.17g", cases[c].name, x[i], y[i], yf[i], want);
            if (!(fabs(dyf[i] - dy[i]) <= 2e-6 * fmax(1, fabs(dy[i]))))
                fail_msg("slope of %s at %g is %.17g, but %.9g in float32", cases[c].name, x[i], dy[i], dyf[i]);
        }
    }
}

static void slopes_agree_with_differences(void **state)
{
    enum { N = 41 };
    const long double h = 1e-4L;
    double x[N], y[N], dy[N], ddy[N];
    (void)state;
    for (int i = 0; i < N; i++) x[i] = -8.03 + 0.4 * i;
    for (int c = 0; c < CASES; c++) {
        oracle_fn *f = cases[c].oracle;
        derive(find(&cases[c]), LM_F64, N, x, y, dy, ddy);
        for (int i = 0; i < N; i++) {
            double scale = fmax(1, fabs(y[i]));
            double slope = (double)((f(x[i] + h) - f(x[i] - h)) / (2 * h));
            double curve = (double)((f(x[i] + h) - 2 * f(x[i]) + f(x[i] - h)) / (h * h));
            if (!(fabs(dy[i] - slope) < 1e-7 * scale) || !(fabs(ddy[i] - curve) < 1e-6 * scale))
                fail_msg("%s at %g: slope %.12g, not %.12g; second %.12g, not %.12g", cases[c].name, x[i], dy[i],
                         slope, ddy[i], curve);
        }
    }
}

/* --- the ends --------------------------------------------------------------------------------------------------- */

static void slopes_are_finite_far_out(void **state)
{
    const float x[] = {0, -100, -1000, -1e30f, 100, 1000, 1e30f};
    enum { N = sizeof x / sizeof *x };
    float y[N], dy[N], ddy[N];
    (void)state;
    for (int c = 0; c < CASES; c++) {
        const char *name = cases[c].name;
        derive(find(&cases[c]), LM_F32, N, x, y, dy, ddy);
        for (int i = 0; i < N; i++) {
            double want = i == 0 ? cases[c].at_zero : x[i] < 0 ? cases[c].left : cases[c].right;
            if (isnan(want)) continue;
            if (!(fabs(dy[i] - want) < 2e-4)) fail_msg("slope of %s at %g is %g, not %g", name, x[i], dy[i], want);
            if (i > 0 && !(fabsf(ddy[i]) < 1e-3f))
                fail_msg("second derivative of %s at %g is %g", name, x[i], ddy[i]);
        }
    }
}

static void hard_sigmoid_has_keras_slopes_at_its_corners(void **state)
{
    const double x[] = {-3, 3, -2.999, 2.999};
    double y[4], dy[4], ddy[4];
    const lm__activation *found;
    (void)state;
    check_ok(lm__activation_find("hard_sigmoid", &found));
    derive(found->apply, LM_F64, 4, x, y, dy, ddy);
    assert_true(dy[0] == 0 && dy[1] == 0 && fabs(dy[2] - 1.0 / 6) < 1e-15 && fabs(dy[3] - 1.0 / 6) < 1e-15);
    assert_true(y[0] == 0 && y[1] == 1);
}

static void nan_stays_nan(void **state)
{
    const float x[] = {NAN};
    float y[1], dy[1], ddy[1];
    (void)state;
    for (int c = 0; c < CASES; c++) {
        derive(find(&cases[c]), LM_F32, 1, x, y, dy, ddy);
        if (!isnan(y[0])) fail_msg("%s(NaN) is %g", cases[c].name, y[0]);
    }
}

/* --- over the last axis; names ---------------------------------------------------------------------------------- */

static void softmax_is_over_the_last_axis(void **state)
{
    const double x[] = {1, 2, 3, 1000, 1000, -1000};
    double y[6], z[6];
    const lm__activation *softmax, *log_softmax;
    (void)state;
    check_ok(lm__activation_find("softmax", &softmax));
    check_ok(lm__activation_find("log_softmax", &log_softmax));
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder(g, "x", LM_F64, 2, 3);
    check_ok(lm__graph_output(g, softmax->apply(in)));
    check_ok(lm__graph_output(g, log_softmax->apply(in)));
    check_ok(interpret(g, NULL, (const void *[]){x}, (void *[]){y, z}));
    const double want[] = {0.09003057317038046, 0.24472847105479764, 0.6652409557748219, 0.5, 0.5, 0};
    for (int i = 0; i < 6; i++) assert_true(fabs(y[i] - want[i]) < 1e-15);
    for (int i = 0; i < 5; i++) assert_true(fabs(z[i] - log(want[i])) < 1e-14);
    assert_true(fabs(z[5] - (-2000 - log(2))) < 1e-9);
    lm_free(g);
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
    const lm__activation *found;
    (void)state;
    check_status(lm__activation_find("rely", &found), LM_NOT_FOUND);
    assert_null(found);
    check_contains(lm_last_error(), "unknown activation \"rely\" (did you mean \"relu\"?)");
    check_status(lm__activation_find("swisch", &found), LM_NOT_FOUND);
    check_contains(lm_last_error(), "\"swish\"");
    check_status(lm__activation_find("photosynthesis", &found), LM_NOT_FOUND);
    check_status(lm__activation_find("", &found), LM_NOT_FOUND);
    check_status(lm__activation_find(NULL, &found), LM_INVALID);
    check_ok(lm__activation_find("swish", &found));
    assert_string_equal(found->name, "silu");
}

static void parameters_of_the_layers(void **state)
{
    const double x[] = {-2, 3};
    double y[2], z[2];
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder(g, "x", LM_F64, 2);
    check_ok(lm__graph_output(g, lm__leaky_relu(in, 0.3)));
    check_ok(lm__graph_output(g, lm__elu(in, 0.5)));
    check_ok(interpret(g, NULL, (const void *[]){x}, (void *[]){y, z}));
    assert_true(y[0] == -0.6 && y[1] == 3 && fabs(z[0] - 0.5 * expm1(-2)) < 1e-15 && z[1] == 3);
    lm_free(g);
}

RUN(cmocka_unit_test(values_agree_with_formulas), cmocka_unit_test(slopes_agree_with_differences),
    cmocka_unit_test(slopes_are_finite_far_out), cmocka_unit_test(hard_sigmoid_has_keras_slopes_at_its_corners),
    cmocka_unit_test(nan_stays_nan), cmocka_unit_test(softmax_is_over_the_last_axis),
    cmocka_unit_test(unknown_names_are_refused_with_the_nearest), cmocka_unit_test(parameters_of_the_layers))
