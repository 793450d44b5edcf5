/* tests/parity/test_parity_losses.c: every loss case of real Keras: the value and the gradient for the
 * predictions. */
#include "support/check.h"

#include "nn/loss.h"
#include "support/parity.h"

static void run(parity_case *c, const lm_loss *loss)
{
    static const char *const names[] = {"y_true", "y_pred", "sample_weight", "dvalue"};
    lm_tensor *in[4], *out[2];
    lm_value *v[4] = {NULL}, *gradient = NULL;
    parity_graph g;
    int n = 0;
    parity_graph_begin(&g);
    for (int i = 0; i < 4; i++) {
        lm_tensor *t = parity_array(c, "%s", names[i]);
        if (t) v[i] = parity_input(&g, names[i], t, true), in[n++] = t;
    }
    lm_value *value = lm__loss_apply(loss, v[0], v[1], v[2]);
    parity_output(&g, value);
    if (!lm__bad(value)) lm__graph_vjp(g.graph, 1, &value, &v[3], 1, &v[1], &gradient);
    parity_output(&g, gradient);
    if (parity_finish(&g, c)) {
        if (parity_call(&g, c, in, out)) {
            parity_equal(c, "value", out[0], parity_array(c, "value"));
            parity_equal(c, "dy_pred", out[1], parity_array(c, "dy_pred"));
        }
        lm_free(out[0]), lm_free(out[1]);
    }
    parity_graph_end(&g);
}

static void test_loss(parity_case *c)
{
    lm_loss *loss = parity_object(c, lm__loss_classes, "loss");
    if (lm_failed(loss)) parity_problem(c, "%s", lm_error(loss));
    else run(c, loss);
    lm_free(loss);
}

static bool refuse(parity_case *c)
{
    lm_loss *loss = parity_object(c, lm__loss_classes, "loss");
    bool failed = lm_failed(loss);
    lm_free(loss);
    return failed;
}

static void losses(void **state)
{
    static const parity_refusal refusals[] = {
        {"ignore_class", "ignore_class"},
        {"ignore_class -1 weighted", "ignore_class"},
        {NULL, NULL},
    };
    (void)state;
    parity_run("loss", 139, test_loss, refusals, refuse);
}

RUN(cmocka_unit_test(losses))
