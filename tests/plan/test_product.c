/* Maps in products (pass `product`): the same numbers as apart, for any number of threads; updates of weights in
 * their gradient's product; and where a map must stay apart. */
#include "support/check.h"
#include "base/alloc.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct product {
    int64_t m, n, k;
    bool ta, tb;
} product;

static const product products[] = {
    {32, 128, 96, false, false},  {7, 33, 5, false, false},   {128, 784, 256, false, false},
    {300, 130, 32, true, false},  {784, 256, 128, true, false}, {32, 1352, 128, false, true},
    {1, 70, 20, false, true},     {19, 600, 40, false, true}, {64, 64, 300, true, true},
    {1025, 3, 17, false, false},  {5, 1100, 30, true, false}, {200, 1, 9, false, false},
};

/* What the map does; each reads the product once. */
enum { SQUASH, ROW_AND_COLUMN, TWO_RESULTS, OTHER_SHAPE, BIAS_FIRST, MAPS };

static lm_value *random_input(lm_graph *g, const char *name, int64_t rows, int64_t columns)
{
    return lm_placeholder(g, name, LM_F32, rows, columns);
}

static void add_map(lm_graph *g, const product *p, int map, lm_value *x)
{
    lm_value *other = random_input(g, "other", p->m, p->n), *row = random_input(g, "row", 1, p->n);
    lm_value *column = random_input(g, "column", p->m, 1), *half = lm_scalar(g, LM_F32, 0.5);
    switch (map) {
    case SQUASH: x = lm_op_multiply(lm_op_multiply(lm_op_tanh(lm_op_multiply(x, half)), x), other); break;
    case ROW_AND_COLUMN: x = lm_op_subtract(lm_op_multiply(x, row), lm_op_multiply(other, column)); break;
    case TWO_RESULTS:
        x = lm_op_sin(lm_op_multiply(x, column));
        check_ok(lm__graph_output(g, lm_op_greater(x, other)));
        break;
    case OTHER_SHAPE:
        x = lm_op_reshape(x, 3, (int64_t[]){1, p->n, p->m});
        x = lm_op_add(lm_op_exp(lm_op_negative(lm_op_square(x))), lm_op_reshape(column, 1, (int64_t[]){p->m}));
        break;
    default: x = lm_op_multiply(lm_op_relu(lm_op_add(x, row)), other);
    }
    check_ok(lm__graph_output(g, x));
}

static lm_graph *build(const product *p, int map)
{
    lm_graph *g = lm_graph_new();
    lm_value *a = random_input(g, "a", p->ta ? p->k : p->m, p->ta ? p->m : p->k);
    lm_value *b = random_input(g, "b", p->tb ? p->n : p->k, p->tb ? p->k : p->n);
    add_map(g, p, map, lm_op_matmul(a, b, .transpose_a = p->ta, .transpose_b = p->tb));
    return g;
}

static size_t bytes_of(const lm_value *v)
{
    size_t size = lm_dtype_size(v->dtype);
    for (int d = 0; d < v->shape.rank; d++) size *= (size_t)v->shape.dim[d];
    return size;
}

/* With room behind it that keeps the next output aligned. */
static size_t room_of(const lm_value *v)
{
    return (bytes_of(v) + 7) & ~(size_t)7;
}

/* The outputs in new memory, one after the other. */
static char *run(const lm_graph *g, unsigned off, const void *const *in, size_t *count, lm__text *text)
{
    lm__plan_options options = {.passes_off = off};
    lm__plan *plan;
    lm__context *context;
    void *out[4];
    size_t total = 0;
    for (int i = 0; i < g->noutputs; i++) total += room_of(g->outputs[i]);
    char *all = calloc(total, 1), *at = all;
    for (int i = 0; i < g->noutputs; at += room_of(g->outputs[i++])) out[i] = at;
    check_ok(lm__plan_new(g, NULL, &options, &plan));
    if (text) lm__plan_print(plan, false, text);
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, in, out));
    lm__context_free(context);
    lm__plan_free(plan);
    *count = total;
    return all;
}

static void check_close(const lm_graph *g, const char *want, const char *have)
{
    for (int i = 0; i < g->noutputs; i++) {
        size_t bytes = bytes_of(g->outputs[i]), differ = 0;
        if (g->outputs[i]->dtype == LM_BOOL) {      /* of a comparison: rounding may tip a few */
            for (size_t k = 0; k < bytes; k++) differ += want[k] != have[k];
            assert_true(differ <= bytes / 1000 + 1);
        } else {
            const float *x = (const void *)want, *y = (const void *)have;
            float largest = 1;
            for (size_t k = 0; k < bytes / 4; k++) largest = fmaxf(largest, fabsf(x[k]));
            for (size_t k = 0; k < bytes / 4; k++)
                if (!(fabsf(x[k] - y[k]) <= 2e-5f * largest))
                    fail_msg("output %d, element %zu: %g, not %g", i, k, (double)y[k], (double)x[k]);
        }
        want += room_of(g->outputs[i]), have += room_of(g->outputs[i]);
    }
}

static void equals_apart(void **state)
{
    static float data[5][300000];
    const void *in[] = {data[0], data[1], data[2], data[3], data[4]};
    (void)state;
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 300000; k++) data[i][k] = sinf((0.37f + 0.1f * (float)i) * (float)k) * 0.7f;
    for (size_t i = 0; i < MAPS * sizeof products / sizeof *products; i++) {
        const product *p = &products[i / MAPS];
        lm_graph *g = build(p, (int)(i % MAPS));
        size_t n;
        char *want = run(g, ~0u, in, &n, NULL), *first = NULL;
        for (int threads = 1; threads <= 3; threads++) {
            lm__text text = {0};
            check_ok(lm_set_threads(threads));
            char *have = run(g, 0, in, &n, &text);
            if (!strstr(text.data, " matmul_map ")) fail_msg("%d: %s", (int)i, text.data);
            check_close(g, want, have);
            if (first) assert_memory_equal(first, have, n);
            lm__free(text.data);
            if (first) free(have);
            else first = have;
        }
        char *apart = run(g, LM__PASS_BIT(product), in, &n, NULL);
        check_close(g, want, apart);
        free(want), free(first), free(apart);
        lm_free(g);
    }
    check_ok(lm_set_threads(0));
}

/* --- updates of weights ----------------------------------------------------------------------------------------- */

enum { ROWS = 40, IN = 200, OUT = 96 };

static lm_variable *weights(void)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 2, (int64_t[]){IN, OUT});
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((float *)lm_tensor_data(t))[i] = 0.05f * sinf(0.3f * (float)i);
    lm_variable *v = lm_variable_new("w", t, true);
    lm_free(t);
    return v;
}

/* y = x w, dx = dy wᵀ put through a map, w -= rate · xᵀ dy where the guard holds. */
static lm_graph *training(lm_variable *w)
{
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, ROWS, IN), *dy = lm_placeholder(g, "dy", LM_F32, ROWS, OUT);
    lm_value *loss = lm_placeholder_new(g, "loss", LM_F32, 0, NULL), *old = lm_read(g, w);
    lm_value *dw = lm_op_matmul(x, dy, .transpose_a = true);
    lm_assign(g, w, lm_op_subtract(old, lm_op_multiply(dw, lm_scalar(g, LM_F32, 0.01))));
    lm_value *dx = lm_op_matmul(dy, old, .transpose_b = true);
    lm_value *zero = lm_scalar(g, LM_F32, 0);
    check_ok(lm__graph_output(g, lm_op_where(lm_op_greater(x, zero), dx, zero)));
    check_ok(lm__graph_commit(g, lm_op_isfinite(loss)));
    return g;
}

/* Three steps, the second with a loss that is not finite; dx of each and the weights at the end. */
static void train(unsigned off, float *out, lm__text *text)
{
    static float x[ROWS * IN], dy[ROWS * OUT];
    lm_variable *w = weights();
    lm_graph *g = training(w);
    lm__plan_options options = {.passes_off = off};
    lm__plan *plan;
    lm__context *context;
    for (int i = 0; i < ROWS * IN; i++) x[i] = cosf(0.11f * (float)i);
    for (int i = 0; i < ROWS * OUT; i++) dy[i] = sinf(0.23f * (float)i);
    check_ok(lm__plan_new(g, NULL, &options, &plan));
    if (text) lm__plan_print(plan, false, text);
    check_ok(lm__context_new(plan, &context));
    for (int step = 0; step < 3; step++, out += ROWS * IN) {
        const float loss = step == 1 ? nanf("") : 1;
        check_ok(lm__context_run(context, (const void *[]){x, dy, &loss}, (void *[]){out}));
    }
    memcpy(out, lm_tensor_read(lm_variable_value(w)), sizeof(float) * IN * OUT);
    lm__context_free(context);
    lm__plan_free(plan);
    lm_free(g), lm_free(w);
}

static void updates_weights_in_place(void **state)
{
    enum { ALL = 3 * ROWS * IN + IN * OUT };
    static float want[ALL], have[ALL];
    lm__text text = {0};
    (void)state;
    train(~0u, want, NULL);
    train(0, have, &text);
    for (int i = 0; i < ALL; i++) assert_float_equal(want[i], have[i], 1e-5);
    assert_memory_equal(have + ROWS * IN, have + 2 * ROWS * IN, sizeof(float) * ROWS * IN);
    assert_memory_not_equal(have, have + ROWS * IN, sizeof(float) * ROWS * IN);
    /* Three steps: the guard, and the two products, of which the update is the last: nothing is copied. */
    const char *update = strstr(text.data, "guarded");
    if (!strstr(text.data, "plan: 3 steps") || strstr(text.data, "copy") || !update || strstr(update, " where"))
        fail_msg("%s", text.data);
    lm__free(text.data);
}

/* w -= w b: the product reads the weights while the map would write over them. */
static void reads_what_it_stores(void **state)
{
    static float b[OUT * OUT], result[2][IN * OUT];
    (void)state;
    for (int i = 0; i < OUT * OUT; i++) b[i] = sinf(0.7f * (float)i);
    for (int off = 0; off < 2; off++) {
        lm_variable *w = weights();
        lm_graph *g = lm_graph_new();
        lm_value *old = lm_read(g, w), *bs = lm_placeholder(g, "b", LM_F32, OUT, OUT);
        lm_assign(g, w, lm_op_subtract(old, lm_op_matmul(old, bs)));
        check_ok(lm__graph_commit(g, NULL));
        lm__plan_options options = {.passes_off = off ? ~0u : 0};
        lm__plan *plan;
        lm__context *context;
        check_ok(lm__plan_new(g, NULL, &options, &plan));
        assert_int_equal(lm__plan_steps(plan), off ? 3 : 2);
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, (const void *[]){b}, NULL));
        memcpy(result[off], lm_tensor_read(lm_variable_value(w)), sizeof *result);
        lm__context_free(context);
        lm__plan_free(plan);
        lm_free(g), lm_free(w);
    }
    for (int i = 0; i < IN * OUT; i++) assert_float_equal(result[0][i], result[1][i], 1e-5);
}

/* --- where it must not be --------------------------------------------------------------------------------------- */

static void stays_apart(void **state)
{
    static float a[64 * 64], b[64 * 64];
    const void *in[] = {a, b};
    (void)state;
    for (int i = 0; i < 64 * 64; i++) a[i] = sinf((float)i), b[i] = cosf((float)i);
    for (int what = 0; what < 4; what++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = lm_placeholder(g, "a", LM_F32, 64, 64), *y = lm_placeholder(g, "b", LM_F32, 64, 64);
        if (what == 3)
            x = lm_op_reshape(x, 3, (int64_t[]){4, 16, 64}), y = lm_op_reshape(y, 3, (int64_t[]){4, 64, 16});
        lm_value *z = lm_op_matmul(x, y);
        check_ok(lm__graph_output(g, lm_op_sin(z)));
        if (what == 0) check_ok(lm__graph_output(g, z));                            /* an output itself */
        if (what == 1) check_ok(lm__graph_output(g, lm_op_max(z)));                 /* another reader */
        if (what == 2) {                                                            /* repeated */
            lm_free(g);
            g = lm_graph_new();
            x = lm_placeholder(g, "a", LM_F32, 1, 64), y = lm_placeholder(g, "b", LM_F32, 64, 64);
            check_ok(lm__graph_output(g, lm_op_multiply(lm_op_matmul(x, y), y)));
        }
        lm__text text = {0};
        size_t n;
        char *want = run(g, ~0u, in, &n, NULL), *have = run(g, 0, in, &n, &text);
        check_close(g, want, have);
        if (strstr(text.data, " matmul_map ")) fail_msg("%d: %s", what, text.data);
        free(want), free(have);
        lm__free(text.data);
        lm_free(g);
    }
}

RUN(cmocka_unit_test(equals_apart), cmocka_unit_test(updates_weights_in_place),
    cmocka_unit_test(reads_what_it_stores), cmocka_unit_test(stays_apart))
