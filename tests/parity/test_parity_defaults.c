/* tests/parity/test_parity_defaults.c: what a program leaves out is what Keras would take: for every class, an object
 * made with its macro equals the one that Keras's own config makes. */
#include "support/check.h"

#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/metric.h"
#include "nn/optimizer.h"
#include "support/parity.h"
#include <lamina/lamina.h>
#include <stdlib.h>

/* Every class of the registries, made with nothing but what it requires. */
static void *made(const char *name, const char *group)
{
#define MADE(of, class_name, expression)                                                                         \
    if (!strcmp(group, #of) && !strcmp(name, #class_name)) return expression
    MADE(layers, InputLayer, lm_input(.shape = {4}));
    MADE(layers, Activation, lm_activation(.activation = "relu"));
    MADE(layers, Add, lm_add());
    MADE(layers, AveragePooling2D, lm_average_pooling2d(.pool_size = {2}));
    MADE(layers, Average, lm_average());
    MADE(layers, Concatenate, lm_concatenate());
    MADE(layers, Maximum, lm_maximum());
    MADE(layers, Minimum, lm_minimum());
    MADE(layers, Multiply, lm_multiply());
    MADE(layers, Subtract, lm_subtract());
    MADE(layers, BatchNormalization, lm_batch_normalization());
    MADE(layers, Conv2D, lm_conv2d(.filters = 3, .kernel_size = {3}));
    MADE(layers, Conv2DTranspose, lm_conv2d_transpose(.filters = 3, .kernel_size = {3}));
    MADE(layers, Dense, lm_dense(.units = 3));
    MADE(layers, Dropout, lm_dropout(.rate = 0.5));
    MADE(layers, Embedding, lm_embedding(.input_dim = 5, .output_dim = 3));
    MADE(layers, Flatten, lm_flatten());
    MADE(layers, GlobalAveragePooling2D, lm_global_average_pooling2d());
    MADE(layers, GlobalMaxPooling2D, lm_global_max_pooling2d());
    MADE(layers, LayerNormalization, lm_layer_normalization());
    MADE(layers, LSTM, lm_lstm(.units = 3));
    MADE(layers, LeakyReLU, lm_leaky_relu());
    MADE(layers, MaxPooling2D, lm_max_pooling2d());
    MADE(layers, MultiHeadAttention, lm_multi_head_attention(.num_heads = 2, .key_dim = 3, .value_dim = 3));
    MADE(layers, Normalization, lm_normalization());
    MADE(layers, ReLU, lm_relu());
    MADE(layers, Rescaling, lm_rescaling(.scale = 0.5));
    MADE(layers, Reshape, lm_reshape(.target_shape = {2, 2}));
    MADE(layers, Softmax, lm_softmax());
    MADE(optimizers, Adam, lm_adam());
    MADE(optimizers, AdamW, lm_adamw());
    MADE(optimizers, RMSprop, lm_rmsprop());
    MADE(optimizers, SGD, lm_sgd());
    MADE(losses, BinaryCrossentropy, lm_loss_binary_crossentropy());
    MADE(losses, CategoricalCrossentropy, lm_loss_categorical_crossentropy());
    MADE(losses, MeanAbsoluteError, lm_loss_mean_absolute_error());
    MADE(losses, MeanSquaredError, lm_loss_mean_squared_error());
    MADE(losses, SparseCategoricalCrossentropy, lm_loss_sparse_categorical_crossentropy());
    MADE(metrics, Accuracy, lm_metric_accuracy());
    MADE(metrics, BinaryAccuracy, lm_metric_binary_accuracy());
    MADE(metrics, CategoricalAccuracy, lm_metric_categorical_accuracy());
    MADE(metrics, MeanAbsoluteError, lm_metric_mean_absolute_error());
    MADE(metrics, MeanSquaredError, lm_metric_mean_squared_error());
    MADE(metrics, SparseCategoricalAccuracy, lm_metric_sparse_categorical_accuracy());
    MADE(metrics, SparseTopKCategoricalAccuracy, lm_metric_sparse_top_k_categorical_accuracy());
    MADE(metrics, TopKCategoricalAccuracy, lm_metric_top_k_categorical_accuracy());
    MADE(initializers, Constant, lm_init_constant());
    MADE(initializers, GlorotNormal, lm_init_glorot_normal());
    MADE(initializers, GlorotUniform, lm_init_glorot_uniform());
    MADE(initializers, HeNormal, lm_init_he_normal());
    MADE(initializers, HeUniform, lm_init_he_uniform());
    MADE(initializers, LecunNormal, lm_init_lecun_normal());
    MADE(initializers, LecunUniform, lm_init_lecun_uniform());
    MADE(initializers, Ones, lm_init_ones());
    MADE(initializers, Orthogonal, lm_init_orthogonal());
    MADE(initializers, RandomNormal, lm_init_random_normal());
    MADE(initializers, RandomUniform, lm_init_random_uniform());
    MADE(initializers, TruncatedNormal, lm_init_truncated_normal());
    MADE(initializers, Zeros, lm_init_zeros());
    return NULL;
}

static const lm__class *const *classes_of(const char *group)
{
    if (!strcmp(group, "layers")) return lm__layer_classes;
    if (!strcmp(group, "optimizers")) return lm__optimizer_classes;
    if (!strcmp(group, "losses")) return lm__loss_classes;
    return !strcmp(group, "metrics") ? lm__metric_classes : lm__initializer_classes;
}

/* An InputLayer's config has the batch in its shape, which formats/ reads; here it is set by hand. */
static void *from_keras(parity_case *c, const char *group)
{
    json_t *config = json_copy((json_t *)c->config);
    if (!strcmp(c->class_name, "InputLayer")) json_object_set_new(config, "shape", json_pack("[i]", 4));
    void *object = lm__configured_from(lm__class_find(classes_of(group), c->class_name, group), config);
    json_decref(config);
    return object;
}

static void test_default(parity_case *c)
{
    const char *group = parity_text(c, "group");
    void *ours = made(c->class_name, group), *keras = from_keras(c, group);
    c->compared++;
    if (lm_failed(ours) || lm_failed(keras)) {
        parity_problem(c, "%s", ours ? lm_error(lm_failed(ours) ? ours : keras) : "not in the test's list");
    } else {
        json_t *one = lm__configured_config(ours), *other = lm__configured_config(keras);
        json_object_del(other, "name");
        if (json_is_null(json_object_get(one, "strides")))      /* None, which Keras writes out: the pool size */
            json_object_set(one, "strides", json_object_get(one, "pool_size"));
        char *a = json_dumps(one, JSON_SORT_KEYS), *b = json_dumps(other, JSON_SORT_KEYS);
        if (!json_equal(one, other)) parity_problem(c, "%s, but Keras's is %s", a, b);
        free(a), free(b);
        json_decref(one), json_decref(other);
    }
    lm_free(ours), lm_free(keras);
}

static void defaults(void **state)
{
    (void)state;
    int count = 0;
    static const char *const groups[] = {"layers", "optimizers", "losses", "metrics", "initializers"};
    for (int g = 0; g < 5; g++)
        for (const lm__class *const *class = classes_of(groups[g]); *class; class++)
            count += !(*class)->package;                        /* Keras's own */
    parity_run("default", count, test_default, NULL, NULL);     /* as many as there are classes */
}

RUN(cmocka_unit_test(defaults))
