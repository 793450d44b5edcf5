/* Plans of small graphs: values, outputs, stores, symbols. */
#include "support/check.h"
#include "graph/graph.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include <lamina/ops.h>
static lm_value *input(lm_graph *g, const char *name, int rank, const int64_t *dims)
{
    lm__shape shape = lm__shape_of(rank, dims);
    return lm__graph_input(g, name, LM_F32, &shape);
}

static lm_variable *variable(const char *name, float value, int64_t n)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 1, &n);
    for (int64_t i = 0; i < n; i++) ((float *)lm_tensor_data(t))[i] = value + (float)i;
    lm_variable *v = lm_variable_new(name, t, true);
    lm_free(t);
    return v;
}

static void run_plan(const lm_graph *g, const int64_t *symbols, unsigned off, const void *const *in, void *const *out)
{
    lm__plan *plan;
    lm__context *context;
    lm__plan_options options = {.passes_off = off};
    assert_int_equal(lm__plan_new(g, symbols, &options, &plan), LM_OK);
    assert_int_equal(lm__context_new(plan, &context), LM_OK);
    assert_int_equal(lm__context_run(context, in, out), LM_OK);
    lm__context_free(context);
    lm__plan_free(plan);
}

static void computes(void **state)
{
    (void)state;
    lm_graph *g = lm__graph_new(&lm__ops, NULL);
    lm_value *x = input(g, "x", 2, (int64_t[]){2, 3}), *y = input(g, "y", 1, (int64_t[]){3});
    lm__graph_output(g, lm_op_multiply(lm_op_add(x, y), x));
    float xs[6] = {1, 2, 3, 4, 5, 6}, ys[3] = {10, 20, 30}, zs[6];
    run_plan(g, NULL, 0, (const void *[]){xs, ys}, (void *[]){zs});
    for (int i = 0; i < 6; i++) assert_float_equal(zs[i], (xs[i] + ys[i % 3]) * xs[i], 0);
    lm_free(g);
}

/* Outputs that are inputs, twice the same value, constants or views. */
static void odd_outputs(void **state)
{
    (void)state;
    lm_graph *g = lm__graph_new(&lm__ops, NULL);
    lm_value *x = input(g, "x", 1, (int64_t[]){4}), *y = lm_op_add(x, x);
    lm__graph_output(g, x);
    lm__graph_output(g, y);
    lm__graph_output(g, lm_op_reshape(y, 2, (int64_t[]){2, 2}));
    lm__graph_output(g, lm_op_fill(g, LM_F32, 1, (int64_t[]){4}, 3));
    float xs[4] = {1, 2, 3, 4}, out[4][4];
    run_plan(g, NULL, 0, (const void *[]){xs}, (void *[]){out[0], out[1], out[2], out[3]});
    for (int i = 0; i < 4; i++) {
        assert_float_equal(out[0][i], xs[i], 0);
        assert_float_equal(out[1][i], 2 * xs[i], 0);
        assert_float_equal(out[2][i], 2 * xs[i], 0);
        assert_float_equal(out[3][i], 3, 0);
    }
    lm_free(g);
}

/* a, b = b, a; c takes a value read from the old a after a's new version was computed. */
static void exchange(void **state)
{
    (void)state;
    for (unsigned off = 0; off < 2; off++) {
        lm_variable *a = variable("a", 0, 5), *b = variable("b", 100, 5), *c = variable("c", 0, 5);
        lm_graph *g = lm__graph_new(&lm__ops, NULL);
        lm_value *old_a = lm__graph_read(g, a), *old_b = lm__graph_read(g, b);
        lm__graph_assign(g, a, old_b);
        lm__graph_assign(g, b, old_a);
        lm__graph_assign(g, c, lm_op_add(old_a, old_a));
        assert_int_equal(lm__graph_commit(g, NULL), LM_OK);
        run_plan(g, NULL, off ? ~0u : 0, NULL, NULL);
        for (int i = 0; i < 5; i++) {
            assert_float_equal(lm_tensor_get(lm_variable_value(a), (size_t)i), 100 + i, 0);
            assert_float_equal(lm_tensor_get(lm_variable_value(b), (size_t)i), i, 0);
            assert_float_equal(lm_tensor_get(lm_variable_value(c), (size_t)i), 2 * i, 0);
        }
        lm_free(g), lm_free(a), lm_free(b), lm_free(c);
    }
}

/* The new version of a is made before the last reader of the old one. */
static void old_version_read_later(void **state)
{
    (void)state;
    for (unsigned off = 0; off < 2; off++) {
        lm_variable *a = variable("a", 1, 5);
        lm_graph *g = lm__graph_new(&lm__ops, NULL);
        lm_value *old = lm__graph_read(g, a), *next = lm_op_multiply(old, old);
        lm__graph_assign(g, a, next);
        lm_value *both = lm_op_add(lm_op_exp(next), lm_op_reshape(old, 1, (int64_t[]){5}));
        lm__graph_output(g, both);
        lm__graph_output(g, lm_op_subtract(old, next));
        assert_int_equal(lm__graph_commit(g, NULL), LM_OK);
        float out[2][5];
        run_plan(g, NULL, off ? ~0u : 0, NULL, (void *[]){out[0], out[1]});
        for (int i = 0; i < 5; i++) {
            float x = 1 + (float)i;
            assert_float_equal(lm_tensor_get(lm_variable_value(a), (size_t)i), x * x, 0);
            assert_float_equal(out[1][i], x - x * x, 0);
        }
        lm_free(g), lm_free(a);
    }
}

static void guards(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        lm_variable *a = variable("a", 0, 5), *b = variable("b", 10, 5);
        lm_graph *g = lm__graph_new(&lm__ops, NULL);
        lm_value *x = input(g, "x", 0, NULL);
        lm_value *ra = lm__graph_read(g, a), *rb = lm__graph_read(g, b);
        lm_value *na = lm_op_add(ra, x);
        lm__graph_assign(g, a, na);
        lm__graph_assign(g, b, lm_op_multiply(rb, na));
        assert_int_equal(lm__graph_commit(g, lm_op_isfinite(x)), LM_OK);
        float xs = k & 1 ? 2.0f : 1e38f * 10;
        run_plan(g, NULL, k & 2 ? ~0u : 0, (const void *[]){&xs}, NULL);
        for (int i = 0; i < 5; i++) {
            double want_a = k & 1 ? i + 2 : i, want_b = k & 1 ? (10.0 + i) * (i + 2) : 10 + i;
            assert_float_equal(lm_tensor_get(lm_variable_value(a), (size_t)i), want_a, 0);
            assert_float_equal(lm_tensor_get(lm_variable_value(b), (size_t)i), want_b, 0);
        }
        lm_free(g), lm_free(a), lm_free(b);
    }
}

static void symbols(void **state)
{
    (void)state;
    lm_graph *g = lm__graph_new(&lm__ops, NULL);
    lm__dim n = lm__dim_symbol(g->dims, "N");
    lm_value *x = lm__graph_input(g, "x", LM_F32, &(lm__shape){2, {n, 2}});
    lm__graph_output(g, lm_op_sum(x));
    float xs[6] = {1, 2, 3, 4, 5, 6}, total;
    run_plan(g, (int64_t[]){3}, 0, (const void *[]){xs}, (void *[]){&total});
    assert_float_equal(total, 21, 0);
    run_plan(g, (int64_t[]){1}, 0, (const void *[]){xs}, (void *[]){&total});
    assert_float_equal(total, 3, 0);
    lm__plan *plan;
    assert_int_equal(lm__plan_new(g, NULL, NULL, &plan), LM_INVALID);
    assert_non_null(strstr(lm_last_error(), "(N, 2)"));
    lm_free(g);
}

RUN(cmocka_unit_test(computes), cmocka_unit_test(odd_outputs), cmocka_unit_test(exchange),
    cmocka_unit_test(old_version_read_later), cmocka_unit_test(guards), cmocka_unit_test(symbols))
