/* tests/train/test_abuse.c: every public function with objects that are NULL, failed or of another type, and with
 * numbers and texts that make no sense. Nothing may crash, hang or leak; what is asked of the result is only that. */
#include "support/check.h"
#include "support/abuse.h"

#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIMIT = 16 << 20, CALLS = 700 };

/* --- what is handed in -------------------------------------------------------------------------------------------
 * */

enum { X, Y, MODEL, DATA = 12 };           /* of the pool, from the start */
static void *pool[64];
static int npool;

static void put(void *object) { pool[npool++] = object; }
static void *any(void) { return pool[abuse_below((uint64_t)npool)]; }
static void *mostly(int sound) { return abuse_below(4) ? pool[sound] : any(); }
static void *kept(void) { return lm_retain(any()); }        /* for calls that take a reference over */

static lm_status fill(void *user, int64_t index, lm_tensor *const *out)
{
    (void)user;
    if (index % 5 == 4) return LM_CORRUPT;                  /* fails without a word */
    memset(lm_tensor_data(out[0]), (int)index, lm_tensor_bytes(out[0]));
    return LM_OK;
}

static lm_status copy(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random;
    size_t bytes =
        lm_tensor_bytes(in[0]) < lm_tensor_bytes(out[0]) ? lm_tensor_bytes(in[0]) : lm_tensor_bytes(out[0]);
    memcpy(lm_tensor_data(out[0]), lm_tensor_read(in[0]), bytes);
    return LM_OK;
}

static void put_sound(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){6, 3}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){6});
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    put(x), put(y), put(m), put(lm_sequential()), put(lm_sequential(lm_dense(.units = 2), lm_flatten()));
    put(lm_tensor_scalar(LM_I32, 7)), put(lm_tensor_new(LM_F64, 2, (int64_t[]){0, 3})), put(lm_dense(.units = 2));
    put(lm_loss_mean_squared_error()), put(lm_metric_accuracy()), put(lm_sgd()), put(lm_init_zeros());
    put(lm_data_from_arrays(x, y)), put(lm_data_batch(lm_data_from_arrays(x, NULL), 4, false));
    put(lm_data_repeat(lm_data_from_arrays(x, y), LM_ANY)), put(lm_data_from_function(9, 1, &y, fill, NULL, NULL));
    lm_graph *g = lm_graph_new();
    lm_value *v = lm_placeholder(g, "x", LM_F32, LM_ANY, 3);
    put(lm_function(.graph = g, .inputs = {v}, .outputs = {lm_op_exp(v)})), put(g);
    put(lm_variable_new("v", x, true));
    put(lm_data_iterate(pool[npool - 5], 0, 0));
    for (int i = 0; i < npool; i++) assert_string_equal(lm_error(pool[i]), "");
}

static void put_failed(void)
{
    lm_graph *g = lm_graph_new();
    lm_constant(g, NULL);
    put(g), put(lm_tensor_new(LM_F32, -1, NULL)), put(lm_load("")), put(lm_dense(.units = -1)), put(lm_graph_new());
    put(lm_adam(.learning_rate = 1, .clipnorm = 1, .clipvalue = 1)), put(lm_data_take(NULL, 1)),
        put(lm_data_iterate(NULL, 0, 0));
    put(lm_function_new(NULL)), put(lm_variable_new("w", NULL, true)), put(lm_layer_from_config("x", NULL));
    put((void *)lm_fit_with(pool[1], NULL, NULL)), put(NULL), put(NULL);
}

/* Everything is made again, so that an object cannot have been worn out. */
static void remake(void)
{
    while (npool) lm_free(pool[--npool]);
    put_sound(), put_failed();
}

/* --- the calls, by header ------------------------------------------------------------------------------------------
 * */

static void object_calls(void)
{
    void *a = any();
    lm_free(lm_retain(a));
    (void)(lm_failed(a) + (int)lm_status_of(a) + (int)strlen(lm_error(a)));
    if (abuse_below(8) == 0) lm_clear(a);
    (void)(strlen(lm_status_text((lm_status)abuse_number())) + strlen(lm_last_error()));
    check_status(lm_failed(NULL) ? LM_OK : LM_INTERNAL, LM_OK);
}

static void runtime_calls(void)
{
    lm_set_threads((int)abuse_number());
    lm_set_threads(2);
    (void)(lm_threads() + (int)strlen(lm_isa()) + (int)strlen(lm_version()) + (int)lm_memory().live);
    lm_set_seed((uint64_t)abuse_number());
}

static void take_dims(int64_t *dims)
{
    for (int i = 0; i < LM_MAX_RANK; i++) dims[i] = abuse_number();
}

static void tensor_calls(void)
{
    int64_t dims[LM_MAX_RANK];
    double data[64] = {0};
    take_dims(dims);
    int rank = (int)abuse_number(), few = rank > 1 ? 1 : rank;
    int64_t small = (int64_t)abuse_below(8), *sizes = abuse_below(9) ? dims : NULL;
    lm_dtype type = (lm_dtype)(abuse_below(9) ? (int64_t)abuse_below(LM_DTYPE_COUNT + 1) : abuse_number()), parsed;
    lm_tensor *a = any();
    lm_free(lm_tensor_new(type, rank, sizes)), lm_free(lm_tensor_scalar(type, abuse_double()));
    lm_free(lm_tensor_copy_of(type, few, &small, abuse_below(5) ? data : NULL));
    lm_free(lm_tensor_wrap(type, few, &small, abuse_below(5) ? data : NULL, NULL, NULL));
    (void)(lm_dtype_size(type) + strlen(lm_dtype_name(type)) + (size_t)lm_dtype_parse(abuse_text(), &parsed));
    (void)((int)lm_tensor_dtype(a) + lm_tensor_rank(a) + (int)lm_tensor_dim(a, (int)abuse_number()) +
           *lm_tensor_dims(a));
    (void)(lm_tensor_size(a) + lm_tensor_bytes(a) + (lm_tensor_data(a) == lm_tensor_read(a)));
    (void)lm_tensor_get(a, (size_t)abuse_number());
    lm_free(lm_tensor_reshape(a, rank, sizes)), lm_free(lm_tensor_divide(a, abuse_double()));
    lm_free(lm_tensor_cast(a, type)), lm_free(lm_tensor_slice(a, abuse_number(), abuse_number()));
    lm_free(lm_tensor_load(abuse_text())), lm_tensor_save(a, abuse_below(2) ? "/dev/null" : "/nowhere/x");
    if (abuse_below(16) == 0)
        lm_tensor_print(a, abuse_below(2) ? NULL : &(lm_print_args){0, (int)abuse_number(), (int)abuse_number()});
}

static void data_questions(const lm_dataset *ds)
{
    int64_t dims[LM_MAX_RANK];
    int count;
    lm_dtype type;
    (void)(lm_data_count(ds) + lm_data_examples(ds) + lm_data_batch_size(ds) + lm_data_tensors(ds));
    lm_data_shape(ds, (int)abuse_number(), &type, dims), lm_data_shape(ds, 0, NULL, NULL);
    lm_data_classes(ds, abuse_below(2) ? &count : NULL);
}

static void read_some(lm_dataset *ds)
{
    lm_tensor *out[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(ds, abuse_number(), abuse_number());
    for (int k = 0; k < 3; k++) lm_iterator_next(it, abuse_below(9) ? out : NULL);
    lm_iterator_restart(it, abuse_number());
    lm_iterator_next(it, out);
    lm_free(it);
    lm_iterator_next(any(), out), lm_iterator_restart(any(), abuse_number());
}

static lm_dataset *combined(lm_dataset *ds)
{
    lm_tensor *like[2] = {any(), any()};
    int n = (int)abuse_number();
    switch (abuse_below(8)) {
    case 0: return lm_data_map(ds, abuse_below(5) ? copy : NULL, NULL, n > 2 ? 2 : n, abuse_below(2) ? like : NULL);
    case 1: return lm_data_shuffle(ds, (uint64_t)abuse_number());
    case 2: return lm_data_batch(ds, abuse_number(), abuse_below(2));
    case 3: return lm_data_repeat(ds, abuse_number());
    case 4: return lm_data_take(ds, abuse_number());
    case 5: return lm_data_skip(ds, abuse_number());
    case 6: return lm_data_cache(ds);
    default: return lm_data_prefetch(ds, (int)abuse_number());
    }
}

static void data_calls(void)
{
    lm_tensor *list[2] = {any(), any()};
    lm_dataset *train, *test;
    int n = (int)abuse_number();
    n = n > 2 ? 2 : n;
    lm_free(lm_data_from_arrays(any(), any())), lm_free(lm_data_from_tensors(n, abuse_below(5) ? list : NULL));
    lm_free(lm_data_from_idx(abuse_text(), abuse_text()));
    lm_free(lm_data_from_function(abuse_number(), n, list, abuse_below(5) ? fill : NULL, NULL, NULL));
    if (abuse_below(50) == 0) {
        lm_data_load(abuse_text(), &train, &test), lm_free(train), lm_free(test);
        lm_data_load("mnist", NULL, NULL);
    }
    lm_dataset *ds = kept();
    for (uint64_t k = abuse_below(5); k; k--) ds = combined(ds);
    data_questions(ds), read_some(ds);
    if (lm_data_examples(ds) <= 4096) lm_free(lm_data_array(ds, (int)abuse_number()));
    lm_free(ds);
}

static void graph_calls(void)
{
    int64_t dims[LM_MAX_RANK];
    lm_value *v[3], *grads[3];
    lm_tensor *in[3] = {any(), any(), any()}, *out[2] = {NULL, NULL};
    lm_dtype type;
    take_dims(dims);
    lm_graph *g = any();
    v[0] = lm_placeholder_new(g, abuse_text(), (lm_dtype)abuse_below(LM_DTYPE_COUNT + 1), (int)abuse_number(),
                              abuse_below(9) ? dims : NULL);
    v[1] = lm_constant(any(), any()),
    v[2] = abuse_below(2) ? lm_scalar(any(), LM_F32, abuse_double()) : lm_read(any(), any());
    lm_value_shape(v[abuse_below(3)], &type, dims), lm_value_shape(NULL, NULL, NULL);
    lm_gradients(abuse_below(5) ? v[2] : NULL, (int)(abuse_below(5)) - 1 > 3 ? 3 : (int)abuse_below(4) - 1, v,
                 abuse_below(9) ? grads : NULL);
    lm_assign(any(), any(), v[abuse_below(3)]);
    lm_function *f = lm_function(.graph = any(), .inputs = {v[0]}, .outputs = {v[abuse_below(3)]});
    for (int k = 0; k < 2; k++) {
        lm_function_run(k ? f : any(), abuse_below(9) ? in : NULL, out);
        lm_free(out[0]), out[0] = NULL;
    }
    lm_free(f), lm_free(lm_function_new(NULL));
    (void)(strlen(lm_variable_name(any())) + lm_tensor_bytes(lm_variable_value(any())));
    lm_variable_set(any(), any()), lm_free(lm_variable_new(abuse_text(), any(), abuse_below(2)));
}

static void model_questions(const lm_model *m)
{
    int64_t dims[LM_MAX_RANK];
    lm_dtype type;
    (void)(strlen(lm_model_name(m)) + (size_t)lm_model_layers(m) +
           strlen(lm_layer_name(lm_model_layer(m, (int)abuse_number()))));
    (void)(strlen(lm_layer_class(any())) + strlen(lm_layer_name(any())));
    lm_model_input(m, &type, dims), lm_model_output(m, NULL, NULL);
    (void)(lm_weights(m) + (lm_weight(m, (int)abuse_number()) != NULL) + lm_parameters(m, abuse_below(2)) +
           lm_stopped(m));
    lm_string_free(lm_layer_config(any()));
    lm_free(lm_layer_from_config(abuse_text(), abuse_text()));
}

static void model_changes(lm_model *m)
{
    int64_t dims[LM_MAX_RANK];
    take_dims(dims);
    lm_compile_args compile = {sizeof compile, kept(), abuse_text(), abuse_text(), abuse_below(2) ? kept() : NULL,
                               {abuse_below(2) ? abuse_text() : NULL}, {kept(), kept()}};
    if (!compile.metric_objects[0]) lm_free(compile.metric_objects[1]), compile.metric_objects[1] = NULL;
    switch (abuse_below(5)) {
    case 0: lm_sequential_add(m, kept()); break;
    case 1: lm_build(m, (int)abuse_number(), abuse_below(9) ? dims : NULL); break;
    case 2:
        lm_summary(m, .memory = abuse_below(2), .batch_size = abuse_number(), .line_length = (int)abuse_number());
        break;
    case 3: lm_flops(m, abuse_number(), abuse_below(2)); break;
    default: lm_request_stop(m), lm_compile_with(m, NULL), lm_summary_with(m, NULL); break;
    }
    if (abuse_below(2)) lm_compile_with(m, &compile);
    else
        lm_free(compile.optimizer), lm_free(compile.loss_object), lm_free(compile.metric_objects[0]),
            lm_free(compile.metric_objects[1]);
}

static void model_runs(lm_model *m)
{
    float x[64] = {0}, y[64];
    int64_t n = abuse_number();
    int epochs = (int)abuse_number();
    const lm_history *h = lm_fit(
        m, mostly(DATA), .epochs = epochs > 2 ? 2 : epochs, .initial_epoch = abuse_below(4) ? 0 : (int)abuse_number(),
        .batch_size = abuse_number(), .validation_data = abuse_below(4) ? NULL : any(),
        .steps_per_epoch = (int64_t)abuse_below(3), .validation_split = abuse_below(4) ? 0 : abuse_double(),
        .shuffle = abuse_below(2), .verbose = (int)abuse_number());
    lm_history_get(h, abuse_text(), (int)n), lm_history_name(h, (int)n), lm_history_seconds(h, (int)n);
    (void)(lm_history_epochs(any()) + lm_history_columns(any()) + lm_history_steps(any(), (int)n));
    lm_free(lm_retain((void *)h)), lm_fit_arrays(m, mostly(X), mostly(Y), .verbose = 0), lm_fit_with(m, any(), NULL);
    lm_logs logs = lm_evaluate(m, mostly(DATA), .batch_size = abuse_number(), .verbose = (int)abuse_number());
    if (abuse_below(2)) lm_clear(m);
    lm_get(logs, abuse_text()), logs.count = (int)abuse_number(), lm_get(logs, "x");
    lm_evaluate_with(m, any(), NULL), lm_evaluate_arrays(m, mostly(X), mostly(Y));
    if (abuse_below(2)) lm_clear(m);
    lm_train_on_batch(m, mostly(X), mostly(Y), any()), lm_test_on_batch(m, mostly(X), mostly(Y), any());
    lm_free(lm_predict(m, mostly(DATA))), lm_free(lm_predict_array(m, mostly(X)));
    lm_predict_into(m, n > 0 && n < 9 ? n : n & INT64_MIN, abuse_below(9) ? x : NULL, abuse_below(9) ? y : NULL);
    lm_save(m, abuse_below(9) ? "/dev/null" : "/nowhere/x");
    lm_free(lm_load(abuse_text()));
}

static void model_calls(void)
{
    lm_model *m = mostly(MODEL);
    lm_layer *layers[2] = {kept(), kept()};
    lm_free(lm_sequential_new(2, layers)), lm_free(lm_sequential_new((size_t)abuse_below(2), NULL));
    if (abuse_below(2)) model_runs(m), lm_clear(m);
    model_questions(m), model_changes(m), model_runs(m);
    if (abuse_below(2)) lm_clear(m);
}

static void step_calls(void)
{
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *none = NULL;
    lm_value *key = abuse_below(2) ? NULL : lm_seed_next(abuse_below(4) ? g : any(), any());
    lm_value *y = lm_model_call(mostly(MODEL), abuse_below(5) ? x : none, .training = abuse_below(2), .key = key);
    lm_model_call_with(any(), y, NULL);
    lm_value *loss = lm_loss_call(any(), abuse_below(5) ? lm_op_full_like(y, abuse_double()) : none,
                                  abuse_below(5) ? y : none, abuse_below(3) ? NULL : x);
    if (abuse_below(3)) loss = lm_op_mean(y);
    lm_optimizer *o = any();
    lm_variable *v[2] = {any(), lm_trainable_weight(any(), (int)abuse_number())};
    lm_value *gradient[2] = {x, abuse_below(2) ? loss : none};
    if (abuse_below(2)) lm_optimizer_minimize(o, abuse_below(5) ? loss : none, any());
    lm_optimizer_apply(o, (int)abuse_below(4) - 1, abuse_below(5) ? v : NULL, abuse_below(5) ? gradient : NULL);
    (void)(lm_optimizer_learning_rate(any()) + lm_trainable_weights(any()));
    lm_optimizer_set_learning_rate(any(), abuse_double());
    lm_function *f = lm_function(.graph = g, .inputs = {x}, .outputs = {loss}, .guard = abuse_below(2) ? NULL : y);
    lm_tensor *in = mostly(X), *out = NULL;
    lm_function_run(f, &in, &out);
    lm_free(out), lm_free(f), lm_free(g), lm_free(lm_seed_generator((uint64_t)abuse_number()));
}

/* --- running
 * ----------------------------------------------------------------------------------------------------------- */

static void drop(void *user, const char *text, size_t bytes)
{
    (void)user, (void)text, (void)bytes;
}

/* `calls` many times; nothing is left behind. */
static void repeat(void (*calls)(void), int times)
{
    int out = dup(STDOUT_FILENO);
    if (!freopen("/dev/null", "w", stdout)) skip();         /* lm_print's */
    abuse_limit(LIMIT);
    lm_set_sink(drop, NULL, false);
    for (int seed = 0; seed < 2; seed++) {                  /* what is made once in a process is made by the first */
        size_t before = lm_memory().live;
        abuse_seed((uint64_t)seed + 1);
        for (int i = 0; i < times; i++) {
            if (i % 5 == 0) remake();
            calls();
        }
        while (npool) lm_free(pool[--npool]);
        if (seed && lm_memory().live != before) fail_msg("%zu bytes before, %zu after", before, lm_memory().live);
    }
    lm_set_sink(NULL, NULL, false);
    abuse_limit(0);
    lm_set_threads(0);
    fflush(stdout);
    dup2(out, STDOUT_FILENO), close(out);
}

static void objects(void **state) { (void)state, repeat(object_calls, CALLS); }
static void runtime(void **state) { (void)state, repeat(runtime_calls, CALLS / 10); }
static void tensors(void **state) { (void)state, repeat(tensor_calls, CALLS); }
static void datasets(void **state) { (void)state, repeat(data_calls, CALLS); }
static void graphs(void **state) { (void)state, repeat(graph_calls, CALLS); }
static void models(void **state) { (void)state, repeat(model_calls, CALLS); }
static void steps(void **state) { (void)state, repeat(step_calls, CALLS); }

RUN(cmocka_unit_test(objects), cmocka_unit_test(runtime), cmocka_unit_test(tensors), cmocka_unit_test(datasets),
    cmocka_unit_test(graphs), cmocka_unit_test(models), cmocka_unit_test(steps))
