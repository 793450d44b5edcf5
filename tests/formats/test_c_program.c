/* tests/formats/test_c_program.c: a model as a C program, word for word; every allocation failing in turn. */
#include "support/check.h"
#include "support/oom.h"

#include <lamina/lamina.h>
#include <string.h>

static lm_model *digits(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {28, 28, 1}),
        lm_rescaling(.scale = 1.0 / 255),
        lm_conv2d(.filters = 32, .kernel_size = {3}, .padding = "same", .activation = "relu",
                  .kernel_initializer = "he_normal", .bias_initializer_object = lm_init_constant(.value = 0.1)),
        lm_max_pooling2d(.pool_size = {2, 2}),
        lm_flatten(),
        lm_dense(.units = 64, .activation = "relu"),
        lm_dense(.units = 10, .name = "answers", .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.05, .momentum = 0.9),
               .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"},
               .metric_objects = {lm_metric_sparse_top_k_categorical_accuracy(.k = 2, .name = "top 2")});
    return m;
}

static const char wanted[] =
    "{\n"
    "    lm_model *model = lm_sequential(\n"
    "        lm_input(.shape = {28, 28, 1}),\n"
    "        lm_rescaling(.scale = 1.0 / 255),\n"
    "        lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .padding = \"same\", .activation = \"relu\",\n"
    "                  .kernel_initializer = \"he_normal\",\n"
    "                  .bias_initializer_object = lm_init_constant(.value = 0.1)),\n"
    "        lm_max_pooling2d(),\n"
    "        lm_flatten(),\n"
    "        lm_dense(.units = 64, .activation = \"relu\"),\n"
    "        lm_dense(.name = \"answers\", .units = 10, .activation = \"softmax\"));\n"
    "    lm_compile(model, .optimizer = lm_sgd(.learning_rate = 0.05, .momentum = 0.9),\n"
    "               .loss = \"sparse_categorical_crossentropy\", .metrics = {\"accuracy\"},\n"
    "               .metric_objects = {lm_metric_sparse_top_k_categorical_accuracy(.name = \"top 2\",\n"
    "                   .k = 2)});\n"
    "    return model;\n"
    "}\n";

static void word_for_word(void **state)
{
    (void)state;
    lm_model *m = digits();
    char *text = lm_model_to_c(m);
    assert_non_null(text);
    if (!strstr(text, wanted)) fail_msg("the program is\n%s\ninstead of\n%s", text, wanted);
    lm_string_free(text), lm_free(m);
}

static void refusals(void **state)
{
    (void)state;
    assert_null(lm_model_to_c(NULL));
    lm_model *poisoned = lm_load("/nowhere.keras");
    assert_null(lm_model_to_c(poisoned));
    lm_free(poisoned);
    lm_model *m = lm_sequential();
    assert_int_equal(lm_model_set_name(m, ""), LM_INVALID), lm_clear(m);
    assert_int_equal(lm_model_set_name(m, NULL), LM_INVALID), lm_clear(m);
    assert_int_equal(lm_model_set_name(m, "\xff"), LM_INVALID), lm_clear(m);
    assert_int_equal(lm_model_set_name(m, "\x1b[2J"), LM_INVALID), lm_clear(m);
    assert_string_equal(lm_model_name(m), "sequential");
    assert_int_equal(lm_model_set_name(m, "größe"), LM_OK);
    assert_string_equal(lm_model_name(m), "größe");
    lm_free(m);
}

static lm_status print_once(void *user)
{
    char *text = lm_model_to_c(user);
    lm_string_free(text);
    return text ? LM_OK : lm_last_status();
}

static void out_of_memory(void **state)
{
    (void)state;
    oom_fail_nth(0);
    lm_model *m = digits();
    oom_each(print_once, m);
    oom_fail_nth(0);
    lm_free(m);
    oom_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(word_for_word), cmocka_unit_test(refusals),
                                       cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
