/* examples/spirals.c: what depth is for: nets of one to four hidden layers, with about as many weights each, learn to
 * tell two spirals apart; their accuracy on new points and their time a step, side by side. */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTHS = 4, TRAIN = 2000, TEST = 2000, SIDE = 240, GAP = 8, DOTS = 500 };

/* Nodes in each hidden layer, so that every net has about 300 weights: 3w, w² + w for each further layer, w + 1. */
static const int width[DEPTHS] = {75, 15, 11, 9};

/* --- the points ------------------------------------------------------------------------------------------------- */

/* Numbers in 0…1 that follow from the seed alone (splitmix64). */
static double uniform(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
    double r = sqrt(-2 * log(1 - uniform(state)));
    return r * cos(2 * M_PI * uniform(state));
}

/* Points (x, y) about two arms of a spiral that turn three times about the middle, and the arm of each. */
static lm_dataset *spirals(int count, uint64_t seed)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){count, 2});
    lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){count, 1});
    float *points = lm_tensor_data(x), *arms = lm_tensor_data(y);
    for (int i = 0; points && arms && i < count; i++) {
        double t = sqrt(0.03 + 0.97 * uniform(&seed)), angle = 6 * M_PI * t + M_PI * (i % 2);
        points[2 * i] = (float)(t * cos(angle) + 0.02 * normal(&seed));
        points[2 * i + 1] = (float)(t * sin(angle) + 0.02 * normal(&seed));
        arms[i] = (float)(i % 2);
    }
    lm_dataset *all = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return all;
}

/* --- the nets --------------------------------------------------------------------------------------------------- */

typedef struct trial {
    lm_model *model;
    double train_accuracy, test_accuracy, ms_per_step;
    long long weights;
} trial;

static lm_model *net(int hidden)
{
    lm_model *m = lm_sequential(lm_input(.shape = {2}));
    for (int i = 0; i < hidden; i++)
        lm_sequential_add(m, lm_dense(.units = width[hidden - 1], .activation = "relu"));
    lm_sequential_add(m, lm_dense(.units = 1, .activation = "sigmoid"));
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.003), .loss = "binary_crossentropy",
               .metrics = {"accuracy"});
    return m;
}

/* Trains one net; its history's lines go to `lines`. */
static int learn(const example *run, trial *t, int hidden, lm_dataset *train, lm_dataset *test, FILE *lines)
{
    t->model = net(hidden);
    example_interrupt(t->model);
    const lm_history *history = lm_fit(t->model, train, .epochs = run->epochs, .validation_data = test, .verbose = 0);
    if (example_failed(run, 1, (const void *[]){t->model})) return 1;
    double seconds = 0, steps = 0;
    int epochs = lm_history_epochs(history);
    for (int e = 0; e < epochs; e++) {
        seconds += lm_history_seconds(history, e), steps += (double)lm_history_steps(history, e);
        fprintf(lines, "%d,%d,%.9g,%.9g,%.9g,%.9g\n", hidden, e + 1, lm_history_get(history, "accuracy", e),
                lm_history_get(history, "loss", e), lm_history_get(history, "val_accuracy", e),
                lm_history_get(history, "val_loss", e));
    }
    t->train_accuracy = lm_history_get(history, "accuracy", -1);
    t->test_accuracy = lm_get(lm_evaluate(t->model, test, .verbose = 0), "accuracy");
    t->ms_per_step = 1e3 * seconds / steps;
    t->weights = (long long)lm_parameters(t->model, true);
    printf("%6d %6d %8lld %10.4f %10.4f %12.3f\n", hidden, width[hidden - 1], t->weights, t->train_accuracy,
           t->test_accuracy, t->ms_per_step);
    return example_failed(run, 1, (const void *[]){t->model});
}

/* --- the picture ------------------------------------------------------------------------------------------------ */

static const double arm_colour[2][3] = {{33, 102, 172}, {230, 120, 20}};

static void put(lm_tensor *picture, int64_t row, int64_t column, const double *colour, double strength)
{
    int64_t columns = lm_tensor_dim(picture, 1);
    if (row < 0 || column < 0 || row >= lm_tensor_dim(picture, 0) || column >= columns) return;
    uint8_t *to = (uint8_t *)lm_tensor_data(picture) + 3 * (row * columns + column);
    for (int c = 0; c < 3; c++) to[c] = (uint8_t)(255 - strength * (255 - colour[c]));
}

/* The square -1.2…1.2 as a net sees it, with the test points: the paler, the less certain. */
static int draw_panel(const example *run, lm_tensor *picture, int panel, const lm_model *m, lm_dataset *test)
{
    lm_tensor *grid = lm_tensor_new(LM_F32, 2, (int64_t[]){SIDE * SIDE, 2});
    for (int i = 0; !lm_failed(grid) && i < SIDE * SIDE; i++) {
        ((float *)lm_tensor_data(grid))[2 * i] = (float)(2.4 * (i % SIDE + 0.5) / SIDE - 1.2);
        ((float *)lm_tensor_data(grid))[2 * i + 1] = (float)(1.2 - 2.4 * (i / SIDE + 0.5) / SIDE);
    }
    lm_tensor *p = lm_predict_array(m, grid), *x = lm_data_array(test, 0), *y = lm_data_array(test, 1);
    int status = example_failed(run, 4, (const void *[]){grid, p, x, y});
    int64_t left = panel * (SIDE + GAP);
    for (int i = 0; !status && i < SIDE * SIDE; i++) {
        double one = lm_tensor_get(p, (size_t)i);
        put(picture, i / SIDE, left + i % SIDE, arm_colour[one > 0.5], 0.1 + 0.5 * fabs(2 * one - 1));
    }
    for (size_t i = 0; !status && i < DOTS; i++) {
        double column = (lm_tensor_get(x, 2 * i) + 1.2) / 2.4 * SIDE;
        double row = (1.2 - lm_tensor_get(x, 2 * i + 1)) / 2.4 * SIDE;
        const double *colour = arm_colour[lm_tensor_get(y, i) > 0.5];
        for (int k = 0; column >= 1 && column < SIDE - 1 && k < 4; k++)
            put(picture, (int64_t)row + k / 2, left + (int64_t)column + k % 2, colour, 1);
    }
    lm_free(grid), lm_free(p), lm_free(x), lm_free(y);
    return status;
}

static int draw(const example *run, const trial *trials, lm_dataset *test)
{
    lm_tensor *picture = lm_tensor_new(LM_U8, 3, (int64_t[]){SIDE, DEPTHS * (SIDE + GAP) - GAP, 3});
    int status = example_failed(run, 1, (const void *[]){picture});
    if (!status) memset(lm_tensor_data(picture), 255, lm_tensor_bytes(picture));
    for (int k = 0; !status && k < DEPTHS; k++) status = draw_panel(run, picture, k, trials[k].model, test);
    if (!status) status = example_save_image(run, picture, "spirals.png");
    lm_free(picture);
    return status;
}

/* --apply: an array (N, 2) in a .npy file; for each point the second arm's probability by each net. */
static int apply(const example *run)
{
    lm_tensor *x = lm_tensor_load(run->apply), *p[DEPTHS] = {0};
    char file[32], *text = malloc(64 * (size_t)lm_tensor_dim(x, 0) + 64);
    int status = example_failed(run, 1, (const void *[]){x});
    size_t n = text ? (size_t)sprintf(text, "depth1,depth2,depth3,depth4\n") : 0;
    for (int k = 0; !status && k < DEPTHS; k++) {
        snprintf(file, sizeof file, "spirals_%d.keras", k + 1);
        lm_model *m = lm_load(example_path(run, file));
        p[k] = lm_predict_array(m, x);
        status = example_failed(run, 2, (const void *[]){m, p[k]});
        lm_free(m);
    }
    if (!status && !text) perror(run->name), status = 1;
    for (int64_t i = 0; !status && i < DEPTHS * lm_tensor_dim(x, 0); i++)
        n += (size_t)sprintf(text + n, "%.6f%c", lm_tensor_get(p[i % DEPTHS], (size_t)(i / DEPTHS)),
                             i % DEPTHS + 1 < DEPTHS ? ',' : '\n');
    if (!status) status = example_write(run, run->output, text);
    for (int k = 0; k < DEPTHS; k++) lm_free(p[k]);
    free(text), lm_free(x);
    return status;
}

int main(int argc, char **argv)
{
    example run = example_begin(argc, argv, (example){.name = "spirals", .epochs = 300},
                                "nets of depth 1 to 4, with as many weights each, on two spirals");
    if (run.apply) return apply(&run);
    if (run.quick) run.epochs = 20;
    lm_dataset *train = spirals(TRAIN, 2 * run.seed), *test = spirals(TEST, 2 * run.seed + 1);
    trial trials[DEPTHS] = {0};
    char name[DEPTHS][2][32], file[32];
    example_metric metrics[2 * DEPTHS];
    char *history = NULL;
    size_t bytes = 0;
    FILE *lines = open_memstream(&history, &bytes);
    int status = example_failed(&run, 2, (const void *[]){train, test});
    if (!lines) perror(run.name), status = 1;
    else fputs("depth,epoch,accuracy,loss,val_accuracy,val_loss\n", lines);
    if (!status)
        printf("hidden  nodes           training       test milliseconds\n"
               "layers   each  weights   accuracy   accuracy       a step\n");
    for (int k = 0; !status && k < DEPTHS && !example_interrupted(); k++) {
        status = learn(&run, &trials[k], k + 1, train, test, lines);
        snprintf(file, sizeof file, "spirals_%d.keras", k + 1);
        if (!status) status = example_save(&run, trials[k].model, file);
        snprintf(name[k][0], sizeof name[k][0], "depth%d_test_accuracy", k + 1);
        snprintf(name[k][1], sizeof name[k][1], "depth%d_ms_per_step", k + 1);
        metrics[2 * k] = (example_metric){name[k][0], trials[k].test_accuracy};
        metrics[2 * k + 1] = (example_metric){name[k][1], trials[k].ms_per_step};
    }
    if (!status && !example_interrupted()) status = draw(&run, trials, test);
    if (lines && fclose(lines) && !status) perror(run.name), status = 1;
    if (!status) status = example_write(&run, example_path(&run, "history.csv"), history);
    status = example_end(&run, status, 2 * DEPTHS, metrics);
    free(history);
    for (int k = 0; k < DEPTHS; k++) lm_free(trials[k].model);
    lm_free(train), lm_free(test);
    return status;
}
