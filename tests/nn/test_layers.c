/* tests/nn/test_layers.c: layers that don't fit together: refused with the layer, its index, both shapes and the
 * likely fix; and what layers do with types and names. */
#include "support/refusal.h"

#include "train/model.h"
#include <lamina/lamina.h>

static void shapes(void **state)
{
    (void)state;
    refused(lm_sequential(lm_input(.shape = {4}), lm_conv2d(.filters = 3, .kernel_size = {3})),
            "layer 0 (conv2d): Conv2D takes (N, height, width, channels), but its input has shape (N, 4); "
            "lm_reshape(.target_shape = {height, width, channels}) makes pictures of rows");
    refused(
        lm_sequential(lm_input(.shape = {28, 28}), lm_conv2d(.filters = 3, .kernel_size = {3})),
        "layer 0 (conv2d): Conv2D takes (N, height, width, channels), but its input has shape (N, 28, 28); if the "
        "channels are missing, put lm_reshape(.target_shape = {28, 28, 1}) before it");
    refused(
        lm_sequential(lm_input(.shape = {8, 8, 1}), lm_flatten(), lm_max_pooling2d()),
        "layer 1 (max_pooling2d): MaxPooling2D takes (N, height, width, channels), but its input has shape (N, 64); "
        "lm_reshape(.target_shape = {height, width, channels}) makes pictures of rows");
    refused(lm_sequential(lm_input(.shape = {2, 2, 1}), lm_conv2d(.filters = 3, .kernel_size = {3})),
            "layer 0 (conv2d): conv2d: the window covers 3 cells of the height, but there are only 2; use a smaller "
            "window "
            "or .padding = \"same\"; the inputs are: float32 (N, 2, 2, 1), float32 (3, 3, 1, 3)");
    refused(
        lm_sequential(lm_input(.shape = {2, 2, 1}), lm_max_pooling2d(.pool_size = {3})),
        "layer 0 (max_pooling2d): max_pool2d: the window covers 3 cells of the height, but there are only 2; use a "
        "smaller window or .padding = \"same\"; the input is: float32 (N, 2, 2, 1)");
    refused(lm_sequential(lm_input(.shape = {2, 2, 3}), lm_conv2d(.filters = 4, .kernel_size = {1}, .groups = 2)),
            "layer 0 (conv2d): Conv2D: the input's 3 channels are not a multiple of groups = 2");
    refused(lm_sequential(lm_input(.shape = {7, 7}), lm_conv2d_transpose(.filters = 3, .kernel_size = {3})),
            "layer 0 (conv2d_transpose): Conv2DTranspose takes (N, height, width, channels), but its input has shape "
            "(N, 7, 7); if the channels are missing, put lm_reshape(.target_shape = {7, 7, 1}) before it");
    refused(lm_sequential(lm_input(.shape = {INT64_C(1) << 34, 2, 1}),
                          lm_conv2d_transpose(.filters = 3, .kernel_size = {1}, .strides = {INT32_MAX})),
            "layer 0 (conv2d_transpose): Conv2DTranspose: the output would be too large");
    refused(lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 3), lm_reshape(.target_shape = {5})),
            "layer 1 (reshape): Reshape: an example of its input has 3 numbers, which target_shape cannot hold: its "
            "sizes "
            "multiply to 5");
    refused(lm_sequential(lm_input(.shape = {4}), lm_reshape(.target_shape = {3, -1})),
            "layer 0 (reshape): Reshape: an example of its input has 4 numbers, which target_shape cannot hold: its "
            "sizes "
            "multiply to 3");
    refused(lm_sequential(lm_input(.shape = {4}), lm_softmax(.axis = 5)),
            "layer 0 (softmax): softmax: axis 5 is out of range (-2 … 1); the input is: float32 (N, 4)");
    refused(lm_sequential(lm_input(.shape = {4, 2}), lm_batch_normalization(.axis = 3)),
            "layer 0 (batch_normalization): BatchNormalization: axis = 3, but for an input of 3 dimensions, batch "
            "included, it must be between 1 and 2, or -1 for the last");
    refused(lm_sequential(lm_input(.shape = {LM_ANY}), lm_dense(.units = 3)),
            "layer 0 (dense): Dense makes its weights for size 1 of its input, which (N, ?) leaves open; give it a "
            "number "
            "in lm_input");
    refused(lm_sequential(lm_input(.shape = {1000000, 1000000}), lm_flatten(), lm_dense(.units = 1000000000)),
            "layer 1 (dense): shape (1000000000000, 1000000000) has more elements than memory can hold");
}

static void order(void **state)
{
    (void)state;
    refused(lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 3, .name = "a"),
                          lm_dense(.units = 3, .name = "a")),
            "layer 1: the name \"a\" is taken by layer 0; names must differ within a model");
    refused(lm_sequential(lm_dense(.units = 3), lm_input(.shape = {4})),
            "layer 1: an input layer must come first, but layer 0 (dense) is there already");
    refused(lm_sequential(lm_input(.shape = {4}), lm_input(.shape = {4})),
            "a second input layer came; a sequential model has one");
    refused(lm_sequential(lm_input(.shape = {1, 2, 3, 4, 5, 6, 7, 8})),
            "the input has 8 sizes without the batch; 7 is the most");
    refused(lm_sequential(lm_input(.shape = {4, 4, 4}), lm_dense(.units = 3, .input_shape = {5})),
            "layer 0: its input_shape is (5,), but what comes in has shape (N, 4, 4, 4); leave it out");
    accepted(lm_sequential(lm_dense(.units = 3, .input_shape = {5}), lm_dense(.units = 2, .input_shape = {3})));
    refused(lm_sequential(lm_dense(.units = 3, .input_shape = {5}), lm_dense(.units = 2, .input_shape = {5})),
            "layer 1: its input_shape is (5,), but what comes in has shape (N, 3); leave it out");
}

/* The first layer that failed is named; those behind it are given back. */
static void failed_layers(void **state)
{
    (void)state;
    refused(lm_sequential(lm_input(.shape = {4}), lm_flatten(), lm_dense(.units = 3, .activation = "rely"),
                          lm_dense(.units = 3), lm_dropout()),
            "layer 1: Dense: unknown activation \"rely\" (did you mean \"relu\"?)");
    refused(lm_sequential(lm_input(), lm_dense(.units = 3)),
            "layer 0: InputLayer: the shape is missing, for example lm_input(.shape = {28, 28, 1})");
    refused(lm_sequential(lm_input(.shape = {4}), NULL, lm_dense(.units = 3)), "layer 0: NULL instead of a layer");
    refused(lm_sequential_new(3, NULL), "lm_sequential_new: NULL instead of an array of 3 layers");
    refused(lm_sequential(lm_input(.shape = {4}), (lm_layer *)lm_tensor_scalar(LM_F32, 1)),
            "layer 0: a tensor came where a layer was expected");
}

/* As in Keras, Dense works on the last axis of pictures too. */
static void dense_on_pictures(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {28, 28, 1}), lm_dense(.units = 3));
    int64_t dims[LM_MAX_RANK];
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lm_model_output(m, NULL, dims), 4);
    assert_int_equal(dims[0], LM_ANY);
    assert_int_equal(dims[1], 28);
    assert_int_equal(dims[3], 3);
    lm_free(m);
}

static void automatic_names(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {8, 8, 1}), lm_conv2d(.filters = 1, .kernel_size = {3}), lm_relu(),
                                lm_conv2d(.filters = 1, .kernel_size = {3}), lm_dense(.units = 2, .name = "dense_1"),
                                lm_dense(.units = 2), lm_dense(.units = 2), lm_dense(.units = 2));
    static const char *const names[] = {"conv2d", "re_lu", "conv2d_1", "dense_1", "dense", "dense_2", "dense_3"};
    assert_string_equal(lm_error(m), "");
    for (int i = 0; i < 7; i++) assert_string_equal(lm_layer_name(lm_model_layer(m, i)), names[i]);
    assert_string_equal(lm_layer_class(lm_model_layer(m, -1)), "Dense");
    assert_null(lm_model_layer(m, 7));
    assert_null(lm_model_layer(m, -8));
    assert_string_equal(lm_variable_name(lm_weight(m, 1)), "conv2d/bias");
    lm_free(m);
}

/* A layer computes in its own type: what comes in is converted, as Keras does. */
static void types(void **state)
{
    (void)state;
    lm_model *m =
        lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 3, .dtype = "float64"), lm_dense(.units = 2));
    lm_dtype in, out;
    assert_string_equal(lm_error(m), "");
    lm_model_input(m, &in, NULL);
    lm_model_output(m, &out, NULL);
    assert_int_equal(in, LM_F32);
    assert_int_equal(out, LM_F32);
    assert_int_equal(lm_tensor_dtype(lm_variable_value(lm_weight(m, 0))), LM_F64);
    assert_int_equal(lm_tensor_dtype(lm_variable_value(lm_weight(m, 2))), LM_F32);
    lm_tensor *x = lm_tensor_new(LM_U8, 2, (int64_t[]){5, 4}), *y = lm_predict_array(m, x);
    assert_string_equal(lm_error(y), "");
    lm_free(x), lm_free(y), lm_free(m);
    m = lm_sequential(lm_dense(.units = 3, .dtype = "float64"));
    check_ok(lm_build(m, 2, (int64_t[]){LM_ANY, 4}));
    lm_model_input(m, &in, NULL);
    assert_int_equal(in, LM_F64);
    lm_free(m);
}

/* The same seed, the same weights; names tell streams apart, so that two equal layers differ. */
static void seeds(void **state)
{
    (void)state;
    lm_tensor *w[4];
    for (int i = 0; i < 3; i++) {
        lm_set_seed(i == 2 ? 1 : 0);
        lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 4), lm_dense(.units = 4));
        w[i] = lm_retain(lm_variable_value(lm_weight(m, 0)));
        if (i == 0) w[3] = lm_retain(lm_variable_value(lm_weight(m, 2)));
        lm_free(m);
    }
    lm_set_seed(0);
    assert_memory_equal(lm_tensor_read(w[0]), lm_tensor_read(w[1]), lm_tensor_bytes(w[0]));
    assert_memory_not_equal(lm_tensor_read(w[0]), lm_tensor_read(w[2]), lm_tensor_bytes(w[0]));
    assert_memory_not_equal(lm_tensor_read(w[0]), lm_tensor_read(w[3]), lm_tensor_bytes(w[0]));
    for (int i = 0; i < 4; i++) lm_free(w[i]);
}

/* A build that failed leaves the model as it was: the right data build it. */
static void build_again(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_dense(.units = 3), lm_reshape(.target_shape = {3}), lm_flatten());
    check_status(lm_build(m, 3, (int64_t[]){LM_ANY, 5, 4}), LM_INVALID);
    check_contains(lm_error(m), "layer 1 (reshape): ");
    assert_int_equal(lm_weights(m), 0);
    lm_clear(m);
    check_ok(lm_build(m, 2, (int64_t[]){LM_ANY, 4}));
    assert_int_equal(lm_tensor_dim(lm_variable_value(lm_weight(m, 0)), 0), 4);
    check_ok(lm_build(m, 2, (int64_t[]){LM_ANY, 4}));
    check_status(lm_build(m, 3, (int64_t[]){LM_ANY, 5, 4}), LM_INVALID);
    assert_string_equal(lm_error(m), "lm_build got shape (N, 5, 4), but the model takes (N, 4)");
    lm_free(m);
}

/* The macro's default is the layer's 0.3, not the activation's 0.2. */
static void leaky_relu(void **state)
{
    (void)state;
    float data[] = {-10, 0, 10}, want[] = {-3, 0, 10}, out[3];
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_leaky_relu());
    check_ok(lm_predict_into(m, 1, data, out));
    assert_memory_equal(out, want, sizeof want);
    refused(lm_leaky_relu(.negative_slope = -1), "LeakyReLU: negative_slope = -1, but it must be 0 or more");
    lm_free(m);
}

RUN(cmocka_unit_test(shapes), cmocka_unit_test(order), cmocka_unit_test(failed_layers),
    cmocka_unit_test(dense_on_pictures), cmocka_unit_test(automatic_names), cmocka_unit_test(types),
    cmocka_unit_test(seeds), cmocka_unit_test(build_again), cmocka_unit_test(leaky_relu))
