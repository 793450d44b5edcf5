/* lm_function: inputs by name and size, plans cached, errors, threads, no allocation in steady state. */
#include "support/check.h"
#include "plan/function.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>
#include <pthread.h>

static lm_tensor *numbers(int64_t n, float first)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 1, &n);
    for (int64_t i = 0; i < n; i++) ((float *)lm_tensor_data(t))[i] = first + (float)i;
    return t;
}

/* y = x * w + x with a w of one element. */
static lm_function *scaled(lm_variable *w)
{
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY);
    lm_value *y = lm_op_add(lm_op_multiply(x, lm_read(g, w)), x);
    lm_function *f = lm_function(.graph = g, .inputs = {x}, .outputs = {y});
    lm_free(g);
    return f;
}

static void many_sizes(void **state)
{
    (void)state;
    lm_tensor *two = numbers(1, 2), *out;
    lm_variable *w = lm_variable_new("w", two, true);
    lm_function *f = scaled(w);
    size_t held = 0;
    for (int round = 0; round < 2; round++) {
        for (int64_t n = 1; n < 40; n++) {
            lm_tensor *x = numbers(n, 1);
            check_ok(lm_function_run(f, &x, &out));
            assert_int_equal(lm_tensor_size(out), n);
            for (int64_t i = 0; i < n; i++)
                assert_float_equal(lm_tensor_get(out, (size_t)i), 3.0 * (double)(1 + i), 0);
            lm_free(out), lm_free(x);
            if (round == 0 && n == 20) held = lm_memory().live;
        }
    }
    /* No more than the 16 plans used last are kept. */
    assert_true(lm_memory().live < held + held / 10);
    lm_free(f), lm_free(w), lm_free(two);
}

static void refuses(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *y = lm_placeholder(g, "y", LM_F32, LM_ANY, 3);
    lm_value *z = lm_op_add(x, y);
    lm_function *f = lm_function(.graph = g, .inputs = {x}, .outputs = {z});
    assert_true(lm_failed(f));
    check_contains(lm_error(f), "\"y\" is needed and not listed");
    lm_free(f);
    f = lm_function(.graph = g, .inputs = {z}, .outputs = {z});
    assert_true(lm_failed(f));
    lm_free(f);
    f = lm_function(.graph = g, .inputs = {y, x}, .outputs = {z});
    lm_tensor *a = lm_tensor_new(LM_F32, 2, (int64_t[]){2, 3}), *out;
    lm_tensor *b = lm_tensor_new(LM_F32, 2, (int64_t[]){4, 3});
    check_status(lm_function_run(f, (lm_tensor *[]){a, b}, &out), LM_INVALID);
    check_contains(lm_last_error(), "\"x\" is declared float32 (N, 3), got float32 (4, 3)");
    assert_true(lm_failed(out));
    lm_free(out);
    check_ok(lm_function_run(f, (lm_tensor *[]){a, a}, &out));
    lm_free(out), lm_free(a), lm_free(b), lm_free(f), lm_free(g);
}

/* A mistake while building is reported by the function. */
static void reports_building_errors(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 2), *y = lm_placeholder(g, "y", LM_F32, 3);
    lm_function *f = lm_function(.graph = g, .inputs = {x, y}, .outputs = {lm_op_add(x, y)});
    assert_int_equal(lm_status_of(f), LM_INVALID);
    check_contains(lm_error(f), "add");
    lm_tensor *out;
    check_status(lm_function_run(f, NULL, &out), LM_INVALID);
    assert_int_equal(lm_status_of(out), LM_INVALID);
    lm_free(f), lm_free(g), lm_free(out);
}

static void counts(void **state)
{
    (void)state;
    lm_tensor *zero = numbers(3, 0);
    lm_variable *v = lm_variable_new("count", zero, false);
    lm_graph *g = lm_graph_new();
    lm_assign(g, v, lm_op_add(lm_read(g, v), lm_scalar(g, LM_F32, 1)));
    lm_function *f = lm_function(.graph = g);
    lm_free(g);
    check_ok(lm__function_call(f, NULL, NULL, NULL));
    lm_memory_stats before = lm_memory();
    for (int i = 0; i < 9; i++) check_ok(lm__function_call(f, NULL, NULL, NULL));
    assert_int_equal(lm_memory().allocations, before.allocations);
    assert_float_equal(lm_tensor_get(lm_variable_value(v), 2), 12, 0);
    assert_int_equal(v->version, 10);
    lm_free(f), lm_free(v), lm_free(zero);
}

/* --- threads ---------------------------------------------------------------------------------------------------- */

typedef struct shared {
    lm_function *f;
    lm_status status;
    int wrong;
} shared;

static void *use(void *argument)
{
    shared *s = argument;
    for (int k = 0; k < 60; k++) {
        int64_t n = 1 + k % 20;
        lm_tensor *x = numbers(n, 1), *out;
        lm_status status = lm_function_run(s->f, &x, &out);
        if (status != LM_OK) s->status = status;
        for (int64_t i = 0; i < n; i++) s->wrong += lm_tensor_get(out, (size_t)i) != 3.0 * (double)(1 + i);
        lm_free(out), lm_free(x);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    lm_tensor *two = numbers(1, 2);
    lm_variable *w = lm_variable_new("w", two, true);
    lm_function *f = scaled(w);
    shared s[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        s[i] = (shared){f, LM_OK, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, use, &s[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(s[i].status, LM_OK);
        assert_int_equal(s[i].wrong, 0);
    }
    lm_free(f), lm_free(w), lm_free(two);
}

static void *count_up(void *argument)
{
    shared *s = argument;
    for (int k = 0; k < 2000; k++) {
        lm_status status = lm__function_call(s->f, NULL, NULL, NULL);
        if (status == LM_OK) s->wrong++;    /* counts the runs that took place */
        else if (status != LM_BUSY) s->status = status;
    }
    return NULL;
}

/* Every run is whole or refused: the variable counts those that were not refused. */
static void busy(void **state)
{
    (void)state;
    lm_tensor *zero = numbers(3, 0);
    lm_variable *v = lm_variable_new("count", zero, false);
    lm_graph *g = lm_graph_new();
    lm_assign(g, v, lm_op_add(lm_read(g, v), lm_scalar(g, LM_F32, 1)));
    lm_function *f = lm_function(.graph = g);
    shared s[2] = {{f, LM_OK, 0}, {f, LM_OK, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, count_up, &s[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert_int_equal(s[0].status | s[1].status, LM_OK);
    assert_float_equal(lm_tensor_get(lm_variable_value(v), 0), s[0].wrong + s[1].wrong, 0);
    lm_free(f), lm_free(g), lm_free(v), lm_free(zero);
}

/* An op that runs the function it is part of, as another thread could at that moment. */
static lm_function *nested;
static lm_status nested_status;

static lm_status infer(lm__infer *f)
{
    f->dtype[0] = f->in[0]->dtype;
    f->shape[0] = f->in[0]->shape;
    return LM_OK;
}

static lm_status run_nested(const lm__run *r)
{
    lm_function *inner = nested;
    nested = NULL;                      /* once */
    if (inner) nested_status = lm__function_call(inner, NULL, NULL, r->out);
    memcpy(r->out[0], r->in[0], r->problem->in[0].size * sizeof(float));
    return LM_OK;
}

static const lm__op nest = {.name = "nest", .min_inputs = 1, .max_inputs = 1, .outputs = 1,
                            .flags = LM__OP_NO_GRADIENT, .infer = infer,
                            .reference = {.op = "nest", .name = "ref", .run = run_nested}};

/* Two runs at once: refused where the function assigns a variable, each in memory of its own where it does not. */
static void runs_at_once(void **state)
{
    (void)state;
    for (int stores = 0; stores < 2; stores++) {
        lm_tensor *first = numbers(3, 1);
        lm_variable *v = lm_variable_new("v", first, false);
        lm_graph *g = lm_graph_new();
        lm_value *y = lm_op_exp(lm__apply1(&nest, NULL, lm_op_add(lm_read(g, v), lm_scalar(g, LM_F32, 1))));
        if (stores) lm_assign(g, v, y);
        lm_function *f = nested = lm_function(.graph = g, .outputs = {y});
        float out[3];
        nested_status = LM_INTERNAL;
        check_ok(lm__function_call(f, NULL, NULL, (void *[]){out}));
        assert_int_equal(nested_status, stores ? LM_BUSY : LM_OK);
        for (int i = 0; i < 3; i++) assert_float_equal(out[i], expf(2.0f + (float)i), 1e-3);
        lm_free(f), lm_free(g), lm_free(v), lm_free(first);
    }
}

static lm_status resize_status;

static lm_status run_resizing(const lm__run *run)
{
    *(float *)run->out[0] = *(const float *)run->in[0];
    resize_status = lm_set_threads(lm_threads() + 1);
    return LM_OK;
}

static const lm__op resizing = {.name = "resizing", .min_inputs = 1, .max_inputs = 1, .outputs = 1,
                                .flags = LM__OP_NO_GRADIENT, .infer = infer,
                                .reference = {.op = "resizing", .name = "ref", .run = run_resizing}};

/* The number of threads stays during a run, whose scratch memory is cut by it, also between its parallel parts. */
static void threads_stay_during_a_run(void **state)
{
    (void)state;
    float x = 1, y = 0;
    check_ok(lm_set_threads(2));
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder(g, "x", LM_F32, 1), *out = lm__apply1(&resizing, NULL, in);
    lm_function *f = lm_function(.graph = g, .inputs = {in}, .outputs = {out});
    check_ok(lm__function_call(f, NULL, (const void *[]){&x}, (void *[]){&y}));
    assert_int_equal(resize_status, LM_BUSY);
    assert_int_equal(lm_threads(), 2);
    check_ok(lm_set_threads(0));
    lm_free(f), lm_free(g);
}

RUN(cmocka_unit_test(threads_stay_during_a_run), cmocka_unit_test(runs_at_once), cmocka_unit_test(many_sizes),
    cmocka_unit_test(refuses), cmocka_unit_test(reports_building_errors),
    cmocka_unit_test(counts), cmocka_unit_test(many_threads), cmocka_unit_test(busy))
