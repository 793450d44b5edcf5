/* Profiles: what they count, what they leave alone, and the bound's bytes against figures made by hand. */
#include "support/check.h"
#include "support/oom.h"
#include "ops/registry.h"
#include "plan/internal.h"

#include <lamina/lamina.h>
#include <math.h>

static lm_model *two_layers(lm_optimizer *optimizer)
{
    lm_set_seed(1);
    lm_model *m = lm_sequential(lm_input(.shape = {6}), lm_dense(.units = 8, .activation = "relu"),
                                lm_dense(.units = 3, .name = "last"));
    lm_compile(m, .optimizer = optimizer, .loss = "mse");
    return m;
}

static lm_tensor *made(int64_t rows, int64_t columns)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 2, (int64_t[]){rows, columns});
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((float *)lm_tensor_data(t))[i] = (float)(i * 7 % 11) / 11;
    return t;
}

static double weight_sum(const lm_model *m)
{
    double sum = 0;
    for (int i = 0; i < lm_weights(m); i++) {
        lm_tensor *t = lm_variable_value(lm_weight(m, i));
        for (size_t k = 0; k < lm_tensor_size(t); k++) sum += lm_tensor_get(t, k) * (double)(k + 1);
    }
    return sum;
}

static void training_step(void **state)
{
    (void)state;
    lm_model *m = two_layers(lm_adam()), *twin = two_layers(lm_adam());
    lm_tensor *x = made(16, 6), *y = made(16, 3);
    double before = weight_sum(m);
    lm_profile *p = lm_profile_training(m, x, y, .runs = 20);
    assert_false(lm_failed(p));
    assert_true(weight_sum(m) == before);
    lm_profile_totals t = lm_profile_sum(p);
    assert_int_equal(t.runs, 20);
    assert_int_equal(t.threads, lm_threads());
    assert_true(t.planning_seconds > 0);
    double calls = 0, flops = 0, end = 0;
    bool last = false;
    for (int i = 0; i < lm_profile_steps(p); i++) {
        const lm_profile_step *s = lm_profile_step_at(p, i);
        assert_true(s->seconds >= 0 && s->ends - s->begins >= s->seconds && s->begins >= end);
        assert_true(*s->op && *s->kernel && *s->detail && isfinite(s->bound_seconds));
        if (s->flops > 0) assert_true(s->bound_seconds <= s->seconds && s->bound_seconds > 0);
        end = s->ends, calls += s->seconds, flops += s->flops;
        last |= !strcmp(s->layer, "last");
    }
    assert_true(last && calls <= t.seconds && end <= t.seconds);
    assert_true(flops == t.flops && flops == lm_flops(m, 16, true));
    check_contains(lm_profile_plan(p), "plan: ");
    assert_null(lm_profile_step_at(p, lm_profile_steps(p)));
    lm_free(p);

    /* What follows is as if there had been no profile: state of the optimizer and random numbers too. */
    for (int k = 0; k < 3; k++) {
        lm_logs a = lm_train_on_batch(m, x, y, NULL), b = lm_train_on_batch(twin, x, y, NULL);
        assert_true(lm_get(a, "loss") == lm_get(b, "loss"));
    }
    assert_true(weight_sum(m) == weight_sum(twin));
    lm_free(m), lm_free(twin), lm_free(x), lm_free(y);
}

/* Weights: 6 x 8 and 8 x 3, read by products and written; biases 8 and 3, read and written; each with two moments,
 * read and written. x is read by a product, y by none; the loss is the output. What else a step keeps is a few
 * numbers. */
static void bytes_that_must_move(void **state)
{
    (void)state;
    lm_model *m = two_layers(lm_adam());
    lm_tensor *x = made(16, 6), *y = made(16, 3);
    lm_profile *p = lm_profile_training(m, x, y, .runs = 1);
    double weights = 48 + 24, biases = 8 + 3;
    double numbers = weights + 2 * biases + 4 * (weights + biases) + 16 * 3 + 1;
    lm_profile_totals t = lm_profile_sum(p);
    assert_true(t.bound_moved >= 4 * numbers && t.bound_moved < 4 * numbers + 128);
    assert_true(t.bound_products > 0 && t.bandwidth > 0);
    assert_float_equal(t.bound_seconds, t.bound_products + t.bound_moved / t.bandwidth, 1e-9 * t.bound_seconds);
    lm_free(p);

    /* A prediction reads biases and writes its answers. */
    p = lm_profile_prediction(m, x, .runs = 1);
    assert_float_equal(lm_profile_sum(p).bound_moved, 4 * (biases + 16 * 3), 0);
    lm_free(p);
    p = lm_profile_prediction(m, x, .runs = 1, .bound = false);
    assert_true(isnan(lm_profile_sum(p).bound_seconds) && isnan(lm_profile_step_at(p, 0)->bound_seconds));
    lm_free(p), lm_free(m), lm_free(x), lm_free(y);
}

static double moved_by(lm_model *m)
{
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mse");
    lm_tensor *x = made(64, 32), *y = made(64, 1);
    lm_profile *p = lm_profile_training(m, x, y, .runs = 1);
    assert_false(lm_failed(p));
    double moved = lm_profile_sum(p).bound_moved;
    lm_free(p), lm_free(m), lm_free(x), lm_free(y);
    return moved;
}

/* Five times the array in training, and the layer's variables: two trained and two statistics, read and written. */
static void normalisation_over_the_batch(void **state)
{
    (void)state;
    double plain = moved_by(lm_sequential(lm_input(.shape = {32}), lm_dense(.units = 32), lm_dense(.units = 1)));
    double normalised = moved_by(lm_sequential(lm_input(.shape = {32}), lm_dense(.units = 32),
                                               lm_batch_normalization(), lm_dense(.units = 1)));
    double want = 4.0 * (5 * 64 * 32 + 2 * 4 * 32);
    assert_float_equal(normalised - plain, want, 16);
}

typedef struct lookup {
    lm_tensor *initial, *rows, *x;
    lm_variable *table;
    lm_function *function;
} lookup;

/* Four rows of a table of a thousand, times x. */
static lookup look_up(void)
{
    lookup l = {.initial = made(1000, 8), .rows = lm_tensor_new(LM_I32, 1, (int64_t[]){4}), .x = made(4, 8)};
    l.table = lm_variable_new("table", l.initial, true);
    lm_graph *g = lm_graph_new();
    lm_value *index = lm_placeholder(g, "rows", LM_I32, LM_ANY), *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 8);
    lm_value *y = lm_op_matmul(lm_op_transpose(lm_op_gather(lm_read(g, l.table), index, 0)), x);
    l.function = lm_function(.graph = g, .inputs = {index, x}, .outputs = {y});
    lm_free(g);
    return l;
}

static void drop(lookup *l)
{
    lm_free(l->function), lm_free(l->table), lm_free(l->initial), lm_free(l->rows), lm_free(l->x);
}

/* Of a table only the rows that are taken. */
static void a_function(void **state)
{
    (void)state;
    lookup l = look_up();
    lm_tensor *inputs[] = {l.rows, l.x}, *out;
    lm_profile *p = lm_profile_function(l.function, inputs, .runs = 3);
    assert_false(lm_failed(p));
    lm_profile_totals t = lm_profile_sum(p);
    assert_float_equal(t.flops, 2.0 * 8 * 8 * 4, 0);
    assert_float_equal(t.bound_moved, 4 * (4 * 8 + 4 + 8 * 8), 0);
    lm_free(p);
    check_ok(lm_function_run(l.function, inputs, &out));
    lm_free(out);
    drop(&l);
}

/* The FLOP of an op on a sample are those of the products that it says it is. */
static void check_products(const lm__op *op, const lm__sample *s)
{
    lm_graph *g = lm_graph_new();
    lm_value *in[4];
    lm__desc from[4], to[LM__MAX_OUTPUTS];
    lm__inner_product inner[LM__MAX_INNER];
    for (int i = 0; i < s->nin; i++) {
        in[i] = lm_placeholder_new(g, "x", LM_F32, s->in[i].rank, s->in[i].dims);
        check_ok(lm__desc_of(in[i], &from[i]));
    }
    lm__node *node = lm__apply_node(g, op, s->attr, s->nin, in, NULL);
    assert_non_null(node);
    for (int i = 0; i < node->nout; i++) check_ok(lm__desc_of(&node->out[i], &to[i]));
    const lm__problem p = {.op = op->name, .nin = s->nin, .nout = node->nout, .in = from, .out = to,
                           .attr = node->attr};
    int n = op->products(&p, inner);
    double flops = 0;
    for (int i = 0; i < n; i++) {
        const lm__inner_product *k = &inner[i];
        flops += 2.0 * (double)(k->batches * k->m * k->n * k->k * k->times) * (k->share > 0 ? k->share : 1);
    }
    assert_true(n > 0 && n <= LM__MAX_INNER);
    if (fabs(flops - op->flops(&p)) > 1e-9 * flops)
        fail_msg("%s: %g flops, but its products %g", op->name, op->flops(&p), flops);
    lm_free(g);
}

static void products_inside(void **state)
{
    (void)state;
    int ops = 0;
    for (int k = 0; lm__ops.ops[k]; k++) {
        const lm__op *op = lm__ops.ops[k];
        ops += op->products != NULL;
        for (const lm__sample *s = op->samples; op->products && s->nin; s++) check_products(op, s);
    }
    assert_true(ops >= 4);
}

/* It needs no more than its products, however slow its own kernel is. */
static void bound_of_a_recurrence(void **state)
{
    (void)state;
    lm_set_seed(1);
    lm_model *m = lm_sequential(lm_input(.shape = {24, 16}), lm_lstm(.units = 32), lm_dense(.units = 1));
    lm_compile(m, .optimizer = lm_sgd(), .loss = "mse");
    lm_tensor *x = lm_tensor_new(LM_F32, 3, (int64_t[]){8, 24, 16}), *y = made(8, 1);
    lm_profile *p = lm_profile_training(m, x, y, .runs = 1);
    assert_false(lm_failed(p));
    lm_profile_totals t = lm_profile_sum(p);
    assert_true(t.bound_products > 0 && t.bound_products < t.seconds);
    lm_free(p), lm_free(m), lm_free(x), lm_free(y);
}

static lm_status profile_once(void *user)
{
    lookup *l = user;
    lm_profile *p = lm_profile_function(l->function, ((lm_tensor *[]){l->rows, l->x}), .runs = 1);
    lm_status status = lm_status_of(p);
    lm_free(p);
    return status;
}

static void without_memory(void **state)
{
    (void)state;
    lookup l = look_up();
    check_ok(profile_once(&l));         /* the plan, which stays */
    oom_some(profile_once, &l, 25);
    drop(&l);
}

static void passes(void **state)
{
    (void)state;
    const char *name, *about;
    int count = 0;
    while (lm_plan_pass(count, &name, &about)) assert_true(*name && *about), count++;
    assert_true(count > 5 && !lm_plan_pass(-1, NULL, NULL));
    check_status(lm_plan_without("fuze"), LM_NOT_FOUND);
    check_contains(lm_last_error(), "\"fuze\" (did you mean fuse?)");
    check_status(lm_plan_without("fuse,,fold"), LM_NOT_FOUND);
    lm_tensor *x = made(16, 6), *y = made(16, 3);
    int steps[2];
    for (int off = 0; off < 2; off++) {
        check_ok(lm_plan_without(off ? "fuse,epilogue" : NULL));
        lm_model *m = two_layers(lm_adam());
        lm_profile *p = lm_profile_training(m, x, y, .runs = 1, .bound = false);
        steps[off] = lm_profile_steps(p);
        lm_free(p), lm_free(m);
    }
    assert_true(steps[1] > 2 * steps[0]);
    check_ok(lm_plan_without(""));
    lm_free(x), lm_free(y);
}

static void expect_refusal(lm_profile *p, const char *words)
{
    assert_true(lm_failed(p));
    check_contains(lm_error(p), words);
    assert_int_equal(lm_profile_steps(p), 0);
    assert_null(lm_profile_step_at(p, 0));
    assert_true(isnan(lm_profile_sum(p).seconds));
    assert_string_equal(lm_profile_plan(p), "");
    lm_free(p);
}

static void refuses(void **state)
{
    (void)state;
    lm_model *m = two_layers(lm_adam()), *bare = lm_sequential(lm_input(.shape = {6}), lm_dense(.units = 3));
    lm_tensor *x = made(16, 6), *y = made(16, 3), *wide = made(16, 7);
    expect_refusal(lm_profile_training(bare, x, y), "not compiled");
    expect_refusal(lm_profile_training(NULL, x, y), "model");
    expect_refusal(lm_profile_training(m, x, NULL), "y");
    expect_refusal(lm_profile_training(m, wide, y), "7");
    expect_refusal(lm_profile_prediction(m, wide), "7");
    expect_refusal(lm_profile_prediction(m, NULL), "x");
    expect_refusal(lm_profile_prediction(m, x, .runs = -1), "runs = -1");
    expect_refusal(lm_profile_prediction(m, x, .seconds = NAN), "seconds");
    expect_refusal(lm_profile_prediction_with(m, x, NULL), "arguments");
    expect_refusal(lm_profile_function(NULL, NULL), "function");
    assert_int_equal(lm_profile_steps(NULL), 0);
    assert_false(lm_failed(m));
    lm_free(m), lm_free(bare), lm_free(x), lm_free(y), lm_free(wide);
}

RUN(cmocka_unit_test(training_step), cmocka_unit_test(bytes_that_must_move),
    cmocka_unit_test(normalisation_over_the_batch), cmocka_unit_test(a_function), cmocka_unit_test(products_inside),
    cmocka_unit_test(bound_of_a_recurrence), cmocka_unit_test(without_memory), cmocka_unit_test(passes),
    cmocka_unit_test(refuses))
