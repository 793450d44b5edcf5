/* cli/workloads.c: the workloads by number and by name, from workloads.def; what a command line says of them. */
#include "bench.h"

#include <string.h>
#include <unistd.h>

#define WORKLOAD(name) extern const bench_workload bench_##name;
#include "workloads.def"
#undef WORKLOAD

static const bench_workload *const workloads[] = {
#define WORKLOAD(name) &bench_##name,
#include "workloads.def"
#undef WORKLOAD
    NULL,
};

const bench_workload *bench_workload_at(int index)
{
    int count = sizeof workloads / sizeof *workloads - 1;
    return workloads[index < 0 || index > count ? count : index];
}

const bench_workload *bench_find(const char *name)
{
    for (int i = 0; workloads[i]; i++)
        if (!strcmp(workloads[i]->name, name)) return workloads[i];
    return NULL;
}

bool bench_operand(int index, cli_operand *out)
{
    const bench_workload *w = bench_workload_at(index);
    if (w) *out = (cli_operand){w->name, w->about};
    return w != NULL;
}

static int unknown(const cli_command *command, const char *name)
{
    const char *names[sizeof workloads / sizeof *workloads] = {0};
    char all[2048] = "";
    size_t n = 0;
    for (int i = 0; workloads[i]; i++) {
        names[i] = workloads[i]->name;
        n += (size_t)snprintf(all + n, n < sizeof all ? sizeof all - n : 0, "%s%s", i ? ", " : "", names[i]);
    }
    return cli_wrong(command, "there is no workload and no file \"%s\"%s; workloads are %s", name,
                     cli_hint(name, names, ""), all);
}

int bench_choose(const cli_command *command, const char *operand, int64_t batch, bool inference, bench_job *out)
{
    *out = (bench_job){.workload = bench_find(operand), .batch = batch ? batch : 32, .inference = inference};
    snprintf(out->name, sizeof out->name, "%s", operand);
    if (out->workload && (batch || inference))
        return cli_wrong(command, "--batch-size and --inference are for models' files; %s says its own", operand);
    if (out->workload) return CLI_OK;
    if (access(operand, F_OK)) return unknown(command, operand);
    const char *slash = strrchr(operand, '/');
    snprintf(out->name, sizeof out->name, "%s", slash ? slash + 1 : operand);
    char *dot = strrchr(out->name, '.');
    if (dot && dot != out->name) *dot = 0;
    out->path = operand;
    return CLI_OK;
}

int bench_run(const bench_job *j, bench_figures *out)
{
    return j->path ? bench_model(j->path, j->batch, j->inference, out) : j->workload->run(out);
}

int bench_without(const cli_command *command, const char *passes)
{
    return lm_plan_without(passes) ? cli_wrong(command, "--without %s: %s", passes, lm_last_error()) : CLI_OK;
}

void bench_write_passes(FILE *to)
{
    const char *name, *about;
    for (int i = 0; lm_plan_pass(i, &name, &about); i++) fprintf(to, "    %-16s %s\n", name, about);
}
