/* tests/formats/test_keras_round_trip.c: what is saved and loaded again is the same model: configuration, weights,
 * optimizer state, predictions, and the next step of training. */
#include "formats_test.h"

/* --- models drawn at random ----------------------------------------------------------------------------------- */

typedef struct draw {
    uint64_t state;
    lm_model *model;
} draw;

static int pick(draw *d, int n)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (int)((d->state >> 33) % (uint64_t)n);
}

static const char *activation(draw *d)
{
    static const char *const names[] = {"relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "softplus",
                                        "softsign", "leaky_relu", "hard_sigmoid", "linear", "exponential", "softmax",
                                        "log_softmax"};
    return names[pick(d, sizeof names / sizeof *names)];
}

static const char *initializer(draw *d)
{
    static const char *const names[] = {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
                                        "lecun_normal", "ones", "random_normal", "random_uniform",
                                        "truncated_normal"};
    return names[pick(d, sizeof names / sizeof *names)];
}

static lm_layer *normalization(draw *d)
{
    return lm_batch_normalization(.center = pick(d, 2), .scale = pick(d, 2), .momentum = 0.5 + 0.0625 * pick(d, 8),
                                  .epsilon = 0.001 * (1 + pick(d, 4)), .trainable = pick(d, 4) > 0);
}

static lm_layer *dropout(draw *d)
{
    return lm_dropout(.rate = 0.125 * pick(d, 7));
}

static lm_layer *picture_layer(draw *d)
{
    const char *padding = pick(d, 2) ? "same" : "valid";
    switch (pick(d, 8)) {
    case 7: return lm_leaky_relu(.negative_slope = 0.125 * pick(d, 3));
    case 0: return lm_max_pooling2d(.pool_size = {1 + pick(d, 2), 2}, .padding = "same");
    case 1: return lm_average_pooling2d(.pool_size = {2, 1 + pick(d, 2)}, .strides = {1, 1}, .padding = padding);
    case 2: return normalization(d);
    case 3: return pick(d, 2) ? lm_relu(.max_value = pick(d, 2) ? 6 : LM_NONE, .negative_slope = 0.125 * pick(d, 3))
                              : lm_activation(.activation = activation(d));
    case 4: return dropout(d);
    default:
        return lm_conv2d(.filters = 1 + pick(d, 5), .kernel_size = {1 + pick(d, 3), 1 + pick(d, 2)},
                         .padding = padding, .strides = {1 + pick(d, 2)}, .activation = activation(d),
                         .use_bias = pick(d, 2),
                         .kernel_initializer = initializer(d), .trainable = pick(d, 4) > 0);
    }
}

static lm_layer *flat_layer(draw *d)
{
    switch (pick(d, 5)) {
    case 0: return normalization(d);
    case 1: return dropout(d);
    case 2: return pick(d, 2) ? lm_softmax() : lm_rescaling(.scale = 0.5, .offset = 0.25 * pick(d, 3));
    default:
        return lm_dense(.units = 1 + pick(d, 6), .activation = activation(d), .use_bias = pick(d, 2),
                        .bias_initializer_object = lm_init_constant(.value = 0.25 * pick(d, 3)),
                        .kernel_initializer = initializer(d));
    }
}

static lm_optimizer *optimizer(draw *d)
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

static void draw_model(draw *d)
{
    lm_model *m = d->model = lm_sequential(lm_input(.shape = {7 + pick(d, 6), 8 + pick(d, 5), 1 + pick(d, 3)}));
    for (int n = pick(d, 4); n > 0; n--) check_ok(lm_sequential_add(m, picture_layer(d)));
    lm_layer *joint = pick(d, 3) == 0   ? lm_global_average_pooling2d()
                      : pick(d, 2) == 0 ? lm_global_max_pooling2d(.name = "peak")
                                        : lm_flatten();
    check_ok(lm_sequential_add(m, joint));
    for (int n = pick(d, 4); n > 0; n--) check_ok(lm_sequential_add(m, flat_layer(d)));
    check_ok(lm_sequential_add(m, lm_dense(.units = 3, .activation = pick(d, 2) ? "softmax" : "linear")));
    lm_compile(m, .optimizer = optimizer(d), .loss = pick(d, 2) ? "mse" : "categorical_crossentropy",
               .metrics = {"accuracy", pick(d, 2) ? "mean_absolute_error" : NULL});
    sound(m);
}

static lm_tensor *targets(void)
{
    lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){RECIPE_BATCH, 3});
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((float *)lm_tensor_data(y))[i] = i % 3 == i / 3 % 3;
    return y;
}

/* --- the trip ------------------------------------------------------------------------------------------------- */

static lm_model *there_and_back(lm_model *m)
{
    check_ok(lm_save(m, scratch("m.keras")));
    return sound(lm_load(scratch("m.keras")));
}

static void check_trip(lm_model *m, lm_tensor *x, lm_tensor *y)
{
    lm_model *other = there_and_back(m);
    assert_same_model(m, other);
    lm_tensor *p = lm_predict_array(m, x), *q = lm_predict_array(other, x);
    assert_same_tensor(p, q);
    lm_logs a = lm_train_on_batch(m, x, y, NULL), b = lm_train_on_batch(other, x, y, NULL);
    bool finite = !lm_failed(m);        /* the drawn weights of some models overflow: then both must say so */
    assert_int_equal(lm_failed(other), !finite);
    if (finite) {                       /* the same step, dropout included */
        assert_true(lm_get(a, "loss") == lm_get(b, "loss"));
        assert_same_state(m, other);
    }
    lm_free(p), lm_free(q), lm_free(other);
}

static void recipes_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < RECIPES; i++) {
        lm_tensor *x, *y;
        lm_model *m = trained(&recipes[i], &x, &y);
        check_trip(m, x, y);
        lm_free(m), lm_free(x), lm_free(y);
    }
}

static void drawn_models_come_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        draw d = {.state = seed * 977};
        draw_model(&d);
        lm_tensor *x = recipe_x(d.model), *y = targets();
        lm_train_on_batch(d.model, x, y, NULL);
        lm_clear(d.model);
        check_trip(d.model, x, y);
        lm_free(d.model), lm_free(x), lm_free(y);
    }
}

/* --- single properties ---------------------------------------------------------------------------------------- */

static void without_compile_too(void **state)
{
    (void)state;
    lm_model *m = sound(lm_sequential(lm_input(.shape = {LM_ANY, 4}), lm_dense(.units = 2, .dtype = "float64")));
    lm_model *other = there_and_back(m);
    assert_same_model(m, other);
    assert_null(other->optimizer);
    lm_free(m), lm_free(other);
}

static void a_model_without_shapes_is_not_saved(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_dense(.units = 2));
    check_status(lm_save(m, scratch("none.keras")), LM_INVALID);
    check_contains(lm_error(m), "lm_input");
    assert_int_not_equal(access(scratch("none.keras"), F_OK), 0);
    lm_free(m);
}

static void names_survive(void **state)
{
    (void)state;
    lm_model *m = sound(lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2, .name = "Größe \"1\" \\"),
                                      lm_dense(.units = 2)));
    lm_model *other = there_and_back(m);
    assert_string_equal(lm_layer_name(lm_model_layer(other, 0)), "Größe \"1\" \\");
    assert_same_model(m, other);
    lm_free(m), lm_free(other);
}

/* --- memory running out --------------------------------------------------------------------------------------- */

static lm_status save_again(void *user)
{
    lm_model *m = user;
    lm_status status = lm_save(m, scratch("oom.keras"));
    lm_clear(m);
    return status;
}

static lm_status load_once(void *path)
{
    lm_model *m = lm_load(path);
    lm_status status = lm_status_of(m);
    lm_free(m);
    return status;
}

static void without_memory_nothing_leaks(void **state)
{
    (void)state;
    char path[256];
    lm_tensor *x, *y;
    snprintf(path, sizeof path, "%s", scratch("oom.keras"));
    oom_fail_nth(0);
    lm_model *m = trained(&recipes[3], &x, &y);
    check_ok(lm_save(m, path));
    oom_each(save_again, m);
    oom_some(load_once, path, 400);
    lm_free(m), lm_free(x), lm_free(y);
    oom_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipes_come_back),
        cmocka_unit_test(drawn_models_come_back),
        cmocka_unit_test(without_compile_too),
        cmocka_unit_test(a_model_without_shapes_is_not_saved),
        cmocka_unit_test(names_survive),
        cmocka_unit_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
