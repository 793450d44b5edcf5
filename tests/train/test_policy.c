/* tests/train/test_policy.c: dtype policies: which types weights, arithmetic and results have, what is refused, and
 * that a mixed model trains, predicts the same bytes on any number of threads, and is saved with its policy. */
#include "support/check.h"

#include "nn/layer.h"
#include "plan/plan.h"
#include <lamina/lamina.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 64, IN = 96, HIDDEN = 512, CLASSES = 4 };     /* large enough to be multiplied in bfloat16 */

static lm_model *network(const char *policy)
{
    check_ok(lm_set_dtype_policy(policy));
    lm_set_seed(5);
    lm_model *m = lm_sequential(lm_input(.shape = {IN}), lm_dense(.units = HIDDEN, .activation = "relu"),
                                lm_batch_normalization(), lm_dense(.units = HIDDEN, .activation = "tanh"),
                                lm_dense(.units = CLASSES, .activation = "softmax", .dtype = "float32"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    check_ok(lm_set_dtype_policy("float32"));
    check_ok(lm_status_of(m));
    return m;
}

static void make_data(lm_tensor **x, lm_tensor **y)
{
    *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, IN});
    *y = lm_tensor_new(LM_I64, 1, (int64_t[]){ROWS});
    for (int i = 0; i < ROWS * IN; i++)
        ((float *)lm_tensor_data(*x))[i] =
            (float)((i * 2654435761u >> 9) % 1000) / 500 - 1 + (float)(i / IN % CLASSES) / 8;
    for (int i = 0; i < ROWS; i++) ((int64_t *)lm_tensor_data(*y))[i] = i % CLASSES;
}

static void types(void **state)
{
    (void)state;
    lm_model *m = network("mixed_bfloat16");
    lm_dtype dtype;
    int64_t dims[LM_MAX_RANK];
    assert_string_equal(lm_dtype_policy(), "float32");
    for (int i = 0; i < lm_weights(m); i++)
        assert_int_equal(lm_tensor_dtype(lm_variable_value(lm_weight(m, i))), LM_F32);
    lm_model_input(m, &dtype, dims);
    assert_int_equal(dtype, LM_F32);
    lm_model_output(m, &dtype, dims);
    assert_int_equal(dtype, LM_F32);
    assert_int_equal(lm_model_layer(m, 0)->compute, LM_BF16);
    assert_int_equal(lm_model_layer(m, 3)->compute, LM_F32);
    char *config = lm_layer_config(lm_model_layer(m, 0));
    check_contains(config, "mixed_bfloat16");
    lm_string_free(config);
    lm_free(m);
}

static double largest_difference(const lm_tensor *a, const lm_tensor *b)
{
    double most = 0;
    check_ok(lm_status_of(a));
    check_ok(lm_status_of(b));
    for (size_t i = 0; i < lm_tensor_size(a); i++)
        most = fmax(most, fabs(lm_tensor_get(a, i) - lm_tensor_get(b, i)));
    return most;
}

/* Near the float32 model, but rounded. */
static void it_rounds(void **state)
{
    (void)state;
    lm_model *mixed = network("mixed_bfloat16"), *plain = network("float32");
    lm_tensor *x, *y;
    make_data(&x, &y);
    lm_tensor *a = lm_predict_array(mixed, x), *b = lm_predict_array(plain, x);
    double difference = largest_difference(a, b);
    assert_true(difference > 1e-6 && difference < 2e-2);
    lm_free(a), lm_free(b), lm_free(x), lm_free(y), lm_free(mixed), lm_free(plain);
}

static lm_tensor *trained(int threads, double *first, double *last)
{
    check_ok(lm_set_threads(threads));
    lm_model *m = network("mixed_bfloat16");
    lm_tensor *x, *y;
    make_data(&x, &y);
    *first = lm_get(lm_train_on_batch(m, x, y, NULL), "loss");
    for (int i = 0; i < 20; i++) *last = lm_get(lm_train_on_batch(m, x, y, NULL), "loss");
    lm_tensor *p = lm_predict_array(m, x);
    lm_free(x), lm_free(y), lm_free(m);
    check_ok(lm_set_threads(0));
    return p;
}

static void it_trains(void **state)
{
    (void)state;
    double first, last;
    lm_tensor *one = trained(1, &first, &last);
    assert_true(last < 0.5 * first);
    for (int threads = 2; threads <= 3; threads++) {
        lm_tensor *more = trained(threads, &first, &last);
        assert_memory_equal(lm_tensor_read(one), lm_tensor_read(more), lm_tensor_bytes(one));
        lm_free(more);
    }
    lm_free(one);
}

static void files_keep_it(void **state)
{
    (void)state;
    char path[] = "/tmp/lamina_policy_XXXXXX.keras";
    close(mkstemps(path, 6));
    lm_model *m = network("mixed_bfloat16");
    lm_tensor *x, *y;
    make_data(&x, &y);
    check_ok(lm_save(m, path));
    lm_model *again = lm_load(path);
    lm_tensor *a = lm_predict_array(m, x), *b = lm_predict_array(again, x);
    assert_int_equal(lm_model_layer(again, 0)->compute, LM_BF16);
    assert_memory_equal(lm_tensor_read(a), lm_tensor_read(b), lm_tensor_bytes(a));
    unlink(path);
    lm_free(a), lm_free(b), lm_free(x), lm_free(y), lm_free(m), lm_free(again);
}

/* With bfloat16 instructions and without: the same numbers are multiplied, and sums differ in their order only. */
static void native_is_emulated(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, ROWS, IN), *w = lm_placeholder(g, "w", LM_F32, IN, HIDDEN);
    lm_value *y = lm_op_relu(lm_op_matmul(lm_op_cast(x, LM_BF16), lm_op_cast(w, LM_BF16)));
    check_ok(lm__graph_output(g, lm_op_cast(y, LM_F32)));
    float *in[2] = {malloc(sizeof(float[ROWS][IN])), malloc(sizeof(float[IN][HIDDEN]))};
    float *out[2] = {malloc(sizeof(float[ROWS][HIDDEN])), malloc(sizeof(float[ROWS][HIDDEN]))};
    for (int i = 0; i < ROWS * IN; i++) in[0][i] = sinf((float)i);
    for (int i = 0; i < IN * HIDDEN; i++) in[1][i] = cosf((float)i * 0.7f);
    for (int off = 0; off < 2; off++) {
        lm__plan_options options = {.passes_off = off ? LM__PASS_BIT(narrow) : 0};
        lm__plan *plan;
        lm__context *context;
        check_ok(lm__plan_new(g, NULL, &options, &plan));
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, (const void *[]){in[0], in[1]}, (void *[]){out[off]}));
        lm__context_free(context);
        lm__plan_free(plan);
    }
    /* A sum next to a halfway point may be rounded the other way. */
    for (int i = 0; i < ROWS * HIDDEN; i++)
        assert_true(fabsf(out[0][i] - out[1][i]) <= 0.008f * fabsf(out[1][i]) + 1e-4f);
    for (int i = 0; i < 2; i++) free(in[i]), free(out[i]);
    lm_free(g);
}

static void mistakes(void **state)
{
    (void)state;
    check_status(lm_set_dtype_policy("mixed_float16"), LM_INVALID);
    check_contains(lm_last_error(), "float16 overflows in training unless the loss is scaled");
    check_status(lm_set_dtype_policy("float23"), LM_INVALID);
    check_contains(lm_last_error(), "\"float23\", but it must be \"float32\" or \"float64\" or \"mixed_bfloat16\"");
    check_status(lm_set_dtype_policy(NULL), LM_INVALID);
    assert_string_equal(lm_dtype_policy(), "float32");
    lm_layer *layer = lm_dense(.units = 2, .dtype = "int8");
    assert_true(lm_failed(layer));
    check_contains(lm_error(layer), "Dense: dtype = \"int8\"");
    lm_free(layer);
}

RUN(cmocka_unit_test(types), cmocka_unit_test(it_rounds), cmocka_unit_test(it_trains),
    cmocka_unit_test(files_keep_it), cmocka_unit_test(native_is_emulated), cmocka_unit_test(mistakes))
