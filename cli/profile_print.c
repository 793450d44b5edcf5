/* cli/profile_print.c: a profile as a table that one reads, as JSON, and as Chrome's trace events. */
#include "inspect.h"
#include "profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARRAYS = 48 };

/* --- tables ----------------------------------------------------------------------------------------------------- */

/* "%6.1f", or as many blanks where there is nothing to say. */
static void cell(int width, int digits, double value, bool there, const char *unit)
{
    if (there && isfinite(value)) printf("%*.*f%s", width, digits, value, unit);
    else printf("%*s", width + (int)strlen(unit), "");
}

/* Milliseconds, share, GFLOP/s, GB/s, share of the bound. */
static void numbers(double seconds, double all, double flops, double bytes, double bound)
{
    printf("%9.4f %5.1f %%", 1e3 * seconds, 100 * seconds / all);
    cell(9, 0, 1e-9 * flops / seconds, flops > 0, "");
    cell(8, 1, 1e-9 * bytes / seconds, bytes > 0, "");
    cell(8, 0, 100 * bound / seconds, bound > 0, " %");
}

static const char heads[] = "       ms   share  GFLOP/s    GB/s  of bound  ";

static int longer(const void *a, const void *b)
{
    double x = (*(const lm_profile_step *const *)a)->seconds, y = (*(const lm_profile_step *const *)b)->seconds;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print_step(const lm_profile_step *s, double all)
{
    char what[128];
    snprintf(what, sizeof what, "%s (%s)", s->op, s->kernel);
    numbers(s->seconds, all, s->flops, s->bytes, s->bound_seconds);
    int columns = ARRAYS;
    const char *end = s->detail;
    while (*end && columns) columns -= (*end++ & 0xC0) != 0x80;
    printf("  %-32s %-16s %.*s%s\n", what, s->layer, (int)(end - s->detail), s->detail, *end ? "…" : "");
}

static int print_steps(const lm_profile *p, int64_t most, double all)
{
    int count = lm_profile_steps(p);
    int64_t shown = most && most < count ? most : count;
    const lm_profile_step **list = malloc((size_t)(count + 1) * sizeof *list);
    if (!list) return cli_error("out of memory");
    for (int i = 0; i < count; i++) list[i] = lm_profile_step_at(p, i);
    if (most) qsort(list, (size_t)count, sizeof *list, longer);
    double rest = 0;
    printf("%s%-32s %-16s arrays\n", heads, "kernel call", "layer");
    for (int i = 0; i < count; i++)
        if (i < shown) print_step(list[i], all);
        else rest += list[i]->seconds;
    if (shown < count)
        printf("%9.4f %5.1f %%%27s  %lld more (--top 0 lists all)\n", 1e3 * rest, 100 * rest / all, "",
               (long long)(count - shown));
    free(list);
    return CLI_OK;
}

static int longer_group(const void *a, const void *b)
{
    double x = ((const profile_group *)a)->seconds, y = ((const profile_group *)b)->seconds;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print_groups(const char *title, profile_group *groups, int count, double all)
{
    qsort(groups, (size_t)count, sizeof *groups, longer_group);
    printf("\n%s%s\n", heads, title);
    for (int i = 0; i < count; i++) {
        const profile_group *g = &groups[i];
        numbers(g->seconds, all, g->flops, g->bytes, g->bound);
        printf("  %s, %d call%s\n", g->name, g->steps, g->steps == 1 ? "" : "s");
    }
}

static void print_head(const bench_job *job, const lm_profile *p, double all)
{
    lm_profile_totals t = lm_profile_sum(p);
    printf("%s: %d kernel calls, the best of %d steps, %d thread%s, %s\n", job->name, lm_profile_steps(p), t.runs,
           t.threads, t.threads == 1 ? "" : "s", lm_isa());
    printf("a step %.4f ms, its calls %.4f ms; %.1f GFLOP/s; plan of %.1f MB, made in %.1f ms\n", 1e3 * t.seconds,
           1e3 * all, 1e-9 * t.flops / t.seconds, 1e-6 * (double)t.memory, 1e3 * t.planning_seconds);
    if (isfinite(t.bound_seconds))
        printf("bound  %.4f ms, %.0f %% of the step: products alone %.4f ms, %.2f MB at %.0f GB/s %.4f ms\n",
               1e3 * t.bound_seconds, 100 * t.bound_seconds / t.seconds, 1e3 * t.bound_products,
               1e-6 * t.bound_moved, 1e-9 * t.bandwidth, 1e3 * (t.bound_seconds - t.bound_products));
    printf("\n");
}

void profile_print(const bench_job *job, const lm_profile *p, int64_t most)
{
    static profile_group groups[PROFILE_GROUPS];
    profile_group kinds[3];
    double all = profile_seconds(p);
    print_head(job, p, all);
    if (print_steps(p, most, all)) return;
    print_groups("by kind", kinds, profile_kinds(p, kinds), all);
    print_groups("by layer, there and back", groups, profile_layers(p, groups), all);
}

/* --- JSON ------------------------------------------------------------------------------------------------------- */

static void number(FILE *to, const char *name, double value)
{
    fprintf(to, ",\"%s\":", name);
    cli_json_number(to, value, 6);
}

static void whole(FILE *to, const char *name, double value) { fprintf(to, ",\"%s\":%.0f", name, value); }

static void text(FILE *to, const char *name, const char *value)
{
    fprintf(to, ",\"%s\":", name);
    cli_json_string(to, value);
}

static void json_step(const lm_profile_step *s)
{
    printf("{\"op\":");
    cli_json_string(stdout, s->op);
    text(stdout, "kernel", s->kernel), text(stdout, "layer", s->layer), text(stdout, "arrays", s->detail);
    number(stdout, "ms", 1e3 * s->seconds), whole(stdout, "flops", s->flops), whole(stdout, "bytes", s->bytes);
    number(stdout, "bound_ms", 1e3 * s->bound_seconds);
    printf("}");
}

static void json_groups(const char *name, const profile_group *groups, int count)
{
    printf(",\"%s\":[", name);
    for (int i = 0; i < count; i++) {
        printf("%s{\"name\":", i ? "," : "");
        cli_json_string(stdout, groups[i].name);
        printf(",\"calls\":%d", groups[i].steps);
        number(stdout, "ms", 1e3 * groups[i].seconds), whole(stdout, "flops", groups[i].flops);
        whole(stdout, "bytes", groups[i].bytes), number(stdout, "bound_ms", 1e3 * groups[i].bound);
        printf("}");
    }
    printf("]");
}

void profile_json(const bench_job *job, const lm_profile *p)
{
    static profile_group groups[PROFILE_GROUPS];
    profile_group kinds[3];
    lm_profile_totals t = lm_profile_sum(p);
    printf("{\"name\":");
    cli_json_string(stdout, job->name);
    number(stdout, "ms_per_step", 1e3 * t.seconds), whole(stdout, "flops_per_step", t.flops);
    whole(stdout, "bytes", t.bytes), number(stdout, "bound_ms", 1e3 * t.bound_seconds);
    number(stdout, "bound_products_ms", 1e3 * t.bound_products), number(stdout, "bound_bytes", t.bound_moved);
    number(stdout, "bound_bandwidth", t.bandwidth), whole(stdout, "plan_bytes", (double)t.memory);
    number(stdout, "planning_ms", 1e3 * t.planning_seconds);
    printf(",\"runs\":%d,\"threads\":%d,\"isa\":\"%s\",\"steps\":[", t.runs, t.threads, lm_isa());
    for (int i = 0; i < lm_profile_steps(p); i++) {
        if (i) printf(",");
        json_step(lm_profile_step_at(p, i));
    }
    printf("]");
    json_groups("kinds", kinds, profile_kinds(p, kinds));
    json_groups("layers", groups, profile_layers(p, groups));
    printf("}\n");
}

/* --- Chrome's trace events: https://ui.perfetto.dev and chrome://tracing open them ----------------------------- */

static void write_event(FILE *to, const lm_profile_step *s)
{
    fprintf(to, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":");
    cli_json_string(to, s->op);
    text(to, "cat", s->flops > 0 ? "product" : "other");
    fprintf(to, ",\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"kernel\":", 1e6 * s->begins, 1e6 * (s->ends - s->begins));
    cli_json_string(to, s->kernel);
    text(to, "layer", s->layer), text(to, "arrays", s->detail);
    number(to, "GFLOP/s", 1e-9 * s->flops / (s->ends - s->begins)), whole(to, "bytes", s->bytes);
    fprintf(to, "}}");
}

int profile_trace(const bench_job *job, const lm_profile *p, const char *path)
{
    char *all = NULL;
    size_t bytes;
    FILE *to = open_memstream(&all, &bytes);
    if (!to) return cli_error("out of memory");
    fprintf(to, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
                "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":");
    cli_json_string(to, job->name);
    fprintf(to, "}}");
    for (int i = 0; i < lm_profile_steps(p); i++) write_event(to, lm_profile_step_at(p, i));
    fprintf(to, "\n]}\n");
    int status = fclose(to) ? cli_error("out of memory") : cli_write_file(path, all, bytes);
    free(all);
    return status;
}
