/* cli/bench.c: lamina bench: the time of well-known steps, each measured in a process of its own. */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern const cli_command cli_bench;

#define WORKLOAD(name) extern const bench_workload bench_##name;
#include "workloads.def"
#undef WORKLOAD

static const bench_workload *const workloads[] = {
#define WORKLOAD(name) &bench_##name,
#include "workloads.def"
#undef WORKLOAD
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads, ROUNDS = 3 };

static const char help[] =
    "Measures steps of training and of inference on this machine, each workload in a process of its own.\n\n"
    "Usage: lamina bench [WORKLOAD…] [--json]\n\n"
    "  lamina bench\n"
    "  lamina bench seedcnn --threads 1 --json\n\n"
    "  seedcnn            training of 28x28x1 -> Conv 3x3x32 relu -> MaxPool 2 -> Dense 128 relu -> Dense 10 with\n"
    "                     Adam on MNIST, batches of 32, fetching the batch from an array included\n"
    "  seedcnn_infer_1    the same model predicting one picture, one call on the caller's memory\n"
    "  seedcnn_infer_256  the same, 256 pictures\n"
    "  --json             one JSON object a line, also on a terminal; elsewhere that is the rule. ms_per_step is\n"
    "                     the best of three rounds; flops_per_step counts two for each multiply-add of the matrix\n"
    "                     products and convolutions that are needed\n";

/* What the child sends. */
typedef struct report {
    bench_figures figures;
    double peak_rss_mb;
} report;

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

static void child(const bench_workload *w, int pipe_end)
{
    report r = {.peak_rss_mb = 0};
    struct rusage usage;
    signal(SIGINT, SIG_DFL);
    int status = w->run(&r.figures);
    getrusage(RUSAGE_SELF, &usage);
    r.peak_rss_mb = (double)usage.ru_maxrss / 1024;
    if (!status && write(pipe_end, &r, sizeof r) != sizeof r)
        status = cli_error("bench %s: %s", w->name, strerror(errno));
    _exit(status);
}

/* The child's exit status as our own. */
static int wait_for(const bench_workload *w, pid_t pid)
{
    int state;
    while (waitpid(pid, &state, 0) < 0)
        if (errno != EINTR) return cli_error("bench %s: %s", w->name, strerror(errno));
    if (WIFEXITED(state)) return WEXITSTATUS(state);
    if (WTERMSIG(state) == SIGINT) return CLI_INTERRUPTED;
    return cli_error("bench %s: its process was ended by signal %d (%s)", w->name, WTERMSIG(state),
                     strsignal(WTERMSIG(state)));
}

static int measure(const bench_workload *w, report *out)
{
    int ends[2];
    fflush(stdout);
    if (pipe(ends)) return cli_error("bench: could not make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) child(w, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cli_error("bench: could not start a process: %s", strerror(errno));
    }
    ssize_t got;
    while ((got = read(ends[0], out, sizeof *out)) < 0 && errno == EINTR)
        if (cli_interrupted()) kill(pid, SIGINT); /* a terminal tells it too, but kill may have meant us alone */
    close(ends[0]);
    int status = wait_for(w, pid);
    if (!status && got != sizeof *out) status = cli_error("bench %s: its process sent no figures", w->name);
    return status;
}

static void print_json(const bench_workload *w, const report *r)
{
    const bench_figures *f = &r->figures;
    printf("{\"name\":\"%s\",\"ms_per_step\":%.6g,\"items_per_second\":%.6g,\"unit\":\"%s\",\"flops_per_step\":%.0f,"
           "\"peak_rss_mb\":%.1f,\"loss_first\":",
           w->name, f->ms_per_step, 1e3 * (double)f->items_per_step / f->ms_per_step, w->unit, f->flops_per_step,
           r->peak_rss_mb);
    cli_json_number(stdout, f->loss_first, 6);
    printf(",\"loss_last\":");
    cli_json_number(stdout, f->loss_last, 6);
    printf(",\"threads\":%d,\"isa\":\"%s\"}\n", lm_threads(), lm_isa());
}

static void print_row(const bench_workload *w, const report *r, bool first)
{
    const bench_figures *f = &r->figures;
    if (first)
        printf("%-20s %10s %12s %10s %9s   loss\n", "workload", "ms/step", "items/s", "GFLOP/s", "peak MB");
    double rate = 1e3 * (double)f->items_per_step / f->ms_per_step;
    double gflops = 1e-6 * f->flops_per_step / f->ms_per_step;
    printf("%-20s %10.4f %12.0f %10.1f %9.1f   ", w->name, f->ms_per_step, rate, gflops, r->peak_rss_mb);
    if (isfinite(f->loss_first)) printf("%.4f -> %.4f\n", f->loss_first, f->loss_last);
    else printf("-\n");
}

static const bench_workload *find(const char *name)
{
    for (int i = 0; i < WORKLOADS; i++)
        if (!strcmp(workloads[i]->name, name)) return workloads[i];
    return NULL;
}

static int unknown(const char *name)
{
    const char *names[WORKLOADS + 1] = {0};
    for (int i = 0; i < WORKLOADS; i++) names[i] = workloads[i]->name;
    return cli_wrong(&cli_bench, "there is no workload \"%s\"%s", name, cli_hint(name, names, ""));
}

static int run(int argc, char **argv)
{
    const char *names[64];
    const bench_workload *chosen[64];
    bool json = false;
    int count;
    const cli_option options[] = {{"json", CLI_FLAG, &json, 0, 0}, {.name = NULL}};
    int status = cli_read(&cli_bench, argc, argv, options, 64, names, &count);
    for (int i = 0; !status && i < count; i++)
        if (!(chosen[i] = find(names[i]))) status = unknown(names[i]);
    if (!count)
        for (count = 0; count < WORKLOADS; count++) chosen[count] = workloads[count];
    if (!isatty(STDOUT_FILENO)) json = true;
    cli_catch_interrupt();
    for (int i = 0; !status && i < count; i++) {
        report r;
        status = measure(chosen[i], &r);
        if (!status && cli_interrupted()) status = CLI_INTERRUPTED;
        if (status) break;
        if (json) print_json(chosen[i], &r);
        else print_row(chosen[i], &r, i == 0);
        if (fflush(stdout)) break;      /* main says why */
    }
    return status;
}

const cli_command cli_bench = {"bench", "the time of training and inference steps here", help, run};
