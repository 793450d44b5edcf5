/* tests/parity/test_parity_metrics.c: every metric case of real Keras: result and sums after each of several
 * updates. */
#include "support/check.h"

#include "nn/metric.h"
#include "support/parity.h"
#include "tensor/tensor.h"

/* What the case asks for: a name that shapes decide about, or a class with its config. */
static lm_metric *make(parity_case *c)
{
    const char *name = parity_text(c, "identifier");
    if (!name) return parity_object(c, lm__metric_classes, "metric");
    lm__shape shapes[2];
    for (int i = 0; i < 2; i++) {
        const lm_tensor *t = parity_array(c, i ? "y_pred0" : "y_true0");
        shapes[i] = lm__shape_of(t->rank, t->dims);
    }
    lm_metric *metric = lm__metric_named(name, &shapes[0], &shapes[1]);
    if (!lm_failed(metric) && strcmp(metric->base.class->name, c->class_name))
        parity_problem(c, "\"%s\" became %s", name, metric->base.class->name);
    return metric;
}

static void compare(parity_case *c, const lm_metric *metric, int update)
{
    const lm_tensor *want = parity_array(c, "results");
    size_t row = (size_t)update * 3;
    parity_number(c, "result", lm__metric_result(metric), lm_tensor_get(want, row));
    parity_number(c, "total", lm_tensor_get(metric->state[0]->value, 0), lm_tensor_get(want, row + 1));
    parity_number(c, "count", lm_tensor_get(metric->state[1]->value, 0), lm_tensor_get(want, row + 2));
}

/* One function for all updates, whose batches differ in size. */
static void run(parity_case *c, lm_metric *metric)
{
    static const char *const names[] = {"y_true", "y_pred", "sample_weight"};
    lm_value *v[3] = {NULL};
    lm_tensor *in[3];
    parity_graph g;
    parity_graph_begin(&g);
    for (int i = 0; i < 3; i++) {
        lm_tensor *t = parity_array(c, "%s0", names[i]);
        if (t) v[i] = parity_input(&g, names[i], t, true);
    }
    if (lm__metric_begin(metric, LM_F64) || lm__metric_update(metric, v[0], v[1], v[2]))
        parity_problem(c, "%s", lm_last_error());
    else if (parity_finish(&g, c))
        for (int u = 0; u < parity_integer(c, "updates"); u++) {
            int n = 0;
            for (int i = 0; i < 3; i++)
                if (v[i]) in[n++] = parity_array(c, "%s%d", names[i], u);
            if (parity_call(&g, c, in, NULL)) compare(c, metric, u);
        }
    parity_graph_end(&g);
}

/* Keras broadcasts one prediction over three targets; Lamina takes that for a mistake. */
static bool refuse(parity_case *c)
{
    lm_metric *metric = make(c);
    parity_graph g;
    parity_graph_begin(&g);
    lm_value *y_true = parity_input(&g, "y_true", parity_array(c, "y_true0"), true);
    lm_value *y_pred = parity_input(&g, "y_pred", parity_array(c, "y_pred0"), true);
    bool failed = lm__metric_begin(metric, LM_F64) || lm__metric_update(metric, y_true, y_pred, NULL);
    parity_graph_end(&g);
    lm_free(metric);
    return failed;
}

static void test_metric(parity_case *c)
{
    lm_metric *metric = make(c);
    if (lm_failed(metric)) parity_problem(c, "%s", lm_error(metric));
    else run(c, metric);
    lm__metric_reset(metric);
    if (lm__metric_result(metric) != 0) parity_problem(c, "not 0 after reset");
    lm_free(metric);
}

static void metrics(void **state)
{
    static const parity_refusal refusals[] = {
        {"true (N,3) pred (N,1)", "targets of shape (N, 3) do not fit predictions of shape (N, 1)"},
        {NULL, NULL},
    };
    (void)state;
    parity_run("metric", 95, test_metric, refusals, refuse);
}

RUN(cmocka_unit_test(metrics))
