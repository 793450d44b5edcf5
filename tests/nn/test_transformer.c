/* tests/nn/test_transformer.c: the layers of transformers: what they refuse, and attention with dropout. */
#include "support/check.h"

#include "nn/layer.h"
#include "support/parity.h"
#include "tensor/tensor.h"
#include <lamina/lamina.h>
#include <math.h>

static void layer_refused(lm_layer *layer, int count, const lm__shape *input, const char *message)
{
    assert_int_equal(lm__layer_build_all(layer, count, input, 0), LM_INVALID);
    assert_string_equal(lm_last_error(), message);
    lm_free(layer);
}

static void layer_normalization(void **state)
{
    const lm__shape input = {3, {7, 4, 5}};
    (void)state;
    layer_refused(
        lm_layer_normalization(.axis = {3}), 1, &input,
        "LayerNormalization: axis 3, but for an input of 3 dimensions, batch included, it must be between 1 "
        "and 2, or between -1 and -2");
    layer_refused(lm_layer_normalization(.axis = {2, -1}), 1, &input, "LayerNormalization: axis 2 is named twice");
    layer_refused(lm_layer_normalization(.axis = {0}), 1, &input,
                  "LayerNormalization: no axis is given; the last is .axis = {-1}");
}

static void attention(void **state)
{
    const lm__shape flat[2] = {{2, {7, 4}}, {2, {7, 4}}};
    const lm__shape three[3] = {{3, {7, 4, 5}}, {3, {7, 4, 5}}, {3, {7, 3, 5}}};
    (void)state;
    layer_refused(lm_multi_head_attention(.num_heads = 2, .key_dim = 3), 1, three,
                  "MultiHeadAttention takes 2 inputs or more, but 1 came");
    layer_refused(lm_multi_head_attention(.num_heads = 2, .key_dim = 3), 2, flat,
                  "MultiHeadAttention takes (N, positions, features), but its query has shape (7, 4)");
    layer_refused(
        lm_multi_head_attention(.num_heads = 2, .key_dim = 3), 3, three,
        "MultiHeadAttention: value and key must have as many positions as each other, but have shapes (7, 4, "
        "5) and (7, 3, 5)");
    lm_layer *layer =
        lm_layer_from_config("MultiHeadAttention", "{\"num_heads\": 2, \"key_dim\": 3, \"attention_axes\": [2]}");
    check_contains(lm_error(layer), "attention_axes");
    lm_free(layer);
}

static void position_embedding(void **state)
{
    const lm__shape long_input = {3, {7, 5, 2}}, flat = {2, {7, 5}};
    (void)state;
    layer_refused(lm_position_embedding(.sequence_length = 4), 1, &long_input,
                  "PositionEmbedding has sequence_length = 4 rows, but its input has shape (7, 5, 2)");
    layer_refused(lm_position_embedding(.sequence_length = 4), 1, &flat,
                  "PositionEmbedding takes (N, positions, features), but its input has shape (7, 5)");
    /* fewer positions than rows: the first ones, for every sample; their gradient is the sum over the samples */
    lm_layer *layer = lm_position_embedding(.sequence_length = 4, .dtype = "float64");
    lm_tensor *x = lm_tensor_new(LM_F64, 3, (int64_t[]){3, 2, 5}), *out[2] = {NULL};
    parity_case c = {0};
    parity_graph g;
    lm_value *slope = NULL;
    parity_graph_begin(&g);
    lm_value *in = parity_input(&g, "x", x, true);
    check_ok(lm__layer_build(layer, &in->shape, 1));
    lm__layer_call call = {.graph = g.graph};
    lm_value *y = lm__layer_call_on(layer, &call, in), *table = lm__layer_read(layer, &call, 0);
    assert_int_equal(layer->weight[0]->value->dims[0], 4);
    check_ok(lm_gradients(y, 1, &table, &slope));
    parity_output(&g, y);
    parity_output(&g, slope);
    assert_true(parity_finish(&g, &c) && parity_call(&g, &c, &x, out));
    for (int64_t i = 0; i < 30; i++)
        assert_true(lm_tensor_get(out[0], (size_t)i) == lm_tensor_get(layer->weight[0]->value, (size_t)(i % 10)));
    for (int64_t i = 0; i < 20; i++) assert_true(lm_tensor_get(out[1], (size_t)i) == (i < 10 ? 3 : 0));
    parity_graph_end(&g);
    lm_free(out[0]), lm_free(out[1]), lm_free(x), lm_free(layer);
}

/* The result of an attention layer whose weights are drawn from one seed. */
static void run(double dropout, bool training, double *y, size_t size)
{
    static const int64_t dims[3] = {2, 5, 6}, two = 2;
    static const int64_t key[2] = {3, 4};
    lm_layer *layer = lm_multi_head_attention(.num_heads = 2, .key_dim = 4, .dropout = dropout, .name = "mha",
                                              .dtype = "float64", .bias_initializer = "random_normal");
    lm_tensor *k = lm_tensor_copy_of(LM_I64, 1, &two, key), *x = lm_tensor_new(LM_F64, 3, dims), *out = NULL;
    parity_case c = {0};
    parity_graph g;
    for (size_t i = 0; i < x->size; i++) ((double *)x->data)[i] = (double)(i * 37 % 23) / 11 - 1;
    parity_graph_begin(&g);
    lm_value *in[2];
    in[0] = in[1] = parity_input(&g, "x", x, true);
    lm__layer_call call = {
        .graph = g.graph, .training = training, .key = lm_constant(g.graph, k), .options = {.use_causal_mask = true}};
    check_ok(lm__layer_build_all(layer, 2, (const lm__shape[]){in[0]->shape, in[1]->shape}, 1));
    parity_output(&g, lm__layer_call_on_all(layer, &call, 2, in));
    assert_true(parity_finish(&g, &c) && parity_call(&g, &c, &x, &out));
    assert_int_equal(out->size, size);
    memcpy(y, out->data, size * sizeof *y);
    parity_graph_end(&g);
    lm_free(out), lm_free(x), lm_free(k), lm_free(layer);
}

static void dropout(void **state)
{
    enum { SIZE = 2 * 5 * 6 };
    double plain[SIZE], same[SIZE], dropped[SIZE], none[SIZE];
    int changed = 0;
    (void)state;
    run(0.5, false, plain, SIZE); /* one kernel */
    run(1e-12, true, same, SIZE); /* made of other ops, nothing dropped */
    run(0.5, true, dropped, SIZE);
    run(1, true, none, SIZE);
    for (int i = 0; i < SIZE; i++) {
        assert_true(fabs(plain[i] - same[i]) < 1e-9);
        changed += fabs(plain[i] - dropped[i]) > 1e-3;
        assert_true(none[i] == none[i % 6]); /* the last bias alone */
    }
    assert_true(changed > SIZE / 2);
}

RUN(cmocka_unit_test(layer_normalization), cmocka_unit_test(attention), cmocka_unit_test(position_embedding),
    cmocka_unit_test(dropout))
