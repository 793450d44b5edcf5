/* Random ops: bounds, moments, distributions, independence of streams, and that every part can be made by itself. */
#include "support/check.h"

#include "base/philox.h"
#include "kernels/random.h"
#include "ops/registry.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include <lamina/runtime.h>
#include <math.h>
#include <stdlib.h>

enum { N = 40000 };

static lm_value *key_of(lm_graph *g, double seed, double step)
{
    return number_list(g, LM_I64, seed, step);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: the largest distance between the share of draws below x and the probability; 1.63 /
 * sqrt(n) is exceeded once in a hundred seeds. The seeds here are fixed. */
static void check_distribution(lm_value *v, double (*below)(double x))
{
    double *x = evaluate(v), worst = 0;
    qsort(x, N, sizeof *x, ascending);
    for (int i = 0; i < N; i++) {
        double p = below(x[i]);
        worst = fmax(worst, fmax(fabs(p - (double)i / N), fabs(p - (double)(i + 1) / N)));
    }
    free(x);
    if (worst > 1.63 / sqrt(N)) fail_msg("%s: distance %g, limit %g", v->node->op->name, worst, 1.63 / sqrt(N));
}

static void check_moments(lm_value *v, double mean, double deviation)
{
    double *x = evaluate(v), sum = 0, squares = 0;
    for (int i = 0; i < N; i++) sum += x[i];
    for (int i = 0; i < N; i++) squares += (x[i] - sum / N) * (x[i] - sum / N);
    free(x);
    if (fabs(sum / N - mean) > 4 * deviation / sqrt(N)) fail_msg("mean %g, expected %g", sum / N, mean);
    if (fabs(sqrt(squares / N) / deviation - 1) > 0.02)
        fail_msg("deviation %g, expected %g", sqrt(squares / N), deviation);
}

static double uniform_below(double x) { return (x + 2) / 5; }
static double phi(double z) { return 0.5 * erfc(-z / sqrt(2)); }
static double normal_below(double x) { return phi((x - 1) / 3); }
static double truncated_below(double x) { return (phi((x - 1) / 3) - phi(-2)) / (1 - 2 * phi(-2)); }

static void distributions(void **state)
{
    (void)state;
    for (int d = 0; d < 2; d++) {
        lm_graph *g = lm_graph_new();
        lm_dtype dtype = d ? LM_F64 : LM_F32;
        lm_value *key = key_of(g, 7, 3);
        lm_value *u = lm_op_random_uniform(key, .shape = {N}, .dtype = dtype, .low = -2, .high = 3, .stream = 1);
        lm_value *n = lm_op_random_normal(key, .shape = {N}, .dtype = dtype, .mean = 1, .stddev = 3, .stream = 2);
        lm_value *t =
            lm_op_random_truncated_normal(key, .shape = {N}, .dtype = dtype, .mean = 1, .stddev = 3, .stream = 3);
        check_distribution(u, uniform_below);
        check_distribution(n, normal_below);
        check_distribution(t, truncated_below);
        check_moments(u, 0.5, 5 / sqrt(12));
        check_moments(n, 1, 3);
        check_moments(t, 1, 3 * 0.87962566103423978);
        double *us = evaluate(u), *ts = evaluate(t);
        for (int i = 0; i < N; i++) {
            assert_true(us[i] >= -2 && us[i] < 3);
            assert_true(fabs(ts[i] - 1) <= 6);
        }
        free(us), free(ts);
        lm_free(g);
    }
}

/* Where only two floats lie in the range, the upper one is never drawn. */
static void high_is_never_reached(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *v = lm_op_random_uniform(key_of(g, 7, 3), .shape = {100}, .low = 1e8, .high = 1e8 + 8);
    double *x = evaluate(v);
    for (int i = 0; i < 100; i++) assert_true(x[i] == 1e8);
    free(x);
    check_list(lm_op_random_uniform(key_of(g, 7, 3), .shape = {2}, .low = 5, .high = 5), 0, 5, 5);
    lm_free(g);
}

static void nodes_have_streams_of_their_own(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *key = key_of(g, 7, 3);
    double *a = evaluate(lm_op_random_uniform(key, .shape = {8})),
           *b = evaluate(lm_op_random_uniform(key, .shape = {8}));
    for (int i = 0; i < 8; i++) assert_true(a[i] != b[i]);
    free(a), free(b);
    lm_free(g);
}

static void bernoulli(void **state)
{
    (void)state;
    static const lm_dtype dtypes[] = {LM_F32, LM_F64, LM_U8, LM_I8, LM_I32, LM_I64, LM_BOOL, LM_F16};
    for (int t = 0; t < 8; t++) {
        lm_graph *g = lm_graph_new();
        lm_value *key = key_of(g, 7, 3);
        check_moments(lm_op_random_bernoulli(key, .shape = {N}, .dtype = dtypes[t], .p = 0.3, .stream = 1), 0.3,
                      sqrt(0.21));
        lm_value *none = lm_op_random_bernoulli(key, .shape = {2}, .dtype = dtypes[t], .p = 0);
        check_list(none, 0, 0, 0);
        check_list(lm_op_random_bernoulli(key, .shape = {2}, .dtype = dtypes[t], .p = 1), 0, 1, 1);
        double *a = evaluate(lm_op_random_bernoulli(key, .shape = {64}, .dtype = dtypes[t], .stream = 9));
        double *b = evaluate(lm_op_random_bernoulli(key, .shape = {64}, .stream = 9));
        assert_memory_equal(a, b, 64 * sizeof *a);
        free(a), free(b);
        lm_free(g);
    }
}

/* Draws under other seeds, steps and streams have nothing to do with each other; under the same they are the same. */
static void streams_are_independent(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *key = key_of(g, 7, 3), *number = numbers(g, LM_I32, 0, NULL, (double[]){5}),
             *zero = numbers(g, LM_I64, 0, NULL, (double[]){0});
    lm_value *others[] = {
        lm_op_random_normal(key, .shape = {N}, .stream = 2),
        lm_op_random_normal(key_of(g, 7, 4), .shape = {N}, .stream = 1),
        lm_op_random_normal(key_of(g, 8, 3), .shape = {N}, .stream = 1),
        lm_op_random_normal(lm_op_random_fold(key, number), .shape = {N}, .stream = 1),
        lm_op_random_normal(lm_op_random_fold(key, zero), .shape = {N}, .stream = 1),
        lm_op_random_normal(key, .shape = {N}),
        lm_op_random_normal(key, .shape = {N}),
    };
    double *first = evaluate(lm_op_random_normal(key, .shape = {N}, .stream = 1));
    for (int k = 0; k < 7; k++) {
        double *x = evaluate(others[k]), dot = 0, lag = 0;
        for (int i = 0; i < N; i++) dot += x[i] * first[i], lag += x[i] * x[(i + 1) % N];
        if (fabs(dot) / N > 4 / sqrt(N) || fabs(lag) / N > 4 / sqrt(N))
            fail_msg("other %d: correlation %g, %g", k, dot / N, lag / N);
        free(x);
    }
    double *again = evaluate(lm_op_random_normal(key_of(g, 7, 3), .shape = {2, N / 2}, .stream = 1));
    assert_memory_equal(first, again, N * sizeof *first);
    free(first), free(again);
    lm_free(g);
}

/* Any part made by itself, and any number of threads: the same bytes. */
static void cuts_do_not_show(void **state)
{
    (void)state;
    lm__random_fn lm__ref_random_uniform_f32, lm__ref_random_uniform_f64, lm__ref_random_normal_f32,
        lm__ref_random_normal_f64, lm__ref_random_truncated_normal_f32, lm__ref_random_truncated_normal_f64,
        lm__ref_random_bernoulli_f32;
    lm__random_fn *const fns[] = {lm__ref_random_uniform_f32, lm__ref_random_uniform_f64, lm__ref_random_normal_f32,
                                  lm__ref_random_normal_f64, lm__ref_random_truncated_normal_f32,
                                  lm__ref_random_truncated_normal_f64, lm__ref_random_bernoulli_f32};
    const int64_t key[2] = {42, 9};
    const lm__random attr = {0.25, 1, 77};
    for (int f = 0; f < 7; f++) {
        static double whole[1003], cut[1003];
        memset(whole, 0, sizeof whole), memset(cut, 0, sizeof cut);
        fns[f](key, &attr, 0, 1003, whole);
        fns[f](key, &attr, 500, 1003, cut);
        fns[f](key, &attr, 0, 4, cut);
        fns[f](key, &attr, 4, 500, cut);
        assert_memory_equal(whole, cut, sizeof whole);
    }
    lm_graph *g = lm_graph_new();
    lm_value *v = lm_op_random_normal(key_of(g, 1, 2), .shape = {3, 30001}, .stream = 4);
    check_ok(lm_set_threads(1));
    double *one = evaluate(v);
    check_ok(lm_set_threads(3));
    double *three = evaluate(v);
    check_ok(lm_set_threads(0));
    assert_memory_equal(one, three, 3 * 30001 * sizeof *one);
    free(one), free(three);
    lm_free(g);
}

static void shapes_follow_a_value(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *key = key_of(g, 1, 0);
    check_ok(lm__graph_output(g, lm_op_multiply(x, lm_op_random_bernoulli(key, .like = x, .p = 1))));
    float in[6] = {1, 2, 3, 4, 5, 6}, out[6];
    check_ok(interpret(g, (int64_t[]){2}, (const void *[]){in}, (void *[]){out}));
    assert_memory_equal(in, out, sizeof in);
    lm_free(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *key = key_of(g, 1, 0), *bad = number_list(g, LM_I32, 1, 0), *x = number_list(g, LM_F32, 1, 2);
    check_refused(g, lm_op_random_uniform(bad, .shape = {2}), "the key must be int64");
    check_refused(g, lm_op_random_uniform(key, .shape = {2}, .low = 2, .high = 1), "low = 2 is larger than high = 1");
    check_refused(g, lm_op_random_normal(key, .shape = {2}, .stddev = -1), "stddev = -1");
    check_refused(g, lm_op_random_truncated_normal(key, .shape = {2}, .stddev = NAN), "stddev = nan");
    check_refused(g, lm_op_random_bernoulli(key, .shape = {2}, .p = 1.5), "p = 1.5 is no probability");
    check_refused(g, lm_op_random_normal(key, .shape = {2}, .dtype = LM_I32), "cannot draw int32");
    check_refused(g, lm_op_random_normal(key, .shape = {2, -1}), "-1");
    check_refused(g, lm_op_random_fold(key, x), "float32");
    check_refused(g, lm_op_random_fold(x, x), "the key must be int64");
    lm_free(g);
}

RUN(cmocka_unit_test(distributions), cmocka_unit_test(high_is_never_reached),
    cmocka_unit_test(nodes_have_streams_of_their_own), cmocka_unit_test(bernoulli),
    cmocka_unit_test(streams_are_independent), cmocka_unit_test(cuts_do_not_show),
    cmocka_unit_test(shapes_follow_a_value), cmocka_unit_test(refusals))
