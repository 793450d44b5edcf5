/* cli/bench.c: lamina bench: the time of well-known steps, each measured in a process of its own. */
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern const cli_command cli_bench;

enum { MOST = 64 };

static const char help[] =
    "Measures steps of training and of inference on this machine, each workload in a process of its own.\n\n"
    "Usage: lamina bench [WORKLOAD…|MODEL.keras…] [--batch-size N] [--inference] [--bound] [--tune FILE]\n"
    "                    [--without PASS,…] [--json]\n\n"
    "  lamina bench\n"
    "  lamina bench seedcnn --threads 1 --json\n"
    "  lamina bench seedcnn --bound                   # how near it comes to what the machine can do\n"
    "  lamina bench seedcnn --without epilogue,fuse   # what these passes gain\n"
    "  lamina bench net.keras --batch-size 64\n"
    "  lamina bench net.keras --batch-size 1 --inference\n\n"
    CLI_OPERANDS
    "  MODEL.keras        a model of yours, on numbers that are made up\n"
    "  --batch-size N     of a MODEL: examples in a step (default: 32)\n"
    "  --inference        of a MODEL: one call that predicts, instead of a training step\n"
    "  --bound            measure bound_ms too: each matrix product and convolution of the step alone, here and\n"
    "                     now, by the fastest kernel that takes it, summed; and over the bandwidth measured for as\n"
    "                     much memory the bytes that must be moved in any case: variables read once unless\n"
    "                     products read them, and written if they change; inputs and outputs; for each\n"
    "                     normalisation over the batch in training 5 times its array (see docs/performance.md)\n"
    "  --tune FILE        choose kernels by times measured here, once; FILE keeps what won (made if missing)\n"
    "  --without PASS,…   plans leave these passes out; their results stay the same up to rounding\n"
    "  --json             one JSON object a line, also on a terminal; elsewhere that is the rule. ms_per_step is\n"
    "                     the best of three rounds; flops_per_step counts two for each multiply-add of the matrix\n"
    "                     products and convolutions that are needed\n"
    "\nPasses for --without:\n"
    CLI_NOTES;

/* What the child sends. */
typedef struct report {
    bench_figures figures;
    double peak_rss_mb;
} report;

/* What is asked of every job. */
typedef struct request {
    bool json, bound;
    const char *tune;
} request;

static void child(const bench_job *j, const request *q, int pipe_end)
{
    report r = {.figures = {.bound = q->bound, .bound_ms = LM_NONE}};
    struct rusage usage;
    signal(SIGINT, SIG_DFL);
    int status = cli_tune(q->tune);
    if (!status) status = cli_tuned(q->tune, bench_run(j, &r.figures));
    getrusage(RUSAGE_SELF, &usage);
    r.peak_rss_mb = (double)usage.ru_maxrss / 1024;
    if (!status && write(pipe_end, &r, sizeof r) != sizeof r)
        status = cli_error("bench %s: %s", j->name, strerror(errno));
    _exit(status);
}

/* The child's exit status as our own. */
static int wait_for(const bench_job *j, pid_t pid)
{
    int state;
    while (waitpid(pid, &state, 0) < 0)
        if (errno != EINTR) return cli_error("bench %s: %s", j->name, strerror(errno));
    if (WIFEXITED(state)) return WEXITSTATUS(state);
    if (WTERMSIG(state) == SIGINT) return CLI_INTERRUPTED;
    return cli_error("bench %s: its process was ended by signal %d (%s)", j->name, WTERMSIG(state),
                     strsignal(WTERMSIG(state)));
}

static int measure(const bench_job *j, const request *q, report *out)
{
    int ends[2];
    fflush(stdout);
    if (pipe(ends)) return cli_error("bench: could not make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) child(j, q, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cli_error("bench: could not start a process: %s", strerror(errno));
    }
    ssize_t got;
    while ((got = read(ends[0], out, sizeof *out)) < 0 && errno == EINTR)
        if (cli_interrupted()) kill(pid, SIGINT); /* a terminal tells it too, but kill may have meant us alone */
    close(ends[0]);
    int status = wait_for(j, pid);
    if (!status && got != sizeof *out) status = cli_error("bench %s: its process sent no figures", j->name);
    return status;
}

static void print_json(const bench_job *j, const report *r)
{
    const bench_figures *f = &r->figures;
    printf("{\"name\":\"%s\",\"ms_per_step\":%.6g,\"items_per_second\":%.6g,\"unit\":\"%s\",\"flops_per_step\":%.0f,"
           "\"peak_rss_mb\":%.1f,\"loss_first\":",
           j->name, f->ms_per_step, 1e3 * (double)f->items_per_step / f->ms_per_step,
           j->path ? "samples" : j->workload->unit, f->flops_per_step,
           r->peak_rss_mb);
    cli_json_number(stdout, f->loss_first, 6);
    printf(",\"loss_last\":");
    cli_json_number(stdout, f->loss_last, 6);
    if (f->bound) {
        printf(",\"bound_ms\":");
        cli_json_number(stdout, f->bound_ms, 6);
    }
    printf(",\"threads\":%d,\"isa\":\"%s\"}\n", lm_threads(), lm_isa());
}

static void print_row(const bench_job *j, const report *r, bool first)
{
    const bench_figures *f = &r->figures;
    if (first)
        printf("%-20s %10s %12s %10s %9s%s   loss\n", "workload", "ms/step", "items/s", "GFLOP/s", "peak MB",
               f->bound ? "   bound ms  reached" : "");
    double rate = 1e3 * (double)f->items_per_step / f->ms_per_step;
    double gflops = 1e-6 * f->flops_per_step / f->ms_per_step;
    printf("%-20s %10.4f %12.0f %10.1f %9.1f", j->name, f->ms_per_step, rate, gflops, r->peak_rss_mb);
    if (f->bound) printf(" %10.4f %6.0f %%", f->bound_ms, 100 * f->bound_ms / f->ms_per_step);
    printf("   ");
    if (isfinite(f->loss_first)) printf("%.4f -> %.4f\n", f->loss_first, f->loss_last);
    else printf("-\n");
}

static int measure_all(const bench_job *jobs, int count, const request *q)
{
    int status = CLI_OK;
    for (int i = 0; !status && i < count; i++) {
        report r;
        status = measure(&jobs[i], q, &r);
        if (!status && cli_interrupted()) status = CLI_INTERRUPTED;
        if (status) break;
        if (q->json) print_json(&jobs[i], &r);
        else print_row(&jobs[i], &r, i == 0);
        if (fflush(stdout)) break;      /* main says why */
    }
    return status;
}

static int run(int argc, char **argv)
{
    const char *names[MOST], *without = NULL;
    static bench_job jobs[MOST];
    request q = {0};
    bool inference = false;
    int64_t batch = 0;
    int count;
    const cli_option options[] = {{"json", CLI_FLAG, &q.json, 0, 0},
                                  {"batch-size", CLI_NUMBER, &batch, 1, INT32_MAX},
                                  {"inference", CLI_FLAG, &inference, 0, 0},
                                  {"bound", CLI_FLAG, &q.bound, 0, 0},
                                  {"tune", CLI_TEXT, &q.tune, 0, 0},
                                  {"without", CLI_TEXT, &without, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_bench, argc, argv, options, MOST, names, &count);
    if (!status && without) status = bench_without(&cli_bench, without);
    if (status) return status;
    for (int i = 0; !status && i < count; i++)
        status = bench_choose(&cli_bench, names[i], batch, inference, &jobs[i]);
    if (!status && !count && (batch || inference))
        status = cli_wrong(&cli_bench, "--batch-size and --inference are for models' files, as in: lamina bench "
                                       "net.keras");
    bool all = !count;
    for (const bench_workload *w; !status && all && count < MOST && (w = bench_workload_at(count)); count++)
        status = bench_choose(&cli_bench, w->name, 0, false, &jobs[count]);
    if (!status) status = cli_tuned(q.tune, cli_tune(q.tune));      /* each job does it once more for itself */
    if (status) return status;
    cli_catch_interrupt();
    q.json |= !isatty(STDOUT_FILENO);
    return measure_all(jobs, count, &q);
}

const cli_command cli_bench = {.name = "bench", .summary = "the time of training and inference steps here",
                               .help = help, .run = run, .operand = bench_operand, .notes = bench_write_passes};
