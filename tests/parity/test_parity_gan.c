/* tests/parity/test_parity_gan.c: training steps that a program writes itself, against the same in real Keras: a GAN
 * in one graph, and one with a gradient penalty, which needs second derivatives. */
#include "support/check.h"

#include "support/parity.h"
#include "train/model.h"
#include <lamina/lamina.h>

enum { MOST = 32 };

typedef struct gan {
    lm_model *g, *d;
    lm_optimizer *og, *od;
    lm_graph *graph;
    lm_dtype dtype;
    lm_value *x, *z, *mix, *loss_d, *loss_g;
    lm_function *step;
} gan;

static lm_model *make(parity_case *c, const char *what, const char *letter)
{
    lm_model *model = lm_model_from_json(parity_text(c, what));
    for (int i = 0; i < lm_weights(model); i++) {
        lm_variable *w = lm_weight(model, i);
        lm_tensor *value = lm_tensor_cast(parity_array(c, "%sw%d", letter, i), lm_variable_value(w)->dtype);
        check_ok(lm_variable_set(w, value));
        lm_free(value);
    }
    if (lm_failed(model)) parity_problem(c, "%s", lm_error(model));
    return model;
}

static void build_gan(gan *t)
{
    lm_loss *bce = lm_loss_binary_crossentropy(.from_logits = true);
    lm_value *fake = lm_model_call(t->g, t->z, .training = true);
    lm_value *yes = lm_model_call(t->d, t->x, .training = true), *no = lm_model_call(t->d, fake, .training = true);
    t->loss_g = lm_loss_call(bce, lm_op_full_like(no, 1), no, NULL);
    t->loss_d = lm_op_add(lm_loss_call(bce, lm_op_full_like(yes, 1), yes, NULL),
                          lm_loss_call(bce, lm_op_full_like(no, 0), no, NULL));
    check_ok(lm_optimizer_minimize(t->od, t->loss_d, t->d));
    check_ok(lm_optimizer_minimize(t->og, t->loss_g, t->g));
    lm_free(bce);
}

static lm_value *number(const gan *t, double value) { return lm_scalar(t->graph, t->dtype, value); }

static lm_value *score(const gan *t, lm_value *x) { return lm_model_call(t->d, x, .training = true); }

static void build_penalty(gan *t)
{
    lm_value *fake = lm_model_call(t->g, t->z, .training = true), *slope;
    lm_value *rest = lm_op_subtract(number(t, 1), t->mix);
    lm_value *between = lm_op_add(lm_op_multiply(t->mix, t->x), lm_op_multiply(rest, fake));
    lm_value *at = score(t, between);
    check_ok(lm_gradients(at, 1, &between, &slope));
    lm_value *length = lm_op_sqrt(lm_op_sum(lm_op_square(slope), 1, 2, 3));
    lm_value *penalty = lm_op_mean(lm_op_square(lm_op_subtract(length, number(t, 1))));
    t->loss_g = lm_op_negative(lm_op_mean(score(t, fake)));
    t->loss_d = lm_op_subtract(lm_op_negative(t->loss_g), lm_op_mean(score(t, t->x)));
    t->loss_d = lm_op_add(t->loss_d, lm_op_multiply(number(t, 8), penalty));
    lm_variable *variables[MOST];
    lm_value *wrt[MOST], *gradients[MOST];
    int n = lm_trainable_weights(t->d);
    for (int i = 0; i < n; i++) {
        variables[i] = lm_trainable_weight(t->d, i);
        wrt[i] = lm_read(t->graph, variables[i]);
    }
    check_ok(lm_gradients(t->loss_d, n, wrt, gradients));
    check_ok(lm_optimizer_apply(t->od, n, variables, gradients));
    check_ok(lm_optimizer_minimize(t->og, t->loss_g, t->g));
}

static bool build(parity_case *c, gan *t, bool penalty)
{
    t->g = make(c, "generator", "g"), t->d = make(c, "discriminator", "d");
    lm_model_output(t->g, &t->dtype, (int64_t[LM_MAX_RANK]){0});
    t->og = penalty ? lm_rmsprop(.learning_rate = 0.0078125, .rho = 0.875)
                    : lm_adam(.learning_rate = 0.0078125, .beta_1 = 0.5, .beta_2 = 0.875);
    t->od = penalty ? lm_sgd(.learning_rate = 0.03125, .momentum = 0.5)
                    : lm_adam(.learning_rate = 0.0078125, .beta_1 = 0.5, .beta_2 = 0.875);
    t->graph = lm_graph_new();
    t->x = lm_placeholder(t->graph, "x", t->dtype, LM_ANY, 8, 8, 1);
    t->z = lm_placeholder(t->graph, "z", t->dtype, LM_ANY, 5);
    t->mix = lm_placeholder(t->graph, "mix", t->dtype, LM_ANY, 1, 1, 1);
    if (penalty) build_penalty(t);
    else build_gan(t);
    t->step = lm_function(.graph = t->graph, .inputs = {t->x, t->z, penalty ? t->mix : NULL},
                          .outputs = {t->loss_d, t->loss_g}, .guard = lm_op_isfinite(t->loss_d));
    if (lm_failed(t->step)) parity_problem(c, "%s", lm_error(t->step));
    return !lm_failed(t->step);
}

static lm_tensor *input(parity_case *c, const gan *t, const char *name, int step)
{
    lm_tensor *row = parity_row(parity_array(c, "%s", name), step, 3), *cast = lm_tensor_cast(row, t->dtype);
    lm_free(row);
    return cast;
}

static void run(parity_case *c, gan *t, bool penalty)
{
    const lm_tensor *losses = parity_array(c, "losses");
    for (int step = 0; step < 3; step++) {
        lm_tensor *in[3] = {input(c, t, "x", step), input(c, t, "z", step),
                            penalty ? input(c, t, "mix", step) : NULL};
        lm_tensor *out[2];
        if (lm_function_run(t->step, in, out)) parity_problem(c, "%s", lm_last_error());
        for (int i = 0; i < 2; i++)
            parity_number(c, i ? "loss_g" : "loss_d", lm_tensor_get(out[i], 0),
                          lm_tensor_get(losses, (size_t)(2 * step + i)));
        for (int i = 0; i < 3; i++) lm_free(in[i]);
        lm_free(out[0]), lm_free(out[1]);
    }
}

static void compare(parity_case *c, const lm_model *model, const lm_optimizer *optimizer, const char *letter)
{
    lm_variable *v[2 + 2 * MOST];
    for (int i = 0; i < lm_weights(model); i++) {
        lm_variable *w = lm_weight(model, i);
        parity_equal(c, lm_variable_name(w), lm_variable_value(w), parity_array(c, "%sf%d", letter, i));
    }
    int n = lm__optimizer_variables(optimizer, NULL);
    assert_in_range(n, 2, 2 + 2 * MOST);
    lm__optimizer_variables(optimizer, v);
    for (int i = 0; i < n; i++) parity_equal(c, v[i]->name, v[i]->value, parity_array(c, "%so%d", letter, i));
}

static void test_gan(parity_case *c)
{
    gan t = {.graph = NULL};
    bool penalty = parity_array(c, "mix") != NULL;
    if (build(c, &t, penalty)) run(c, &t, penalty);
    compare(c, t.g, t.og, "g");
    compare(c, t.d, t.od, "d");
    lm_free(t.step), lm_free(t.graph), lm_free(t.og), lm_free(t.od), lm_free(t.g), lm_free(t.d);
}

static void gans(void **state)
{
    (void)state;
    parity_run("gan", 4, test_gan, NULL, NULL);
}

RUN(cmocka_unit_test(gans))
