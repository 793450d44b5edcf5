/* Outputs of inner layers: the same numbers as those of a model that ends there. */
#include "support/check.h"
#include "support/oom.h"

#include <lamina/lamina.h>

static lm_layer *front(void) { return lm_dense(.units = 5, .activation = "relu", .name = "front"); }

static lm_model *whole(void)
{
    lm_set_seed(3);
    return lm_sequential(lm_input(.shape = {4}), front(), lm_dropout(.rate = 0.5), lm_dense(.units = 2));
}

static lm_tensor *some(int64_t rows)
{
    lm_tensor *x = lm_tensor_new(LM_U8, 2, (int64_t[]){rows, 4});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((uint8_t *)lm_tensor_data(x))[i] = (uint8_t)(7 * i % 11);
    return x;
}

static void check_same(const lm_tensor *a, const lm_tensor *b)
{
    if (lm_failed(a) || lm_failed(b)) fail_msg("%s%s", lm_error(a), lm_error(b));
    assert_int_equal(lm_tensor_bytes(a), lm_tensor_bytes(b));
    assert_memory_equal(lm_tensor_read(a), lm_tensor_read(b), lm_tensor_bytes(a));
}

static void equals_a_shorter_model(void **state)
{
    (void)state;
    lm_model *m = whole();
    lm_set_seed(3);
    lm_model *shorter = lm_sequential(lm_input(.shape = {4}), front());
    lm_tensor *x = some(70), *want = lm_predict_array(shorter, x), *got = lm_predict_layer(m, x, "front");
    lm_tensor *dropped = lm_predict_layer(m, x, "dropout"), *end = lm_predict_layer(m, x, "dense");
    lm_tensor *all = lm_predict_array(m, x);
    check_same(got, want);
    check_same(dropped, want);                  /* inference: nothing is dropped */
    assert_int_equal(lm_tensor_dim(end, 0), 70);
    for (size_t i = 0; i < lm_tensor_size(all); i++)
        assert_float_equal(lm_tensor_get(end, i), lm_tensor_get(all, i), 1e-5);
    lm_free(m), lm_free(shorter), lm_free(x), lm_free(want), lm_free(got), lm_free(dropped), lm_free(end),
        lm_free(all);
}

static void check_refused(const lm_model *m, lm_tensor *x, const char *name, lm_status status, const char *piece)
{
    lm_tensor *y = lm_predict_layer(m, x, name);
    assert_int_equal(lm_status_of(y), status);
    check_contains(lm_error(y), piece);
    assert_false(lm_failed(m));                 /* the model itself records nothing */
    lm_free(y);
}

static void mistakes(void **state)
{
    (void)state;
    lm_model *m = whole();
    lm_tensor *x = some(2), *wide = lm_tensor_new(LM_F32, 2, (int64_t[]){2, 9}), *bad = lm_tensor_load("/nowhere");
    check_refused(m, x, "fornt", LM_NOT_FOUND, "did you mean \"front\"?");
    check_refused(m, x, "zzzzzzzzzzz", LM_NOT_FOUND, "lm_summary shows their names");
    check_refused(m, x, NULL, LM_INVALID, "name of the layer is NULL");
    check_refused(m, wide, "front", LM_INVALID, "x has shape (2, 9), but the model takes (N, 4)");
    check_refused(m, bad, "front", LM_NOT_FOUND, "/nowhere");
    lm_tensor *y = lm_predict_layer(NULL, x, "front");
    assert_true(lm_failed(y));
    lm_free(m), lm_free(x), lm_free(wide), lm_free(bad), lm_free(y);
}

static lm_status once(void *user)
{
    lm_tensor *x = some(3), *y = lm_predict_layer(user, x, "front");
    lm_status status = lm_failed(x) ? lm_status_of(x) : lm_status_of(y);
    lm_free(x), lm_free(y);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    lm_model *m = whole();
    oom_each(once, m);
    lm_free(m);
}

RUN(cmocka_unit_test(equals_a_shorter_model), cmocka_unit_test(mistakes), cmocka_unit_test(out_of_memory))
