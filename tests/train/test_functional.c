/* tests/train/test_functional.c: models of any graph of layers: what lm_call and lm_functional make, share, refuse
 * and free; several inputs and outputs. */
#include "support/check.h"

#include "support/oom.h"
#include "train/symbol.h"
#include <lamina/lamina.h>
#include <math.h>

/* in -> dense a -> dense b, a + b -> dense -> out: the join of residual networks. */
static lm_model *residual(void)
{
    lm_layer *in = lm_input(.shape = {3});
    lm_symbol *a = lm_call(lm_dense(.units = 4, .activation = "tanh"), in);
    lm_symbol *b = lm_call(lm_dense(.units = 4), a);
    lm_symbol *y = lm_call(lm_dense(.units = 2), lm_call(lm_add(), a, b));
    return lm_functional(.inputs = {in}, .outputs = {y});
}

static lm_tensor *numbers(int64_t rows, int64_t columns, double step)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 2, (int64_t[]){rows, columns});
    float *to = lm_tensor_data(t);
    for (size_t i = 0; i < lm_tensor_size(t); i++) to[i] = (float)sin(step * (double)(i + 1));
    return t;
}

/* y = x · kernel + bias of a dense layer, by hand. */
static void dense(const lm_model *m, int layer, const double *x, int n, double *y)
{
    const lm_layer *l = lm_model_layer(m, layer);
    const lm_tensor *kernel = l->weight[0]->value, *bias = l->weight[1]->value;
    int units = (int)kernel->dims[1];
    for (int j = 0; j < units; j++) {
        y[j] = lm_tensor_get(bias, (size_t)j);
        for (int i = 0; i < n; i++) y[j] += x[i] * lm_tensor_get(kernel, (size_t)(i * units + j));
    }
}

static void by_hand(void **state)
{
    (void)state;
    lm_model *m = residual();
    assert_string_equal(lm_error(m), "");
    assert_string_equal(lm_model_name(m), "functional");
    assert_int_equal(lm_model_layers(m), 4);
    static const char *const names[] = {"dense", "dense_1", "add", "dense_2"};
    for (int i = 0; i < 4; i++) assert_string_equal(lm_layer_name(lm_model_layer(m, i)), names[i]);
    lm_tensor *x = numbers(5, 3, 0.7), *y = lm_predict_array(m, x);
    assert_string_equal(lm_error(y), "");
    for (size_t row = 0; row < 5; row++) {
        double in[3], a[4], b[4], out[2];
        for (size_t i = 0; i < 3; i++) in[i] = lm_tensor_get(x, 3 * row + i);
        dense(m, 0, in, 3, a);
        for (int i = 0; i < 4; i++) a[i] = tanh(a[i]);
        dense(m, 1, a, 4, b);
        for (int i = 0; i < 4; i++) b[i] += a[i];
        dense(m, 3, b, 4, out);
        for (size_t i = 0; i < 2; i++) assert_true(fabs(out[i] - lm_tensor_get(y, 2 * row + i)) < 1e-5);
    }
    lm_tensor *sum = lm_predict_layer(m, x, "add");
    assert_int_equal(sum->dims[1], 4);
    lm_free(x), lm_free(y), lm_free(sum), lm_free(m);
}

/* Training falls, and is the same whatever the number of threads. */
static void trains(void **state)
{
    (void)state;
    lm_model *m = residual();
    lm_tensor *x = numbers(32, 3, 0.3), *y = numbers(32, 2, 0.11);
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.02), .loss = "mse");
    double before = lm_get(lm_evaluate_arrays(m, x, y), "loss");
    lm_fit_arrays(m, x, y, .epochs = 30, .verbose = 0);
    double after = lm_get(lm_evaluate_arrays(m, x, y), "loss");
    assert_string_equal(lm_error(m), "");
    assert_true(after < 0.5 * before);
    assert_true(lm_flops(m, 32, true) > 0);
    lm_free(x), lm_free(y), lm_free(m);
}

/* --- several inputs and outputs -------------------------------------------------------------------------------- */

static lm_model *two_in(void)
{
    lm_layer *a = lm_input(.shape = {3}), *b = lm_input(.shape = {2}, .name = "side");
    lm_symbol *x = lm_call(lm_dense(.units = 4), a), *z = lm_call(lm_dense(.units = 4), b);
    return lm_functional(.inputs = {a, b}, .outputs = {lm_call(lm_dense(.units = 1), lm_call(lm_add(), x, z))});
}

static void inputs(void **state)
{
    (void)state;
    lm_model *m = two_in();
    lm_tensor *a = numbers(20, 3, 0.4), *b = numbers(20, 2, 0.9), *y = numbers(20, 1, 0.2);
    lm_dataset *data = lm_data_from_tensors(3, (lm_tensor *[]){a, b, y});
    int64_t dims[LM_MAX_RANK];
    assert_int_equal(lm_model_inputs(m), 2);
    assert_int_equal(lm_model_outputs(m), 1);
    assert_int_equal(lm_model_input_at(m, 1, NULL, dims), 2);
    assert_int_equal(dims[1], 2);
    assert_int_equal(lm_model_input_at(m, 2, NULL, dims), -1);
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.05), .loss = "mse");
    double before = lm_get(lm_evaluate(m, data, .verbose = 0), "loss");
    lm_fit(m, data, .epochs = 40, .batch_size = 5, .verbose = 0, .validation_data = data);
    assert_string_equal(lm_error(m), "");
    assert_true(lm_get(lm_evaluate(m, data, .verbose = 0), "loss") < 0.7 * before);
    lm_tensor *p = lm_predict(m, data);
    assert_string_equal(lm_error(p), "");
    assert_int_equal(p->dims[0], 20);
    lm_free(p);
    /* Too few arrays, and those of another shape. */
    p = lm_predict_array(m, a);
    assert_string_equal(lm_error(p), "the model takes 2 inputs, but an element of the data has 1 tensor");
    lm_free(p);
    lm_dataset *turned = lm_data_from_tensors(3, (lm_tensor *[]){b, a, y});
    p = lm_predict(m, turned);
    assert_string_equal(lm_error(p), "input 0 of the data has shape (20, 2), but the model takes (N, 3)");
    lm_free(p);
    lm_train_on_batch(m, a, y, NULL);
    assert_string_equal(lm_error(m), "the model takes 2 inputs, and one came; lm_fit and lm_evaluate take data with "
                                     "several (lm_data_from_tensors)");
    lm_clear(m);
    lm_dataset *no_y = lm_data_from_tensors(2, (lm_tensor *[]){a, b});
    lm_fit(m, no_y, .verbose = 0);
    check_contains(lm_error(m), "the data have no targets; the model takes 2 inputs");
    lm_free(no_y), lm_free(turned), lm_free(data), lm_free(a), lm_free(b), lm_free(y), lm_free(m);
}

static void outputs(void **state)
{
    (void)state;
    lm_layer *in = lm_input(.shape = {3});
    lm_symbol *x = lm_call(lm_dense(.units = 4, .activation = "relu"), in);
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = 2), x), x});
    lm_tensor *a = numbers(7, 3, 0.4), *y[2], *inner;
    lm_dataset *data = lm_data_from_arrays(a, NULL);
    assert_int_equal(lm_model_outputs(m), 2);
    check_ok(lm_predict_outputs(m, data, y));
    assert_int_equal(y[0]->dims[1], 2);
    assert_int_equal(y[1]->dims[1], 4);
    inner = lm_predict_layer(m, a, "dense");
    assert_memory_equal(inner->data, y[1]->data, lm_tensor_bytes(inner));
    lm_free(y[0]), lm_free(y[1]), lm_free(inner);
    y[0] = lm_predict_array(m, a);
    assert_string_equal(lm_error(y[0]), "the model gives 2 outputs; lm_predict_outputs takes them all");
    lm_free(y[0]);
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mse");
    lm_fit_arrays(m, a, a, .verbose = 0);
    check_contains(lm_error(m), "models with several outputs can be predicted with, not yet trained");
    lm_free(data), lm_free(a), lm_free(m);
}

/* --- sharing --------------------------------------------------------------------------------------------------- */

static void shared_layer(void **state)
{
    (void)state;
    lm_layer *a = lm_input(.shape = {3}), *b = lm_input(.shape = {3}), *both = lm_dense(.units = 4);
    lm_symbol *sum = lm_call(lm_add(), lm_call(both, a), lm_call(both, b));
    lm_model *m = lm_functional(.inputs = {a, b}, .outputs = {sum});
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lm_model_layers(m), 2);
    assert_int_equal(lm_weights(m), 2);
    lm_tensor *x = numbers(4, 3, 0.4), *zero = lm_tensor_new(LM_F32, 2, (int64_t[]){4, 3});
    lm_dataset *data = lm_data_from_tensors(2, (lm_tensor *[]){x, zero});
    lm_tensor *y = lm_predict(m, data), *one = lm_predict(m, data);
    lm_dataset *turned = lm_data_from_tensors(2, (lm_tensor *[]){zero, x});
    lm_free(one);
    one = lm_predict(m, turned);
    for (size_t i = 0; i < y->size; i++) assert_true(fabs(lm_tensor_get(y, i) - lm_tensor_get(one, i)) < 1e-6);
    lm_free(one), lm_free(y), lm_free(turned), lm_free(data), lm_free(x), lm_free(zero), lm_free(m);
}

static void shared_misfit(void **state)
{
    (void)state;
    lm_layer *in = lm_input(.shape = {3}), *twice = lm_dense(.units = 2);
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {lm_call(twice, lm_call(twice, in))});
    check_contains(lm_error(m), "layer 0 (dense): its weights were made for an earlier call with an input of "
                                "another shape: ");
    lm_free(m);
}

/* An autoencoder and its encoder: training one trains the other. Either may be freed first. */
static void shared_by_models(void **state)
{
    for (int first = 0; first < 2; first++) {
        lm_layer *in = lm_input(.shape = {6});
        lm_symbol *code = lm_call(lm_dense(.units = 2, .activation = "tanh"), in);
        lm_symbol *out = lm_call(lm_dense(.units = 6), code);
        lm_model *m[2] = {lm_functional(.inputs = {in}, .outputs = {out}, .name = "autoencoder"),
                          lm_functional(.inputs = {in}, .outputs = {code}, .name = "encoder")};
        lm_tensor *x = numbers(8, 6, 0.5), *before = lm_predict_array(m[1], x);
        lm_compile(m[0], .optimizer = lm_sgd(.learning_rate = 0.1), .loss = "mse");
        lm_fit_arrays(m[0], x, x, .epochs = 2, .verbose = 0);
        lm_tensor *after = lm_predict_array(m[1], x), *inner = lm_predict_layer(m[0], x, "dense");
        assert_memory_not_equal(before->data, after->data, lm_tensor_bytes(after));
        assert_memory_equal(inner->data, after->data, lm_tensor_bytes(after));
        lm_free(m[first]);
        lm_tensor *still = lm_predict_array(m[!first], x);
        assert_string_equal(lm_error(still), "");
        lm_free(m[!first]), lm_free(x), lm_free(before), lm_free(after), lm_free(inner), lm_free(still);
    }
    (void)state;
}

/* Two calls of one Dropout drop different numbers. */
static void two_dropouts(void **state)
{
    (void)state;
    lm_layer *in = lm_input(.shape = {200}), *drop = lm_dropout(.rate = 0.5), *weight = lm_dense(.units = 1);
    lm_symbol *difference = lm_call(lm_add(), lm_call(drop, in), lm_call(drop, in));
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {lm_call(weight, difference)});
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){1, 200}), *y = lm_tensor_new(LM_F32, 2, (int64_t[]){1, 1});
    for (size_t i = 0; i < 200; i++) ((float *)x->data)[i] = 1;
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 1), .loss = "mse");
    lm_tensor *before = lm_tensor_cast(lm_weight(m, 0)->value, LM_F32);
    lm_train_on_batch(m, x, y, NULL);
    int once = 0;               /* elements that one call kept and the other dropped */
    double largest = 0;
    for (size_t i = 0; i < 200; i++)
        largest = fmax(largest, fabs(lm_tensor_get(before, i) - lm_tensor_get(lm_weight(m, 0)->value, i)));
    for (size_t i = 0; i < 200; i++) {
        double moved = fabs(lm_tensor_get(before, i) - lm_tensor_get(lm_weight(m, 0)->value, i)) / largest;
        once += moved > 0.25 && moved < 0.75;
    }
    assert_in_range(once, 70, 130);
    lm_free(before), lm_free(x), lm_free(y), lm_free(m);
}

/* --- mistakes -------------------------------------------------------------------------------------------------- */

/* Takes the model, which must have failed with this message. */
static void refused(lm_model *m, const char *message)
{
    assert_string_equal(lm_error(m), message);
    lm_free(m);
}

static void mistakes(void **state)
{
    (void)state;
    size_t live = lm_memory().live;
    lm_layer *in = lm_input(.shape = {4}), *other = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = -1), in)}),
            "Dense: units = -1, but it must be 1 or more");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_conv2d(.filters = 3, .kernel_size = {3}), in)}),
            "layer 0 (conv2d): Conv2D takes (N, height, width, channels), but its input has shape (N, 4); "
            "lm_reshape(.target_shape = {height, width, channels}) makes pictures of rows");
    in = lm_input(.shape = {4});
    lm_symbol *x = lm_call(lm_dense(.units = 3), in);
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_add(), x, in)}),
            "layer 1 (add): Add takes inputs of one shape (or with sizes of 1 to be repeated), but (N, 3) and (N, 4) "
            "came; they differ in size 1");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = 3, .name = "d"), in, in)}),
            "lm_call(d): Dense takes one input, but 2 came");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_add(), in, other)}),
            "lm_functional: an output depends on the input \"input_layer_1\", which is not in .inputs");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = 3), lm_dense(.units = 2))}),
            "lm_call(Dense): input 0: a layer (Dense) came where what a call gives was expected; call it: "
            "lm_call(layer, x)");
    refused(lm_functional(.outputs = {lm_call(lm_dense(.units = 3), lm_input(.shape = {4}))}),
            "lm_functional: .inputs is missing, such as {x} with x = lm_input(.shape = {4})");
    refused(lm_functional(.inputs = {lm_input(.shape = {4})}),
            "lm_functional: .outputs is missing: what lm_call gave last");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in, in}, .outputs = {lm_call(lm_flatten(), in)}),
            "lm_functional: .inputs has the same input at 0 and 1");
    in = lm_input(.shape = {4}), x = lm_call(lm_flatten(), in);
    refused(lm_functional(.inputs = {x}, .outputs = {lm_call(lm_flatten(), x)}),
            "lm_functional: .inputs[0] is what Flatten gives; a model begins with lm_input");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {in}),
            "lm_functional: .outputs[0] is an input; no layer makes anything of it");
    in = lm_input(.shape = {4});
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call_with(lm_dense(.units = 1), .inputs = {in},
                                                                   .use_causal_mask = true)}),
            "lm_call(Dense): Dense takes no use_causal_mask in its call");
    in = lm_input(.shape = {4}, .name = "a");
    refused(lm_functional(.inputs = {in}, .outputs = {lm_call(lm_dense(.units = 1, .name = "a"), in)}),
            "two layers are named \"a\"; names must differ within a model");
    assert_int_equal(lm_memory().live, live);
}

/* A layer that failed is named, however often it is called, and what follows adopts its error. */
static void poison_spreads(void **state)
{
    (void)state;
    lm_layer *in = lm_input(.shape = {4}), *bad = lm_dense(.units = 0, .name = "bad");
    lm_symbol *x = lm_call(bad, in), *z = lm_call(bad, in);
    lm_symbol *sum = lm_call(lm_add(), x, z);
    assert_true(lm_failed(x) && lm_failed(z) && lm_failed(sum));
    lm_free(sum), lm_free(x);           /* nothing happens */
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {sum});
    lm_model *again = lm_functional(.inputs = {in}, .outputs = {x});
    assert_string_equal(lm_error(m), lm_error(x));
    assert_string_equal(lm_error(again), lm_error(x));
    check_contains(lm_error(m), "units = 0");
    lm_compile(m, .loss = "mse");
    lm_free(m), lm_free(again);
    m = residual();
    check_status(lm_sequential_add(m, lm_flatten()), LM_INVALID);
    check_contains(lm_error(m), "a functional model takes no more layers");
    lm_free(m);
}

/* Thousands of layers, one behind the other and side by side. */
static void large(void **state)
{
    (void)state;
    enum { DEEP = 3000, WIDE = 200 };
    lm_layer *in = lm_input(.shape = {2});
    void *x = in, *wide[WIDE];
    for (int i = 0; i < DEEP; i++) x = lm_call(lm_flatten(), x);
    for (int i = 0; i < WIDE; i++) wide[i] = lm_call(lm_activation(.activation = "relu"), x);
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {lm_call_on(lm_add(), WIDE, wide)});
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lm_model_layers(m), DEEP + WIDE + 1);
    assert_string_equal(lm_layer_name(lm_model_layer(m, DEEP - 1)), "flatten_2999");
    lm_free(m);
}

static lm_status make_and_predict(void *user)
{
    lm_model *m = two_in();
    lm_status status = lm_status_of(m);
    (void)user;
    lm_tensor *a = numbers(2, 3, 0.4), *b = numbers(2, 2, 0.9), *y = NULL;
    if (!status && (lm_failed(a) || lm_failed(b))) status = LM_NO_MEMORY;
    if (!status) {
        lm_dataset *data = lm_data_from_tensors(2, (lm_tensor *[]){a, b});
        y = lm_predict(m, data);
        status = lm_status_of(y);
        lm_free(data);
    }
    lm_free(y), lm_free(a), lm_free(b), lm_free(m);
    return status;
}

static void memory_fails(void **state)
{
    (void)state;
    oom_some(make_and_predict, NULL, 200);
}

RUN(cmocka_unit_test(by_hand), cmocka_unit_test(trains), cmocka_unit_test(inputs), cmocka_unit_test(outputs),
    cmocka_unit_test(shared_layer), cmocka_unit_test(shared_misfit),
    cmocka_unit_test(shared_by_models), cmocka_unit_test(two_dropouts),
    cmocka_unit_test(mistakes), cmocka_unit_test(poison_spreads), cmocka_unit_test(large),
    cmocka_unit_test(memory_fails))
