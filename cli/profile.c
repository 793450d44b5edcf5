/* cli/profile.c: lamina profile: where the time of a step goes. */
#include "profile.h"

#include <string.h>
#include <unistd.h>

extern const cli_command cli_profile;

static const char help[] =
    "Tells where the time of a step goes: kernel calls and layers, and how near they come to their bound.\n\n"
    "Usage: lamina profile MODEL|WORKLOAD [--batch-size N] [--inference] [--top N] [--trace FILE] [--plan]\n"
    "                      [--tune FILE] [--without PASS,…] [--json]\n\n"
    "  lamina profile seedcnn\n"
    "  lamina profile net.keras --batch-size 64 --top 0\n"
    "  lamina profile net.keras --inference --trace net.json     # open it in chrome://tracing or ui.perfetto.dev\n\n"
    CLI_OPERANDS
    "  MODEL              a model's file, on numbers that are made up\n"
    "  --batch-size N     of a MODEL: examples in a step (default: 32)\n"
    "  --inference        of a MODEL: one call that predicts, instead of a training step\n"
    "  --top N            list the N longest kernel calls (default: 10); 0: all, in the order of the step\n"
    "  --trace FILE       write the best step as trace events, too\n"
    "  --plan             print the plan as well: every kernel call with its operands and their places\n"
    "  --tune FILE        choose kernels by times measured here, once; FILE keeps what won (made if missing)\n"
    "  --without PASS,…   the plan leaves these passes out\n"
    "  --json             one JSON object instead\n\n"
    "Whole steps are run on the same data for a second; of each call the best time counts, so that they add up to\n"
    "a little less than the best step. `of bound` compares a call with what it needs at least: a product or\n"
    "convolution with itself alone, run again and again; anything else with its bytes over the bandwidth measured\n"
    "for as much memory. The bound of the whole step is that of lamina bench --bound.\n"
    "\nPasses for --without:\n"
    CLI_NOTES;

static const char *group_of(const lm_profile_step *s)
{
    if (s->flops > 0) return "products, convolutions";
    return !strcmp(s->kernel, "map") || !strcmp(s->op, "map") ? "element by element" : "the rest";
}

/* Adds a step to the group of that name. */
static int add(profile_group *groups, int count, int most, const char *name, const lm_profile_step *s)
{
    int i = 0;
    while (i < count && strcmp(groups[i].name, name) != 0) i++;
    if (i == count && count == most) i--;
    else if (i == count) groups[count++] = (profile_group){.name = name};
    groups[i].seconds += s->seconds, groups[i].flops += s->flops, groups[i].bytes += s->bytes;
    groups[i].bound += s->bound_seconds, groups[i].steps++;
    return count;
}

int profile_layers(const lm_profile *p, profile_group groups[PROFILE_GROUPS])
{
    int count = 0;
    for (int i = 0; i < lm_profile_steps(p); i++) {
        const lm_profile_step *s = lm_profile_step_at(p, i);
        count = add(groups, count, PROFILE_GROUPS, *s->layer ? s->layer : "(no layer)", s);
    }
    return count;
}

int profile_kinds(const lm_profile *p, profile_group groups[3])
{
    int count = 0;
    for (int i = 0; i < lm_profile_steps(p); i++)
        count = add(groups, count, 3, group_of(lm_profile_step_at(p, i)), lm_profile_step_at(p, i));
    return count;
}

double profile_seconds(const lm_profile *p)
{
    double sum = 0;
    for (int i = 0; i < lm_profile_steps(p); i++) sum += lm_profile_step_at(p, i)->seconds;
    return sum;
}

static int run(int argc, char **argv)
{
    const char *operand = NULL, *without = NULL, *trace = NULL, *tune = NULL;
    bool json = false, inference = false, plan = false;
    int64_t batch = 0, top = 10;
    int count;
    bench_job job;
    lm_profile *profile = NULL;
    const cli_option options[] = {{"batch-size", CLI_NUMBER, &batch, 1, INT32_MAX},
                                  {"inference", CLI_FLAG, &inference, 0, 0},
                                  {"top", CLI_NUMBER, &top, 0, INT32_MAX},
                                  {"trace", CLI_TEXT, &trace, 0, 0},
                                  {"plan", CLI_FLAG, &plan, 0, 0},
                                  {"tune", CLI_TEXT, &tune, 0, 0},
                                  {"without", CLI_TEXT, &without, 0, 0},
                                  {"json", CLI_FLAG, &json, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_profile, argc, argv, options, 1, &operand, &count);
    if (!status && !operand)
        status = cli_wrong(&cli_profile, "profile needs a model or a workload: lamina profile net.keras");
    if (!status && without) status = bench_without(&cli_profile, without);
    if (!status) status = bench_choose(&cli_profile, operand, batch, inference, &job);
    if (status) return status;
    status = cli_tune(tune);
    if (!status) status = cli_tuned(tune, bench_run(&job, &(bench_figures){.profile = &profile}));
    if (!status && json) profile_json(&job, profile);
    else if (!status) profile_print(&job, profile, top);
    if (!status && plan && !json) printf("\n%s", lm_profile_plan(profile));
    if (!status && trace) status = profile_trace(&job, profile, trace);
    lm_free(profile);
    return status;
}

const cli_command cli_profile = {.name = "profile", .summary = "where the time of a step goes, by kernel and layer",
                                 .help = help, .run = run, .operand = bench_operand, .notes = bench_write_passes};
