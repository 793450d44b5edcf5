/* tests/nn/test_recurrent.c: Embedding and LSTM beyond the cases from Keras: whole numbers that a float would lose,
 * numbers out of range, the fused op against the same layer made of a scan, dropout, and what is refused. */
#include "support/refusal.h"

#include "nn/layer.h"
#include "plan/function.h"
#include "tensor/tensor.h"
#include <lamina/lamina.h>
#include <math.h>

static void refusals(void **state)
{
    (void)state;
    refused(lm_embedding(.output_dim = 3), "Embedding: input_dim = 0, but it must be 1 or more (was it left out?)");
    refused(lm_embedding(.input_dim = 3), "Embedding: output_dim = 0, but it must be 1 or more (was it left out?)");
    refused(lm_lstm(), "LSTM: units = 0, but it must be 1 or more (was it left out?)");
    refused(lm_lstm(.units = 3, .dropout = 1.5), "LSTM: dropout = 1.5, but it must be between 0 and 1");
    refused(lm_lstm(.units = 3, .recurrent_activation = "sigmoit"),
            "LSTM: unknown activation \"sigmoit\" (did you mean \"sigmoid\"?)");
    refused(lm_sequential(lm_input(.shape = {4}), lm_lstm(.units = 3)),
            "layer 0 (lstm): LSTM takes sequences (N, steps, features), but its input has 2 dimensions; an "
            "lm_embedding makes them of whole numbers, lm_reshape(.target_shape = {steps, features}) of rows");
    refused(lm_sequential(lm_input(.shape = {4, LM_ANY}), lm_lstm(.units = 3)),
            "layer 0 (lstm): LSTM makes its weights for size 2 of its input, which (N, 4, ?) leaves open; give it a "
            "number in lm_input");
    refused(lm_sequential(lm_input(.shape = {4, 2}), lm_lstm(.units = INT64_MAX / 2)),
            "layer 0 (lstm): LSTM: units = 4611686018427387903 are too many");
}

static void numbers_out_of_range(void **state)
{
    (void)state;
    lm_model *m =
        lm_sequential(lm_input(.shape = {3}, .dtype = "int32"), lm_embedding(.input_dim = 5, .output_dim = 2));
    int32_t ids[6] = {0, 4, 2, 1, 5, 0};
    float out[12];
    assert_string_equal(lm_error(m), "");
    check_status(lm_predict_into(m, 2, ids, out), LM_INVALID);
    check_contains(lm_last_error(), "gather: index 5 at position 4 is out of range for axis 0 with 5 elements");
    ids[4] = -1;
    check_ok(lm_predict_into(m, 2, ids, out));
    assert_memory_equal(out + 8, out + 2, 2 * sizeof *out);
    lm_free(m);
}

/* What is no number is no row either. */
static void no_number(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_embedding(.input_dim = 5, .output_dim = 2));
    float ids[2][3] = {{0, 2.7f, 2}, {1, 0, 4}}, out[12];
    check_ok(lm_predict_into(m, 2, ids, out));
    assert_memory_equal(out + 2, out + 4, 2 * sizeof *out);
    for (int i = 0; i < 3; i++) {
        ids[1][1] = i == 0 ? NAN : i == 1 ? INFINITY : -INFINITY;
        check_status(lm_predict_into(m, 2, ids, out), LM_INVALID);
        check_contains(lm_last_error(), " at position 4 is out of range for axis 0 with 5 elements");
    }
    lm_model *whole = lm_sequential(lm_input(.shape = {3}, .dtype = "int32"),
                                    lm_embedding(.input_dim = 5, .output_dim = 2));
    ids[1][1] = NAN;
    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){2, 3}, ids), *y = lm_predict_array(whole, x);
    check_contains(lm_error(y), " at position 4 is out of range for axis 0 with 5 elements");
    lm_free(x), lm_free(y), lm_free(whole);
    lm_free(m);
}

/* 2^24 + 1 is no float32: it must come through as it is, in all of the model's steps and whatever integer brings it.
 */
static void large_numbers(void **state)
{
    enum { LARGE = (1 << 24) + 2 };
    (void)state;
    lm_model *m =
        lm_sequential(lm_input(.shape = {1}), lm_embedding(.input_dim = LARGE, .output_dim = 1), lm_flatten());
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 1), .loss = "mse");
    float before = ((const float *)lm_tensor_read(lm_variable_value(lm_weight(m, 0))))[LARGE - 1];
    for (int wide = 0; wide < 2; wide++) {
        lm_tensor *x = lm_tensor_new(wide ? LM_I64 : LM_I32, 2, (int64_t[]){1, 1});
        lm__store(lm_tensor_dtype(x), lm_tensor_data(x), 0, LARGE - 1);
        lm_tensor *p = lm_predict_array(m, x);
        assert_true(lm_tensor_get(p, 0) == before);
        lm_free(p), lm_free(x);
    }
    lm_tensor *x = lm_tensor_copy_of(LM_I32, 2, (int64_t[]){1, 1}, (int32_t[]){LARGE - 1});
    lm_tensor *y = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){1, 1}, (float[]){before + 1});
    lm_train_on_batch(m, x, y, NULL);
    assert_string_equal(lm_error(m), "");
    float after = ((const float *)lm_tensor_read(lm_variable_value(lm_weight(m, 0))))[LARGE - 1];
    assert_true(fabs(after - before - 2) < 1e-5);
    lm_free(x), lm_free(y), lm_free(m);
}

/* --- the op against the same layer made of a scan -----------------------------------------------------------------
 */

static lm_status step(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    lm_value *gate[4];
    (void)user, (void)g;
    lm_op_split(lm_op_add(in[2], lm_op_matmul(in[0], in[3])), 4, NULL, -1, gate);
    out[1] = lm_op_add(lm_op_multiply(lm_op_sigmoid(gate[1]), in[1]),
                       lm_op_multiply(lm_op_sigmoid(gate[0]), lm_op_tanh(gate[2])));
    out[0] = out[2] = lm_op_multiply(lm_op_sigmoid(gate[3]), lm_op_tanh(out[1]));
    return LM_OK;
}

enum { BATCH = 5, STEPS = 4, INPUTS = 3, UNITS = 6, WEIGHTS = 4 };

static lm_value *scanned(lm_graph *g, lm_value *const *w)
{
    lm_value *sums = lm_op_add(lm_op_matmul(w[0], w[1]), w[3]), *out[3];
    lm_tensor *zeros = lm_tensor_new(LM_F64, 2, (int64_t[]){BATCH, UNITS});
    lm_value *zero = lm_constant(g, zeros);
    lm_free(zeros);
    lm_op_scan(out, .carries = {zero, zero}, .sequences = {lm_op_transpose(sums, 1, 0, 2)}, .invariants = {w[2]},
               .outputs = 1, .body = step);
    return lm_op_transpose(out[2], 1, 0, 2);
}

/* States and gradients, the states weighed differently so that each counts. */
static void put(lm_graph *g, lm_value *states, lm_value *const *w)
{
    lm_value *grads[WEIGHTS];
    check_ok(lm__graph_output(g, states));
    check_ok(lm_gradients(lm_op_multiply(states, lm_op_sin(states)), WEIGHTS, w, grads));
    for (int i = 0; i < WEIGHTS; i++) check_ok(lm__graph_output(g, grads[i]));
}

static void fused_is_scan(void **state)
{
    const int64_t dims[WEIGHTS][3] = {{BATCH, STEPS, INPUTS}, {INPUTS, 4 * UNITS}, {UNITS, 4 * UNITS}, {4 * UNITS}};
    const int rank[WEIGHTS] = {3, 2, 2, 1};
    enum { HALF = 1 + WEIGHTS };
    lm_value *w[WEIGHTS];
    lm_tensor *in[WEIGHTS], *out[2 * HALF];
    lm_graph *g = lm_graph_new();
    (void)state;
    for (int i = 0; i < WEIGHTS; i++) {
        in[i] = lm_tensor_new(LM_F64, rank[i], dims[i]);
        for (size_t k = 0; k < lm_tensor_size(in[i]); k++)
            ((double *)lm_tensor_data(in[i]))[k] = sin((double)k * 1.7 + i);
        w[i] = lm_placeholder_new(g, "w", LM_F64, rank[i], dims[i]);
    }
    put(g, lm_op_lstm(w[0], w[1], w[2], w[3]), w);
    put(g, scanned(g, w), w);
    lm_function *f = lm__function_new(g, NULL);
    check_ok(lm__object_check(f, &lm__function_type, "f"));
    check_ok(lm__function_run(f, in, out));
    for (int i = 0; i < HALF; i++)
        for (size_t k = 0; k < lm_tensor_size(out[i]); k++)
            if (!(fabs(lm_tensor_get(out[i], k) - lm_tensor_get(out[HALF + i], k)) < 1e-12))
                fail_msg("output %d, element %zu: %.15g, but %.15g of the scan", i, k, lm_tensor_get(out[i], k),
                         lm_tensor_get(out[HALF + i], k));
    for (int i = 0; i < 2 * HALF; i++) lm_free(out[i]);
    for (int i = 0; i < WEIGHTS; i++) lm_free(in[i]);
    lm_free(f);
}

/* --- dropout ------------------------------------------------------------------------------------------------------
 */

/* The layer on x (n, 4, 1), in training if there is a key. */
static lm_tensor *run_layer(lm_layer *layer, lm_tensor *x, bool training)
{
    int64_t numbers[2] = {7, 3}, two = 2;
    lm_tensor *key = lm_tensor_copy_of(LM_I64, 1, &two, numbers), *y;
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder_new(g, "x", LM_F32, 3, (int64_t[]){LM_ANY, 4, 1});
    check_ok(lm__layer_build(layer, &in->shape, 0));
    lm__layer_call call = {.graph = g, .training = training, .key = training ? lm_constant(g, key) : NULL};
    check_ok(lm__graph_output(g, lm__layer_call_on(layer, &call, in)));
    lm_function *f = lm__function_new(g, NULL);
    check_ok(lm__object_check(f, &lm__function_type, "f"));
    check_ok(lm__function_run(f, &x, &y));
    lm_free(f), lm_free(key);
    return y;
}

/* Every example has its input at all steps, twice as large, or at none. */
static void dropout(void **state)
{
    enum { N = 200, ROW = 4 * 3 };
    lm_layer *layer = lm_lstm(.name = "l", .units = 3, .return_sequences = true, .dropout = 0.5);
    lm_tensor *x = lm_tensor_new(LM_F32, 3, (int64_t[]){N, 4, 1});
    lm_tensor *both = lm_tensor_new(LM_F32, 3, (int64_t[]){2, 4, 1});
    int dropped = 0;
    (void)state;
    for (int i = 0; i < 4 * N; i++) ((float *)lm_tensor_data(x))[i] = 1;
    for (int i = 0; i < 8; i++) ((float *)lm_tensor_data(both))[i] = i < 4 ? 0 : 2;
    lm_tensor *y = run_layer(layer, x, true), *known = run_layer(layer, both, false);
    const float *got = lm_tensor_read(y), *want = lm_tensor_read(known);
    for (int n = 0; n < N; n++) {
        bool none = !memcmp(got + n * ROW, want, ROW * sizeof *got);
        if (!none) assert_memory_equal(got + n * ROW, want + ROW, ROW * sizeof *got);
        dropped += none;
    }
    assert_true(dropped > 70 && dropped < 130);
    lm_free(x), lm_free(both), lm_free(y), lm_free(known), lm_free(layer);
}

RUN(cmocka_unit_test(refusals), cmocka_unit_test(numbers_out_of_range), cmocka_unit_test(no_number),
    cmocka_unit_test(large_numbers),
    cmocka_unit_test(fused_is_scan), cmocka_unit_test(dropout))
