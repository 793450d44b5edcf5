/* tests/formats/test_keras_attention.c: weights that Keras keeps in layers inside a layer: those of
 * MultiHeadAttention, out of a file that real Keras wrote (make_attention.py), and into one. */
#include "formats_test.h"

#include "codec/npy.h"
#include <lamina/lamina.h>
#include <math.h>

static lm_model *model_of(bool use_bias)
{
    lm_layer *first = lm_input(.shape = {6, 8}), *second = lm_input(.shape = {5, 8});
    lm_symbol *h = lm_call(lm_layer_normalization(), first);
    lm_layer *causal = lm_multi_head_attention(.num_heads = 2, .key_dim = 3, .dropout = 0.125, .use_bias = use_bias,
                                               .name = "first");
    lm_layer *other =
        lm_multi_head_attention(.num_heads = 2, .key_dim = 4, .value_dim = 3, .output_shape = {7}, .use_bias = false);
    h = lm_call_with(causal, .inputs = {h, h}, .use_causal_mask = true);
    return lm_functional(.inputs = {first, second}, .outputs = {lm_call(other, h, second)});
}

static void weights(void **state)
{
    (void)state;
    lm_model *m = model_of(true), *other = model_of(true);
    lm__npz *npz;
    lm_tensor *x[2], *want, *y = NULL;
    check_ok(lm_load_weights(m, LM_SOURCE_DIR "/tests/data/formats/attention.weights.h5"));
    check_ok(lm__npz_open(LM_SOURCE_DIR "/tests/data/formats/attention.npz", &npz));
    x[0] = lm__npz_read(npz, "x0"), x[1] = lm__npz_read(npz, "x1"), want = lm__npz_read(npz, "y");
    lm_dataset *data = lm_data_batch(lm_data_from_tensors(2, x), 3, false);
    check_ok(lm_predict_outputs(m, data, &y));
    assert_int_equal(lm_tensor_size(y), 3 * 6 * 7);
    for (size_t i = 0; i < lm_tensor_size(y); i++)
        assert_true(fabs(lm_tensor_get(y, i) - lm_tensor_get(want, i)) < 1e-5);
    /* into a file and out of it */
    check_ok(lm_save_weights(m, "attention_test.weights.h5"));
    check_ok(lm_load_weights(other, "attention_test.weights.h5"));
    assert_same_state(m, other);
    remove("attention_test.weights.h5");
    /* the whole model, with what the call of a layer said */
    check_ok(lm_save(m, "attention_test.keras"));
    lm_model *again = lm_load("attention_test.keras");
    lm_tensor *answer = NULL;
    assert_same_state(m, again);
    check_ok(lm_predict_outputs(again, data, &answer));
    assert_same_tensor(y, answer);
    remove("attention_test.keras");
    lm_free(answer), lm_free(again), lm_free(data);
    lm__npz_close(npz);
    lm_free(x[0]), lm_free(x[1]), lm_free(want), lm_free(y), lm_free(m), lm_free(other);
}

static void others_are_refused(void **state)
{
    (void)state;
    const char *path = LM_SOURCE_DIR "/tests/data/formats/attention.weights.h5";
    lm_model *bare = model_of(false);
    assert_int_not_equal(lm_load_weights(bare, path), LM_OK);
    check_contains(lm_last_error(), "more than the 4 weights of first");
    lm_free(bare);
    lm_model *none = lm_sequential(lm_input(.shape = {6, 8}), lm_layer_normalization());
    assert_int_not_equal(lm_load_weights(none, path), LM_OK);
    check_contains(lm_last_error(), "a layer that its configuration lacks");
    lm_free(none);
}

RUN(cmocka_unit_test(weights), cmocka_unit_test(others_are_refused))
