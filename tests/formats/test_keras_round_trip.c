/* tests/formats/test_keras_round_trip.c: what is saved and loaded again is the same model: configuration, weights,
 * optimizer state, predictions, and the next step of training. */
#include "draw.h"
#include "formats_test.h"

/* --- the trip ------------------------------------------------------------------------------------------------- */

static lm_model *there_and_back(lm_model *m)
{
    check_ok(lm_save(m, scratch("m.keras")));
    return sound(lm_load(scratch("m.keras")));
}

static lm_model *by_way_of_h5(lm_model *m)
{
    check_ok(lm_save(m, scratch("m.h5")));
    return sound(lm_load(scratch("m.h5")));
}

/* The configuration as text, the numbers in a file. */
static lm_model *in_two_parts(lm_model *m)
{
    char *config = lm_model_to_json(m);
    lm_model *other = sound(lm_model_from_json(config));
    check_ok(lm_save_weights(m, scratch("m.weights.h5")));
    check_ok(lm_load_weights(other, scratch("m.weights.h5")));
    lm_string_free(config);
    return other;
}

static void check_trip(lm_model *m, lm_tensor *x, lm_tensor *y, lm_model *(*trip)(lm_model *))
{
    lm_model *other = trip(m);
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
        check_trip(m, x, y, there_and_back);
        check_trip(m, x, y, by_way_of_h5);
        check_trip(m, x, y, in_two_parts);
        lm_free(m), lm_free(x), lm_free(y);
    }
}

static void drawn_models_come_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 90; seed++) {
        draw d = {.state = seed * 977};
        draw_model(&d);
        sound(d.model);
        lm_tensor *x = recipe_x(d.model), *y = targets();
        lm_train_on_batch(d.model, x, y, NULL);
        lm_clear(d.model);
        lm_model *(*const trips[])(lm_model *) = {there_and_back, by_way_of_h5, in_two_parts};
        check_trip(d.model, x, y, trips[seed % 3]);
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

/* A metric without a name of its own is not its class alone: the file says its arguments, to Keras too. */
static void metrics_keep_their_arguments(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 4, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "categorical_crossentropy", .metrics = {"accuracy"},
               .metric_objects = {lm_metric_top_k_categorical_accuracy(.k = 2)});
    lm_model *other = there_and_back(sound(m));
    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){1, 3}, (float[]){1, 2, 3});
    for (int i = 0, right = 0; i < 4; i++) {        /* of four classes, two are among the best two */
        lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){1, 4});
        ((float *)lm_tensor_data(y))[i] = 1;
        right += (int)lm_get(lm_test_on_batch(other, x, y, NULL), "top_k_categorical_accuracy");
        if (i == 3) assert_int_equal(right, 2);
        lm_free(y);
    }
    sound(other);
    lm_free(x), lm_free(m), lm_free(other);
}

/* JSON has no infinity: the message says so, and no file is left. */
static void infinite_numbers_are_not_saved(void **state)
{
    (void)state;
    const char *const names[] = {"m.keras", "m.h5"};
    lm_model *m = sound(lm_sequential(lm_input(.shape = {3}), lm_relu(.max_value = INFINITY)));
    for (int i = 0; i < 2; i++) {
        remove(scratch(names[i]));
        assert_fails(lm_save(m, scratch(names[i])), LM_UNSUPPORTED, "ReLU: max_value is inf, which files");
        assert_false(lm__file_exists(scratch(names[i])));
        lm_clear(m);
    }
    assert_null(lm_model_to_json(m));
    check_contains(lm_last_error(), "max_value is inf");
    lm_free(m);
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
        cmocka_unit_test(metrics_keep_their_arguments),
        cmocka_unit_test(infinite_numbers_are_not_saved),
        cmocka_unit_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
