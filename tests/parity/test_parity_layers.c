/* tests/parity/test_parity_layers.c: every layer case of real Keras: outputs, gradients for the input and the
 * weights, the weights after training steps; Dropout by the distribution of what it drops. */
#include "support/check.h"

#include "nn/layer.h"
#include "ops/support.h"
#include "support/parity.h"
#include "tensor/tensor.h"
#include <lamina/model.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUTS = 4 };

typedef struct trial {
    lm_layer *layer;
    bool training;
    int inputs;                                         /* x, x1, x2, … */
    int steps, trained[LM__LAYER_WEIGHTS], ntrained;    /* places of the weights that train */
    parity_graph g;
} trial;

static lm_layer *make(const parity_case *c)
{
    char *config = json_dumps(c->config, 0);
    lm_layer *layer = lm_layer_from_config(c->class_name, config);
    free(config);
    return layer;
}

/* The layer's weights have Keras's names, shapes and order, and get the case's values; or have them already, if it
 * learnt them. */
static void set_weights(parity_case *c, trial *t)
{
    const json_t *list = json_object_get(c->json, "weights");
    if (t->layer->nweights != (int)json_array_size(list))
        parity_problem(c, "%d weights, expected %zu", t->layer->nweights, json_array_size(list));
    for (int i = 0; i < t->layer->nweights; i++) {
        const json_t *want = json_array_get(list, (size_t)i);
        lm_variable *w = t->layer->weight[i];
        const char *name = strrchr(w->name, '/') + 1;
        if (strcmp(name, json_string_value(json_object_get(want, "name"))))
            parity_problem(c, "weight %d is %s", i, name);
        if (w->trainable != json_is_true(json_object_get(want, "trainable")))
            parity_problem(c, "%s trains, or not", name);
        if (json_is_true(json_object_get(c->json, "adapts"))) {
            char what[64];
            snprintf(what, sizeof what, "%s", name);
            parity_equal(c, what, w->value, parity_array(c, "w%d", i));
        } else if (lm_variable_set(w, parity_array(c, "w%d", i))) parity_problem(c, "%s", lm_last_error());
        if (w->trainable) t->trained[t->ntrained++] = i;
    }
}

static void check_shape(parity_case *c, const lm_value *y)
{
    const json_t *want = json_object_get(c->json, "output_shape");
    bool same = y->shape.rank == (int)json_array_size(want);
    for (int i = 0; same && i < y->shape.rank; i++) {
        const json_t *size = json_array_get(want, (size_t)i);
        same = json_is_null(size) ? !lm__dim_known(y->shape.dim[i]) : y->shape.dim[i] == json_integer_value(size);
    }
    char got[128];
    if (!same)
        parity_problem(c, "output shape %s", lm__shape_print(y->node->graph->dims, &y->shape, got, sizeof got));
}

/* "x" or "dx" of input i: the first has no number. */
static const char *input_name(const char *what, int i, char name[16])
{
    if (i) snprintf(name, 16, "%s%d", what, i);
    else snprintf(name, 16, "%s", what);
    return name;
}

static lm_tensor *row_of(parity_case *c, const char *what, int i, const trial *t, int step)
{
    char name[16];
    return parity_row(parity_array(c, "%s", input_name(what, i, name)), step, t->steps);
}

/* The case's arrays as inputs of the graph, in[0…], and the shapes that the layer is built for. */
static void add_inputs(parity_case *c, trial *t, lm_value **in, lm__shape *shapes)
{
    char name[16];
    for (t->inputs = 0; t->inputs < INPUTS; t->inputs++) {
        input_name("x", t->inputs, name);
        if (!parity_array(c, "%s", name)) break;
        lm_tensor *x = row_of(c, "x", t->inputs, t, 0);
        in[t->inputs] = parity_input(&t->g, name, x, true);
        shapes[t->inputs] = in[t->inputs]->shape;
        lm_free(x);
    }
}

static lm__call_options options_of(const parity_case *c)
{
    const json_t *given = json_object_get(c->json, "call");
    return (lm__call_options){.use_causal_mask = json_is_true(json_object_get(given, "use_causal_mask"))};
}

/* y, dx, dw… as outputs of one graph, with dy coming in. */
static bool build(parity_case *c, trial *t)
{
    lm_value *wrt[INPUTS + LM__LAYER_WEIGHTS], *gradient[INPUTS + LM__LAYER_WEIGHTS] = {NULL};
    lm__shape shapes[INPUTS];
    lm_tensor *dy = row_of(c, "dy", 0, t, 0);
    add_inputs(c, t, wrt, shapes);
    lm_value *upstream = parity_input(&t->g, "dy", dy, true);
    lm_free(dy);
    if (json_is_true(json_object_get(c->json, "adapts")) && lm_adapt_array(t->layer, parity_array(c, "data")))
        parity_problem(c, "%s", lm_last_error());
    if (lm__layer_build_all(t->layer, t->inputs, shapes, 0)) {
        parity_problem(c, "%s", lm_last_error());
        return false;
    }
    set_weights(c, t);
    int count = t->inputs + t->ntrained;
    for (int i = t->inputs; i < count; i++)
        wrt[i] = lm__graph_read(t->g.graph, t->layer->weight[t->trained[i - t->inputs]]);
    lm__layer_call call = {.graph = t->g.graph, .training = t->training, .options = options_of(c)};
    lm_value *y = lm__layer_call_on_all(t->layer, &call, t->inputs, wrt);
    if (!lm__bad(y)) {
        check_shape(c, y);
        lm__graph_vjp(t->g.graph, 1, &y, &upstream, count, wrt, gradient);
    }
    parity_output(&t->g, y);
    for (int i = 0; i < count; i++)
        parity_output(&t->g, gradient[i] ? gradient[i] : lm_op_multiply(wrt[i], lm__like(wrt[i], 0)));
    return parity_finish(&t->g, c);
}

static void compare(parity_case *c, const char *what, const lm_tensor *got, lm_tensor *all, const trial *t, int step)
{
    lm_tensor *want = parity_row(all, step, t->steps);
    parity_equal(c, what, got, want);
    lm_free(want);
}

static void compare_step(parity_case *c, const trial *t, lm_tensor *const *out, int step)
{
    char name[16];
    compare(c, "y", out[0], parity_array(c, "y"), t, step);
    for (int i = 0; i < t->inputs; i++) {
        input_name("dx", i, name);
        compare(c, name, out[1 + i], parity_array(c, "%s", name), t, step);
    }
    for (int i = 0; i < t->ntrained; i++) {
        snprintf(name, sizeof name, "dw%d", t->trained[i]);
        compare(c, name, out[1 + t->inputs + i], parity_array(c, "%s", name), t, step);
    }
    for (int i = 0; t->training && i < t->layer->nweights; i++) {
        snprintf(name, sizeof name, "a%d", i);
        compare(c, name, t->layer->weight[i]->value, parity_array(c, "%s", name), t, step);
    }
}

static void run_step(parity_case *c, trial *t, int step)
{
    lm_tensor *in[INPUTS + 1], *out[1 + INPUTS + LM__LAYER_WEIGHTS];
    for (int i = 0; i < t->inputs; i++) in[i] = row_of(c, "x", i, t, step);
    in[t->inputs] = row_of(c, "dy", 0, t, step);
    if (parity_call(&t->g, c, in, out)) compare_step(c, t, out, step);
    for (int i = 0; i < 1 + t->inputs + t->ntrained; i++) lm_free(out[i]);
    for (int i = 0; i <= t->inputs; i++) lm_free(in[i]);
}

static void run(parity_case *c, trial *t)
{
    parity_graph_begin(&t->g);
    if (build(c, t))
        for (int step = 0; step < t->steps; step++) run_step(c, t, step);
    parity_graph_end(&t->g);
}

/* In training, dropout gives 0 or the scaled input, and keeps as many as it should. */
static void run_dropout(parity_case *c, trial *t)
{
    enum { N = 100000 };
    double keep = json_number_value(json_object_get(c->json, "train_keep_probability"));
    double scale = json_number_value(json_object_get(c->json, "train_scale"));
    lm_tensor *ones = lm_tensor_new(LM_F64, 2, (int64_t[]){N / 100, 100}), *out;
    int64_t key[2] = {7, 3}, two = 2, kept = 0, other = 0;
    lm_tensor *k = lm_tensor_copy_of(LM_I64, 1, &two, key);
    for (int i = 0; i < N; i++) ((double *)lm_tensor_data(ones))[i] = 1;
    parity_graph_begin(&t->g);
    lm__layer_call call = {.graph = t->g.graph, .training = true, .key = lm_constant(t->g.graph, k)};
    parity_output(&t->g, lm__layer_call_on(t->layer, &call, parity_input(&t->g, "x", ones, true)));
    if (parity_finish(&t->g, c)) {
        if (parity_call(&t->g, c, &ones, &out))
            for (size_t i = 0; i < N; i++) {
                double y = lm_tensor_get(out, i);
                kept += y == scale, other += y != 0 && y != scale;
            }
        lm_free(out);
    }
    c->compared++;
    if (other || fabs((double)kept - keep * N) > 5 * sqrt(keep * (1 - keep) * N))
        parity_problem(c, "%lld of %d kept, %lld neither 0 nor %g", (long long)kept, N, (long long)other, scale);
    parity_graph_end(&t->g);
    lm_free(k), lm_free(ones);
}

static void test_layer(parity_case *c)
{
    trial t = {.layer = make(c), .steps = (int)parity_integer(c, "steps")};
    t.training = json_is_true(json_object_get(c->json, "training"));
    if (lm_failed(t.layer)) {
        parity_problem(c, "%s", lm_error(t.layer));
    } else {
        run(c, &t);
        if (json_object_get(c->json, "train_keep_probability")) run_dropout(c, &t);
    }
    lm_free(t.layer);
}

static bool refuse(parity_case *c)
{
    lm_layer *layer = make(c);
    bool failed = lm_failed(layer);
    lm_free(layer);
    return failed;
}

static void layers(void **state)
{
    static const parity_refusal refusals[] = {
        {"rescaling per channel", "config \"scale\" is [0.5,0.25,2.0], but it must be a number"},
        {NULL, NULL},
    };
    (void)state;
    parity_run("layer", 208, test_layer, refusals, refuse);
}

static void conv2d_transpose(void **state)
{
    (void)state;
    parity_run("conv2d_transpose", 47, test_layer, NULL, NULL);
}

static void transformer(void **state)
{
    (void)state;
    parity_run("transformer", 21, test_layer, NULL, NULL);
}

static void recurrent_layers(void **state)
{
    static const parity_refusal refusals[] = {
        {"recurrent dropout", "LSTM: config \"recurrent_dropout\" is 0.25, but it must be 0.0: other values are not "
                              "supported"},
        {"stateful", "LSTM: config \"stateful\" is true, but it must be false: other values are not supported"},
        {"lstm, state",
         "LSTM: config \"return_state\" is true, but it must be false: other values are not supported"},
        {"masks", "Embedding: config \"mask_zero\" is true, but it must be false: other values are not supported"},
        {NULL, NULL},
    };
    (void)state;
    parity_run("recurrent", 17, test_layer, refusals, refuse);
}

RUN(cmocka_unit_test(layers), cmocka_unit_test(conv2d_transpose), cmocka_unit_test(transformer),
    cmocka_unit_test(recurrent_layers))
