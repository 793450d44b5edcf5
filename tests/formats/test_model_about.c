/* tests/formats/test_model_about.c: what travels with a model: names of classes, range, preparation. */
#include "formats_test.h"

#include <math.h>

static const char *const PETS[] = {"cat", "Größe \"1\"", "dog, wet"};

static lm_model *small(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 3, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "sparse_categorical_crossentropy");
    return sound(m);
}

static lm_model *there_and_back(lm_model *m)
{
    check_ok(lm_save(m, scratch("m.keras")));
    return sound(lm_load(scratch("m.keras")));
}

static void they_come_back(void **state)
{
    (void)state;
    int n;
    lm_model *m = small();
    assert_null(lm_model_classes(m, &n));
    assert_true(isnan(lm_model_input_info(m).low) && !*lm_model_input_info(m).preparation);
    check_ok(lm_model_set_classes(m, 3, PETS));
    check_ok(lm_model_set_input_info(m, &(lm_input_info){0, 1.0 / 3, "resize"}));
    lm_model *other = there_and_back(m);
    const char *const *names = lm_model_classes(other, &n);
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) assert_string_equal(names[i], PETS[i]);
    lm_input_info info = lm_model_input_info(other);
    assert_true(info.low == 0 && info.high == 1.0 / 3);
    assert_string_equal(info.preparation, "resize");
    check_ok(lm_model_set_classes(other, 0, NULL));
    assert_null(lm_model_classes(other, &n));
    lm_free(m), lm_free(other);
    m = small(), other = there_and_back(m);
    assert_null(lm_model_classes(other, NULL));
    assert_true(isnan(lm_model_input_info(other).high));
    lm_free(m), lm_free(other);
}

static lm_dataset *floats(float low, float high)
{
    const float x[8] = {low, 0, NAN, high, 0, low / 2, high / 2, 0};
    const uint8_t y[4] = {0, 1, 2, 0};
    lm_tensor *xs = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 2}, x);
    lm_tensor *ys = lm_tensor_copy_of(LM_U8, 1, (int64_t[]){4}, y);
    ((float *)lm_tensor_data(xs))[2] = 0;
    lm_dataset *ds = lm_data_from_arrays(xs, ys);
    lm_free(xs), lm_free(ys);
    return ds;
}

static void fit_sees_the_range(void **state)
{
    (void)state;
    lm_model *m = small();
    lm_dataset *ds = floats(-2, 5), *other = floats(-1, 1);
    lm_fit(m, ds, .verbose = 0, .epochs = 2, .batch_size = 1);
    sound(m);
    assert_true(lm_model_input_info(m).low == -2 && lm_model_input_info(m).high == 5);
    lm_fit(m, other, .verbose = 0);                     /* other data, another range */
    assert_true(lm_model_input_info(m).low == -1 && lm_model_input_info(m).high == 1);
    check_ok(lm_model_set_input_info(m, &(lm_input_info){0, 9, ""}));
    lm_fit(m, ds, .verbose = 0);                        /* the program knows better */
    assert_true(lm_model_input_info(m).low == 0 && lm_model_input_info(m).high == 9);
    lm_free(m), lm_free(ds), lm_free(other);
}

static void fit_takes_over_what_the_data_know(void **state)
{
    (void)state;
    lm_dataset *train;
    int n;
    check_ok(lm_data_mnist(&train, NULL));
    train = lm_data_take(lm_data_shuffle(train, 1), 64);
    assert_string_equal(lm_data_preparation(train), "digits");
    lm_model *m = lm_sequential(lm_input(.shape = {28, 28, 1}), lm_rescaling(.scale = 1.0 / 255), lm_flatten(),
                                lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .loss = "sparse_categorical_crossentropy");
    lm_fit(m, train, .verbose = 0);
    assert_string_equal(lm_model_classes(sound(m), &n)[7], "7");
    assert_int_equal(n, 10);
    lm_input_info info = lm_model_input_info(m);
    assert_true(info.low == 0 && info.high == 255);
    assert_string_equal(info.preparation, "digits");
    check_ok(lm_model_set_classes(m, 3, PETS));
    lm_fit(m, train, .verbose = 0);
    assert_string_equal(lm_model_classes(sound(m), &n)[0], "cat");
    lm_free(m), lm_free(train);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    char text[1200];
    memset(text, 'a', sizeof text - 1), text[sizeof text - 1] = 0;
    const char *const bad[] = {"", "two\nlines", "\x1b[31mred", "\xff", "\x7f", text, NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lm_model *m = small();
        check_status(lm_model_set_classes(m, 1, &bad[i]), LM_INVALID);
        check_contains(lm_error(m), "class 0");
        lm_free(m);
    }
    lm_model *m = small();
    check_status(lm_model_set_classes(m, -1, PETS), LM_INVALID);
    lm_clear(m);
    check_status(lm_model_set_classes(m, 2, NULL), LM_INVALID);
    lm_clear(m);
    check_status(lm_model_set_input_info(m, &(lm_input_info){1, 0, ""}), LM_INVALID);
    lm_clear(m);
    check_status(lm_model_set_input_info(m, &(lm_input_info){NAN, 0, ""}), LM_INVALID);
    lm_clear(m);
    check_status(lm_model_set_input_info(m, NULL), LM_INVALID);
    lm_free(m);
}

/* A file as lm_save writes it, with one member in another form. */
static lm_model *with_member(const char *name, const char *text)
{
    lm__zip_writer *writer;
    lm__zip *zip;
    uint8_t *data;
    size_t bytes;
    lm_model *m = small();
    check_ok(lm_save(m, scratch("plain.keras")));
    check_ok(lm__file_read(scratch("plain.keras"), 1 << 20, &data, &bytes));
    check_ok(lm__zip_open("plain", data, bytes, &zip));
    check_ok(lm__zip_create(scratch("made.keras"), &writer));
    for (size_t i = 0; i < lm__zip_count(zip); i++) {
        lm__zip_data member;
        check_ok(lm__zip_read(zip, i, &member));
        check_ok(lm__zip_add(writer, lm__zip_name(zip, i), NULL, member.bytes, member.size));
        lm__zip_release(&member);
    }
    check_ok(lm__zip_add(writer, name, NULL, text, strlen(text)));
    check_ok(lm__zip_commit(writer));
    lm__zip_close(zip), lm__free(data), lm_free(m);
    return lm_load(scratch("made.keras"));
}

static void members_of_other_hands(void **state)
{
    (void)state;
    int n;
    lm_model *m = sound(with_member("assets/labels.txt", "one\r\ntwo"));
    assert_string_equal(lm_model_classes(m, &n)[0], "one");
    assert_string_equal(lm_model_classes(m, &n)[1], "two");
    assert_int_equal(n, 2);
    lm_free(m);
    static const char *const bad[][2] = {
        {"assets/labels.txt", "one\n\ntwo"},
        {"assets/labels.txt", "one\n\x1b[2J\n"},
        {"lamina/input.json", "[]"},
        {"lamina/input.json", "{\"range\": [0]}"},
        {"lamina/input.json", "{\"range\": [\"a\", 1]}"},
        {"lamina/input.json", "{\"range\": [3, 1]}"},
        {"lamina/input.json", "{\"preparation\": 3}"},
        {"lamina/input.json", "{\"preparation\": \"longer than any name of a preparation may be\"}"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        m = with_member(bad[i][0], bad[i][1]);
        check_status(lm_status_of(m), LM_CORRUPT);
        check_contains(lm_error(m), bad[i][0]);
        lm_free(m);
    }
}

static lm_status save_again(void *user)
{
    lm_model *m = user;
    lm_status status = lm_save(m, scratch("oom.keras"));
    lm_clear(m);
    return status;
}

static void without_memory_nothing_leaks(void **state)
{
    (void)state;
    lm_model *m = small();
    check_ok(lm_model_set_classes(m, 3, PETS));
    check_ok(lm_model_set_input_info(m, &(lm_input_info){0, 255, "digits"}));
    oom_each(save_again, m);
    lm_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_back),
        cmocka_unit_test(fit_sees_the_range),
        cmocka_unit_test(fit_takes_over_what_the_data_know),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(members_of_other_hands),
        cmocka_unit_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
