/* cli/examples.c: lamina examples: the worked examples, which are programs of their own: listed by what they say
 * about themselves, and run. */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern const cli_command cli_examples;

static const char help[] =
    "Lists the worked examples, and runs them by name.\n\n"
    "Usage: lamina examples\n"
    "       lamina examples run NAME [-- OPTIONS]\n\n"
    "  lamina examples\n"
    "  lamina examples run xor\n"
    "  lamina examples run mnist -- --quick --out /tmp/digits\n"
    "  lamina examples run mnist -- --help\n\n"
    "Each is a program with its source beside it in examples/; what comes behind -- is for the program.\n";

enum { MOST = 256, PATH = 4096 };

/* Beside the command as it was built, or where it was installed. */
static int find_folder(char folder[PATH])
{
    static const char *const places[] = {"../examples", "../libexec/lamina/examples", "../lib/lamina/examples"};
    char self[PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return cli_error("cannot tell where lamina is: %s", strerror(errno));
    self[n] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct stat kind;
        if (snprintf(folder, PATH, "%s/%s", self, places[i]) < PATH && !stat(folder, &kind) && S_ISDIR(kind.st_mode))
            return CLI_OK;
    }
    return cli_error("the examples are not here: %s/../examples is no folder; make builds them", self);
}

static bool is_program(const char *folder, const char *name, char path[PATH])
{
    struct stat kind;
    return strcspn(name, "./") == strlen(name) && snprintf(path, PATH, "%s/%s", folder, name) < PATH &&
           !stat(path, &kind) && S_ISREG(kind.st_mode) && !access(path, X_OK);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The programs' names, sorted; each is released with free. */
static int list_programs(const char *folder, char *names[MOST + 1])
{
    char path[PATH];
    int count = 0;
    DIR *directory = opendir(folder);
    if (!directory) return 0;
    for (struct dirent *e; count < MOST && (e = readdir(directory));)
        if (is_program(folder, e->d_name, path) && (names[count] = strdup(e->d_name))) count++;
    closedir(directory);
    qsort(names, (size_t)count, sizeof *names, by_name);
    names[count] = NULL;
    return count;
}

/* What the program says of itself in the first line of its --help, without its name. */
static void describe(const char *path, const char *name, char *text, size_t bytes)
{
    int ends[2], length = (int)strlen(name);
    text[0] = 0;
    if (pipe(ends)) return;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]), close(ends[1]);
        execl(path, name, "--help", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    if (from && !fgets(text, (int)bytes, from)) text[0] = 0;
    while (from && fgetc(from) != EOF) { }      /* so that it can write all of it */
    if (from) fclose(from);
    else close(ends[0]);
    if (pid > 0) waitpid(pid, NULL, 0);
    text[strcspn(text, "\n")] = 0;
    if (!strncmp(text, name, (size_t)length) && text[length] == ':')
        memmove(text, text + length + 2, strlen(text + length + 2) + 1);
}

static int list(const char *folder)
{
    char *names[MOST + 1], path[PATH], text[512];
    int count = list_programs(folder, names);
    for (int i = 0; i < count; i++) {
        is_program(folder, names[i], path);
        describe(path, names[i], text, sizeof text);
        printf("%-12s %s\n", names[i], text);
    }
    for (int i = 0; i < count; i++) free(names[i]);
    if (!count) return cli_error("there are no examples in %s", folder);
    puts("\nTo run one: lamina examples run NAME; a quick look: lamina examples run NAME -- --quick");
    return CLI_OK;
}

/* The program takes over the process: signals, output and status are its own. */
static int start(const char *folder, const char *name, int count, const char **arguments)
{
    char *names[MOST + 1], path[PATH];
    if (is_program(folder, name, path)) {
        char **all = calloc((size_t)count + 2, sizeof *all);
        if (!all) return cli_error("out of memory");
        all[0] = path;
        for (int i = 0; i < count; i++) all[i + 1] = (char *)(uintptr_t)arguments[i];
        fflush(stdout);
        execv(path, all);
        free(all);
        return cli_error("cannot start %s: %s", path, strerror(errno));
    }
    int found = list_programs(folder, names);
    cli_error("there is no example \"%s\"%s; lamina examples lists them", name,
              cli_hint(name, (const char *const *)names, ""));
    for (int i = 0; i < found; i++) free(names[i]);
    return CLI_USAGE;
}

static int run(int argc, char **argv)
{
    const char *word[MOST];
    char folder[PATH];
    int count;
    const cli_option options[] = {{.name = NULL}};
    int status = cli_read(&cli_examples, argc, argv, options, MOST, word, &count);
    if (status) return status;
    if (count && strcmp(word[0], "run") != 0)
        return cli_wrong(&cli_examples, "\"%s\" is nothing that examples can do; did you mean: lamina examples run "
                         "%s", word[0], word[0]);
    if (count == 1) return cli_wrong(&cli_examples, "run what? As in: lamina examples run xor");
    status = find_folder(folder);
    if (status) return status;
    return count ? start(folder, word[1], count - 2, word + 2) : list(folder);
}

const cli_command cli_examples = {
    .name = "examples", .summary = "worked examples: list, and run by name", .help = help, .run = run};
