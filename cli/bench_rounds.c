/* cli/bench_rounds.c: the time of a step: the best of several rounds of many. */
#include "bench.h"

#include <math.h>

enum { ROUNDS = 3, WARM_UP = 3, MOST_STEPS = 300, LEAST_STEPS = 3 };
static const double round_seconds = 0.4;

/* As many steps as fill a round. */
static int count(int (*round)(void *user, int steps), void *user, int *steps)
{
    double begun = cli_now();
    int status = round(user, WARM_UP);
    double fit = round_seconds * WARM_UP / (cli_now() - begun + 1e-9);
    *steps = fit > MOST_STEPS ? MOST_STEPS : fit < LEAST_STEPS ? LEAST_STEPS : (int)fit;
    return status;
}

int bench_rounds(int (*round)(void *user, int steps), void *user, int steps, double *ms_per_step)
{
    double best = INFINITY;
    int status = steps ? 0 : count(round, user, &steps);
    for (int r = 0; r < ROUNDS && !status; r++) {
        double begun = cli_now();
        status = round(user, steps);
        double spent = (cli_now() - begun) / steps;
        if (spent < best) best = spent;
    }
    *ms_per_step = 1e3 * best;
    return status;
}
