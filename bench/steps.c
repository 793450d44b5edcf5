/* bench/steps.c: where the time of a training step goes.
 *
 *     ninja -C build bench_steps && build/bin/bench_steps [THREADS [seedcnn|autoencoder [RUNS [PASS…]]]]
 *
 * Leaves out the passes that are named; with LISTING in the environment it prints the plan first.
 *
 * Lists the plan's kernel calls with the best time of each over many runs, their sum, and the best and the median
 * time of a run as a whole; then how long planning takes. */
#include "base/alloc.h"
#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static lm_tensor *numbers(int rank, const int64_t *dims)
{
    lm_tensor *t = lm_tensor_new(LM_F32, rank, dims);
    float *x = lm_tensor_data(t);
    for (size_t i = 0; i < lm_tensor_size(t); i++) x[i] = (float)rand() / (float)RAND_MAX;
    return t;
}

static lm_model *seedcnn(lm_tensor **x, lm_tensor **y)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {28, 28, 1}),
        lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .activation = "relu"),
        lm_max_pooling2d(.pool_size = {2, 2}),
        lm_flatten(),
        lm_dense(.units = 128, .activation = "relu"),
        lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
    *x = numbers(4, (int64_t[]){32, 28, 28, 1});
    *y = lm_tensor_new(LM_I64, 1, (int64_t[]){32});
    for (int i = 0; i < 32; i++) ((int64_t *)lm_tensor_data(*y))[i] = i % 10;
    return m;
}

static lm_model *autoencoder(lm_tensor **x, lm_tensor **y)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {784}),
        lm_dense(.units = 256, .activation = "relu"),
        lm_dense(.units = 32, .activation = "relu"),
        lm_dense(.units = 256, .activation = "relu"),
        lm_dense(.units = 784, .activation = "sigmoid"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "binary_crossentropy");
    *x = numbers(2, (int64_t[]){128, 784});
    *y = lm_retain(*x);
    return m;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void time_plan(const lm__plan *plan, const void *const *inputs, void *const *outputs, int runs)
{
    lm__context *context;
    int steps = lm__plan_steps(plan);
    double *seconds = calloc((size_t)steps, sizeof *seconds), *best = calloc((size_t)steps, sizeof *best), sum = 0;
    double *whole = calloc((size_t)runs, sizeof *whole);
    if (lm__context_new(plan, &context)) return;
    for (int r = 0; r < runs; r++) {
        double begun = now();
        lm__context_run(context, inputs, outputs);
        whole[r] = now() - begun;
    }
    for (int r = 0; r < runs; r++) {
        memset(seconds, 0, sizeof *seconds * (size_t)steps);
        lm__context_profile(context, inputs, outputs, seconds);
        for (int i = 0; i < steps; i++)
            if (!r || seconds[i] < best[i]) best[i] = seconds[i];
    }
    for (int i = 0; i < steps; i++) {
        char text[200];
        printf("%9.2f us  %s\n", 1e6 * best[i], lm__plan_step_text(plan, i, text, sizeof text));
        sum += best[i];
    }
    qsort(whole, (size_t)runs, sizeof *whole, by_value);
    printf("sum %.1f us, a run: best %.1f us, median %.1f us\n", 1e6 * sum, 1e6 * whole[0], 1e6 * whole[runs / 2]);
    lm__context_free(context);
    free(seconds), free(best), free(whole);
}

static unsigned passes_off(int n, char **names)
{
    static const char *const pass[] = {
#define LM__PASS(name, text) #name,
        LM__PASS_LIST(LM__PASS)
#undef LM__PASS
    };
    unsigned off = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < LM__PASS_COUNT; k++) off |= (unsigned)!strcmp(pass[k], names[i]) << k;
    return off;
}

int main(int argc, char **argv)
{
    lm_tensor *x, *y;
    lm__plan *plan;
    double loss;
    if (argc > 1) lm_set_threads(atoi(argv[1]));
    int runs = argc > 3 ? atoi(argv[3]) : 2000;
    const lm__plan_options options = {.passes_off = passes_off(argc - 4, argv + 4)};
    lm_model *m = argc > 2 && !strcmp(argv[2], "autoencoder") ? autoencoder(&x, &y) : seedcnn(&x, &y);
    lm_train_on_batch(m, x, y, NULL);
    if (lm_failed(m)) return fprintf(stderr, "%s\n", lm_error(m)), 1;
    const lm_graph *graph = lm__function_graph(m->train.function);
    int64_t symbols[8];
    for (int i = 0; i < 8; i++) symbols[i] = lm_tensor_dims(x)[0];
    double begun = now();
    if (lm__plan_new(graph, symbols, &options, &plan)) return fprintf(stderr, "%s\n", lm_last_error()), 1;
    double planning = now() - begun;
    if (getenv("LISTING")) {
        lm__text text = {0};
        lm__plan_print(plan, true, &text);
        puts(text.data);
        lm__free(text.data);
    }
    time_plan(plan, (const void *[]){lm_tensor_read(x), lm_tensor_read(y)}, (void *[]){&loss}, runs);
    printf("planning: %.2f ms\n", 1e3 * planning);
    lm__plan_free(plan);
    lm_free(x), lm_free(y), lm_free(m);
    return 0;
}
