/* bench/team.c: what it costs to hand work to the team.
 *
 *     ninja -C build bench_team && build/bin/bench_team [THREADS]
 *
 * The best of many calls of lm__parallel in nanoseconds: jobs with nothing to do, right after each other and after a
 * pause of the caller's; then, for jobs of some microseconds, by how much the call is longer than a perfect share. */
#include "base/team.h"
#include <lamina/runtime.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void spend(double nanoseconds)
{
    for (double end = now() + nanoseconds; now() < end;) { }
}

static void job(void *argument, size_t index, int thread)
{
    (void)index, (void)thread;
    if (*(const double *)argument > 0) spend(*(const double *)argument);
}

/* The best and the median of calls with so many jobs of so many nanoseconds, each after a pause. */
static void time_calls(size_t jobs, double each, double pause)
{
    enum { CALLS = 2001 };
    static double took[CALLS];
    for (int i = 0; i < CALLS; i++) {
        if (pause > 0) spend(pause);
        double begun = now();
        lm__parallel(jobs, job, &each);
        double t = now() - begun;
        int k = i;
        for (; k > 0 && took[k - 1] > t; k--) took[k] = took[k - 1];
        took[k] = t;
    }
    double share = each * (double)((jobs + (size_t)lm_threads() - 1) / (size_t)lm_threads());
    printf("%3zu jobs of %6.0f ns after %6.0f ns: best %7.0f, median %7.0f ns beyond %6.0f\n", jobs, each, pause,
           took[0] - share, took[CALLS / 2] - share, share);
}

int main(int argc, char **argv)
{
    if (argc > 1) lm_set_threads(atoi(argv[1]));
    size_t threads = (size_t)lm_threads();
    printf("%d threads; the clock itself takes %.0f ns\n", lm_threads(), -(now() - now()));
    time_calls(1, 0, 0);
    time_calls(threads, 0, 0);
    time_calls(8 * threads, 0, 0);
    for (double pause = 0; pause < 1e6; pause = pause * 4 + 2000) time_calls(threads, 5000, pause);
    time_calls(4 * threads, 5000, 0);
    return 0;
}
