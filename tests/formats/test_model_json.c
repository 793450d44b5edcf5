/* tests/formats/test_model_json.c: configurations as text: what Keras's to_json() prints, both ways. */
#include "formats_test.h"

static void recipes_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < RECIPES; i++) {
        lm_model *m = sound(recipes[i].make());
        char *text = lm_model_to_json(m);
        assert_non_null(text);
        lm_model *other = sound(lm_model_from_json(text));
        char *again = lm_model_to_json(other);
        assert_string_equal(text, again);
        assert_int_equal(lm_weights(m), lm_weights(other));
        assert_int_equal(m->compiled, other->compiled);
        lm_string_free(text), lm_string_free(again), lm_free(m), lm_free(other);
    }
}

/* The same seed gives the weights that the program's own model has. */
static void fresh_weights_are_drawn(void **state)
{
    (void)state;
    lm_set_seed(7);
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_dense(.units = 3), lm_dense(.units = 2));
    char *text = lm_model_to_json(m);
    lm_model *other = sound(lm_model_from_json(text));
    assert_same_state(m, other);
    lm_set_seed(0);
    lm_string_free(text), lm_free(m), lm_free(other);
}

/* As Keras 2 wrote it: no modules, batch_input_shape, on the input layer or on the first one. */
static void old_configurations(void **state)
{
    (void)state;
    static const char with_input[] =
        "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"old\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"config\": {\"batch_input_shape\": [null, 4], \"dtype\": \"float32\", "
        "\"sparse\": false, \"ragged\": false, \"name\": \"dense_input\"}},"
        "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 3, \"activation\": \"relu\"}}]},"
        "\"keras_version\": \"2.11.0\", \"backend\": \"tensorflow\"}";
    static const char without[] =
        "\xef\xbb\xbf {\"class_name\": \"Sequential\", \"config\": {\"layers\": ["
        "{\"class_name\": \"Dense\", \"config\": {\"batch_input_shape\": [null, 4], \"units\": 3}}]}}";
    const char *const texts[] = {with_input, without};
    for (int i = 0; i < 2; i++) {
        int64_t dims[LM_MAX_RANK];
        lm_model *m = sound(lm_model_from_json(texts[i]));
        assert_int_equal(lm_model_input(m, NULL, dims), 2);
        assert_int_equal(dims[1], 4);
        assert_int_equal(lm_parameters(m, false), 15);
        lm_free(m);
    }
}

static void a_json_file_is_loaded(void **state)
{
    (void)state;
    char *text, path[256];
    snprintf(path, sizeof path, "%s", scratch("m.json"));
    lm_model *m = sound(recipes[0].make());
    text = lm_model_to_json(m);
    check_ok(lm__file_save(path, text, strlen(text)));
    lm_model *whole = sound(lm_load(path)), *bare = sound(lm_load(path, .compile = false));
    assert_true(whole->compiled);
    assert_false(bare->compiled);
    lm_string_free(text), lm_free(m), lm_free(whole), lm_free(bare);
    m = sound(recipes[0].make());
    check_status(lm_save(m, path), LM_UNSUPPORTED);     /* it would hold no weights */
    check_contains(lm_error(m), "lm_model_to_json");
    lm_free(m);
}

static void bad_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        lm_status status;
    } bad[] = {
        {"", "wrong in line", LM_CORRUPT},
        {"[]", "no object", LM_CORRUPT},
        {"{}", "nameless", LM_UNSUPPORTED},
        {"{\"class_name\": \"Sequential\"", "wrong in line", LM_CORRUPT},
        {"{\"class_name\": \"Sequential\", \"class_name\": \"Sequential\"}", "duplicate", LM_CORRUPT},
        {"{\"class_name\": \"Sequential\", \"config\": []}", "no list of layers", LM_CORRUPT},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"Lambda\", \"config\": "
         "{\"function\": {\"class_name\": \"__lambda__\", \"config\": {\"code\": \"4wEA\"}}}}]}}",
         "Lambda", LM_UNSUPPORTED},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"module\": \"os\", \"class_name\": "
         "\"system\", \"config\": {\"command\": \"touch /tmp/x\"}, \"registered_name\": \"system\"}]}}",
         "a class of its own", LM_UNSUPPORTED},
        {"{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"module\": \"builtins\", \"class_name\": "
         "\"Dense\", \"config\": {\"units\": 1}, \"registered_name\": null}]}}",
         "a class of its own", LM_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lm_model *m = lm_model_from_json(bad[i].text);
        check_status(lm_status_of(m), bad[i].status);
        check_contains(lm_error(m), bad[i].says);
        lm_free(m);
    }
    lm_model *none = lm_model_from_json(NULL);
    check_status(lm_status_of(none), LM_INVALID);
    lm_free(none);
    assert_null(lm_model_to_json(NULL));
}

static void deep_nesting(void **state)
{
    (void)state;
    enum { DEEP = 200000 };
    static char text[2 * DEEP + 1];
    for (int kind = 0; kind < 2; kind++) {
        for (int i = 0; i < DEEP; i++)
            memcpy(text + (kind ? 5 * (i % (DEEP / 5)) : i), kind ? "{\"a\":" : "[", kind ? 5 : 1);
        lm_model *m = lm_model_from_json(text);
        check_status(lm_status_of(m), LM_CORRUPT);
        lm_free(m);
    }
}

static lm_status both_ways(void *user)
{
    char *text = lm_model_to_json(user);
    if (!text) return lm_last_status();
    lm_model *m = lm_model_from_json(text);
    lm_status status = lm_status_of(m);
    lm_string_free(text), lm_free(m);
    return status;
}

static void without_memory_nothing_leaks(void **state)
{
    (void)state;
    oom_fail_nth(0);
    lm_model *m = sound(recipes[1].make());
    oom_some(both_ways, m, 300);
    lm_free(m);
    oom_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipes_come_back),     cmocka_unit_test(fresh_weights_are_drawn),
        cmocka_unit_test(old_configurations),    cmocka_unit_test(a_json_file_is_loaded),
        cmocka_unit_test(bad_texts),             cmocka_unit_test(deep_nesting),
        cmocka_unit_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
