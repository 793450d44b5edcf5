/* Reverse mode: what is built, what is refused, and numbers by a small evaluator of reference kernels. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "graph/evaluate.h"
#include "ops/support.h"
#include "support/oom.h"

#include <math.h>

static lm_value *input(lm_graph *g, const char *name, int n)
{
    return lm_placeholder(g, name, LM_F64, n);
}

/* d sum(f)/dx by central differences against the graph's own gradient, for `order` differentiations. */
typedef lm_value *function(lm_value *x);

static lm_value *chain(lm_value *x)
{
    /* sum over rows of exp(x + x * b), reshaped and broadcast on the way */
    lm_value *m = lm_op_reshape(x, 2, (int64_t[]){2, 3});
    lm_value *b = lm_op_reshape(lm_op_sum_over(m, 1, (int64_t[]){0}, true), 2, (int64_t[]){1, 3});
    lm_value *wide = lm_op_broadcast_to(b, 2, (int64_t[]){2, 3});
    return lm_op_sum(lm_op_exp(lm_op_add(m, lm_op_multiply(wide, m))), 1);
}

static double total(const lm_tensor *t)
{
    double sum = 0;
    for (size_t i = 0; i < lm_tensor_size(t); i++) sum += lm_tensor_get(t, i);
    return sum;
}

static void check_order(function *f, int order)
{
    double data[6] = {0.1, -0.2, 0.3, 0.4, -0.1, 0.2};
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
    lm_tensor *out[2];
    double want[6];
    for (int i = 0; i < 6; i++) {
        double sums[2], step = 1e-5;
        for (int s = 0; s < 2; s++) {
            double moved[6];
            memcpy(moved, data, sizeof data);
            moved[i] += s ? step : -step;
            lm_tensor *at = lm_tensor_copy_of(LM_F64, 1, (int64_t[]){6}, moved);
            evaluate(g, (lm_tensor *[]){at}, out);
            sums[s] = total(out[0]);
            lm_free(at), lm_free(out[0]), lm_free(out[1]);
        }
        want[i] = (sums[1] - sums[0]) / (2 * step);
    }
    lm_tensor *at = lm_tensor_copy_of(LM_F64, 1, (int64_t[]){6}, data);
    evaluate(g, (lm_tensor *[]){at}, out);
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs(lm_tensor_get(out[1], i) - want[i]) <= 1e-7 * fmax(1, fabs(want[i])));
    lm_free(at), lm_free(out[0]), lm_free(out[1]);
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

RUN(cmocka_unit_test(first_order), cmocka_unit_test(second_and_third_order))
