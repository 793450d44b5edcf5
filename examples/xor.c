/* examples/xor.c: exclusive or, learnt by a shallow and a deep net through plain gradient descent, with nothing
 * hidden: the forward pass is written out in ops, the backward pass is lm_gradients, the update is one subtraction
 * a weight. For the shallow net the first step is printed number by number. */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4, LINES = 10 };

/* A stack of dense layers: tanh inside, a sigmoid at the end. */
typedef struct net {
    const char *name;
    lm_model *model;                    /* owns the weights, and saves them */
    int layers;
    lm_variable *w[MOST], *b[MOST];
    lm_function *step;                  /* (x, y) -> values of all layers, loss, all gradients; updates the weights */
    double loss;
} net;

/* Builds one step of gradient descent: what comes out of every layer, the loss, its gradients, and the new
 * weights. */
static void build_step(net *n, double rate)
{
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 2), *y = lm_placeholder(g, "y", LM_F32, LM_ANY, 1);
    lm_function_args args = {.size = sizeof args, .graph = g, .inputs = {x, y}};
    lm_value *weight[2 * MOST], *gradient[2 * MOST], *one = lm_scalar(g, LM_F32, 1), *a = x;
    int weights = 2 * n->layers, out = 0;

    for (int i = 0; i < n->layers; i++) {       /* forward: a = tanh(a·W + b) */
        weight[2 * i] = lm_read(g, n->w[i] = lm_weight(n->model, 2 * i));
        weight[2 * i + 1] = lm_read(g, n->b[i] = lm_weight(n->model, 2 * i + 1));
        lm_value *z = lm_op_add(lm_op_matmul(a, weight[2 * i]), weight[2 * i + 1]);
        a = i + 1 < n->layers ? lm_op_tanh(z) : lm_op_sigmoid(z);
        args.outputs[out++] = a;
    }
    lm_value *if_one = lm_op_multiply(y, lm_op_log(a));     /* cross-entropy: -mean(y·log p + (1 - y)·log(1 - p)) */
    lm_value *if_zero = lm_op_multiply(lm_op_subtract(one, y), lm_op_log(lm_op_subtract(one, a)));
    lm_value *loss = lm_op_negative(lm_op_mean(lm_op_add(if_one, if_zero)));
    args.outputs[out++] = loss;

    lm_gradients(loss, weights, weight, gradient);          /* backward */
    for (int i = 0; i < weights; i++) {
        lm_value *change = lm_op_multiply(lm_scalar(g, LM_F32, rate), gradient[i]);
        lm_assign(g, i % 2 ? n->b[i / 2] : n->w[i / 2], lm_op_subtract(weight[i], change));
        args.outputs[out++] = gradient[i];
    }
    n->step = lm_function_new(&args);
    lm_free(g);
}

static net shallow_net(double rate)
{
    net n = {.name = "shallow", .layers = 2};
    n.model = lm_sequential(lm_input(.shape = {2}),
                            lm_dense(.units = 6, .activation = "tanh"),
                            lm_dense(.units = 1, .activation = "sigmoid"));
    build_step(&n, rate);
    return n;
}

static net deep_net(double rate)
{
    net n = {.name = "deep", .layers = 4};
    n.model = lm_sequential(lm_input(.shape = {2}),
                            lm_dense(.units = 8, .activation = "tanh"),
                            lm_dense(.units = 8, .activation = "tanh"),
                            lm_dense(.units = 8, .activation = "tanh"),
                            lm_dense(.units = 1, .activation = "sigmoid"));
    build_step(&n, rate);
    return n;
}

/* --- the first step, number by number ------------------------------------------------------------------------- */

static void show(const char *what, const lm_tensor *t)
{
    printf("%s\n", what);
    lm_print(t, .rows = 8);
}

static void show_weights(const net *n)
{
    char label[32];
    for (int i = 0; i < n->layers; i++) {
        snprintf(label, sizeof label, "W%d =", i + 1), show(label, lm_variable_value(n->w[i]));
        snprintf(label, sizeof label, "b%d =", i + 1), show(label, lm_variable_value(n->b[i]));
    }
}

static void show_pass(const net *n, lm_tensor *const *out)
{
    char label[96];
    printf("\nForward, a row for each of the four examples:\n");
    for (int i = 0; i < n->layers; i++) {
        bool last = i + 1 == n->layers;
        snprintf(label, sizeof label, "%s = %s(%s.W%d + b%d) =", last ? "p" : "a1", last ? "sigmoid" : "tanh",
                 i ? "a1" : "x", i + 1, i + 1);
        show(label, out[i]);
    }
    show("loss = -mean(y log p + (1 - y) log(1 - p)) =", out[n->layers]);
    printf("\nBackward, the loss's slope in every weight:\n");
    for (int i = 0; i < 2 * n->layers; i++) {
        snprintf(label, sizeof label, "d loss / d %c%d =", i % 2 ? 'b' : 'W', i / 2 + 1);
        show(label, out[n->layers + 1 + i]);
    }
}

/* --- training --------------------------------------------------------------------------------------------------- */

/* One step; `visible`: printed. Returns the status. */
static int make_step(const example *run, net *n, lm_tensor *x, lm_tensor *y, double rate, bool visible)
{
    lm_tensor *in[2] = {x, y}, *out[LM_FUNCTION_MAX] = {0};
    int outputs = 3 * n->layers + 1;
    if (visible) printf("The weights of the %s net before the first step:\n", n->name), show_weights(n);
    if (lm_function_run(n->step, in, out)) {
        fprintf(stderr, "%s: error: %s\n", run->name, lm_last_error());
        return 1;
    }
    n->loss = lm_tensor_get(out[n->layers], 0);
    if (visible) {
        show_pass(n, out);
        printf("\nThe step: each weight less %g times its slope.\n", rate), show_weights(n);
    }
    for (int i = 0; i < outputs; i++) lm_free(out[i]);
    return 0;
}

static int train(const example *run, net *nets, lm_tensor *x, lm_tensor *y, double rate)
{
    size_t n = 0, room = 64 * ((size_t)run->epochs + 1);
    char *text = calloc(1, room);
    int status = !text;
    if (text) n = (size_t)snprintf(text, room, "epoch,shallow_loss,deep_loss\n");
    for (int e = 1; !status && e <= run->epochs && !example_interrupted(); e++) {
        for (int k = 0; !status && k < 2; k++) status = make_step(run, &nets[k], x, y, rate, e == 1 && k == 0);
        if (status) break;
        n += (size_t)snprintf(text + n, room - n, "%d,%.9g,%.9g\n", e, nets[0].loss, nets[1].loss);
        if (e == 1) printf("\n%6s %14s %11s\n", "step", "loss, shallow", "loss, deep");
        if (e == 1 || e % ((run->epochs + LINES - 1) / LINES) == 0)
            printf("%6d %14.6f %11.6f\n", e, nets[0].loss, nets[1].loss);
    }
    if (!status) status = example_write(run, example_path(run, "history.csv"), text);
    free(text);
    return status;
}

/* The truth table beside what the nets say; how much of it each has right. */
static int show_truth(const example *run, const net *nets, lm_tensor *x, const lm_tensor *y, double *accuracy)
{
    lm_tensor *p[2] = {lm_predict_array(nets[0].model, x), lm_predict_array(nets[1].model, x)};
    int status = example_failed(run, 2, (const void *[]){p[0], p[1]});
    if (!status) printf("\n x1  x2  xor   shallow      deep\n");
    for (size_t i = 0; !status && i < 4; i++) {
        printf("%3.0f %3.0f %4.0f %9.4f %9.4f\n", lm_tensor_get(x, 2 * i), lm_tensor_get(x, 2 * i + 1),
               lm_tensor_get(y, i), lm_tensor_get(p[0], i), lm_tensor_get(p[1], i));
        for (int k = 0; k < 2; k++)
            if ((lm_tensor_get(p[k], i) > 0.5) == (lm_tensor_get(y, i) > 0.5)) accuracy[k] += 0.25;
    }
    lm_free(p[0]), lm_free(p[1]);
    return status;
}

/* --apply: rows (x1, x2) of an array as lines "shallow,deep". */
static int apply(const example *run)
{
    lm_model *m[2] = {lm_load(example_path(run, "xor_shallow.keras")), lm_load(example_path(run, "xor_deep.keras"))};
    lm_tensor *x = lm_tensor_load(run->apply), *p[2] = {lm_predict_array(m[0], x), lm_predict_array(m[1], x)};
    int status = example_failed(run, 5, (const void *[]){m[0], m[1], x, p[0], p[1]});
    size_t n = 0, room = 32 * (size_t)lm_tensor_dim(x, 0) + 1;
    char *text = calloc(1, room);
    for (size_t i = 0; !status && text && i < lm_tensor_size(p[0]); i++)
        n += (size_t)snprintf(text + n, room - n, "%.6f,%.6f\n", lm_tensor_get(p[0], i), lm_tensor_get(p[1], i));
    if (!status && !text) perror("xor"), status = 1;
    if (!status) status = example_write(run, run->output, text);
    for (int k = 0; k < 2; k++) lm_free(m[k]), lm_free(p[k]);
    free(text), lm_free(x);
    return status;
}

int main(int argc, char **argv)
{
    const double rate = 0.5;
    example run =
        example_begin(argc, argv, (example){.name = "xor", .epochs = 2000},
                      "exclusive or by gradient descent, with the forward and the backward pass made visible");
    if (run.apply) return apply(&run);

    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 2}, (float[]){0, 0, 0, 1, 1, 0, 1, 1});
    lm_tensor *y = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 1}, (float[]){0, 1, 1, 0});
    net nets[2] = {shallow_net(rate), deep_net(rate)};
    double accuracy[2] = {0, 0};

    example_interrupt(NULL);
    const void *made[] = {x, y, nets[0].model, nets[0].step, nets[1].model, nets[1].step};
    int status = example_failed(&run, 6, made);
    if (!status) status = train(&run, nets, x, y, rate);
    if (!status) status = show_truth(&run, nets, x, y, accuracy);
    if (!status) status = example_save(&run, nets[0].model, "xor_shallow.keras");
    if (!status) status = example_save(&run, nets[1].model, "xor_deep.keras");
    status = example_end(&run, status, 5,
                         (example_metric[]){{"xor_shallow_loss", nets[0].loss},
                                            {"xor_deep_loss", nets[1].loss},
                                            {"xor_shallow_accuracy", accuracy[0]},
                                            {"xor_deep_accuracy", accuracy[1]},
                                            {"xor_accuracy", fmin(accuracy[0], accuracy[1])}});
    for (int k = 0; k < 2; k++) lm_free(nets[k].model), lm_free(nets[k].step);
    lm_free(x), lm_free(y);
    return status;
}
