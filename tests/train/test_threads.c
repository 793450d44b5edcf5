/* tests/train/test_threads.c: one model and several threads: what lamina.h's table allows gives the same bytes as one
 * thread or a whole set of weights, what it does not allow gets LM_BUSY. Most of this is for the thread sanitizer to
 * see. */
#include "support/check.h"

#include <lamina/lamina.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 12, ROWS = 40, INPUT = 12 * 12, CLASSES = 5 };

static lm_model *classifier(void)
{
    return lm_sequential(lm_input(.shape = {12, 12, 1}),
                         lm_conv2d(.filters = 8, .kernel_size = {3}, .activation = "relu"), lm_max_pooling2d(),
                         lm_flatten(), lm_dense(.units = 32, .activation = "tanh"),
                         lm_dense(.units = CLASSES, .activation = "softmax"));
}

static lm_tensor *pictures(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 4, (int64_t[]){ROWS, 12, 12, 1});
    float *data = lm_tensor_data(x);
    for (int i = 0; i < ROWS * INPUT; i++) data[i] = (float)(i * 7919 % 251) / 251;
    return x;
}

/* Runs one body in several threads. */
static void together(int threads, void *(*body)(void *), void *argument)
{
    pthread_t handle[THREADS];
    for (int i = 0; i < threads; i++) assert_int_equal(pthread_create(&handle[i], NULL, body, argument), 0);
    for (int i = 0; i < threads; i++) pthread_join(handle[i], NULL);
}

/* --- predictions side by side ------------------------------------------------------------------------------------
 * */

typedef struct shared {
    const lm_model *model;
    lm_tensor *x;
    lm_dataset *data;
    const float *expected;              /* ROWS of CLASSES */
    atomic_int wrong, done;
} shared;

static int differs(const shared *s, const void *y, int first, int rows)
{
    return memcmp(y, s->expected + first * CLASSES, (size_t)(rows * CLASSES) * sizeof(float)) != 0;
}

/* Batches of changing sizes, and whole datasets. */
static void *predict_all(void *argument)
{
    shared *s = argument;
    float y[ROWS * CLASSES];
    const float *x = lm_tensor_read(s->x);
    for (int round = 0; round < ROUNDS; round++) {
        int rows = 1 + round * 7 % 20, first = round * 3 % (ROWS - 20);
        if (lm_predict_into(s->model, rows, x + first * INPUT, y) || differs(s, y, first, rows))
            atomic_fetch_add(&s->wrong, 1);
        lm_tensor *all = round % 2 ? lm_predict(s->model, s->data) : lm_predict_array(s->model, s->x);
        if (lm_failed(all) || differs(s, lm_tensor_read(all), 0, ROWS)) atomic_fetch_add(&s->wrong, 1);
        lm_free(all);
        if (lm_model_layers(s->model) != 5 || lm_weights(s->model) != 6 || lm_parameters(s->model, true) != 6677)
            atomic_fetch_add(&s->wrong, 1);
    }
    atomic_fetch_add(&s->done, 1);
    return NULL;
}

static shared *begin(void)
{
    static shared s;
    lm_model *model = classifier();
    assert_string_equal(lm_error(model), "");
    lm_tensor *x = pictures(), *y = lm_predict_array(model, x);
    assert_string_equal(lm_error(y), "");
    float *expected = malloc(sizeof(float) * ROWS * CLASSES);
    memcpy(expected, lm_tensor_read(y), sizeof(float) * ROWS * CLASSES);
    lm_free(y);
    s = (shared){.model = model, .x = x, .data = lm_data_from_arrays(x, NULL), .expected = expected};
    return &s;
}

static void finish(shared *s)
{
    lm_free((void *)s->model), lm_free(s->x), lm_free(s->data), free((void *)s->expected);
    assert_int_equal(s->wrong, 0);
}

static void four_threads_predict_the_same_bytes(void **state)
{
    (void)state;
    shared *s = begin();
    together(THREADS, predict_all, s);
    finish(s);
}

/* The number of threads may be asked to change at any time: it changes between runs, or the caller hears LM_BUSY. */
static void *change_threads(void *argument)
{
    shared *s = argument;
    int n = 1;
    while (!atomic_load(&s->done)) {
        lm_status status = lm_set_threads(n = n % 4 + 1);
        if (status != LM_OK && status != LM_BUSY) atomic_fetch_add(&s->wrong, 1);
        usleep(200);
    }
    return NULL;
}

static void the_number_of_threads_changes_between_runs(void **state)
{
    (void)state;
    shared *s = begin();
    pthread_t changer;
    assert_int_equal(pthread_create(&changer, NULL, change_threads, s), 0);
    together(2, predict_all, s);
    pthread_join(changer, NULL);
    check_ok(lm_set_threads(0));
    finish(s);
}

/* --- predictions while weights change ------------------------------------------------------------------------------
 * */

/* A layer whose weights are all the same number, and stay so: inputs are unit vectors, targets are equal. So a
 * prediction from a whole set of weights has equal numbers everywhere, one from half-stored weights has not. */
enum { SIDE = 64, UNITS = 1024 };

static lm_model *even(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {SIDE}),
                                lm_dense(.units = UNITS, .use_bias = false, .kernel_initializer = "ones"));
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.01), .loss = "mse");
    return m;
}

static void unit_vectors(lm_tensor **x, lm_tensor **y)
{
    *x = lm_tensor_new(LM_F32, 2, (int64_t[]){SIDE, SIDE});
    *y = lm_tensor_new(LM_F32, 2, (int64_t[]){SIDE, UNITS});
    for (int i = 0; i < SIDE; i++) ((float *)lm_tensor_data(*x))[i * SIDE + i] = 1;
}

typedef struct watched {
    lm_model *model;
    lm_tensor *x;
    atomic_int stop, torn, runs;
    _Atomic float least;
} watched;

static void *watch(void *argument)
{
    watched *w = argument;
    float *y = malloc(sizeof(float) * SIDE * UNITS);
    while (!atomic_load(&w->stop)) {
        if (lm_predict_into(w->model, SIDE, lm_tensor_read(w->x), y)) atomic_fetch_add(&w->torn, 1);
        for (int i = 1; i < SIDE * UNITS; i++)
            if (y[i] != y[0]) {
                atomic_fetch_add(&w->torn, 1);
                break;
            }
        atomic_store(&w->least, y[0]);
        atomic_fetch_add(&w->runs, 1);
    }
    free(y);
    return NULL;
}

static void a_prediction_sees_whole_weights(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    unit_vectors(&x, &y);
    watched w = {.model = even(), .x = x};
    pthread_t watcher[2];
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&watcher[i], NULL, watch, &w), 0);
    lm_fit_arrays(w.model, x, y, .epochs = 60, .batch_size = SIDE, .shuffle = false, .verbose = 0);
    for (int seen = atomic_load(&w.runs); atomic_load(&w.runs) < seen + 2;) usleep(1000);
    atomic_store(&w.stop, 1);
    for (int i = 0; i < 2; i++) pthread_join(watcher[i], NULL);
    assert_string_equal(lm_error(w.model), "");
    assert_int_equal(w.torn, 0);
    assert_true(w.least < 0.9f);        /* what was trained was seen */
    lm_free(w.model), lm_free(x), lm_free(y);
}

/* --- fit and others
 * -------------------------------------------------------------------------------------------------- */

static atomic_int epochs_begun;
static long written;                    /* no atomic: calls of the sink are serialised */

static void count_lines(void *user, const char *text, size_t bytes)
{
    (void)user;
    written += (long)bytes;
    if (!strncmp(text, "Epoch", 5)) atomic_fetch_add(&epochs_begun, 1);
}

typedef struct fitting {
    lm_model *model;
    lm_tensor *x, *y;
} fitting;

static void *fit_for_ever(void *argument)
{
    fitting *f = argument;
    lm_fit_arrays(f->model, f->x, f->y, .epochs = 1000000, .batch_size = SIDE, .verbose = 2);
    return NULL;
}

static pthread_t start(fitting *f)
{
    pthread_t thread;
    unit_vectors(&f->x, &f->y);
    f->model = even();
    epochs_begun = 0;
    lm_set_sink(count_lines, NULL, false);
    assert_int_equal(pthread_create(&thread, NULL, fit_for_ever, f), 0);
    while (!atomic_load(&epochs_begun)) usleep(500);
    return thread;
}

static void stop(fitting *f, pthread_t thread)
{
    lm_request_stop(f->model);
    pthread_join(thread, NULL);
    lm_set_sink(NULL, NULL, false);
    assert_string_equal(lm_error(f->model), "");
    assert_int_equal(lm_stopped(f->model), 1);
    lm_free(f->model), lm_free(f->x), lm_free(f->y);
}

static void another_thread_stops_a_fit(void **state)
{
    (void)state;
    fitting f;
    pthread_t thread = start(&f);
    assert_int_equal(lm_stopped(f.model), 0);
    stop(&f, thread);
}

static void who_changes_a_model_in_use_is_told_so(void **state)
{
    (void)state;
    fitting f;
    pthread_t thread = start(&f);
    const lm_history *history = lm_fit_arrays(f.model, f.x, f.y, .verbose = 0);
    assert_int_equal(lm_status_of(history), LM_BUSY);
    assert_int_equal(lm_history_epochs(history), 0);
    check_status(lm_compile(f.model, .optimizer = lm_sgd(), .loss = "mse"), LM_BUSY);
    check_status(lm_sequential_add(f.model, lm_dense(.units = 1)), LM_BUSY);
    check_status(lm_build(f.model, 2, (int64_t[]){LM_ANY, SIDE}), LM_BUSY);
    check_status(lm_summary(f.model), LM_BUSY);
    check_status(lm_save(f.model, "/dev/null"), LM_BUSY);
    assert_int_equal(lm_evaluate_arrays(f.model, f.x, f.y).count, 0);
    assert_int_equal(lm_last_status(), LM_BUSY);
    assert_int_equal(lm_train_on_batch(f.model, f.x, f.y, NULL).count, 0);
    assert_int_equal(lm_failed(f.model), 0);        /* the fit goes on */
    stop(&f, thread);
}

/* --- the sink
 * ---------------------------------------------------------------------------------------------------------- */

static void *print_summaries(void *model)
{
    lm_model *own = even();
    (void)model;
    for (int i = 0; i < 20; i++) lm_summary(own);
    lm_free(own);
    return NULL;
}

static void *set_sinks(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) lm_set_sink(count_lines, NULL, i % 2);
    return NULL;
}

static void the_sink_is_called_by_one_thread_at_a_time(void **state)
{
    (void)state;
    pthread_t setter;
    written = 0;
    lm_set_sink(count_lines, NULL, false);
    assert_int_equal(pthread_create(&setter, NULL, set_sinks, NULL), 0);
    together(THREADS, print_summaries, NULL);
    pthread_join(setter, NULL);
    long all = written;
    written = 0;
    print_summaries(NULL);
    lm_set_sink(NULL, NULL, false);
    assert_true(written > 0);
    assert_int_equal(all, THREADS * written);
}

static void hand_over(void *user, const char *text, size_t bytes)
{
    *(int *)user += 1;
    lm_set_sink(count_lines, NULL, false);
    (void)text, (void)bytes;
}

static void a_sink_may_set_the_next_one(void **state)
{
    (void)state;
    int calls = 0;
    written = 0;
    lm_set_sink(hand_over, &calls, false);
    print_summaries(NULL);
    lm_set_sink(NULL, NULL, false);
    assert_int_equal(calls, 1);
    assert_true(written > 0);
}

RUN(cmocka_unit_test(four_threads_predict_the_same_bytes),
    cmocka_unit_test(the_number_of_threads_changes_between_runs), cmocka_unit_test(a_prediction_sees_whole_weights),
    cmocka_unit_test(another_thread_stops_a_fit), cmocka_unit_test(who_changes_a_model_in_use_is_told_so),
    cmocka_unit_test(the_sink_is_called_by_one_thread_at_a_time), cmocka_unit_test(a_sink_may_set_the_next_one))
