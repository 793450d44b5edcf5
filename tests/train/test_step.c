/* tests/train/test_step.c: training steps that a program writes itself: models called in a graph, random keys,
 * losses, optimizers, the guard; mistakes and what is said about them; memory that runs out. */
#include "support/check.h"
#include "support/oom.h"

#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>

enum { ROWS = 4, COLUMNS = 3 };

static lm_tensor *rows(double first)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, COLUMNS});
    for (int i = 0; i < ROWS * COLUMNS; i++) ((float *)lm_tensor_data(t))[i] = (float)(first + 0.25 * i);
    return t;
}

static lm_value *input(lm_graph *g) { return lm_placeholder(g, "x", LM_F32, LM_ANY, COLUMNS); }

static lm_tensor *run_one(lm_function *f, lm_tensor *x)
{
    lm_tensor *y;
    if (lm_function_run(f, &x, &y)) fail_msg("%s", lm_last_error());
    return y;
}

static bool same(const lm_tensor *a, const lm_tensor *b)
{
    return a->size == b->size && !memcmp(a->data, b->data, lm_tensor_bytes(a));
}

/* --- models ----------------------------------------------------------------------------------------------------- */

static lm_model *dropper(uint64_t seed)
{
    lm_set_seed(seed);
    lm_model *m = lm_sequential(lm_input(.shape = {COLUMNS}), lm_dropout(.rate = 0.5));
    lm_set_seed(0);
    return m;
}

/* The two outputs of a graph that calls the model twice, in training. */
static void drop_twice(lm_model *m, lm_tensor *x, bool keyed, lm_tensor *out[4])
{
    lm_graph *g = lm_graph_new();
    lm_value *in = input(g), *key = keyed ? lm_constant(g, (lm_tensor *)lm_variable_value(m->random)) : NULL;
    lm_value *a = lm_model_call(m, in, .training = true, .key = key);
    lm_value *b = lm_model_call(m, in, .training = true, .key = key);
    lm_function *f = lm_function(.graph = g, .inputs = {in}, .outputs = {a, b});
    check_ok(lm_function_run(f, &x, out));
    check_ok(lm_function_run(f, &x, out + 2));
    lm_free(f), lm_free(g);
}

static void draws_differ_and_repeat(void **state)
{
    (void)state;
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){200, COLUMNS}), *first[4], *again[4], *other[4], *keyed[4];
    for (size_t i = 0; i < x->size; i++) ((float *)x->data)[i] = 1;
    lm_model *a = dropper(5), *b = dropper(5), *c = dropper(6), *d = dropper(5);
    drop_twice(a, x, false, first), drop_twice(b, x, false, again), drop_twice(c, x, false, other);
    drop_twice(d, x, true, keyed);
    for (int i = 0; i < 4; i++) {
        assert_true(same(first[i], again[i]));
        assert_false(same(first[i], other[i]));
        for (int k = 0; k < i; k++) assert_false(same(first[i], first[k]));
        assert_true(same(keyed[i], first[0]));              /* the model's first key, given by hand */
    }
    assert_int_equal(((const int64_t *)lm_variable_value(a->random)->data)[1], 4);
    assert_int_equal(((const int64_t *)lm_variable_value(d->random)->data)[1], 0);
    for (int i = 0; i < 4; i++) lm_free(first[i]), lm_free(again[i]), lm_free(other[i]), lm_free(keyed[i]);
    lm_free(a), lm_free(b), lm_free(c), lm_free(d), lm_free(x);
}

static void inference_is_predict(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_dense(.units = 4), lm_batch_normalization(), lm_dropout(.rate = 0.5));
    lm_tensor *x = rows(-1);
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder(g, "x", LM_F64, LM_ANY, COLUMNS); /* cast to the model's float32 */
    lm_function *f = lm_function(.graph = g, .inputs = {in}, .outputs = {lm_model_call(m, in)});
    assert_int_equal(lm_model_output(m, NULL, NULL), 2);    /* it was built */
    lm_tensor *wide = lm_tensor_cast(x, LM_F64), *y = run_one(f, wide), *want = lm_predict_array(m, x);
    assert_true(same(y, want));
    lm_free(f), lm_free(g), lm_free(m), lm_free(x), lm_free(wide), lm_free(y), lm_free(want);
}

static void what_trains(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {COLUMNS}), lm_dense(.units = 2, .trainable = false),
                                lm_batch_normalization(), lm_dense(.units = 1, .use_bias = false));
    assert_int_equal(lm_trainable_weights(m), 3);
    assert_string_equal(lm_variable_name(lm_trainable_weight(m, 0)), "batch_normalization/gamma");
    assert_string_equal(lm_variable_name(lm_trainable_weight(m, 2)), "dense_1/kernel");
    assert_null(lm_trainable_weight(m, 3));
    assert_null(lm_trainable_weight(m, -1));
    assert_int_equal(lm_trainable_weights(NULL), 0);
    lm_free(m);
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

static lm_model *network(void)
{
    return lm_sequential(lm_input(.shape = {COLUMNS}), lm_dense(.units = 3), lm_batch_normalization(),
                         lm_dropout(.rate = 0.25), lm_dense(.units = 1));
}

/* Targets of 1, mean squared error. */
static lm_function *step_of(lm_model *m, lm_optimizer *o, bool guarded)
{
    lm_graph *g = lm_graph_new();
    lm_loss *mse = lm_loss_mean_squared_error();
    lm_value *in = input(g), *y = lm_model_call(m, in, .training = true);
    lm_value *loss = lm_loss_call(mse, lm_op_full_like(y, 1), y, NULL);
    lm_optimizer_minimize(o, loss, m);
    lm_function *f = lm_function(.graph = g, .inputs = {in}, .outputs = {loss},
                                 .guard = guarded ? lm_op_isfinite(loss) : NULL);
    lm_free(mse), lm_free(g);
    return f;
}

/* All that a step changes, as one string of bytes. */
static void digest(const lm_model *m, const lm_optimizer *o, char hex[3][65])
{
    lm_variable *v[32];
    double sum = 0;
    int n = lm__optimizer_variables(o, v);
    lm_model_digest(m, hex[0]);
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < v[i]->value->size; k++) sum += lm_tensor_get(v[i]->value, k) * (1 + i);
    lm_sha256(&sum, sizeof sum, hex[1]);
    lm_sha256(m->random->value->data, 16, hex[2]);
}

static void guard_keeps_all(void **state)
{
    (void)state;
    lm_tensor *good = rows(0), *bad = rows(INFINITY), *loss;
    for (int guarded = 0; guarded < 2; guarded++) {
        lm_model *m = network();
        lm_optimizer *o = lm_adam();
        lm_function *f = step_of(m, o, guarded);
        char before[3][65], after[3][65];
        lm_free(run_one(f, good));
        digest(m, o, before);
        loss = run_one(f, bad);
        assert_false(isfinite(lm_tensor_get(loss, 0)));
        digest(m, o, after);
        for (int i = 0; i < 3; i++) assert_int_equal(!strcmp(before[i], after[i]), guarded);
        lm_free(loss);
        loss = run_one(f, good);
        assert_int_equal(isfinite(lm_tensor_get(loss, 0)) != 0, guarded);
        lm_free(loss), lm_free(f), lm_free(o), lm_free(m);
    }
    lm_free(good), lm_free(bad);
}

/* The optimizer of a compiled model may be shared: what fit does goes on, and the file has it. */
static void like_train_on_batch(void **state)
{
    (void)state;
    lm_tensor *x = rows(0), *y = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 1}), *loss = NULL;
    for (int i = 0; i < ROWS; i++) ((float *)y->data)[i] = 1;
    lm_model *a = network(), *b = network();
    lm_optimizer *o = lm_adam(.learning_rate = 0.5);
    assert_float_equal(lm_optimizer_learning_rate(o), 0.5, 0);
    check_ok(lm_compile(a, .optimizer = lm_adam(.learning_rate = 0.125), .loss = "mse"));
    check_ok(lm_compile(b, .optimizer = lm_retain(o), .loss = "mse"));
    lm_function *f = step_of(b, o, true);
    check_ok(lm_optimizer_set_learning_rate(o, 0.125));
    assert_float_equal(lm_learning_rate(b), 0.125, 0);
    lm_logs logs = {0};
    for (int i = 0; i < 5; i++) {
        lm_free(loss);
        loss = run_one(f, x);
        logs = lm_train_on_batch(a, x, y, NULL);
    }
    assert_float_equal(lm_tensor_get(loss, 0), lm_get(logs, "loss"), 0);
    char one[65], other[65];
    check_ok(lm_model_digest(a, one));
    check_ok(lm_model_digest(b, other));
    assert_string_equal(one, other);
    assert_int_equal(*(int64_t *)b->optimizer->iteration->value->data, 5);
    lm_free(f), lm_free(o), lm_free(a), lm_free(b), lm_free(x), lm_free(y), lm_free(loss);
}

static void weights_of_a_loss(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_loss *mae = lm_loss_mean_absolute_error();
    lm_value *y = lm_placeholder(g, "y", LM_F32, LM_ANY, 1), *w = lm_placeholder(g, "w", LM_F32, LM_ANY);
    lm_value *loss = lm_loss_call(mae, lm_op_full_like(y, 0), y, w);
    lm_function *f = lm_function(.graph = g, .inputs = {y, w}, .outputs = {loss});
    lm_tensor *in[] = {lm_tensor_copy_of(LM_F32, 2, (int64_t[]){2, 1}, (float[]){1, -3}),
                       lm_tensor_copy_of(LM_F32, 1, (int64_t[]){2}, (float[]){2, 0.5})}, *out;
    check_ok(lm_function_run(f, in, &out));
    assert_float_equal(lm_tensor_get(out, 0), 1.75, 0);
    lm_free(f), lm_free(g), lm_free(mae), lm_free(in[0]), lm_free(in[1]), lm_free(out);
}

/* --- random numbers --------------------------------------------------------------------------------------------- */

static void seeds(void **state)
{
    (void)state;
    lm_variable *seed = lm_seed_generator(7);
    lm_tensor *out[2][3], *x = rows(0);
    lm_graph *g = lm_graph_new();
    lm_value *in = input(g);
    lm_value *a = lm_op_random_normal(lm_seed_next(g, seed), .shape = {LM_ANY, 2}, .like = in);
    lm_value *b = lm_op_random_normal(lm_seed_next(g, seed), .shape = {ROWS, 2});
    lm_value *c = lm_op_random_uniform(lm_seed_next(g, seed), .shape = {5, LM_ANY}, .like = in);
    lm_function *f = lm_function(.graph = g, .inputs = {in}, .outputs = {a, b, c});
    for (int i = 0; i < 2; i++) check_ok(lm_function_run(f, &x, out[i]));
    assert_int_equal(lm_tensor_dim(out[0][0], 0), ROWS);
    assert_int_equal(lm_tensor_dim(out[0][2], 1), COLUMNS);
    for (int k = 0; k < 3; k++) assert_false(same(out[0][k], out[1][k]));
    assert_false(same(out[0][0], out[0][1]));
    assert_int_equal(((const int64_t *)lm_tensor_read(lm_variable_value(seed)))[1], 6);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) lm_free(out[i][k]);
    lm_free(f), lm_free(g), lm_free(seed), lm_free(x);
}

/* --- mistakes --------------------------------------------------------------------------------------------------- */

/* The graph's first error, and a new graph. */
static void said(lm_graph **g, const char *text)
{
    assert_true(lm_failed(*g));
    check_contains(lm_error(*g), text);
    lm_free(*g);
    *g = lm_graph_new();
}

static void mistakes(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new(), *other = lm_graph_new();
    lm_model *m = network(), *n = network(), *broken = lm_sequential(lm_dense(.units = -1));
    lm_loss *mse = lm_loss_mean_squared_error();
    lm_optimizer *o = lm_sgd();
    lm_value *elsewhere = input(other);
    lm_model_call(m, lm_placeholder(g, "x", LM_F32, LM_ANY, 5));
    said(&g, "lm_model_call: the value has shape (N, 5), but the model takes (N, 3)");
    lm_model_call(broken, input(g));
    said(&g, "Dense: units = -1");
    lm_model_call(NULL, input(g));
    said(&g, "lm_model_call: model: NULL instead of a model");
    lm_model_call(m, input(g), .training = true, .key = lm_op_cast(elsewhere, LM_I64));
    said(&g, "lm_model_call: the key is a value of another graph");
    lm_loss_call(mse, elsewhere, input(g), NULL);
    said(&g, "lm_loss_call: y_true is a value of another graph");
    lm_loss_call(NULL, input(g), input(g), NULL);
    said(&g, "lm_loss_call: loss: NULL instead of a loss");
    lm_optimizer_minimize(o, lm_op_mean(input(g)), m);
    said(&g, "the loss depends on no trainable weight of the model");
    lm_value *loss = lm_op_mean(lm_model_call(m, input(g)));
    check_ok(lm_optimizer_minimize(o, loss, m));
    check_status(lm_optimizer_minimize(o, loss, m), LM_INVALID); /* of new versions, which it never saw */
    said(&g, "minimize before its weights are assigned");
    check_status(lm_optimizer_minimize(o, lm_op_mean(lm_model_call(n, input(g))), n), LM_INVALID);
    said(&g, "variable 0, \"dense/kernel\", is another one than the optimizer has trained so far; each set of "
             "variables needs an optimizer of its own");
    lm_variable *w = lm_trainable_weight(m, 0);
    lm_value *wrong = input(g);
    check_status(lm_optimizer_apply(o, 1, &w, &wrong), LM_INVALID);
    said(&g, "lm_optimizer_apply: variable \"dense/kernel\" is float32 (3, 3), gradient 0 float32 (N, 3)");
    wrong = lm_read(g, w);
    check_status(lm_optimizer_apply(o, 1, &w, &wrong), LM_INVALID);
    said(&g, "the optimizer trains 6 variables, but 1 came");
    check_status(lm_optimizer_apply(o, 0, NULL, NULL), LM_INVALID);
    check_status(lm_optimizer_set_learning_rate(o, -1), LM_INVALID);
    lm_seed_next(g, w);
    said(&g, "lm_seed_next: variable \"dense/kernel\" is no seed generator, which is int64 (2)");
    lm_function *f = lm_function(.graph = g, .guard = lm_scalar(g, LM_F32, 1));
    check_contains(lm_error(f), "lm_function: .guard is a float32 (), but it must be a bool without dimensions");
    lm_free(f), lm_free(g), lm_free(other), lm_free(m), lm_free(n), lm_free(broken), lm_free(mse), lm_free(o);
}

/* --- memory ----------------------------------------------------------------------------------------------------- */

static lm_status job(void *user)
{
    lm_model *m = network();
    lm_optimizer *o = lm_adam();
    lm_function *f = step_of(m, o, true);
    lm_tensor *x = user, *loss = NULL;
    lm_status status = lm_failed(f) ? lm_status_of(f) : lm_function_run(f, &x, &loss);
    lm_free(loss), lm_free(f), lm_free(o), lm_free(m);
    return status;
}

static void no_memory(void **state)
{
    (void)state;
    lm_tensor *x = rows(0);
    oom_some(job, x, 300);
    lm_free(x);
}

RUN(cmocka_unit_test(draws_differ_and_repeat), cmocka_unit_test(inference_is_predict), cmocka_unit_test(what_trains),
    cmocka_unit_test(guard_keeps_all), cmocka_unit_test(like_train_on_batch), cmocka_unit_test(weights_of_a_loss),
    cmocka_unit_test(seeds), cmocka_unit_test(mistakes), cmocka_unit_test(no_memory))
