/* cli/bench_rounds.c: the time of a step: the best of several rounds of many. */
#include "bench.h"

#include <math.h>

enum { ROUNDS = 3 };

int bench_rounds(int (*round)(void *user, int steps), void *user, int steps, double *ms_per_step)
{
    double best = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        double begun = cli_now();
        int status = round(user, steps);
        if (status) return status;
        double spent = (cli_now() - begun) / steps;
        if (spent < best) best = spent;
    }
    *ms_per_step = 1e3 * best;
    return CLI_OK;
}
