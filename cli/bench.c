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
    "Usage: lamina bench [WORKLOAD…|MODEL.keras…] [--batch-size N] [--inference] [--json]\n\n"
    "  lamina bench\n"
    "  lamina bench seedcnn --threads 1 --json\n"
    "  lamina bench net.keras --batch-size 64\n"
    "  lamina bench net.keras --batch-size 1 --inference\n\n"
    CLI_OPERANDS
    "  MODEL.keras        a model of yours, on numbers that are made up\n"
    "  --batch-size N     of a MODEL: examples in a step (default: 32)\n"
    "  --inference        of a MODEL: one call that predicts, instead of a training step\n"
    "  --json             one JSON object a line, also on a terminal; elsewhere that is the rule. ms_per_step is\n"
    "                     the best of three rounds; flops_per_step counts two for each multiply-add of the matrix\n"
    "                     products and convolutions that are needed\n";

/* What is measured: a workload by its name, or a model's file. */
typedef struct job {
    const bench_workload *workload;
    const char *path;
    char name[256];
    int64_t batch;
    bool inference;
} job;

/* What the child sends. */
typedef struct report {
    bench_figures figures;
    double peak_rss_mb;
} report;

static void child(const job *j, int pipe_end)
{
    report r = {.peak_rss_mb = 0};
    struct rusage usage;
    signal(SIGINT, SIG_DFL);
    int status = j->path ? bench_model(j->path, j->batch, j->inference, &r.figures)
                         : j->workload->run(&r.figures);
    getrusage(RUSAGE_SELF, &usage);
    r.peak_rss_mb = (double)usage.ru_maxrss / 1024;
    if (!status && write(pipe_end, &r, sizeof r) != sizeof r)
        status = cli_error("bench %s: %s", j->name, strerror(errno));
    _exit(status);
}

/* The child's exit status as our own. */
static int wait_for(const job *j, pid_t pid)
{
    int state;
    while (waitpid(pid, &state, 0) < 0)
        if (errno != EINTR) return cli_error("bench %s: %s", j->name, strerror(errno));
    if (WIFEXITED(state)) return WEXITSTATUS(state);
    if (WTERMSIG(state) == SIGINT) return CLI_INTERRUPTED;
    return cli_error("bench %s: its process was ended by signal %d (%s)", j->name, WTERMSIG(state),
                     strsignal(WTERMSIG(state)));
}

static int measure(const job *j, report *out)
{
    int ends[2];
    fflush(stdout);
    if (pipe(ends)) return cli_error("bench: could not make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) child(j, ends[1]);
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

static void print_json(const job *j, const report *r)
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
    printf(",\"threads\":%d,\"isa\":\"%s\"}\n", lm_threads(), lm_isa());
}

static void print_row(const job *j, const report *r, bool first)
{
    const bench_figures *f = &r->figures;
    if (first)
        printf("%-20s %10s %12s %10s %9s   loss\n", "workload", "ms/step", "items/s", "GFLOP/s", "peak MB");
    double rate = 1e3 * (double)f->items_per_step / f->ms_per_step;
    double gflops = 1e-6 * f->flops_per_step / f->ms_per_step;
    printf("%-20s %10.4f %12.0f %10.1f %9.1f   ", j->name, f->ms_per_step, rate, gflops, r->peak_rss_mb);
    if (isfinite(f->loss_first)) printf("%.4f -> %.4f\n", f->loss_first, f->loss_last);
    else printf("-\n");
}

static int unknown(const char *name)
{
    const char *names[MOST + 1] = {0};
    char all[2048] = "";
    size_t n = 0;
    const bench_workload *w;
    for (int i = 0; i < MOST && (w = bench_workload_at(i)); i++) {
        names[i] = w->name;
        n += (size_t)snprintf(all + n, n < sizeof all ? sizeof all - n : 0, "%s%s", i ? ", " : "", w->name);
    }
    return cli_wrong(&cli_bench, "there is no workload and no file \"%s\"%s; workloads are %s", name,
                     cli_hint(name, names, ""), all);
}

/* The workload of that name, else the model in that file, called by the file's stem. */
static int choose(const char *name, job *out)
{
    out->workload = bench_find(name);
    snprintf(out->name, sizeof out->name, "%s", name);
    if (out->workload) return CLI_OK;
    if (access(name, F_OK)) return unknown(name);
    const char *slash = strrchr(name, '/');
    snprintf(out->name, sizeof out->name, "%s", slash ? slash + 1 : name);
    char *dot = strrchr(out->name, '.');
    if (dot && dot != out->name) *dot = 0;
    out->path = name;
    return CLI_OK;
}

static int run(int argc, char **argv)
{
    const char *names[MOST];
    static job chosen[MOST];
    bool json = false, inference = false;
    int64_t batch = 0;
    int count;
    const cli_option options[] = {{"json", CLI_FLAG, &json, 0, 0},
                                  {"batch-size", CLI_NUMBER, &batch, 1, INT32_MAX},
                                  {"inference", CLI_FLAG, &inference, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_bench, argc, argv, options, MOST, names, &count);
    if (status) return status;
    for (int i = 0; !status && i < count; i++) {
        chosen[i] = (job){.batch = batch ? batch : 32, .inference = inference};
        status = choose(names[i], &chosen[i]);
        if (!status && !chosen[i].path && (batch || inference))
            status = cli_wrong(&cli_bench, "--batch-size and --inference are for models' files; %s says its own",
                               names[i]);
    }
    if (!status && !count && (batch || inference))
        status = cli_wrong(&cli_bench, "--batch-size and --inference are for models' files, as in: lamina bench "
                                       "net.keras");
    bool all = !count;
    for (const bench_workload *w; all && count < MOST && (w = bench_workload_at(count)); count++)
        choose(w->name, &chosen[count]);
    if (!isatty(STDOUT_FILENO)) json = true;
    cli_catch_interrupt();
    for (int i = 0; !status && i < count; i++) {
        report r;
        status = measure(&chosen[i], &r);
        if (!status && cli_interrupted()) status = CLI_INTERRUPTED;
        if (status) break;
        if (json) print_json(&chosen[i], &r);
        else print_row(&chosen[i], &r, i == 0);
        if (fflush(stdout)) break;      /* main says why */
    }
    return status;
}

const cli_command cli_bench = {.name = "bench", .summary = "the time of training and inference steps here",
                               .help = help, .run = run, .operand = bench_operand};
