/* tests/train/test_adapt.c: lm_adapt and Normalization: where the layer may be, how data may come, what is refused.
 * The numbers themselves are held against Keras in tests/parity. */
#include "support/oom.h"
#include "support/refusal.h"

#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>

static const float rows[] = {0, 7, 4, 2, 9, 6, 0, 7, 4, 2, 9, 6};

static lm_tensor *data(void) { return lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 3}, rows); }

static lm_layer *adapted(void)
{
    lm_layer *layer = lm_normalization();
    lm_tensor *x = data();
    check_ok(lm_adapt_array(layer, x));
    lm_free(x);
    return layer;
}

static void check_predicts(const lm_model *m, double sign)
{
    lm_tensor *x = data(), *y = lm_predict_array(m, x);
    assert_string_equal(lm_error(y), "");
    assert_int_equal(lm_tensor_size(y), 12);
    for (size_t i = 0; i < 12; i++) assert_true(lm_tensor_get(y, i) == (i / 3 % 2 ? sign : -sign));
    lm_free(x), lm_free(y);
}

/* Before it is in a model, as Keras's programs do it: the weights then bear the name that the model gives. */
static void before_a_model(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {3}), adapted(), adapted());
    assert_string_equal(lm_error(m), "");
    assert_string_equal(lm_variable_name(lm_weight(m, 0)), "normalization/mean");
    assert_string_equal(lm_variable_name(lm_weight(m, 4)), "normalization_1/variance");
    assert_string_equal(lm_variable_name(lm_weight(m, 5)), "normalization_1/count");
    assert_int_equal(lm_parameters(m, false), 14);
    assert_int_equal(lm_parameters(m, true), 0);
    lm_free(m);
    m = lm_sequential(adapted());
    check_ok(lm_build(m, 2, (int64_t[]){LM_ANY, 3}));
    check_predicts(m, 1);
    lm_free(m);
}

/* In a model, also after it predicted: plans made before see the new figures. */
static void within_a_model(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_normalization());
    lm_tensor *x = data(), *y = lm_predict_array(m, x);
    for (size_t i = 0; i < 12; i++) assert_true(lm_tensor_get(y, i) == rows[i]);
    check_ok(lm_adapt_array(lm_model_layer(m, 0), x));
    check_predicts(m, 1);
    lm_free(x), lm_free(y), lm_free(m);
}

static lm_status halve(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random;
    for (size_t i = 0; i < lm_tensor_size(in[0]); i++)
        ((float *)lm_tensor_data(out[0]))[i] = 0.5f * ((const float *)lm_tensor_read(in[0]))[i];
    return LM_OK;
}

/* Batches of any size, bytes, a dataset with targets: the first tensors count. */
static void any_data(void **state)
{
    (void)state;
    lm_tensor *x = lm_tensor_new(LM_U8, 2, (int64_t[]){1000, 3}), *y = lm_tensor_new(LM_F32, 1, (int64_t[]){1000});
    double mean[3] = {0}, square[3] = {0};
    for (int i = 0; i < 3000; i++) {
        int v = i * i % 251;
        ((uint8_t *)lm_tensor_data(x))[i] = (uint8_t)v;
        mean[i % 3] += v / 1000.0, square[i % 3] += v * v / 1000.0;
    }
    for (int k = 0; k < 3; k++) {
        lm_layer *layer = lm_normalization(.dtype = "float64");
        lm_dataset *ds = lm_data_from_arrays(x, y);
        if (k) ds = lm_data_batch(ds, k == 1 ? 7 : 1000, false);
        check_ok(lm_adapt(layer, ds));
        for (size_t i = 0; i < 3; i++) {
            assert_true(fabs(lm_tensor_get(layer->weight[0]->value, i) - mean[i]) < 1e-10);
            assert_true(fabs(lm_tensor_get(layer->weight[1]->value, i) - (square[i] - mean[i] * mean[i])) < 1e-8);
        }
        lm_free(layer), lm_free(ds);
    }
    lm_free(x), lm_free(y);
    x = data();
    lm_layer *layer = lm_normalization();
    lm_dataset *ds = lm_data_map(lm_data_from_arrays(x, NULL), halve, NULL, 0, NULL);
    check_ok(lm_adapt(layer, ds));
    assert_true(lm_tensor_get(layer->weight[0]->value, 1) == 4);
    lm_free(ds), lm_free(layer), lm_free(x);
}

static void refused_layers(void **state)
{
    (void)state;
    lm_tensor *t = data();
    refused(lm_normalization(.mean = lm_tensor_scalar(LM_F32, 1)),
            "Normalization: only the mean was given; it takes both, or neither and lm_adapt");
    refused(lm_normalization(.mean = lm_retain(t), .variance = lm_tensor_scalar(LM_F32, 1)),
            "Normalization: mean has shape (4, 3), but variance has (); they must be equal");
    refused(lm_normalization(.mean = lm_retain(t), .variance = lm_retain(t)),
            "Normalization: mean has shape (4, 3), but only 1 axes are kept");
    refused(lm_normalization(.mean = lm_tensor_scalar(LM_F32, 1), .variance = lm_tensor_scalar(LM_F32, NAN)),
            "Normalization: number 0 of variance is nan; all must be finite");
    refused(lm_normalization(.axis = {1, 9}), "Normalization: entry 1 of axis is 9, but axes are between 1 and 7, or "
                                              "between -1 and -8 from the end, and the list ends at its first 0");
    refused(lm_normalization(.axis = {0, 1}), "Normalization: entry 1 of axis is 1, but axes are between 1 and 7, or "
                                              "between -1 and -8 from the end, and the list ends at its first 0");
    refused(lm_sequential(lm_input(.shape = {4}), lm_normalization(.axis = {2})),
            "layer 0 (normalization): Normalization: axis 2, but for an input of 2 dimensions, batch included, it "
            "must be between 1 and 1, or between -1 and -1");
    refused(lm_sequential(lm_input(.shape = {4}), lm_normalization(.axis = {1, -1})),
            "layer 0 (normalization): Normalization: axis 1 is named twice");
    refused(lm_sequential(lm_input(.shape = {5}), adapted()),
            "layer 0 (normalization): Normalization was adapted to data whose kept axes have sizes (3,), but axis 1 "
            "of its input has 5");
    refused(lm_layer_from_config("Normalization", "{\"mean\": [[1], [2, 3]], \"variance\": 1}"),
            "Normalization: config \"mean\" is [[1],[2,3]], but it must be an even array of numbers");
    refused(lm_layer_from_config("Normalization", "{\"mean\": [], \"variance\": []}"),
            "Normalization: config \"mean\" is [], but it must be a number, or an array of them");
    refused(lm_layer_from_config("Normalization", "{\"axis\": [0]}"),
            "Normalization: config \"axis\" is [0], but it must be axes, not 0");
    refused(lm_layer_from_config("Normalization", "{\"axis\": \"last\"}"),
            "Normalization: config \"axis\" is \"last\", but it must be a number, or a list of them");
    lm_free(t);
}

/* What lm_adapt refuses; a layer outside a model hands the error on to the model it goes into. */
static void refuses(lm_layer *layer, lm_dataset *ds, const char *message)
{
    if (lm_adapt(layer, ds) == LM_OK) fail_msg("accepted instead of: %s", message);
    assert_string_equal(lm_last_error(), message);
    lm_free(ds);
    lm_model *m = lm_sequential(layer);
    check_contains(lm_error(m), message);
    lm_free(m);
}

static lm_dataset *from(lm_tensor *x)
{
    lm_dataset *ds = lm_data_from_arrays(x, NULL);
    lm_free(x);
    return ds;
}

static void refused_data(void **state)
{
    (void)state;
    refuses(lm_normalization(), from(lm_tensor_new(LM_F32, 2, (int64_t[]){0, 3})), "the data are empty");
    refuses(lm_normalization(), lm_data_repeat(from(data()), LM_ANY),
            "the data have no end; take a part of them with lm_data_take");
    refuses(lm_normalization(), from(lm_tensor_new(LM_F32, 1, (int64_t[]){3})),
            "Normalization: axis -1, but for an input of 1 dimensions, batch included, it must be between 1 and 0, "
            "or "
            "between -1 and 0");
    refuses(lm_normalization(), from(lm_tensor_copy_of(LM_F32, 2, (int64_t[]){1, 2}, (float[]){1, NAN})),
            "the data hold a value that is not finite, at place 1 of the axes kept; remove or replace such values "
            "first");
    refuses(lm_normalization(.mean = lm_tensor_scalar(LM_F32, 1), .variance = lm_tensor_scalar(LM_F32, 1)),
            from(data()), "Normalization: its mean and variance were given; there is nothing to learn");
    refuses(lm_dense(.units = 3), from(data()), "Dense learns nothing from lm_adapt; Normalization does");
    lm_model *m = lm_sequential(lm_input(.shape = {4}), lm_normalization());
    lm_tensor *x = data();
    assert_int_equal(lm_adapt_array(lm_model_layer(m, 0), x), LM_INVALID);
    assert_string_equal(lm_last_error(), "Normalization keeps 4 figures, but the data have 3 along the axes kept");
    assert_false(lm_failed(m));
    assert_int_equal(lm_adapt(NULL, NULL), LM_INVALID);
    lm_free(x), lm_free(m);
}

static lm_status without_memory(void *user)
{
    (void)user;
    lm_tensor *x = data();
    lm_layer *layer = lm_normalization();
    lm_adapt_array(layer, x);
    lm_model *m = lm_sequential(lm_input(.shape = {3}), layer);
    lm_status status = lm_status_of(x) ? lm_status_of(x) : lm_status_of(m);
    lm_free(x), lm_free(m);
    return status;
}

static void each_allocation(void **state) { (void)state, oom_each(without_memory, NULL); }

RUN(cmocka_unit_test(before_a_model), cmocka_unit_test(within_a_model), cmocka_unit_test(any_data),
    cmocka_unit_test(refused_layers), cmocka_unit_test(refused_data), cmocka_unit_test(each_allocation))
