/* softmax and log_softmax: values, extremes, properties, refusals. */
#include "support/check.h"

#include "support/evaluate.h"
#include "ops/support.h"
#include <math.h>
#include <stdlib.h>

static void values(void **state)
{
    (void)state;
    for (int d = 0; d < 2; d++)
        for (int axis = -3; axis < 3; axis++) {
            lm_graph *g = lm_graph_new();
            lm_dtype dtype = d ? LM_F32 : LM_F64;
            int64_t dims[3] = {3, 4, 5}, stride[3] = {20, 5, 1};
            int at = (axis + 3) % 3;
            lm_value *x = noise(g, dtype, 3, dims, 1, -4, 4);
            double *xs = evaluate(x), soft[60], logs[60], tolerance = d ? 2e-6 : 1e-14;
            for (int i = 0; i < 60; i++) {
                double sum = 0;
                int64_t first = i - i / stride[at] % dims[at] * stride[at];
                for (int64_t k = 0; k < dims[at]; k++) sum += exp(xs[first + k * stride[at]]);
                soft[i] = exp(xs[i]) / sum;
                logs[i] = xs[i] - log(sum);
            }
            check_numbers(lm_op_softmax(x, axis), soft, 60, tolerance);
            check_numbers(lm_op_log_softmax(x, axis), logs, 60, tolerance);
            free(xs);
            lm_free(g);
        }
}

/* Neither overflow nor 0 / 0; infinities as in the limit. */
static void extremes(void **state)
{
    (void)state;
    for (int d = 0; d < 2; d++) {
        lm_graph *g = lm_graph_new();
        lm_dtype dtype = d ? LM_F32 : LM_F64;
        double big = d ? 3e38 : 1e308, tolerance = 1e-6;
        check_list(lm_op_softmax(number_list(g, dtype, big, 0, -big), 0), tolerance, 1, 0, 0);
        check_list(lm_op_softmax(number_list(g, dtype, -1000, -1000), 0), tolerance, 0.5, 0.5);
        check_list(lm_op_softmax(number_list(g, dtype, 0, -INFINITY), 0), tolerance, 1, 0);
        check_list(lm_op_log_softmax(number_list(g, dtype, 1000, 0), 0), tolerance, 0, -1000);
        check_list(lm_op_log_softmax(number_list(g, dtype, 0, -INFINITY), 0), tolerance, 0, -INFINITY);
        check_list(lm_op_softmax(number_list(g, dtype, 1, NAN), 0), tolerance, NAN, NAN);
        check_list(lm_op_softmax(number_list(g, dtype, 42), 0), 0, 1);
        lm_free(g);
    }
}

/* Adding a number to all elements changes nothing, and so the gradient along the axis sums to 0. */
static void invariance(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = noise(g, LM_F64, SHAPE(3, 4), 1, -2, 2), *up = noise(g, LM_F64, SHAPE(3, 4), 2, -1, 1), *dx;
    lm_value *y = lm_op_softmax(x, 1), *z = lm_op_log_softmax(x, 1);
    check_same(lm_op_softmax(lm_op_add(x, lm__like(x, 5)), 1), y, 1e-14);
    check_same(lm_op_exp(z), y, 1e-14);
    check_list(lm_op_sum(y, 1), 1e-14, 1, 1, 1);
    check_ok(lm__graph_vjp(g, 1, &y, &up, 1, &x, &dx));
    check_list(lm_op_sum(dx, 1), 1e-14, 0, 0, 0);
    check_ok(lm__graph_vjp(g, 1, &z, &up, 1, &x, &dx));
    check_list(lm_op_sum(dx, 1), 1e-14, 0, 0, 0);
    lm_free(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *i = lm_placeholder(g, "i", LM_I32, 3);
    check_refused(g, lm_op_softmax(x, 2), "axis 2 is out of range");
    check_refused(g, lm_op_log_softmax(x, -3), "axis -3 is out of range");
    check_refused(g, lm_op_softmax(i, 0), "int32, expected a float type");
    lm_free(g);
}

RUN(cmocka_unit_test(values), cmocka_unit_test(extremes), cmocka_unit_test(invariance), cmocka_unit_test(refusals))
