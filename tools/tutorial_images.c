/* tools/tutorial_images.c: draws the charts of docs/tutorial.md: tutorial_images FOLDER. What they show is computed
 * here, by Lamina. */
#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *folder;

static const char *in_folder(const char *file)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return path;
}

/* --- the net that is worked by hand ----------------------------------------------------------------------------- */

static lm_status set_weight(lm_model *m, int index, const float *values)
{
    const lm_tensor *old = lm_variable_value(lm_weight(m, index));
    lm_tensor *t = lm_tensor_copy_of(LM_F32, lm_tensor_rank(old), lm_tensor_dims(old), values);
    lm_status status = lm_variable_set(lm_weight(m, index), t);
    lm_free(t);
    return status;
}

static lm_status draw_net(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 2, .activation = "sigmoid"),
                                lm_dense(.units = 1));
    const float *const weights[] = {(float[]){0.5f, -0.5f, 0.25f, 1}, (float[]){-0.25f, 0}, (float[]){1, -0.5f},
                                    (float[]){0.2f}};
    lm_status status = lm_status_of(m);
    for (int i = 0; !status && i < 4; i++) status = set_weight(m, i, weights[i]);
    if (!status) status = lm_plot_network(m, in_folder("net-2-2-1.svg"));
    lm_free(m);
    return status;
}

/* --- activations ------------------------------------------------------------------------------------------------ */

enum { POINTS = 201 };

static lm_tensor *curve(lm_value *(*op)(lm_value *), lm_tensor *x)
{
    lm_graph *g = lm_graph_new();
    lm_value *in = lm_placeholder(g, "x", LM_F32, LM_ANY);
    lm_function *f = lm_function(.graph = g, .inputs = {in}, .outputs = {op(in)});
    lm_tensor *y = NULL;
    lm_function_run(f, &x, &y);
    lm_free(f), lm_free(g);
    return y;
}

static lm_value *relu(lm_value *x) { return lm_op_relu(x); }
static lm_value *sigmoid(lm_value *x) { return lm_op_sigmoid(x); }
static lm_value *hyperbolic(lm_value *x) { return lm_op_tanh(x); }
static lm_value *silu(lm_value *x) { return lm_op_multiply(x, lm_op_sigmoid(x)); }

static lm_status draw_activations(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 1, (int64_t[]){POINTS}), *y[4];
    for (int i = 0; i < POINTS; i++) ((float *)lm_tensor_data(x))[i] = -4 + 8 * (float)i / (POINTS - 1);
    y[0] = curve(relu, x), y[1] = curve(sigmoid, x), y[2] = curve(hyperbolic, x), y[3] = curve(silu, x);
    lm_status status = lm_plot_lines(in_folder("activations.svg"), .x_label = "sum of a node",
                                     .y_label = "what it puts out", .y_range = {-1.5, 4},
                                     .series = {{.name = "relu", .x = x, .y = y[0]},
                                                {.name = "sigmoid", .x = x, .y = y[1]},
                                                {.name = "tanh", .x = x, .y = y[2]},
                                                {.name = "silu", .x = x, .y = y[3]}});
    for (int i = 0; i < 4; i++) lm_free(y[i]);
    lm_free(x);
    return status;
}

/* --- gradient descent ------------------------------------------------------------------------------------------- */

enum { ROWS = 200, EPOCHS = 5 };

typedef struct path {
    lm_tensor *slope, *offset;          /* after each step, the start first */
} path;

static void note(path *p, lm_model *m, int step)
{
    ((float *)lm_tensor_data(p->slope))[step] = (float)lm_tensor_get(lm_variable_value(lm_weight(m, 0)), 0);
    ((float *)lm_tensor_data(p->offset))[step] = (float)lm_tensor_get(lm_variable_value(lm_weight(m, 1)), 0);
}

/* A straight line y = a·x + b fitted by steps on `batch` rows each, from the same start. */
static lm_status descend(lm_tensor *x, lm_tensor *y, int batch, path *p)
{
    lm_model *m = lm_sequential(lm_input(.shape = {1}), lm_dense(.units = 1));
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.1), .loss = "mse");
    lm_status status = lm_status_of(m);
    int64_t points = EPOCHS * ROWS / batch + 1;
    p->slope = lm_tensor_new(LM_F32, 1, &points), p->offset = lm_tensor_new(LM_F32, 1, &points);
    if (!status) status = set_weight(m, 0, (float[]){-1});
    if (!status) status = set_weight(m, 1, (float[]){-1});
    for (int step = 0; !status && step < points; step++) {
        note(p, m, step);
        int64_t first = (int64_t)step * batch % ROWS;
        lm_tensor *some_x = lm_tensor_slice(x, first, first + batch);
        lm_tensor *some_y = lm_tensor_slice(y, first, first + batch);
        lm_train_on_batch(m, some_x, some_y, NULL);
        status = lm_status_of(m);
        lm_free(some_x), lm_free(some_y);
    }
    lm_free(m);
    return status;
}

static lm_status draw_descent(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 1});
    lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 1});
    float goal[2] = {1.5f, 0.5f};
    for (int i = 0; i < ROWS; i++) {
        /* Rows in no order, with an error that has none either. */
        double u = fmod(i * 0.61803398875, 1), v = fmod(i * 0.75487766625, 1) + fmod(i * 0.56984029099, 1) - 1;
        ((float *)lm_tensor_data(x))[i] = (float)(2 * u - 1);
        ((float *)lm_tensor_data(y))[i] = (float)(goal[0] * (2 * u - 1) + goal[1] + 1.5 * v);
    }
    path whole = {0}, parts = {0};
    lm_tensor *at[2] = {lm_tensor_copy_of(LM_F32, 1, (int64_t[]){1}, &goal[0]),
                        lm_tensor_copy_of(LM_F32, 1, (int64_t[]){1}, &goal[1])};
    lm_status status = descend(x, y, ROWS, &whole);
    if (!status) status = descend(x, y, 8, &parts);
    if (!status)
        status = lm_plot_lines(in_folder("descent.svg"), .x_label = "slope of the line",
                               .y_label = "offset of the line",
                               .series = {{.name = "all 200 points a step", .x = whole.slope, .y = whole.offset},
                                          {.name = "8 points a step", .x = parts.slope, .y = parts.offset},
                                          {.name = "what the points were made with", .x = at[0], .y = at[1],
                                           .points = true}});
    lm_free(whole.slope), lm_free(whole.offset), lm_free(parts.slope), lm_free(parts.offset);
    lm_free(x), lm_free(y), lm_free(at[0]), lm_free(at[1]);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: tutorial_images FOLDER\n");
        return 2;
    }
    folder = argv[1];
    if (!draw_net() && !draw_activations() && !draw_descent()) return 0;
    fprintf(stderr, "tutorial_images: %s\n", lm_last_error());
    return 1;
}
