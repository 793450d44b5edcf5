/* cli/workloads.c: the workloads by number and by name, from workloads.def. */
#include "bench.h"

#include <string.h>

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
