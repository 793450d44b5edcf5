/* cli/bench.h: what a workload of lamina bench gives. */
#ifndef LAMINA_CLI_BENCH_H
#define LAMINA_CLI_BENCH_H

#include "cli.h"

typedef struct bench_figures {
    double ms_per_step, flops_per_step;
    double loss_first, loss_last;       /* NaN for inference */
    int64_t items_per_step;
} bench_figures;

/* Runs in a process of its own. Returns the exit status, after a message if that is not 0. */
typedef struct bench_workload {
    const char *name, *unit;
    int (*run)(bench_figures *out);
} bench_workload;

/* A model of the user's on made-up data, named by its file: training, or one call that predicts. */
int bench_model(const char *path, int64_t batch, bool inference, bench_figures *out);

/* Milliseconds per step of the best of three rounds: round(user, steps) makes that many and returns 0, or a status,
 * which is returned. */
int bench_rounds(int (*round)(void *user, int steps), void *user, int steps, double *ms_per_step);

#endif
