/* matmul: against three loops, over transposes and batches; adjoints; what it refuses and how. */
#include "support/check.h"

#include "kernels/matmul.h"
#include "ops/registry.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include <math.h>
#include <stdlib.h>

/* Element (row, column) of matrix `batch` of an array (batches, rows, columns), seen transposed where asked. */
static double at(const double *x, int64_t batch, int64_t rows, int64_t columns, bool transpose, int64_t row,
                 int64_t column)
{
    return x[batch * rows * columns + (transpose ? column * columns + row : row * columns + column)];
}

static void check_product(lm_dtype dtype, bool ta, bool tb, int64_t batch_a, int64_t batch_b, int64_t m, int64_t n,
                          int64_t k)
{
    lm_graph *g = lm_graph_new();
    int64_t ra = ta ? k : m, ca = ta ? m : k, rb = tb ? n : k, cb = tb ? k : n;
    lm_value *a = noise(g, dtype, SHAPE(batch_a, ra, ca), 1, -1, 1),
             *b = noise(g, dtype, SHAPE(batch_b, rb, cb), 2, -1, 1);
    lm_value *c = lm_op_matmul(a, b, .transpose_a = ta, .transpose_b = tb);
    int64_t batches = batch_a > batch_b ? batch_a : batch_b;
    check_shape(c, SHAPE(batches, m, n));
    double *x = evaluate(a), *y = evaluate(b), *want = malloc((size_t)(batches * m * n + 1) * sizeof *want);
    for (int64_t i = 0; i < batches * m * n; i++) {
        int64_t batch = i / (m * n), row = i / n % m, column = i % n;
        want[i] = 0;
        for (int64_t p = 0; p < k; p++)
            want[i] += at(x, batch_a == 1 ? 0 : batch, ra, ca, ta, row, p) *
                       at(y, batch_b == 1 ? 0 : batch, rb, cb, tb, p, column);
    }
    check_numbers(c, want, (size_t)(batches * m * n), dtype == LM_F64 ? 1e-13 : 1e-5);
    free(x), free(y), free(want);
    lm_free(g);
}

static void products(void **state)
{
    (void)state;
    for (int transposes = 0; transposes < 4; transposes++)
        for (int d = 0; d < 2; d++) {
            lm_dtype dtype = d ? LM_F32 : LM_F64;
            bool ta = transposes & 1, tb = transposes & 2;
            check_product(dtype, ta, tb, 1, 1, 3, 5, 4);
            check_product(dtype, ta, tb, 3, 1, 2, 3, 5);
            check_product(dtype, ta, tb, 1, 3, 2, 3, 5);
            check_product(dtype, ta, tb, 2, 2, 1, 7, 1);
            check_product(dtype, ta, tb, 1, 1, 1, 1, 1);
            check_product(dtype, ta, tb, 2, 1, 3, 0, 2);
            check_product(dtype, ta, tb, 2, 1, 3, 2, 0);
        }
}

static void batches_of_different_rank(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *a = noise(g, LM_F64, SHAPE(2, 1, 3, 4), 1, -1, 1), *b = noise(g, LM_F64, SHAPE(5, 4, 2), 2, -1, 1);
    lm_value *c = lm_op_matmul(a, b);
    check_shape(c, SHAPE(2, 5, 3, 2));
    for (int64_t i = 0; i < 2; i++)
        for (int64_t j = 0; j < 5; j++) {
            lm_value *one = lm_op_matmul(lm_op_slice(a, .begin = {i}, .sizes = {1}),
                                         lm_op_slice(b, .begin = {j}, .sizes = {1}));
            check_same(lm_op_slice(c, .begin = {i, j}, .sizes = {1, 1}), one, 1e-14);
        }
    lm_free(g);
}

/* <A x, y> = <x, Aᵀ y> */
static void adjoint(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *a = noise(g, LM_F64, SHAPE(2, 4, 5), 1, -1, 1), *x = noise(g, LM_F64, SHAPE(5, 3), 2, -1, 1);
    lm_value *y = noise(g, LM_F64, SHAPE(2, 4, 3), 3, -1, 1), *ax = lm_op_matmul(a, x), *grads[2];
    check_ok(lm__graph_vjp(g, 1, &ax, &y, 2, (lm_value *[]){x, a}, grads));
    double want = inner_product(ax, y);
    assert_true(fabs(inner_product(x, grads[0]) - want) < 1e-12);
    assert_true(fabs(inner_product(a, grads[1]) - want) < 1e-12);
    lm_free(g);
}

static void sizes_may_be_open(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, LM_ANY, 3), *w = noise(g, LM_F32, SHAPE(3, 2), 1, -1, 1);
    lm_value *y = lm_op_matmul(x, w), *dw;
    check_ok(lm__graph_gradients(g, y, 1, &w, &dw));
    check_shape(dw, SHAPE(3, 2));
    check_ok(lm__graph_output(g, y));
    check_ok(lm__graph_output(g, dw));
    float data[4 * 2 * 3], out[4 * 2 * 2], grad[6];
    for (int i = 0; i < 24; i++) data[i] = (float)evaluate_noise(5, (uint64_t)i);
    check_ok(interpret(g, (int64_t[]){4, 2}, (const void *[]){data}, (void *[]){out, grad}));
    double want = 0;
    for (int i = 0; i < 8; i++) want += data[i * 3 + 1];
    assert_true(fabs(grad[2] - want) < 1e-5 && fabs(grad[3] - want) < 1e-5);
    lm_free(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *w = lm_placeholder(g, "w", LM_F32, 4, 2);
    lm_value *v = lm_placeholder(g, "v", LM_F32, 5, 3), *i = lm_placeholder(g, "i", LM_I32, 3, 2);
    lm_value *d = lm_placeholder(g, "d", LM_F64, 3, 2), *one = lm_placeholder(g, "one", LM_F32, 3);
    lm_value *b = lm_placeholder(g, "b", LM_F32, 2, 4, 3), *c = lm_placeholder(g, "c", LM_F32, 3, 3, 4);
    check_refused(g, lm_op_matmul(x, w), "inner dimensions differ: 3 and 4");
    check_refused(g, lm_op_matmul(x, w), "(N, 3)");
    check_refused(g, lm_op_matmul(x, v), "did you mean .transpose_b = true?");
    check_refused(g, lm_op_matmul(w, v), "matmul");
    check_refused(g, lm_op_matmul(x, d), "float64");
    check_refused(g, lm_op_matmul(i, i), "expected a float type");
    check_refused(g, lm_op_matmul(x, one), "at least 2 dimensions");
    check_refused(g, lm_op_matmul(b, c), "cannot be broadcast");
    check_shape(lm_op_matmul(v, x, .transpose_b = true), 2, (int64_t[]){5, x->shape.dim[0]});
    lm_free(g);
}

static void counts_its_work(void **state)
{
    (void)state;
    lm__desc in[2] = {{LM_F32, 3, {2, 3, 4}, 24}, {LM_F32, 2, {4, 5}, 20}}, out = {LM_F32, 3, {2, 3, 5}, 30};
    lm__problem p = {.op = "matmul", .nin = 2, .nout = 1, .in = in, .out = &out, .attr = &(lm__matmul){false, false}};
    assert_true(lm__op_matmul.flops(&p) == 2.0 * 2 * 3 * 4 * 5);
}

RUN(cmocka_unit_test(products), cmocka_unit_test(batches_of_different_rank), cmocka_unit_test(adjoint),
    cmocka_unit_test(sizes_may_be_open), cmocka_unit_test(refusals), cmocka_unit_test(counts_its_work))
