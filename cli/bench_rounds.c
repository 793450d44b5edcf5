/* cli/bench_rounds.c: the time of a step: the best of several rounds of many. */
#include "bench.h"

#include <math.h>
#include <time.h>

enum { ROUNDS = 3 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int bench_rounds(int (*round)(void *user, int steps), void *user, int steps, double *ms_per_step)
{
    double best = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        double begun = now();
        int status = round(user, steps);
        if (status) return status;
        double spent = (now() - begun) / steps;
        if (spent < best) best = spent;
    }
    *ms_per_step = 1e3 * best;
    return CLI_OK;
}
