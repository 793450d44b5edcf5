/* Convolutions and products of values that differ in a factor of each row: done once, with the same results; and left
 * alone where they differ in more. */
#include "support/check.h"
#include "base/alloc.h"
#include "graph/graph.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS = 8, SIDE = 8, CHANNELS = 16, CELLS = SIDE * SIDE * CHANNELS, ALL = ROWS * CELLS,
       LAST = 96 };

/* What the second way back has of its own, apart from its factors. */
typedef enum difference { NOTHING, MASK, KERNEL, WEIGHTS, ADDEND } difference;

typedef struct way {
    lm_value *factor, *weights, *kernel[2], *mask[2], *product, *addend;
} way;

static lm_value *numbers(lm_graph *g, const char *name, int rank, const int64_t *dims)
{
    return lm_placeholder_new(g, name, LM_F32, rank, dims);
}

/* Back through two convolutions with leaky relu and dropout between them, and into a product. */
static void go(const way *w, lm_value *out[2])
{
    const int64_t image[] = {ROWS, SIDE, SIDE, CHANNELS};
    lm_value *zero = lm_scalar(w->factor->node->graph, LM_F32, 0);
    lm_value *v = lm_op_matmul(w->factor, w->weights, .transpose_b = true);
    for (int i = 0; i < 2; i++) {
        v = lm_op_reshape(v, 4, image);
        if (w->addend) v = lm_op_add(v, w->addend);
        lm_value *yes = lm_op_where(w->mask[i], v, zero), *no = lm_op_where(w->mask[i], zero, v);
        v = lm_op_add(yes, lm_op_multiply(no, lm_scalar(zero->node->graph, LM_F32, 0.25)));
        v = lm_op_conv2d_backward_input(v, w->kernel[i], image, .padding = "same");
        out[i] = v;
    }
    out[1] = lm_op_matmul(lm_op_reshape(v, 2, (int64_t[]){ROWS, CELLS}), w->product);
}

static lm_graph *graph_of(difference d)
{
    const int64_t row[] = {ROWS, 1}, line[] = {CELLS, 1}, kernel[] = {3, 3, CHANNELS, CHANNELS};
    const int64_t image[] = {ROWS, SIDE, SIDE, CHANNELS}, last[] = {CELLS, LAST};
    lm_graph *g = lm_graph_new();
    lm_value *mask[3], *kernels[3], *out[4];
    way a = {.factor = numbers(g, "a", 2, row), .weights = numbers(g, "w", 2, line)}, b;
    for (int i = 0; i < 3; i++) {
        mask[i] = lm_op_greater(numbers(g, "mask", 4, image), lm_scalar(g, LM_F32, 0));
        kernels[i] = numbers(g, "kernel", 4, kernel);
    }
    for (int i = 0; i < 2; i++) a.mask[i] = mask[i], a.kernel[i] = kernels[i];
    a.product = numbers(g, "product", 2, last), a.addend = NULL;
    b = a;
    b.factor = numbers(g, "b", 2, row);
    lm_value *line_2 = numbers(g, "other", 2, line), *more = numbers(g, "addend", 4, image);
    if (d == MASK) b.mask[0] = mask[2];
    if (d == KERNEL) b.kernel[0] = kernels[2];
    if (d == WEIGHTS) b.weights = line_2;
    if (d == ADDEND) a.addend = b.addend = more;
    go(&a, out), go(&b, out + 2);
    for (int i = 0; i < 4; i++) check_ok(lm__graph_output(g, out[i]));
    check_ok(lm__graph_commit(g, NULL));
    return g;
}

/* The results, and how many kernel calls of that name there are. */
static void run(const lm_graph *g, unsigned off, float *const results[4], int calls[2])
{
    static const char *const names[] = {" conv2d_backward_input ", " matmul"};
    lm__plan *plan;
    lm__context *context;
    lm__text text = {0};
    const void *in[32];
    for (int i = 0; i < g->ninputs; i++) {
        float *x = lm__alloc(sizeof *x * CELLS * LAST);
        for (int k = 0; k < CELLS * LAST; k++) x[k] = sinf((float)(k % 977) * (float)(i + 3));
        in[i] = x;
    }
    check_ok(lm__plan_new(g, NULL, &(lm__plan_options){.passes_off = off}, &plan));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, in, (void *const *)results));
    lm__plan_print(plan, false, &text);
    for (int i = 0; i < 2; i++) {
        calls[i] = 0;
        for (const char *at = text.data; (at = strstr(at, names[i])); at++) calls[i]++;
    }
    lm__free(text.data);
    lm__context_free(context);
    lm__plan_free(plan);
    for (int i = 0; i < g->ninputs; i++) lm__free((void *)in[i]);
}

static void compare(difference d, int want_convolutions)
{
    static const size_t sizes[] = {ALL, ROWS * LAST, ALL, ROWS * LAST};
    lm_graph *g = graph_of(d);
    float *with[4], *without[4];
    int calls[2][2];
    for (int i = 0; i < 4; i++) with[i] = lm__alloc(sizes[i] * 4), without[i] = lm__alloc(sizes[i] * 4);
    run(g, 0, with, calls[0]);
    run(g, LM__PASS_BIT(share), without, calls[1]);
    assert_int_equal(calls[1][0], 4);
    assert_int_equal(calls[0][0], want_convolutions);
    for (int i = 0; i < 4; i++) {
        float most = 0;
        for (size_t k = 0; k < sizes[i]; k++) most = fmaxf(most, fabsf(without[i][k]));
        for (size_t k = 0; k < sizes[i]; k++) assert_float_equal(with[i][k], without[i][k], 1e-5f * most);
        lm__free(with[i]), lm__free(without[i]);
    }
    lm_free(g);
}

static void shares(void **state) { (void)state, compare(NOTHING, 2); }

/* From where they differ on, nothing is shared. */
static void leaves_alone(void **state)
{
    (void)state;
    compare(MASK, 4), compare(KERNEL, 4), compare(WEIGHTS, 4), compare(ADDEND, 4);
}

/* What both have in common may hold the first one's factor itself: it stays. */
static void factor_on_both_sides(void **state)
{
    enum { WIDE = 300, OUT = 300 };
    static float data[5][WIDE * OUT], with[2][ROWS * OUT], without[2][ROWS * OUT];
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *a = lm_placeholder(g, "a", LM_F32, ROWS, 1), *b = lm_placeholder(g, "b", LM_F32, ROWS, 1);
    lm_value *t = lm_placeholder(g, "t", LM_F32, 1, WIDE), *u = lm_placeholder(g, "u", LM_F32, 1, WIDE);
    lm_value *w = lm_placeholder(g, "w", LM_F32, WIDE, OUT), *common = lm_op_matmul(a, u);
    check_ok(lm__graph_output(g, lm_op_matmul(lm_op_multiply(common, lm_op_matmul(a, t)), w)));
    check_ok(lm__graph_output(g, lm_op_matmul(lm_op_multiply(common, lm_op_matmul(b, t)), w)));
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < WIDE * OUT; k++) data[i][k] = sinf((float)(k % 977) * (float)(i + 3));
    for (int off = 0; off < 2; off++) {
        lm__plan *plan;
        lm__context *context;
        float(*out)[ROWS * OUT] = off ? without : with;
        check_ok(lm__plan_new(g, NULL, &(lm__plan_options){.passes_off = off ? LM__PASS_BIT(share) : 0}, &plan));
        check_ok(lm__context_new(plan, &context));
        check_ok(lm__context_run(context, (const void *[]){data[0], data[1], data[2], data[3], data[4]},
                                 (void *[]){out[0], out[1]}));
        lm__context_free(context);
        lm__plan_free(plan);
    }
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < ROWS * OUT; k++) assert_float_equal(with[i][k], without[i][k], 1e-3);
    lm_free(g);
}

RUN(cmocka_unit_test(shares), cmocka_unit_test(leaves_alone), cmocka_unit_test(factor_on_both_sides))
