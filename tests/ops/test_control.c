/* scan and if: values, gradients to third order against central differences, refusals, memory running out. */
#include "support/check.h"

#include "graph/control.h"
#include "ops/support.h"
#include "support/interpret.h"
#include "support/oom.h"

#include <math.h>

enum { MOST = 64 };

/* A graph whose inputs are float64 and whose output 0 is a scalar. */
static double run(const lm_graph *g, double **data, double **out)
{
    double y;
    void *to[MOST] = {&y};
    for (int i = 1; i < g->noutputs; i++) to[i] = out ? out[i] : NULL;
    check_ok(interpret(g, NULL, (const void *const *)data, to));
    return y;
}

/* Output 0 is the value, outputs 1 … n its gradients by the inputs: against central differences. */
static void check_gradients(const lm_graph *g, double **data)
{
    double grads[4][MOST], *out[5] = {NULL, grads[0], grads[1], grads[2], grads[3]};
    run(g, data, out);
    for (int i = 0; i + 1 < g->noutputs; i++) {
        for (size_t k = 0; k < interpret_size(g->inputs[i]); k++) {
            double kept = data[i][k], step = 1e-5;
            data[i][k] = kept + step;
            double up = run(g, data, NULL);
            data[i][k] = kept - step;
            double down = run(g, data, NULL), want = (up - down) / (2 * step);
            data[i][k] = kept;
            if (fabs(grads[i][k] - want) > 1e-6 * fmax(1, fabs(want)))
                fail_msg("input %d, element %zu: %.10g, by differences %.10g", i, k, grads[i][k], want);
        }
    }
}

/* Differentiates y by the graph's first n inputs, `order` times, each time going on with the sum of squares. */
static void differentiate(lm_graph *g, lm_value *y, int n, int order)
{
    lm_value *grads[4];
    for (int k = 0; k < order; k++) {
        lm_value *squares = NULL;
        for (int i = 0; k > 0 && i < n; i++) {
            lm_value *s = lm_op_sum(lm_op_multiply(grads[i], grads[i]));
            squares = squares ? lm_op_add(squares, s) : s;
        }
        if (k > 0) y = squares;
        check_ok(lm_gradients(y, n, g->inputs, grads));
    }
    check_ok(lm__graph_output(g, y));
    for (int i = 0; i < n; i++) check_ok(lm__graph_output(g, grads[i]));
    lm__graph_prune(g);
    check_ok(lm__graph_verify(g));
}

static lm_status running_sum(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_add(in[0], in[1]);
    out[1] = lm_op_multiply(out[0], lm_op_cast(in[2], LM_F64));
    return LM_OK;
}

static void values(void **state)
{
    (void)state;
    for (int reverse = 0; reverse < 2; reverse++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = lm_placeholder(g, "x", LM_F64, LM_ANY, 2), *zero = lm_op_fill(g, LM_F64, 1, (int64_t[]){2}, 1);
        lm_value *out[2];
        check_ok(lm_op_scan(out, .carries = {zero}, .sequences = {x}, .outputs = 1, .body = running_sum,
                            .reverse = reverse));
        char text[64];
        assert_string_equal(lm__shape_print(g->dims, &out[1]->shape, text, sizeof text), "(N, 2)");
        check_ok(lm__graph_output(g, out[0]));
        check_ok(lm__graph_output(g, out[1]));
        check_ok(lm__graph_output(g, &out[0]->node->out[2]));
        check_ok(lm__graph_verify(g));
        double data[6] = {1, 10, 2, 20, 3, 30}, last[2], steps[6], history[6];
        check_ok(interpret(g, (int64_t[]){3}, (const void *[]){data}, (void *[]){last, steps, history}));
        const double forward[] = {0, 0, 4, 31, 14, 122}, backward[] = {0, 0, 6, 51, 8, 62};
        const double came_forward[] = {1, 1, 2, 11, 4, 31}, came_backward[] = {6, 51, 4, 31, 1, 1};
        assert_true(last[0] == 7 && last[1] == 61);
        assert_memory_equal(steps, reverse ? backward : forward, sizeof steps);
        assert_memory_equal(history, reverse ? came_backward : came_forward, sizeof history);
        check_ok(interpret(g, (int64_t[]){0}, (const void *[]){data}, (void *[]){last, steps, history}));
        assert_true(last[0] == 1); /* no steps: what it began with */
        lm_free(g);
    }
}

/* h = tanh(h w + x), with h's place in the sequence and a second carry: an int counter that decides a factor. */
static lm_status cell(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user;
    lm_value *h = in[0], *count = in[1], *x = in[2], *w = in[3], *b = in[4], *t = in[5];
    lm_value *factor =
        lm_op_add(lm_op_cast(count, LM_F64), lm_op_multiply(lm_op_cast(t, LM_F64), lm_scalar(g, LM_F64, 0.25)));
    lm_value *next = lm_op_tanh(lm_op_add(lm_op_matmul(h, w), lm_op_multiply(lm_op_add(x, b), factor)));
    out[0] = next;
    out[1] = lm_op_add(count, lm_op_fill(g, LM_I32, 0, NULL, 1));
    out[2] = lm_op_multiply(next, x);
    out[3] = count;
    return LM_OK;
}

static lm_graph *recurrent(int order, bool reverse)
{
    lm_graph *g = lm_graph_new();
    lm_value *h = lm_placeholder(g, "h", LM_F64, 1, 2), *x = lm_placeholder(g, "x", LM_F64, 3, 1, 2);
    lm_value *w = lm_placeholder(g, "w", LM_F64, 2, 2), *b = lm_placeholder(g, "b", LM_F64, 2);
    lm_value *count = lm_op_fill(g, LM_I32, 0, NULL, 1), *out[4];
    check_ok(lm_op_scan(out, .carries = {h, count}, .sequences = {x}, .invariants = {w, b}, .outputs = 2,
                        .body = cell, .reverse = reverse));
    lm_value *y = lm_op_add(lm_op_sum(lm_op_multiply(out[2], out[2])), lm_op_sum(lm_op_multiply(out[0], h)));
    differentiate(g, y, 4, order);
    return g;
}

static void recurrent_gradients(void **state)
{
    (void)state;
    double h[] = {0.3, -0.2}, x[] = {0.5, 0.1, -0.4, 0.7, 0.2, -0.6}, w[] = {0.4, -0.3, 0.2, 0.6}, b[] = {0.1, -0.5};
    double *data[] = {h, x, w, b};
    for (int order = 1; order <= 3; order++) {
        for (int reverse = 0; reverse < 2; reverse++) {
            lm_graph *g = recurrent(order, reverse);
            check_gradients(g, data);
            lm_free(g);
        }
    }
}

/* A scan within a scan: the inner one runs over a row of x. */
static lm_status inner(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_add(lm_op_multiply(in[0], in[2]), lm_op_multiply(in[1], in[1]));
    return LM_OK;
}

static lm_status outer(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    return lm_op_scan(out, .carries = {in[0]}, .sequences = {in[1]}, .invariants = {in[2]}, .body = inner);
}

static void nested_gradients(void **state)
{
    (void)state;
    for (int order = 1; order <= 2; order++) {
        lm_graph *g = lm_graph_new();
        lm_value *c = lm_placeholder_new(g, "c", LM_F64, 0, NULL), *x = lm_placeholder(g, "x", LM_F64, 2, 3);
        lm_value *w = lm_placeholder_new(g, "w", LM_F64, 0, NULL), *out;
        check_ok(lm_op_scan(&out, .carries = {c}, .sequences = {x}, .invariants = {w}, .body = outer));
        differentiate(g, out, 3, order);
        double cs[] = {0.7}, xs[] = {0.5, 0.1, -0.4, 0.7, 0.2, -0.6}, ws[] = {0.9}, *data[] = {cs, xs, ws};
        check_gradients(g, data);
        lm_free(g);
    }
}

/* The number of steps alone, no sequence: c <- c w, eight times. */
static lm_status power(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_multiply(in[0], in[1]);
    return LM_OK;
}

static void a_length_alone(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *w = lm_placeholder_new(g, "w", LM_F64, 0, NULL), *out;
    check_ok(lm_op_scan(&out, .carries = {lm_scalar(g, LM_F64, 1)}, .invariants = {w}, .length = 8, .body = power));
    differentiate(g, out, 1, 2);
    double ws[] = {1.1}, *data[] = {ws}, dw;
    double y = run(g, data, (double *[]){NULL, &dw}), want = pow(8 * pow(1.1, 7), 2);
    assert_true(fabs(y - want) < 1e-9 && fabs(dw - 14 * want / 1.1) < 1e-8);
    lm_free(g);
}

/* --- if
 * ------------------------------------------------------------------------------------------------------------- */

static lm_status hot(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_exp(lm_op_multiply(in[0], in[1]));
    out[1] = in[0];
    return LM_OK;
}

static lm_status cold(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user;
    out[0] = lm_op_multiply(in[0], lm_op_multiply(in[0], in[0])); /* without in[1] */
    out[1] = lm_op_multiply(in[1], lm_scalar(g, LM_F64, 3));
    return LM_OK;
}

static void choice_and_its_gradients(void **state)
{
    (void)state;
    for (int order = 1; order <= 3; order++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = lm_placeholder(g, "x", LM_F64, 3), *w = lm_placeholder(g, "w", LM_F64, 3);
        lm_value *positive = lm_op_greater(lm_op_sum(x), lm_scalar(g, LM_F64, 0)), *out[2];
        check_ok(
            lm_op_if(out, .predicate = positive, .captures = {x, w}, .outputs = 2, .then = hot, .otherwise = cold));
        differentiate(g, lm_op_sum(lm_op_multiply(out[0], out[1])), 2, order);
        double up[] = {0.5, 0.1, 0.4}, down[] = {-0.5, 0.2, -0.4}, ws[] = {0.3, 0.8, -0.7};
        check_gradients(g, (double *[]){up, ws});
        check_gradients(g, (double *[]){down, ws});
        lm_free(g);
    }
}

/* An if within a scan: a leaky step whose slope depends on the state. */
static lm_status same(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = in[0];
    return LM_OK;
}

static lm_status leak(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_multiply(in[0], in[1]);
    return LM_OK;
}

static lm_status leaky_step(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user;
    lm_value *sum = lm_op_add(in[0], in[1]), *positive = lm_op_greater(sum, lm_scalar(g, LM_F64, 0));
    return lm_op_if(out, .predicate = positive, .captures = {sum, in[2]}, .then = same, .otherwise = leak);
}

static void if_within_scan(void **state)
{
    (void)state;
    for (int order = 1; order <= 2; order++) {
        lm_graph *g = lm_graph_new();
        lm_value *c = lm_placeholder_new(g, "c", LM_F64, 0, NULL), *x = lm_placeholder(g, "x", LM_F64, 4);
        lm_value *w = lm_placeholder_new(g, "w", LM_F64, 0, NULL), *out;
        check_ok(lm_op_scan(&out, .carries = {c}, .sequences = {x}, .invariants = {w}, .body = leaky_step));
        differentiate(g, lm_op_multiply(out, lm_op_multiply(out, out)), 3, order);
        double cs[] = {0.2}, xs[] = {-0.7, 1.5, -2, -0.4}, ws[] = {0.6}, *data[] = {cs, xs, ws};
        check_gradients(g, data);
        lm_free(g);
    }
}

/* --- refusals -----------------------------------------------------------------------------------------------------
 * */

static lm_status sets_nothing(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g, (void)in, (void)out;
    return LM_OK;
}

static lm_status grows(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_broadcast_to(in[0], 1, (int64_t[]){7});
    return LM_OK;
}

static lm_status looks_out(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)g;
    out[0] = lm_op_add(in[0], user);
    return LM_OK;
}

static lm_status reads(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    out[0] = lm_op_add(in[0], lm_read(g, user));
    return LM_OK;
}

static void check_refused(lm_graph *g, lm_status status, lm_value *const *out, const char *wanted)
{
    assert_int_not_equal(status, LM_OK);
    assert_true(lm__bad(*out));
    check_contains(lm_error(g), wanted);
    lm_clear(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *c = lm_placeholder_new(g, "c", LM_F64, 0, NULL), *x = lm_placeholder(g, "x", LM_F64, 4), *out;
    lm_value *y = lm_placeholder(g, "y", LM_F64, 5), *yes = lm_placeholder_new(g, "yes", LM_BOOL, 0, NULL);
    lm_tensor *one = lm_tensor_scalar(LM_F64, 1);
    lm_variable *v = lm_variable_new("v", one, true);
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x}, .body = sets_nothing), &out,
                  "scan: body: output 0 of the body is not set");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x}, .body = grows), &out,
                  "scan: carry 0 would become float64 (7,) in a step; its type and shape must stay");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x}, .body = looks_out, .user = x), &out,
                  "add: input 1 belongs to another graph than input 0; pass it as an input");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x}, .body = reads, .user = v), &out,
                  "the body reads variable \"v\" itself; read it outside and pass the value in");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x, y}, .body = looks_out, .user = x), &out,
                  "another graph");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x, y}, .body = same), &out,
                  "sequence 1 has another length than the others");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .body = same), &out, ".length must be given");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {c}, .body = same), &out, ".length must be given");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {c}, .length = 4, .body = same), &out,
                  "a sequence must have a first axis");
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {x}), &out, ".body is missing");
    lm_value *bad = lm_op_add(x, y);
    lm_clear(g);
    check_refused(g, lm_op_scan(&out, .carries = {c}, .sequences = {bad}, .body = same), &out, "could not be built");
    check_refused(g, lm_op_if(&out, .predicate = c, .captures = {x}, .then = same, .otherwise = same), &out,
                  "if: the predicate must be a bool scalar");
    check_refused(g, lm_op_if(&out, .predicate = yes, .captures = {c}, .then = same, .otherwise = grows), &out,
                  "if: result 0 is float64 () in one body and float64 (7,) in the other");
    check_refused(g, lm_op_if(&out, .predicate = yes, .captures = {x}, .then = same), &out, "must both be given");
    check_refused(g, lm_op_if(&out, .predicate = yes, .captures = {x}, .then = same, .otherwise = sets_nothing), &out,
                  "if: .otherwise: output 0 of the body is not set");
    check_status(lm_op_scan(&out, .body = same), LM_INVALID);
    check_ok(lm__graph_verify(g));
    lm_free(one), lm_free(v), lm_free(g);
}

static lm_status build(void *user)
{
    (void)user;
    lm_graph *g = lm_graph_new(), *copy = NULL;
    lm_value *c = lm_placeholder_new(g, "c", LM_F64, 0, NULL), *x = lm_placeholder(g, "x", LM_F64, LM_ANY);
    lm_value *w = lm_placeholder_new(g, "w", LM_F64, 0, NULL), *out, *dw;
    lm_status status = lm_op_scan(&out, .carries = {c}, .sequences = {x}, .invariants = {w}, .body = leaky_step);
    if (status == LM_OK) status = lm_gradients(out, 1, &w, &dw);
    if (status == LM_OK) status = lm__graph_output(g, dw);
    if (status == LM_OK) status = lm__graph_clone(g, (int64_t[]){3}, &copy);
    if (lm_failed(g)) status = lm_status_of(g);
    lm_free(copy), lm_free(g);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    oom_each(build, NULL);
}

RUN(cmocka_unit_test(values), cmocka_unit_test(recurrent_gradients), cmocka_unit_test(nested_gradients),
    cmocka_unit_test(a_length_alone), cmocka_unit_test(choice_and_its_gradients), cmocka_unit_test(if_within_scan),
    cmocka_unit_test(refusals), cmocka_unit_test(out_of_memory))
