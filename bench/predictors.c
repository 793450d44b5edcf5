/* bench/predictors.c: two threads that predict with one model at once, a core each, against one thread alone: what a
 * server does. Prints one JSON line. Built by the target bench_predictors. */
#include <lamina/lamina.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { CALLS = 4000, ROUNDS = 12, BATCH = 1 };

typedef struct predictor {
    const lm_model *model;
    pthread_barrier_t *start;           /* NULL: alone */
    double seconds;
    bool failed;
} predictor;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *predict(void *user)
{
    predictor *p = user;
    float x[BATCH * 28 * 28], y[BATCH * 10];
    for (int i = 0; i < BATCH * 28 * 28; i++) x[i] = (float)(i % 17) / 17;
    for (int i = 0; i < 50; i++) p->failed |= lm_predict_into(p->model, BATCH, x, y) != LM_OK;
    if (p->start) pthread_barrier_wait(p->start);
    double begun = now();
    for (int i = 0; i < CALLS; i++) p->failed |= lm_predict_into(p->model, BATCH, x, y) != LM_OK;
    p->seconds = now() - begun;
    return NULL;
}

/* Calls a second of `count` threads, 1 or 2, together. */
static double rate(const lm_model *model, int count, bool *failed)
{
    pthread_barrier_t start;
    pthread_t thread;
    predictor p[2] = {{.model = model}, {.model = model}};
    pthread_barrier_init(&start, NULL, (unsigned)count);
    p[0].start = p[1].start = &start;
    if (count == 2 && pthread_create(&thread, NULL, predict, &p[1])) return NAN;
    predict(&p[0]);
    if (count == 2) pthread_join(thread, NULL);
    pthread_barrier_destroy(&start);
    *failed |= p[0].failed || p[1].failed;
    return count * CALLS / fmax(p[0].seconds, p[1].seconds);
}

int main(void)
{
    double best[2] = {0, 0};
    bool failed = false;
    lm_set_threads(1);
    lm_model *model = lm_sequential(
        lm_input(.shape = {28, 28, 1}), lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .activation = "relu"),
        lm_max_pooling2d(.pool_size = {2, 2}), lm_flatten(), lm_dense(.units = 128, .activation = "relu"),
        lm_dense(.units = 10, .activation = "softmax"));
    for (int r = 0; r < ROUNDS; r++)
        for (int count = 1; count <= 2; count++) best[count - 1] = fmax(best[count - 1], rate(model, count, &failed));
    if (failed || lm_failed(model)) {
        fprintf(stderr, "predictors: error: %s\n", lm_failed(model) ? lm_error(model) : lm_last_error());
        return 1;
    }
    printf("{\"name\":\"predictors\",\"batch\":%d,\"one\":%.1f,\"two\":%.1f,\"ratio\":%.4f}\n", BATCH, best[0],
           best[1], best[1] / best[0]);
    lm_free(model);
    return 0;
}
