/* tests/formats/recipes.h: models of every kind that a .keras file must carry, with data to train them on. */
#ifndef LM_TESTS_RECIPES_H
#define LM_TESTS_RECIPES_H

#include <lamina/lamina.h>
#include <math.h>

enum { RECIPE_BATCH = 6, RECIPE_STEPS = 3 };

typedef struct recipe {
    const char *name;
    lm_model *(*make)(void);
    int64_t labels;                     /* classes of integer targets; 0: targets like the output */
    bool random;                        /* its training draws, or rounds, numbers differently from Keras's */
} recipe;

/* The tutorial's model, small. */
static inline lm_model *recipe_digits(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {12, 12, 1}),
        lm_rescaling(.scale = 1.0 / 255),
        lm_conv2d(.filters = 4, .kernel_size = {3, 3}, .activation = "relu"),
        lm_max_pooling2d(.pool_size = {2, 2}),
        lm_flatten(),
        lm_dense(.units = 8, .activation = "relu"),
        lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

/* Layers, activations and initializers in their variants. */
static inline lm_model *recipe_layers(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {9, 8, 2}),
        lm_conv2d(.filters = 4, .kernel_size = {3, 2}, .padding = "same", .activation = "silu", .groups = 2,
                  .kernel_initializer = "he_normal"),
        lm_batch_normalization(.momentum = 0.75),
        lm_relu(.negative_slope = 0.25),
        lm_conv2d(.filters = 3, .kernel_size = {2}, .strides = {2}, .use_bias = false,
                  .kernel_initializer_object = lm_init_random_normal(.stddev = 0.25)),
        lm_average_pooling2d(.pool_size = {2, 1}, .strides = {1}, .padding = "same"),
        lm_conv2d_transpose(.filters = 2, .kernel_size = {3, 2}, .strides = {1, 2}, .padding = "valid",
                            .output_padding = {0, 1}, .activation = "tanh"),
        lm_activation(.activation = "softplus"),
        lm_leaky_relu(.negative_slope = 0.125),
        lm_reshape(.target_shape = {LM_ANY, 4}),
        lm_flatten(.name = "flat"),
        lm_dense(.units = 7, .activation = "gelu", .name = "wide", .bias_initializer = "ones"),
        lm_batch_normalization(.center = false, .scale = false),
        lm_dense(.units = 4),
        lm_softmax());
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.125, .momentum = 0.875, .nesterov = true),
               .loss_object = lm_loss_categorical_crossentropy(.label_smoothing = 0.125),
               .metrics = {"accuracy", "mean_squared_error"});
    return m;
}

/* A dtype policy for all layers but the last. */
static inline lm_model *recipe_mixed(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {10, 10, 2}),
        lm_conv2d(.filters = 4, .kernel_size = {3, 3}, .activation = "relu", .dtype = "mixed_bfloat16"),
        lm_batch_normalization(.dtype = "mixed_bfloat16"),
        lm_flatten(.dtype = "mixed_bfloat16"),
        lm_dense(.units = 5, .activation = "softmax", .dtype = "float32"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
    return m;
}

static inline lm_model *recipe_pools(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {6, 6, 3}),
        lm_conv2d(.filters = 4, .kernel_size = {3, 3}, .dilation_rate = {2, 2}, .activation = "tanh"),
        lm_global_average_pooling2d(),
        lm_dense(.units = 1, .activation = "sigmoid"));
    lm_compile(m, .optimizer = lm_rmsprop(.learning_rate = 0.0078125, .centered = true, .momentum = 0.5),
               .loss = "binary_crossentropy", .metrics = {"accuracy"});
    return m;
}

static inline lm_model *recipe_regression(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {5}),
        lm_dense(.units = 6, .activation = "elu"),
        lm_dense(.units = 2));
    lm_compile(m, .optimizer = lm_adamw(.weight_decay = 0.0625, .clipnorm = 0.5, .amsgrad = true), .loss = "mse",
               .metrics = {"mae"});
    return m;
}

static inline lm_model *recipe_dropout(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {8}),
        lm_dense(.units = 16, .activation = "relu"),
        lm_dropout(.rate = 0.25),
        lm_dense(.units = 3));
    lm_compile(m, .optimizer_name = "adam",
               .loss_object = lm_loss_sparse_categorical_crossentropy(.from_logits = true));
    return m;
}

static inline lm_model *recipe_global_max(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {4, 4, 2}),
        lm_conv2d(.filters = 3, .kernel_size = {2, 2}),
        lm_global_max_pooling2d(),
        lm_dense(.units = 2));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mae");
    return m;
}

/* Figures that were learnt from data, figures that were given, and the way back. */
static inline lm_model *recipe_normalized(void)
{
    lm_layer *learnt = lm_normalization();
    lm_tensor *data = lm_tensor_new(LM_F32, 2, (int64_t[]){40, 5}), *mean = lm_tensor_new(LM_F32, 1, (int64_t[]){3});
    lm_tensor *variance = lm_tensor_new(LM_F32, 1, (int64_t[]){3});
    for (size_t i = 0; i < 200; i++) ((float *)lm_tensor_data(data))[i] = (float)((i * 37 % 19) * (1 + i % 5));
    for (size_t i = 0; i < 3; i++)
        ((float *)lm_tensor_data(mean))[i] = (float)i, ((float *)lm_tensor_data(variance))[i] = 0.25f * (float)i;
    lm_adapt_array(learnt, data);
    lm_free(data);
    lm_model *m = lm_sequential(
        lm_input(.shape = {5}),
        learnt,
        lm_dense(.units = 3, .activation = "tanh"),
        lm_normalization(.invert = true, .mean = mean, .variance = variance),
        lm_dense(.units = 2));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mse");
    return m;
}

/* Numbers to a sequence of states to an answer. */
static inline lm_model *recipe_sequence(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {8}),
        lm_rescaling(.scale = 3, .offset = 3),
        lm_embedding(.input_dim = 7, .output_dim = 5),
        lm_lstm(.units = 6, .return_sequences = true),
        lm_lstm(.units = 4, .activation = "relu", .go_backwards = true, .use_bias = false,
                .recurrent_initializer_object = lm_init_orthogonal(.gain = 0.5)),
        lm_dense(.units = 3, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.125, .momentum = 0.5),
               .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

/* Layers with several inputs, and one that is called twice; the order of calls is not that of layers. */
static inline lm_model *recipe_residual(void)
{
    lm_layer *in = lm_input(.shape = {6, 5, 2});
    lm_layer *shared = lm_conv2d(.filters = 3, .kernel_size = {3, 3}, .padding = "same");
    lm_symbol *a = lm_call(lm_conv2d(.filters = 3, .kernel_size = {1, 1}, .name = "way_past"), in);
    lm_symbol *b = lm_call(lm_batch_normalization(), lm_call(lm_conv2d(.filters = 3, .kernel_size = {1, 1}), in));
    lm_symbol *c = lm_call(lm_relu(), lm_call(lm_add(), lm_call(shared, lm_call(shared, b)), a));
    lm_symbol *d = lm_call(lm_multiply(), c, lm_call(lm_activation(.activation = "sigmoid"), a));
    lm_symbol *e = lm_call(lm_subtract(), lm_call(lm_maximum(), c, d, a), lm_call(lm_minimum(), b, a));
    lm_symbol *f = lm_call(lm_concatenate(), lm_call(lm_average(), a, e), c, d);
    lm_symbol *y = lm_call(lm_dense(.units = 2), lm_call(lm_global_average_pooling2d(), f));
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {y}, .name = "residual");
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.0625, .momentum = 0.5), .loss = "mse", .metrics = {"mae"});
    return m;
}

/* A block of a transformer. */
static inline lm_model *recipe_attention(void)
{
    lm_layer *in = lm_input(.shape = {5, 6});
    lm_symbol *x = lm_call(lm_layer_normalization(), in);
    x = lm_call_with(lm_multi_head_attention(.num_heads = 2, .key_dim = 3), .inputs = {x, x},
                     .use_causal_mask = true);
    x = lm_call(lm_add(), in, x);
    lm_symbol *y = lm_call(lm_dense(.units = 6), lm_call(lm_dense(.units = 12, .activation = "relu"), x));
    y = lm_call(lm_dense(.units = 2), lm_call(lm_flatten(), lm_call(lm_add(), x, y)));
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {y});
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.0078125), .loss = "mse");
    return m;
}

static const recipe recipes[] = {
    {"digits", recipe_digits, 10, false},    {"layers", recipe_layers, 0, false},
    {"pools", recipe_pools, 0, false},       {"regression", recipe_regression, 0, false},
    {"dropout", recipe_dropout, 3, true},    {"global_max", recipe_global_max, 0, false},
    {"normalized", recipe_normalized, 0, false}, {"sequence", recipe_sequence, 3, false},
    {"mixed", recipe_mixed, 5, true},        {"residual", recipe_residual, 0, false},
    {"attention", recipe_attention, 0, false},
};
enum { RECIPES = sizeof recipes / sizeof *recipes };

/* A number between 0 and 1 that depends on its arguments alone. */
static inline double recipe_number(int salt, size_t i)
{
    double v = sin((double)(salt + 1) * 78.233 + (double)i * 12.9898) * 43758.5453;
    return v - floor(v);
}

static inline lm_tensor *recipe_x(const lm_model *m)
{
    int64_t dims[LM_MAX_RANK];
    int rank = lm_model_input(m, NULL, dims);
    dims[0] = RECIPE_BATCH;
    lm_tensor *x = lm_tensor_new(LM_F32, rank, dims);
    bool pixels = dims[1] == 12;
    for (size_t i = 0; i < lm_tensor_size(x); i++)
        ((float *)lm_tensor_data(x))[i] = (float)(recipe_number(0, i) * (pixels ? 255 : 2) - (pixels ? 0 : 1));
    return x;
}

static inline lm_tensor *recipe_y(const recipe *r, const lm_model *m)
{
    int64_t dims[LM_MAX_RANK], n = RECIPE_BATCH;
    int rank = lm_model_output(m, NULL, dims);
    dims[0] = RECIPE_BATCH;
    lm_tensor *y = r->labels ? lm_tensor_new(LM_I64, 1, &n) : lm_tensor_new(LM_F32, rank, dims);
    for (size_t i = 0; i < lm_tensor_size(y); i++) {
        double number = recipe_number(1, i);
        if (r->labels) ((int64_t *)lm_tensor_data(y))[i] = (int64_t)(number * (double)r->labels);
        else if (dims[1] == 4) ((float *)lm_tensor_data(y))[i] = i % 4 == i / 4 % 3;    /* one class an example */
        else ((float *)lm_tensor_data(y))[i] = (float)(dims[1] == 1 ? (double)(i % 2) : number);
    }
    return y;
}

#endif
