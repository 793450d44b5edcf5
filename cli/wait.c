/* cli/wait.c: the clock, and a line on the terminal while something takes longer than a second. */
#include "cli.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

static double begun, shown;         /* when the work began; when the line was drawn last, 0: it is not there */

double cli_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_wait(const char *what, int64_t done, int64_t all)
{
    double time = cli_now();
    if (!done) begun = time;
    if (done >= all) cli_wait_hide();
    if (!done || done >= all || time - begun < 1 || time - shown < 0.2 || !isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r%s %" PRId64 " of %" PRId64 ", %.0f s left \033[K", what, done, all,
            (time - begun) * (double)(all - done) / (double)done);
    fflush(stderr);
    shown = time;
}

void cli_wait_hide(void)
{
    if (shown > 0) fputs("\r\033[K", stderr);
    shown = 0;
}
