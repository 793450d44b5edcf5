/* cli/options.c: reading options. */
#include "inspect.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 32, MOST_THREADS = 256 };

typedef struct reader {
    const cli_command *command;
    const cli_option *options;
    int64_t threads, seed;
    int argc, at;
    char **argv;
} reader;

const char *cli_hint(const char *name, const char *const *known, const char *prefix)
{
    static char text[128];
    const char *near = lm_nearest(name, known);
    if (near) snprintf(text, sizeof text, " (did you mean %s%s?)", prefix, near);
    else text[0] = 0;
    return text;
}

static const cli_option *find(const cli_option *options, const char *name, size_t length)
{
    for (; options->name; options++)
        if (strlen(options->name) == length && !memcmp(options->name, name, length)) return options;
    return NULL;
}

static int unknown(const reader *r, const cli_option *common, const char *name, size_t length)
{
    const char *names[MOST_OPTIONS + 1] = {"help"};
    char plain[64];
    int n = 1;
    for (const cli_option *o = r->options; o->name && n < MOST_OPTIONS; o++) names[n++] = o->name;
    for (const cli_option *o = common; o->name && n < MOST_OPTIONS; o++) names[n++] = o->name;
    snprintf(plain, sizeof plain, "%.*s", (int)length, name);
    return cli_wrong(r->command, "unknown option --%s%s", plain, cli_hint(plain, names, "--"));
}

static int real(const reader *r, const cli_option *o, const char *text)
{
    char *end;
    double x = strtod(text, &end), least = (double)o->least, most = (double)o->most;
    bool open_ended = o->most == INT64_MAX;
    if (end == text || *end || !isfinite(x) || x < least || (!open_ended && x > most)) {
        if (open_ended)
            return cli_wrong(r->command, "--%s %s: expected a number, %g or more", o->name, text, least);
        return cli_wrong(r->command, "--%s %s: expected a number, %g to %g", o->name, text, least, most);
    }
    *(double *)o->to = x;
    return 0;
}

static int number(const reader *r, const cli_option *o, const char *text)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end || errno || n < o->least || n > o->most) {
        long long least = o->least, most = o->most;
        if (o->most == INT64_MAX)
            return cli_wrong(r->command, "--%s %s: expected a whole number, %lld or more", o->name, text, least);
        return cli_wrong(r->command, "--%s %s: expected a whole number, %lld to %lld", o->name, text, least, most);
    }
    *(int64_t *)o->to = n;
    return 0;
}

/* The option at argv[at], which begins with "--". */
static int option(reader *r, const cli_option *common)
{
    const char *name = r->argv[r->at++] + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : NULL;
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const cli_option *o = find(r->options, name, length);
    if (!o) o = find(common, name, length);
    if (!o) return unknown(r, common, name, length);
    if (o->kind == CLI_FLAG) {
        if (value) return cli_wrong(r->command, "--%s takes no value", o->name);
        *(bool *)o->to = true;
        return 0;
    }
    if (o->kind == CLI_MAYBE && !value) {
        *(int64_t *)o->to = CLI_ALONE;
        return 0;
    }
    if (!value && r->at < r->argc) value = r->argv[r->at++];
    if (!value || !*value) return cli_wrong(r->command, "--%s needs a value", o->name);
    if (o->kind == CLI_REAL) return real(r, o, value);
    if (o->kind != CLI_TEXT) return number(r, o, value);
    *(const char **)o->to = value;
    return 0;
}

/* What cli_describe wants instead of a run. */
static void (*describe)(void *user, const cli_option *option);
static void *describe_user;

static int64_t seed;

int64_t cli_seed(void) { return seed; }

static int obey_common(const reader *r)
{
    seed = r->seed;
    if (r->threads && lm_set_threads((int)r->threads)) return cli_wrong(r->command, "%s", lm_last_error());
    lm_set_seed((uint64_t)r->seed);
    return 0;
}

int cli_read(const cli_command *command, int argc, char **argv, const cli_option *options, int most,
             const char **operands, int *count)
{
    reader r = {.command = command, .options = options, .argc = argc, .argv = argv};
    const cli_option common[] = {{"threads", CLI_NUMBER, &r.threads, 1, MOST_THREADS},
                                 {"seed", CLI_NUMBER, &r.seed, 0, INT64_MAX},
                                 {.name = NULL}};
    bool plain = false;
    *count = 0;
    if (describe) {
        for (const cli_option *o = options; o->name; o++) describe(describe_user, o);
        for (const cli_option *o = common; o->name; o++) describe(describe_user, o);
        return CLI_USAGE;
    }
    while (r.at < argc) {
        const char *word = argv[r.at];
        if (!plain && !strcmp(word, "--")) plain = true, r.at++;
        else if (!plain && !strncmp(word, "--", 2)) {
            if (option(&r, common)) return CLI_USAGE;
        } else if (!plain && word[0] == '-' && word[1])
            return cli_wrong(command, "unknown option %s; options are spelt out, as in --threads 2", word);
        else if (*count == most)
            return cli_wrong(command, "\"%s\" is one argument too many", word);
        else operands[(*count)++] = argv[r.at++];
    }
    return obey_common(&r);
}

int cli_words(const char *option, const char *list, const char **words, int most, char **copy)
{
    int count = 0;
    char *at = *copy = strdup(list);
    if (!at) return cli_error("out of memory"), -1;
    for (char *word; (word = strsep(&at, ","));) {
        if (!*word) continue;
        if (count == most) return cli_error("--%s: at most %d", option, most), -1;
        words[count++] = word;
    }
    return count;
}

int cli_picture_name(const cli_command *command, const char *option, const char *path)
{
    if (!path || cli_ends(path, ".png") || cli_ends(path, ".svg") || cli_ends(path, ".pdf")) return CLI_OK;
    return cli_wrong(command, "--%s %s: the name must end in .png, .svg or .pdf", option, path);
}

void cli_describe(const cli_command *command, void (*visit)(void *user, const cli_option *option), void *user)
{
    describe = visit, describe_user = user;
    command->run(0, NULL);
    describe = NULL;
}
