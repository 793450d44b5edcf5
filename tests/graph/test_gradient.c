/* Reverse mode: what is built, what is refused, and numbers to third order. */
#include "support/check.h"

#include "ops/support.h"
#include "support/interpret.h"

#include <math.h>

static lm_value *input(lm_graph *g, const char *name, int n)
{
    return lm_placeholder(g, name, LM_F64, n);
}

static lm_value *chain(lm_value *x)
{
    /* sum over rows of exp(x + x * b), reshaped and broadcast on the way */
    lm_value *m = lm_op_reshape(x, 2, (int64_t[]){2, 3});
    lm_value *b = lm_op_reshape(lm_op_sum_over(m, 1, (int64_t[]){0}, true), 2, (int64_t[]){1, 3});
    lm_value *wide = lm_op_broadcast_to(b, 2, (int64_t[]){2, 3});
    return lm_op_sum(lm_op_exp(lm_op_add(m, lm_op_multiply(wide, m))), 1);
}

/* The sum of y and the gradient, for x = data. */
static double run(const lm_graph *g, const double *data, double *dx)
{
    double y[6], sum = 0;
    check_ok(interpret(g, NULL, (const void *[]){data}, (void *[]){y, dx}));
    for (size_t i = 0; i < interpret_size(g->outputs[0]); i++) sum += y[i];
    return sum;
}

/* d sum(f)/dx by central differences against the graph's own gradient, for `order` differentiations. */
static void check_order(lm_value *(*f)(lm_value *x), int order)
{
    double data[6] = {0.1, -0.2, 0.3, 0.4, -0.1, 0.2}, got[6], ignored[6];
    lm_graph *g = lm_graph_new();
    lm_value *x = input(g, "x", 6), *y = f(x), *dx;
    for (int i = 1; i < order; i++) {
        check_ok(lm_gradients(y, 1, &x, &dx));
        y = lm_op_multiply(dx, dx);
    }
    check_ok(lm_gradients(y, 1, &x, &dx));
    check_ok(lm__graph_verify(g));
    check_ok(lm__graph_output(g, y));
    check_ok(lm__graph_output(g, dx));
    run(g, data, got);
    for (int i = 0; i < 6; i++) {
        double kept = data[i], step = 1e-5, sums[2];
        data[i] = kept - step;
        sums[0] = run(g, data, ignored);
        data[i] = kept + step;
        sums[1] = run(g, data, ignored);
        data[i] = kept;
        double want = (sums[1] - sums[0]) / (2 * step);
        assert_true(fabs(got[i] - want) <= 1e-7 * fmax(1, fabs(want)));
    }
    lm_free(g);
}

static void first_order(void **state)
{
    (void)state;
    check_order(chain, 1);
}

static void second_and_third_order(void **state)
{
    (void)state;
    check_order(chain, 2);
    check_order(chain, 3);
}

static void what_flows_where(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *far = lm_placeholder(g, "far", LM_F32, 3);
    lm__graph_scope(g, "layer");
    lm_value *y = lm_op_multiply(x, x);
    lm__graph_scope(g, "");
    lm_value *wrt[] = {x, far, y}, *grads[3], *cut[2];
    check_ok(lm_gradients(y, 3, wrt, grads));
    assert_int_equal(lm__shape_equal(g->dims, &grads[0]->shape, &x->shape), 1);
    assert_string_equal(grads[0]->node->op->name, "add"); /* x was used twice */
    assert_string_equal(grads[0]->node->scope, "layer");
    assert_string_equal(g->scope, "");
    assert_string_equal(grads[1]->node->op->name, "fill"); /* zeros */
    assert_true(((lm__fill_attr *)grads[1]->node->attr)->value == 0);
    assert_int_equal(lm__shape_equal(g->dims, &grads[1]->shape, &far->shape), 1);
    assert_true(((lm__fill_attr *)grads[2]->node->attr)->value == 1);
    check_ok(lm__graph_vjp(g, 1, &y, NULL, 2, wrt, cut));
    assert_null(cut[1]);
    check_ok(lm__graph_vjp(g, 1, &y, &x, 1, wrt, cut)); /* upstream x */
    assert_ptr_equal(cut[0]->node->in[0]->node->in[0], x);
    check_ok(lm__graph_verify(g));
    lm_free(g);
}

static void broadcasting_is_summed(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 2, 3), *b = lm_placeholder(g, "b", LM_F32, 2, 1), *db;
    check_ok(lm_gradients(lm_op_add(x, b), 1, &b, &db));
    assert_string_equal(db->node->op->name, "reshape");
    assert_int_equal(lm__shape_equal(g->dims, &db->shape, &b->shape), 1);
    lm_free(g);
}

/* An op with a float path that nobody gave a gradient. */
static lm_status infer_same(lm__infer *f) { return lm__infer_same(f); }
static const lm__op rough = {.name = "rough", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer_same};
static lm_status wrong_gradient(lm__vjp *v)
{
    v->grad_in[0] = lm_op_sum(v->grad_out[0]);
    return LM_OK;
}
static const lm__op wrong = {.name = "wrong", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer_same,
                             .gradient = wrong_gradient};
static const lm__op flat = {.name = "flat", .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer_same,
                            .flags = LM__OP_NO_GRADIENT};

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new(), *h = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 3), *i = lm_placeholder(g, "i", LM_I32, 3), *dx = NULL;
    lm_value *other = lm_placeholder(h, "x", LM_F32, 3);
    lm__graph_scope(g, "sharpen");
    lm_value *y = lm__apply1(&rough, NULL, x), *w = lm__apply1(&wrong, NULL, x), *z = lm__apply1(&flat, NULL, x);
    lm__graph_scope(g, "");
    check_status(lm_gradients(y, 1, &x, &dx), LM_UNSUPPORTED);
    check_contains(lm_error(g), "sharpen: gradient of rough: has no gradient");
    assert_true(lm__bad(dx));
    lm_clear(g);
    check_status(lm_gradients(w, 1, &x, &dx), LM_INTERNAL);
    check_contains(lm_error(g),
                   "sharpen: gradient of wrong: the gradient of input 0 is float32 (), the input float32 (3,)");
    lm_clear(g);
    check_ok(lm_gradients(z, 1, &x, &dx));
    assert_true(((lm__fill_attr *)dx->node->attr)->value == 0);
    check_status(lm_gradients(i, 1, &x, &dx), LM_INVALID);
    check_contains(lm_error(g), "output 0 is int32; only floats have gradients");
    lm_clear(g);
    check_status(lm_gradients(x, 1, &other, &dx), LM_INVALID);
    check_contains(lm_error(g), "wrt 0 is not a value of the graph");
    lm_clear(g);
    check_status(lm_gradients(NULL, 1, &x, &dx), LM_INVALID);
    check_status(lm_gradients(x, 1, NULL, &dx), LM_INVALID);
    lm_free(g);
    lm_free(h);
}

RUN(cmocka_unit_test(first_order), cmocka_unit_test(second_and_third_order), cmocka_unit_test(what_flows_where),
    cmocka_unit_test(broadcasting_is_summed), cmocka_unit_test(refusals))
