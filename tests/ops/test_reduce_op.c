/* Reductions: against plain sums over every set of axes, ties, zeros, NaN, open sizes, refusals. */
#include "support/check.h"

#include "ops/reductions.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include <math.h>
#include <stdlib.h>

enum { N = 2 * 3 * 4 * 2 };
static const int64_t dims[4] = {2, 3, 4, 2};

/* What the elements of one result come to. */
typedef struct total {
    double sum, product, most, least, squares, exps;
    int64_t count;
} total;

/* The totals of all results for a set of axes, in order; returns how many there are. */
static size_t totals(const double *x, unsigned axes, total *out)
{
    size_t results = 1, stride[4];
    for (int d = 3; d >= 0; d--) {
        stride[d] = axes >> d & 1 ? 0 : results;
        if (!(axes >> d & 1)) results *= (size_t)dims[d];
    }
    for (size_t i = 0; i < results; i++) out[i] = (total){0, 1, -INFINITY, INFINITY, 0, 0, 0};
    for (int i = 0; i < N; i++) {
        size_t at = (size_t)(i / 24) * stride[0] + (size_t)(i / 8 % 3) * stride[1] + (size_t)(i / 2 % 4) * stride[2] +
                    (size_t)(i % 2) * stride[3];
        total *t = &out[at];
        t->sum += x[i], t->product *= x[i], t->squares += x[i] * x[i], t->exps += exp(x[i]), t->count++;
        t->most = fmax(t->most, x[i]), t->least = fmin(t->least, x[i]);
    }
    return results;
}

static void values(void **state)
{
    (void)state;
    for (unsigned set = 1; set < 16; set++)
        for (int d = 0; d < 2; d++) {
            lm_graph *g = lm_graph_new();
            lm_dtype dtype = d ? LM_F32 : LM_F64;
            double tolerance = d ? 1e-5 : 1e-12, want[6][N];
            int64_t axes[4];
            int naxes = 0;
            total t[N];
            for (int k = 3; k >= 0; k--)
                if (set >> k & 1) axes[naxes++] = set & 2 ? k - 4 : k;
            lm_value *x = noise(g, dtype, 4, dims, 1, 0.5, 1.5), *mean, *variance;
            double *xs = evaluate(x);
            size_t n = totals(xs, set, t);
            for (size_t i = 0; i < n; i++) {
                double m = t[i].sum / (double)t[i].count;
                want[0][i] = m, want[1][i] = t[i].most, want[2][i] = t[i].least, want[3][i] = t[i].product;
                want[4][i] = log(t[i].exps), want[5][i] = t[i].squares / (double)t[i].count - m * m;
            }
            bool keep = set & 1;
            check_numbers(lm_op_mean_over(x, naxes, axes, keep), want[0], n, tolerance);
            check_numbers(lm_op_max_over(x, naxes, axes, keep), want[1], n, 0);
            check_numbers(lm_op_min_over(x, naxes, axes, keep), want[2], n, 0);
            check_numbers(lm_op_prod_over(x, naxes, axes, keep), want[3], n, tolerance);
            check_numbers(lm_op_logsumexp_over(x, naxes, axes, keep), want[4], n, tolerance);
            lm_op_moments(x, naxes, axes, keep, &mean, &variance);
            check_numbers(mean, want[0], n, tolerance);
            check_numbers(variance, want[5], n, tolerance);
            assert_int_equal(variance->shape.rank, keep ? 4 : 4 - naxes);
            free(xs);
            lm_free(g);
        }
}

static void integers(void **state)
{
    (void)state;
    static const lm_dtype dtypes[] = {LM_U8, LM_I8, LM_I32, LM_I64};
    for (int i = 0; i < 4; i++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = numbers(g, dtypes[i], SHAPE(2, 3), (double[]){3, 1, 2, 5, 7, 7});
        check_list(lm_op_max(x, 1), 0, 3, 7);
        check_list(lm_op_min(x, 0), 0, 3, 1, 2);
        check_list(lm_op_prod(x, 0), 0, 15, 7, 14);
        check_list(lm_op_argmax(x, 1), 0, 0, 1);
        check_list(lm_op_argmax(x, -2), 0, 1, 1, 1);
        assert_int_equal(lm_op_argmax(x, 0)->dtype, LM_I32);
        lm_free(g);
    }
}

static void nan_and_infinity(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    double data[] = {1, NAN, 3, -INFINITY, -INFINITY, -INFINITY, INFINITY, 2, 1};
    lm_value *x = numbers(g, LM_F32, SHAPE(3, 3), data);
    check_list(lm_op_max(x, 1), 0, NAN, -INFINITY, INFINITY);
    check_list(lm_op_min(x, 1), 0, NAN, -INFINITY, 1);
    check_list(lm_op_argmax(x, 1), 0, 1, 0, 0);
    check_list(lm_op_logsumexp(x, 1), 0, NAN, -INFINITY, INFINITY);
    check_list(lm_op_logsumexp(number_list(g, LM_F32, 1000, 1000)), 1e-6, 1000 + log(2));
    check_list(lm_op_logsumexp(number_list(g, LM_F32, -1000, -1000)), 1e-6, -1000 + log(2));
    lm_free(g);
}

/* Equals share the gradient of max and min; zeros do not spoil that of prod. */
static void gradients_at_special_points(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = numbers(g, LM_F64, SHAPE(2, 3), (double[]){4, 4, 1, 2, 5, 5}), *dx;
    check_ok(lm__graph_gradients(g, lm_op_max(x, 1), 1, &x, &dx));
    check_list(dx, 0, 0.5, 0.5, 0, 0, 0.5, 0.5);
    check_ok(lm__graph_gradients(g, lm_op_min(x, 1), 1, &x, &dx));
    check_list(dx, 0, 0, 0, 1, 1, 0, 0);
    lm_value *zeros = numbers(g, LM_F64, SHAPE(3, 3), (double[]){2, 3, 4, 2, 0, 4, 0, 3, 0});
    check_ok(lm__graph_gradients(g, lm_op_prod(zeros, 1), 1, &zeros, &dx));
    check_list(dx, 1e-15, 12, 8, 6, 0, 8, 0, 0, 0, 0);
    lm_free(g);
}

/* Two passes: a mean of a million times the deviation costs the variance nothing; a hundred thousand equal numbers
 * have none. */
static void moments_are_stable(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *mean, *variance;
    lm_value *x = numbers(g, LM_F32, SHAPE(4), (double[]){1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3});
    lm_op_moments(x, 0, NULL, false, &mean, &variance);
    check_list(mean, 1e-7, 1e6 + 1.5);
    check_list(variance, 1e-6, 1.25);
    lm_value *many = lm_op_fill(g, LM_F32, SHAPE(100000), 0.1);
    lm_op_moments(many, 0, NULL, false, &mean, &variance);
    check_list(mean, 1e-6, 0.1);
    check_list(variance, 1e-12, 0);
    check_list(lm_op_mean(many), 1e-6, 0.1);
    lm_free(g);
}

/* A mean over an open batch: its gradient divides by what the batch turns out to be. */
static void sizes_may_be_open(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 2), *dx, *mean, *variance, *ds;
    check_ok(lm__graph_gradients(g, lm_op_mean(x), 1, &x, &dx));
    lm_op_moments(x, LM__INTS(0), false, &mean, &variance);
    check_ok(lm__graph_gradients(g, variance, 1, &x, &ds));
    lm_value *outputs[] = {dx, ds, lm_op_size(x, LM_F32), variance};
    for (int i = 0; i < 4; i++) check_ok(lm__graph_output(g, outputs[i]));
    float in[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, slope[10], spread[10], size, s[2];
    check_ok(interpret(g, (int64_t[]){5}, (const void *[]){in}, (void *[]){slope, spread, &size, s}));
    for (int i = 0; i < 10; i++) {
        assert_true(fabsf(slope[i] - 0.1f) < 1e-7f);
        assert_true(fabsf(spread[i] - 2.0f / 5 * (in[i] - (i % 2 ? 6 : 5))) < 1e-6f);
    }
    assert_true(size == 10 && fabsf(s[0] - 8) < 1e-6f);
    lm_free(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *i = lm_placeholder(g, "i", LM_I32, 3);
    lm_value *b = lm_placeholder(g, "b", LM_BOOL, 3), *none = lm_placeholder(g, "none", LM_F32, 3, 0), *mean,
             *variance;
    check_refused(g, lm_op_mean(x, 2), "axis 2 is out of range");
    check_refused(g, lm_op_mean(i), "expected a float type");
    check_refused(g, lm_op_max(b), "bool");
    check_refused(g, lm_op_max(none, 1), "axis 1 has no elements");
    check_refused(g, lm_op_logsumexp(none), "no elements");
    check_refused(g, lm_op_argmax(none, 1), "no elements");
    check_refused(g, lm_op_argmax(x, 5), "axis 5 is out of range");
    check_refused(g, lm_op_argmax(b, 0), "expected numbers");
    lm_op_moments(i, 0, NULL, false, &mean, &variance);
    check_refused(g, variance, "moments");
    lm_free(g);
}

RUN(cmocka_unit_test(values), cmocka_unit_test(integers), cmocka_unit_test(nan_and_infinity),
    cmocka_unit_test(gradients_at_special_points), cmocka_unit_test(moments_are_stable),
    cmocka_unit_test(sizes_may_be_open), cmocka_unit_test(refusals))
