/* tests/parity/test_parity_optimizers.c: every optimizer case of real Keras: two variables through fifty steps with
 * given gradients, and the optimizer's own variables in the order of a file. */
#include "support/check.h"

#include "nn/optimizer.h"
#include "support/parity.h"
#include "tensor/tensor.h"
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16 };

typedef struct trial {
    lm_variable *variable[2];
    lm_optimizer *optimizer[2];         /* the second trains variable 1 alone where the case does not let it decay */
    parity_graph g;
} trial;

static lm_optimizer *without_decay(const parity_case *c)
{
    json_t *config = json_copy((json_t *)c->config);
    json_object_set_new(config, "weight_decay", json_real(0));
    const lm__class *class = lm__class_find(lm__optimizer_classes, c->class_name, "optimizer");
    lm_optimizer *o = lm__configured_from(class, config);
    json_decref(config);
    return o;
}

/* Keras excludes variables from decay by name, which Lamina does not offer: two optimizers do the same. */
static lm_status build(parity_case *c, trial *t)
{
    const json_t *excluded = json_object_get(c->json, "exclude_from_weight_decay");
    t->optimizer[0] = parity_object(c, lm__optimizer_classes, "optimizer");
    LM_TRY(lm__object_check(t->optimizer[0], &lm__optimizer_type, "optimizer"));
    if (!json_array_size(excluded)) return lm__optimizer_build(t->optimizer[0], 2, t->variable);
    assert_string_equal(json_string_value(json_array_get(excluded, 0)), "bias");
    t->optimizer[1] = without_decay(c);
    LM_TRY(lm__object_check(t->optimizer[1], &lm__optimizer_type, "optimizer"));
    LM_TRY(lm__optimizer_build(t->optimizer[0], 1, t->variable));
    return lm__optimizer_build(t->optimizer[1], 1, t->variable + 1);
}

static lm_status apply(trial *t, lm_value *const *gradients)
{
    LM_TRY(lm__optimizer_apply(t->optimizer[0], t->g.graph, gradients));
    return t->optimizer[1] ? lm__optimizer_apply(t->optimizer[1], t->g.graph, gradients + 1) : LM_OK;
}

/* The optimizers' variables; of the second one only what belongs to its variable. */
static int variables(const trial *t, lm_variable **out)
{
    assert_in_range(lm__optimizer_variables(t->optimizer[0], NULL), 2, MOST / 2);
    int n = lm__optimizer_variables(t->optimizer[0], out);
    if (!t->optimizer[1]) return n;
    lm_variable *second[MOST];
    int m = lm__optimizer_variables(t->optimizer[1], second);
    for (int i = 2; i < m; i++) out[n++] = second[i];
    return n;
}

static void compare_variables(parity_case *c, const trial *t)
{
    const json_t *list = json_object_get(c->json, "optimizer_variables");
    lm_variable *v[MOST];
    int n = variables(t, v);
    if (n != (int)json_array_size(list)) {
        parity_problem(c, "%d optimizer variables, expected %zu", n, json_array_size(list));
        return;
    }
    for (int i = 0; i < n; i++) {
        const json_t *want = json_array_get(list, (size_t)i);
        const char *name = json_string_value(json_object_get(want, "name")), *got = lm_variable_name(v[i]);
        const char *slash = strrchr(got, '/');
        if (strcmp(slash ? slash + 1 : got, name)) parity_problem(c, "variable %d is %s, expected %s", i, got, name);
        if (strcmp(lm_dtype_name(v[i]->value->dtype), json_string_value(json_object_get(want, "dtype"))))
            parity_problem(c, "variable %s is %s", got, lm_dtype_name(v[i]->value->dtype));
        parity_equal(c, name, v[i]->value, parity_array(c, "o%d", i));
    }
}

/* Gradients of step `s` in, and the recorded rows compared. */
static bool step(parity_case *c, trial *t, int s, int *recorded)
{
    const json_t *list = json_object_get(c->json, "recorded");
    lm_tensor *in[2];
    for (int i = 0; i < 2; i++) in[i] = parity_row(parity_array(c, "g%d", i), s, 0);
    bool ok = parity_call(&t->g, c, in, NULL);
    lm_free(in[0]), lm_free(in[1]);
    if (!ok || json_integer_value(json_array_get(list, (size_t)*recorded)) != s + 1) return ok;
    for (int i = 0; i < 2; i++) {
        char what[32];
        snprintf(what, sizeof what, "step %d, variable %d", s + 1, i);
        lm_tensor *row = parity_row(parity_array(c, "after%d", i), *recorded, 0);
        parity_equal(c, what, t->variable[i]->value, row);
        lm_free(row);
    }
    ++*recorded;
    return true;
}

static void run(parity_case *c, trial *t)
{
    lm_value *gradients[2];
    int recorded = 0;
    for (int i = 0; i < 2; i++) {
        lm_tensor *like = parity_row(parity_array(c, "g%d", i), 0, 0);
        gradients[i] = parity_input(&t->g, i ? "g1" : "g0", like, false);
        lm_free(like);
    }
    if (apply(t, gradients)) {
        parity_problem(c, "%s", lm_last_error());
        return;
    }
    if (!parity_finish(&t->g, c)) return;
    for (int s = 0; s < parity_integer(c, "steps"); s++)
        if (!step(c, t, s, &recorded)) return;
    if (recorded != (int)json_array_size(json_object_get(c->json, "recorded")))
        parity_problem(c, "%d rows compared", recorded);
    compare_variables(c, t);
    for (int i = 0; i < 2 && t->optimizer[i]; i++) check_ok(lm__optimizer_finish(t->optimizer[i]));
    parity_equal(c, "final0", t->variable[0]->value, parity_array(c, "final0"));
    parity_equal(c, "final1", t->variable[1]->value, parity_array(c, "final1"));
}

static void test_optimizer(parity_case *c)
{
    trial t = {.variable = {lm_variable_new("kernel", parity_array(c, "p0"), true),
                            lm_variable_new("bias", parity_array(c, "p1"), true)}};
    parity_graph_begin(&t.g);
    if (build(c, &t)) parity_problem(c, "%s", lm_last_error());
    else run(c, &t);
    parity_graph_end(&t.g);
    for (int i = 0; i < 2; i++) lm_free(t.variable[i]), lm_free(t.optimizer[i]);
}

static bool refuse(parity_case *c)
{
    lm_optimizer *o = parity_object(c, lm__optimizer_classes, "optimizer");
    bool failed = lm_failed(o);
    lm_free(o);
    return failed;
}

static void optimizers(void **state)
{
    static const parity_refusal refusals[] = {
        {"loss_scale_factor=8.0", "loss_scale_factor"},
        {"gradient_accumulation_steps=4", "gradient_accumulation_steps"},
        {NULL, NULL},
    };
    (void)state;
    parity_run("optimizer", 55, test_optimizer, refusals, refuse);
}

RUN(cmocka_unit_test(optimizers))
