/* tests/formats/formats_test.h: what the tests of .keras files share: comparing models, and files made by hand. */
#ifndef LM_TESTS_FORMATS_TEST_H
#define LM_TESTS_FORMATS_TEST_H

#include "codec/codec_test.h"

#include "codec/zip.h"
#include "formats/files.h"
#include "formats/keras.h"
#include "recipes.h"

static inline char *config_text(const lm_model *m)
{
    json_t *config = lm__keras_config(m);
    char *text = json_dumps(config, JSON_SORT_KEYS | JSON_INDENT(1));
    json_decref(config);
    assert_non_null(text);
    return text;
}

static inline int optimizer_variables(const lm_model *m, lm_variable **list, int most)
{
    int n = m->optimizer ? lm__optimizer_variables(m->optimizer, NULL) : 0;
    assert_in_range(n, 0, most);
    if (n) lm__optimizer_variables(m->optimizer, list);
    return n;
}

/* Weights and optimizer state, byte for byte. */
static inline void assert_same_state(const lm_model *a, const lm_model *b)
{
    lm_variable *of_a[128], *of_b[128];
    assert_int_equal(lm_weights(a), lm_weights(b));
    for (int i = 0; i < lm_weights(a); i++) assert_same_tensor(lm_weight(a, i)->value, lm_weight(b, i)->value);
    int n = optimizer_variables(a, of_a, 128);
    assert_int_equal(optimizer_variables(b, of_b, 128), n);
    for (int i = 0; i < n; i++) assert_same_tensor(of_a[i]->value, of_b[i]->value);
}

/* The same model in every respect that a file carries. */
static inline void assert_same_model(const lm_model *a, const lm_model *b)
{
    char *one = config_text(a), *other = config_text(b);
    assert_string_equal(one, other);
    free(one), free(other);
    assert_same_state(a, b);
}

static inline lm_model *sound(lm_model *m)
{
    if (lm_failed(m)) fail_msg("%s", lm_error(m));
    return m;
}

/* A recipe's model after its steps. */
static inline lm_model *trained(const recipe *r, lm_tensor **x, lm_tensor **y)
{
    lm_model *m = sound(r->make());
    *x = recipe_x(m), *y = recipe_y(r, m);
    for (int i = 0; i < RECIPE_STEPS; i++) lm_train_on_batch(m, *x, *y, NULL);
    return sound(m);
}

#endif
