/* tests/support/evaluate.c: see evaluate.h. */
#include "support/check.h"

#include "base/philox.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include "tensor/tensor.h"
#include <math.h>
#include <stdlib.h>

double evaluate_noise(int salt, uint64_t i)
{
    uint32_t words[4];
    lm__philox_block((uint64_t)salt, 77, 0, i, words);
    return words[0] * 0x1p-32;
}

lm_value *numbers(lm_graph *g, lm_dtype dtype, int rank, const int64_t *dims, const double *data)
{
    lm_tensor *t = lm_tensor_new(dtype, rank, dims);
    for (size_t i = 0; i < lm_tensor_size(t); i++) lm__store(dtype, lm_tensor_data(t), i, data[i]);
    lm_value *v = lm_constant(g, t);
    lm_free(t);
    return v;
}

lm_value *noise(lm_graph *g, lm_dtype dtype, int rank, const int64_t *dims, int salt, double low, double high)
{
    size_t size = 1;
    for (int i = 0; i < rank; i++) size *= (size_t)dims[i];
    double *data = malloc((size + 1) * sizeof *data);
    for (size_t i = 0; i < size; i++) {
        data[i] = low + (high - low) * evaluate_noise(salt, i);
        if (!lm__is_float(dtype)) data[i] = floor(data[i]);
    }
    lm_value *v = numbers(g, dtype, rank, dims, data);
    free(data);
    return v;
}

double *evaluate(lm_value *v)
{
    if (lm__bad(v)) fail_msg("not built: %s", lm_last_error());
    lm_graph *g = v->node->graph;
    check_ok(lm__graph_output(g, v));
    size_t size = interpret_size(v);
    void *raw = malloc(size * lm_dtype_size(v->dtype) + 1);
    void **outputs = calloc((size_t)g->noutputs, sizeof *outputs);
    double *out = malloc((size + 1) * sizeof *out);
    outputs[g->noutputs - 1] = raw;
    check_ok(interpret(g, NULL, NULL, outputs));
    for (size_t i = 0; i < size; i++) out[i] = lm__load(v->dtype, raw, i);
    free(outputs);
    free(raw);
    return out;
}

void check_numbers(lm_value *v, const double *want, size_t n, double tolerance)
{
    double *got = evaluate(v);
    if (interpret_size(v) != n) fail_msg("%s: %zu elements, expected %zu", v->node->op->name, interpret_size(v), n);
    for (size_t i = 0; i < n; i++) {
        bool same = isnan(want[i]) ? isnan(got[i]) : isinf(want[i]) ? got[i] == want[i]
                                                   : fabs(got[i] - want[i]) <= tolerance * fmax(1, fabs(want[i]));
        if (!same) fail_msg("%s, element %zu: %.17g, expected %.17g", v->node->op->name, i, got[i], want[i]);
    }
    free(got);
}

void check_same(lm_value *a, lm_value *b, double tolerance)
{
    if (lm__bad(a) || lm__bad(b)) fail_msg("not built: %s", lm_last_error());
    check_shape(a, b->shape.rank, b->shape.dim);
    double *want = evaluate(b);
    check_numbers(a, want, interpret_size(b), tolerance);
    free(want);
}

void check_shape(const lm_value *v, int rank, const int64_t *dims)
{
    if (lm__bad(v)) fail_msg("not built: %s", lm_last_error());
    assert_int_equal(v->shape.rank, rank);
    for (int i = 0; i < rank; i++) assert_int_equal(v->shape.dim[i], dims[i]);
}

double inner_product(lm_value *a, lm_value *b)
{
    double *x = evaluate(a), *y = evaluate(b), sum = 0;
    assert_int_equal(interpret_size(a), interpret_size(b));
    for (size_t i = 0; i < interpret_size(a); i++) sum += x[i] * y[i];
    free(x);
    free(y);
    return sum;
}

void check_refused(lm_graph *g, lm_value *v, const char *words)
{
    if (!lm__bad(v)) fail_msg("%s was built, expected a refusal: %s", v->node->op->name, words);
    assert_int_equal(lm_status_of(g), LM_INVALID);
    check_contains(lm_error(g), words);
    lm_clear(g);
    assert_int_equal(lm_failed(g), 0);
}
