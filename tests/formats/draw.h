/* tests/formats/draw.h: models of all layers, losses and optimizers, drawn at random: the same for a seed. */
#ifndef LM_TESTS_DRAW_H
#define LM_TESTS_DRAW_H

#include "recipes.h"

typedef struct draw {
    uint64_t state;
    lm_model *model;
} draw;

static inline int pick(draw *d, int n)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (int)((d->state >> 33) % (uint64_t)n);
}

static inline const char *activation(draw *d)
{
    static const char *const names[] = {"relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "softplus",
                                        "softsign", "leaky_relu", "hard_sigmoid", "linear", "exponential", "softmax",
                                        "log_softmax"};
    return names[pick(d, sizeof names / sizeof *names)];
}

static inline const char *initializer(draw *d)
{
    static const char *const names[] = {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
                                        "lecun_normal", "ones", "random_normal", "random_uniform",
                                        "truncated_normal"};
    return names[pick(d, sizeof names / sizeof *names)];
}

static inline lm_layer *normalization(draw *d)
{
    if (pick(d, 3) == 0)
        return lm_layer_normalization(.axis = {pick(d, 2) ? -1 : 1}, .center = pick(d, 2), .scale = pick(d, 2),
                                      .epsilon = 0.001 * (1 + pick(d, 4)), .trainable = pick(d, 4) > 0);
    return lm_batch_normalization(.center = pick(d, 2), .scale = pick(d, 2), .momentum = 0.5 + 0.0625 * pick(d, 8),
                                  .epsilon = 0.001 * (1 + pick(d, 4)), .trainable = pick(d, 4) > 0);
}

static inline lm_layer *dropout(draw *d)
{
    return lm_dropout(.rate = 0.125 * pick(d, 7));
}

static inline lm_layer *picture_layer(draw *d)
{
    const char *padding = pick(d, 2) ? "same" : "valid";
    switch (pick(d, 9)) {
    case 7: return lm_leaky_relu(.negative_slope = 0.125 * pick(d, 3));
    case 0: return lm_max_pooling2d(.pool_size = {1 + pick(d, 2), 2}, .padding = "same");
    case 1: return lm_average_pooling2d(.pool_size = {2, 1 + pick(d, 2)}, .strides = {1, 1}, .padding = padding);
    case 2: return normalization(d);
    case 3: return pick(d, 2) ? lm_relu(.max_value = pick(d, 2) ? 6 : LM_NONE, .negative_slope = 0.125 * pick(d, 3))
                              : lm_activation(.activation = activation(d));
    case 4: return dropout(d);
    case 8:
        return lm_conv2d_transpose(.filters = 1 + pick(d, 4), .kernel_size = {1 + pick(d, 3), 2}, .padding = padding,
                                   .strides = {2, 1}, .output_padding = {LM_ANY, LM_ANY},
                                   .activation = activation(d), .use_bias = pick(d, 2),
                                   .kernel_initializer = initializer(d), .trainable = pick(d, 4) > 0);
    default:
        return lm_conv2d(.filters = 1 + pick(d, 5), .kernel_size = {1 + pick(d, 3), 1 + pick(d, 2)},
                         .padding = padding, .strides = {1 + pick(d, 2)}, .activation = activation(d),
                         .use_bias = pick(d, 2),
                         .kernel_initializer = initializer(d), .trainable = pick(d, 4) > 0);
    }
}

static inline lm_layer *flat_layer(draw *d)
{
    switch (pick(d, 6)) {
    case 0: return normalization(d);
    case 1: return dropout(d);
    case 3: return lm_normalization(.invert = pick(d, 2));
    case 2: return pick(d, 2) ? lm_softmax() : lm_rescaling(.scale = 0.5, .offset = 0.25 * pick(d, 3));
    default:
        return lm_dense(.units = 1 + pick(d, 6), .activation = activation(d), .use_bias = pick(d, 2),
                        .bias_initializer_object = lm_init_constant(.value = 0.25 * pick(d, 3)),
                        .kernel_initializer = initializer(d));
    }
}

static inline lm_optimizer *optimizer(draw *d)
{
    double clip = pick(d, 2) ? 0.5 : LM_NONE;
    switch (pick(d, 4)) {
    case 0: return lm_sgd(.learning_rate = 0.03, .momentum = pick(d, 2) * 0.9, .nesterov = pick(d, 2),
                          .clipvalue = clip);
    case 1: return lm_rmsprop(.rho = 0.8, .momentum = pick(d, 2) * 0.5, .centered = pick(d, 2), .clipnorm = clip);
    case 2: return lm_adam(.learning_rate = 0.002, .amsgrad = pick(d, 2), .use_ema = pick(d, 2), .ema_momentum = 0.75,
                           .ema_overwrite_frequency = 3 * pick(d, 2));
    default: return lm_adamw(.weight_decay = 0.03, .beta_1 = 0.8, .global_clipnorm = clip);
    }
}

static inline lm_loss *loss(draw *d)
{
    switch (pick(d, 4)) {
    case 0: return lm_loss_mean_absolute_error(.name = "far");
    case 1: return lm_loss_categorical_crossentropy(.from_logits = pick(d, 2), .label_smoothing = 0.125 * pick(d, 2));
    case 2: return lm_loss_binary_crossentropy(.from_logits = true);
    default: return lm_loss_mean_squared_error();
    }
}

static inline void draw_model(draw *d)
{
    lm_model *m = d->model = lm_sequential(lm_input(.shape = {7 + pick(d, 6), 8 + pick(d, 5), 1 + pick(d, 3)}));
    for (int n = pick(d, 4); n > 0; n--) lm_sequential_add(m, picture_layer(d));
    lm_layer *joint = pick(d, 3) == 0   ? lm_global_average_pooling2d()
                      : pick(d, 2) == 0 ? lm_global_max_pooling2d(.name = "peak")
                                        : lm_flatten();
    lm_sequential_add(m, joint);
    for (int n = pick(d, 4); n > 0; n--) lm_sequential_add(m, flat_layer(d));
    lm_sequential_add(m, lm_dense(.units = 3, .activation = pick(d, 2) ? "softmax" : "linear"));
    lm_compile(m, .optimizer = optimizer(d), .loss_object = loss(d),
               .metrics = {"accuracy", pick(d, 2) ? "mean_absolute_error" : NULL},
               .metric_objects = {lm_metric_top_k_categorical_accuracy(.k = 2, .name = pick(d, 2) ? "two" : NULL)});
}

static inline lm_tensor *targets(void)
{
    lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){RECIPE_BATCH, 3});
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((float *)lm_tensor_data(y))[i] = i % 3 == i / 3 % 3;
    return y;
}

#endif
