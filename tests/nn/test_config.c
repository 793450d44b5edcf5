/* tests/nn/test_config.c: arguments of layers, losses, metrics, optimizers and initializers: what is refused and how
 * it is said; configs written and read again. */
#include "support/refusal.h"

#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/metric.h"
#include "nn/optimizer.h"
#include <lamina/lamina.h>
#include <math.h>

#define INITIALIZERS                                                                                                 \
    "Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, Ones, "                  \
    "Orthogonal, RandomNormal, RandomUniform, TruncatedNormal, Zeros"

static void numbers(void **state)
{
    (void)state;
    refused(lm_dense(), "Dense: units = 0, but it must be 1 or more (was it left out?)");
    refused(lm_dense(.units = -3), "Dense: units = -3, but it must be 1 or more");
    refused(lm_conv2d(.kernel_size = {3}), "Conv2D: filters = 0, but it must be 1 or more (was it left out?)");
    refused(lm_conv2d(.filters = 8, .kernel_size = {3}, .groups = 0), "Conv2D: groups = 0, but it must be 1 or more");
    refused(lm_conv2d(.filters = 8, .kernel_size = {3}, .groups = 3),
            "Conv2D: filters = 8 is not a multiple of groups = 3");
    refused(lm_dropout(), "Dropout: the rate is missing, for example .rate = 0.5");
    refused(lm_dropout(.rate = 1.5), "Dropout: rate = 1.5, but it must be between 0 and 1");
    refused(lm_dropout(.rate = -0.1), "Dropout: rate = -0.1, but it must be between 0 and 1");
    refused(lm_rescaling(), "Rescaling: the scale is missing, for example .scale = 1.0 / 255");
    refused(lm_relu(.max_value = -1), "ReLU: max_value = -1, but it must be 0 or more");
    refused(lm_softmax(.axis = 99), "Softmax: axis = 99, but it must be between -8 and 8");
    refused(lm_batch_normalization(.momentum = 2),
            "BatchNormalization: momentum = 2, but it must be between 0 and 1");
    refused(lm_sgd(.learning_rate = -1), "SGD: learning_rate = -1, but it must be 0 or more");
    refused(lm_adam(.beta_1 = 1.5), "Adam: beta_1 = 1.5, but it must be between 0 and 1");
    refused(lm_adam(.clipnorm = 1, .clipvalue = 2),
            "Adam: give only one of clipnorm, clipvalue and global_clipnorm");
    refused(lm_loss_binary_crossentropy(.label_smoothing = 2),
            "BinaryCrossentropy: label_smoothing = 2, but it must be between 0 and 1");
    refused(lm_metric_top_k_categorical_accuracy(.k = 0), "TopKCategoricalAccuracy: k = 0, but it must be 1 or more");
    refused(lm_init_random_normal(.stddev = -1), "RandomNormal: stddev = -1, but it must be 0 or more");
    refused(lm_adam(.learning_rate = LM_NONE), "Adam: learning_rate = nan, but it must be 0 or more");
    refused(lm_rescaling(.scale = 1, .offset = LM_NONE), "Rescaling: offset = nan, but it must be a number");
    accepted(lm_adam(.weight_decay = LM_NONE));
    accepted(lm_dropout(.rate = 1));
    accepted(lm_relu());
}

static void sizes(void **state)
{
    (void)state;
    refused(lm_conv2d(.filters = 8), "Conv2D: kernel_size is missing, for example {3, 3}");
    refused(lm_conv2d(.filters = 8, .kernel_size = {3, -1}),
            "Conv2D: kernel_size = {3, -1}, but it must be 1 or more in each direction");
    refused(lm_conv2d(.filters = 8, .kernel_size = {0, 3}),
            "Conv2D: kernel_size = {0, 3}, but it must be 1 or more in each direction");
    refused(lm_conv2d(.filters = 8, .kernel_size = {3}, .strides = {0, 0}),
            "Conv2D: strides = {0, 0}, but it must be 1 or more in each direction");
    refused(lm_conv2d(.filters = 8, .kernel_size = {3}, .strides = {2}, .dilation_rate = {2}),
            "Conv2D: strides and dilation_rate cannot both be greater than 1");
    refused(lm_conv2d_transpose(.filters = 8), "Conv2DTranspose: kernel_size is missing, for example {3, 3}");
    refused(lm_conv2d_transpose(.filters = 8, .kernel_size = {3}, .strides = {2}, .dilation_rate = {2}),
            "Conv2DTranspose: strides and dilation_rate cannot both be greater than 1");
    refused(lm_conv2d_transpose(.filters = 8, .kernel_size = {3}, .output_padding = {-2, 0}),
            "Conv2DTranspose: output_padding = {-2, 0}, but it must be 0 or more in each direction, or left out");
    refused(lm_conv2d_transpose(.filters = 8, .kernel_size = {3}, .strides = {2}, .output_padding = {1, 2}),
            "Conv2DTranspose: output_padding = {1, 2}, but each must be less than its stride, and strides = {2, 2}");
    refused(lm_conv2d_transpose(.filters = 8, .kernel_size = {4}, .strides = {2}, .output_padding = {1, 0},
                                .padding = "same"),
            "Conv2DTranspose: with padding \"same\" and an even kernel_size (4) output_padding must be 1 or more; "
            "leave it out to have the output 2 times as large");
    accepted(lm_conv2d_transpose(.filters = 8, .kernel_size = {4}, .strides = {2}, .output_padding = {1, 0}));
    refused(lm_max_pooling2d(.pool_size = {-2, 2}),
            "MaxPooling2D: pool_size = {-2, 2}, but it must be 1 or more in each direction");
    refused(lm_reshape(), "Reshape: target_shape is missing, for example {28, 28, 1}");
    refused(lm_reshape(.target_shape = {-1, -1}), "Reshape: only one size of target_shape may be -1");
    refused(lm_reshape(.target_shape = {3, 0, 2}), "Reshape: size 1 of target_shape is 0, but it must be 1 or more");
    refused(lm_input(), "InputLayer: the shape is missing, for example lm_input(.shape = {28, 28, 1})");
    refused(lm_dense(.units = 4, .input_shape = {3, 0, 2}),
            "Dense: size 1 of input_shape is 0, but it must be 1 or more");
    refused(lm_dense(.units = 4, .input_shape = {-5}),
            "Dense: size 0 of input_shape is -5, but it must be 1 or more, or LM_ANY");
    accepted(lm_max_pooling2d(.strides = {0, 0}));          /* None: the pool size */
}

static void names(void **state)
{
    (void)state;
    refused(lm_dense(.units = 4, .activation = "rely"),
            "Dense: unknown activation \"rely\" (did you mean \"relu\"?)");
    refused(lm_dense(.units = 4, .activation = "RELU"),
            "Dense: unknown activation \"RELU\" (did you mean \"relu\"?)");
    refused(lm_dense(.units = 4, .activation = ""),
            "Dense: unknown activation \"\" (\"linear\" is the one that does nothing)");
    refused(lm_activation(), "Activation: the activation is missing, for example \"relu\"");
    refused(lm_conv2d(.filters = 8, .kernel_size = {3}, .padding = "sam"),
            "Conv2D: padding = \"sam\", but it must be \"valid\" or \"same\"");
    refused(lm_dense(.units = 4, .dtype = "float16"),
            "Dense: dtype = \"float16\", but float16 overflows in training unless the loss is scaled, which Lamina "
            "does not do; use \"mixed_bfloat16\", which needs no scaling");
    refused(lm_dense(.units = 4, .name = ""), "Dense: the name is empty; leave it out to have one made");
    refused(lm_dense(.units = 4, .name = "a/b"), "Dense: name \"a/b\" contains '/'");
    refused(lm_dense(.units = 4, .name = "a\xFF"), "Dense: the name is not UTF-8 text without control characters");
    refused(lm_dense(.units = 4, .name = "a\x1b[2J"), "Dense: the name is not UTF-8 text without control characters");
    refused(lm_dense(.units = 4, .name = "\xC2\x9B"), "Dense: the name is not UTF-8 text without control characters");
    refused(lm_dense(.units = 4, .kernel_initializer = "glorot"),
            "Dense: kernel_initializer: unknown initializer \"glorot\" (did you mean \"glorot_normal\"?)");
    refused(lm_dense(.units = 4, .bias_initializer = "zzzzzz"),
            "Dense: bias_initializer: unknown initializer \"zzzzzz\"; there are " INITIALIZERS);
    refused(lm_loss_binary_crossentropy(.reduction = "avg"), "BinaryCrossentropy: reduction = \"avg\", but it must "
                                                             "be \"sum_over_batch_size\" or \"sum\" or \"mean\" or "
                                                             "\"none\"");
    refused(lm_loss_mean_squared_error(.reduction = NULL),
            "MeanSquaredError: reduction = NULL, but it must be \"sum_over_batch_size\" or \"sum\" or \"mean\" or "
            "\"none\"");
    refused(lm_max_pooling2d(.padding = NULL),
            "MaxPooling2D: padding = NULL, but it must be \"valid\" or \"same\"");
    refused(lm_dense(.units = 4, .kernel_initializer = NULL),
            "Dense: kernel_initializer: NULL where an initializer was expected, such as \"zeros\"");
    refused(lm__optimizer_named("adamm"), "unknown optimizer \"adamm\" (did you mean \"adam\"?)");
    refused(lm__optimizer_named("Adm"), "unknown optimizer \"Adm\" (did you mean \"Adam\"?)");
    refused(lm__optimizer_named("lbfgs"), "unknown optimizer \"lbfgs\"; there are Adam, AdamW, RMSprop, SGD");
    refused(lm__loss_named("msee"), "unknown loss \"msee\" (did you mean \"mse\"?)");
    refused(lm__metric_named("acuracy", NULL, NULL), "unknown metric \"acuracy\" (did you mean \"accuracy\"?)");
}

/* A part that failed makes the whole fail with its message; a part of a whole that failed is given back. */
static void parts(void **state)
{
    (void)state;
    refused(lm_dense(.units = 4, .kernel_initializer_object = lm_init_random_normal(.stddev = -1)),
            "Dense: kernel_initializer: RandomNormal: stddev = -1, but it must be 0 or more");
    refused(lm_dense(.units = 0, .kernel_initializer_object = lm_init_ones(),
                     .bias_initializer_object = lm_init_ones()),
            "Dense: units = 0, but it must be 1 or more (was it left out?)");
    refused(lm_dense(.units = 1, .name = "a/b", .bias_initializer_object = lm_init_ones()),
            "Dense: name \"a/b\" contains '/'");
    refused(lm_dense(.units = 1, .kernel_initializer_object = (lm_initializer *)lm_tensor_scalar(LM_F32, 1)),
            "Dense: kernel_initializer: the object: a tensor came where an initializer was expected");
}

static void configs(void **state)
{
    (void)state;
    refused(lm_layer_from_config("Dens", "{}"), "unknown layer \"Dens\" (did you mean \"Dense\"?)");
    refused(lm_layer_from_config(NULL, NULL), "the name of the layer's class is NULL");
    refused(lm_layer_from_config("Dense", "{"),
            "Dense: its JSON is wrong in line 1: string or '}' expected near end of file");
    refused(lm_layer_from_config("Dense", "{\"units\": 3, \"units\": 4}"),
            "Dense: its JSON is wrong in line 1: duplicate object key near '\"units\"'");
    refused(lm_layer_from_config("Dense", "[]"), "Dense: its config is not an object");
    refused(lm_layer_from_config("Dense", "{\"unit\": 3}"),
            "Dense: unknown argument \"unit\" (did you mean \"units\"?)");
    refused(lm_layer_from_config("Dense", "{\"units\": \"3\"}"),
            "Dense: config \"units\" is \"3\", but it must be a whole number");
    refused(lm_layer_from_config("Dense", "{\"units\": 3.5}"),
            "Dense: config \"units\" is 3.5, but it must be a whole number");
    refused(lm_layer_from_config("Dense", "{\"units\": 3, \"use_bias\": 1}"),
            "Dense: config \"use_bias\" is 1, but it must be true or false");
    refused(lm_layer_from_config("Dense", "{\"units\": 3, \"activation\": 7}"),
            "Dense: config \"activation\" is 7, but it must be a name");
    refused(lm_layer_from_config("Dense", "{\"units\": 3, \"kernel_initializer\": \"glorott\"}"),
            "Dense: kernel_initializer: unknown initializer \"glorott\"; there are " INITIALIZERS);
    refused(lm_layer_from_config("Dense", "{\"units\": 3, \"kernel_initializer\": {\"class_name\": \"Constant\", "
                                          "\"config\": {\"value\": \"x\"}}}"),
            "Dense: kernel_initializer: Constant: config \"value\" is \"x\", but it must be a number");
    refused(lm_layer_from_config("Dense", "{\"units\": 3, \"kernel_regularizer\": {\"l2\": 0.5}}"),
            "Dense: config \"kernel_regularizer\" is {\"l2\":0.5}, but it must be null: Lamina does not have it");
    refused(lm_layer_from_config("Conv2D", "{\"filters\": 3, \"kernel_size\": [3, 3, 3]}"),
            "Conv2D: config \"kernel_size\" is [3,3,3], but it must be a number or two");
    refused(lm_layer_from_config("Conv2D",
                                 "{\"filters\": 3, \"kernel_size\": 3, \"data_format\": \"channels_first\"}"),
            "Conv2D: config \"data_format\" is \"channels_first\", but it must be \"channels_last\": other values "
            "are not "
            "supported");
    refused(lm_layer_from_config("BatchNormalization", "{\"renorm\": true}"),
            "BatchNormalization: config \"renorm\" is true, but it must be false: other values are not supported");
    refused(lm_layer_from_config("Reshape", "{\"target_shape\": [4, 0]}"),
            "Reshape: config \"target_shape\" is [4,0], but it must be sizes of 1 or more");
    accepted(lm_layer_from_config("dense", "{\"units\": 3, \"activation\": null, \"data_format\": null}"));
}

/* Keras has several ways of writing a name. */
static void ways_of_writing(void **state)
{
    (void)state;
    static const char *const optimizers[] = {"rmsprop", "RMSprop", "adamw", "AdamW", "sgd", "adam"};
    static const char *const losses[] = {"mse", "MSE", "mean_squared_error", "MeanSquaredError", "bce"};
    static const char *const initializers[] = {"glorot_uniform", "GlorotUniform", "zeros", "Zeros", "he_normal"};
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) accepted(lm__optimizer_named(optimizers[i]));
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) accepted(lm__loss_named(losses[i]));
    for (size_t i = 0; i < sizeof initializers / sizeof *initializers; i++)
        accepted(lm__initializer_named(initializers[i]));
    char snake[64];
    lm__snake_case("GlobalAveragePooling2D", snake, sizeof snake);
    assert_string_equal(snake, "global_average_pooling2d");
    lm__snake_case("TopKCategoricalAccuracy", snake, sizeof snake);
    assert_string_equal(snake, "top_k_categorical_accuracy");
    lm__snake_case("ReLU", snake, 4);
    assert_string_equal(snake, "re");
}

/* Written, read and written again: the same. */
static void round_trip(void **state)
{
    (void)state;
    lm_layer *layers[] = {
        lm_dense(.units = 3, .activation = "relu", .use_bias = false, .name = "first",
                 .kernel_initializer_object = lm_init_random_uniform(.minval = -0.25, .maxval = 0.5)),
        lm_conv2d(.filters = 4, .kernel_size = {3, 5}, .strides = {2, 1}, .padding = "same", .trainable = false),
        lm_max_pooling2d(), lm_max_pooling2d(.pool_size = {3, 2}, .strides = {1, 2}), lm_average_pooling2d(),
        lm_global_max_pooling2d(.keepdims = true), lm_global_average_pooling2d(), lm_flatten(),
        lm_reshape(.target_shape = {4, -1}), lm_activation(.activation = "tanh"), lm_relu(.max_value = 6),
        lm_softmax(.axis = -2), lm_dropout(.rate = 0.25), lm_batch_normalization(.momentum = 0.5, .scale = false),
        lm_normalization(.axis = {1, -1}, .invert = true), lm_normalization(.axis = {0}),
        lm_normalization(.mean = lm_tensor_scalar(LM_F64, 0.5), .variance = lm_tensor_scalar(LM_F32, 2)),
        lm_layer_from_config("Normalization", "{\"axis\": [1, 2], \"mean\": [[1, 2.5], [3, 4]], "
                                              "\"variance\": [[1, 1], [0.5, 1]]}"),
        lm_rescaling(.scale = 0.125, .offset = -1), lm_input(.shape = {28, LM_ANY, 1}, .dtype = "float64"),
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        if (lm_failed(layers[i])) fail_msg("layer %zu: %s", i, lm_error(layers[i]));
        char *once = lm_layer_config(layers[i]);
        lm_layer *again = lm_layer_from_config(lm_layer_class(layers[i]), once);
        if (lm_failed(again)) fail_msg("%s %s: %s", lm_layer_class(layers[i]), once, lm_error(again));
        char *twice = lm_layer_config(again);
        assert_string_equal(once, twice);
        lm_string_free(once), lm_string_free(twice);
        lm_free(again), lm_free(layers[i]);
    }
}

/* Nothing is asked of an initializer that the arguments don't tell: Keras's defaults. */
static void defaults(void **state)
{
    (void)state;
    lm_layer *dense = lm_dense(.units = 3);
    char *text = lm_layer_config(dense);
    check_contains(text, "\"trainable\": true");
    check_contains(text, "\"units\": 3");
    check_contains(text, "\"activation\": \"linear\"");
    check_contains(text, "\"use_bias\": true");
    check_contains(text, "\"class_name\": \"GlorotUniform\"");
    check_contains(text, "\"class_name\": \"Zeros\"");
    lm_string_free(text);
    lm_free(dense);
    assert_null(lm_layer_config(NULL));
}

/* An argument struct of an older, shorter version: what it lacks has its default. */
static void shorter_arguments(void **state)
{
    (void)state;
    lm_dense_args args = lm_dense_defaults();
    args.units = 2, args.use_bias = false;
    args.size = offsetof(lm_dense_args, use_bias);
    lm_layer *layer = lm_dense_new(&args);
    char *text = lm_layer_config(layer);
    check_contains(text, "\"units\": 2");
    check_contains(text, "\"use_bias\": true");
    lm_string_free(text);
    lm_free(layer);
    refused(lm_dense_new(NULL), "Dense: units = 0, but it must be 1 or more (was it left out?)");
}

RUN(cmocka_unit_test(numbers), cmocka_unit_test(sizes), cmocka_unit_test(names), cmocka_unit_test(parts),
    cmocka_unit_test(configs), cmocka_unit_test(ways_of_writing), cmocka_unit_test(round_trip),
    cmocka_unit_test(defaults), cmocka_unit_test(shorter_arguments))
