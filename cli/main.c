/* cli/main.c: the command `lamina`: finds the sub-command, answers --help and --version, and sees to it that what was
 * printed has really arrived. */
#include "cli.h"
#include "manual.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP(title)
#define COMMAND(name) extern const cli_command cli_##name;
#include "commands.def"
#undef COMMAND
#undef GROUP

const cli_entry cli_entries[] = {
#define GROUP(title) {title, NULL},
#define COMMAND(name) {NULL, &cli_##name},
#include "commands.def"
#undef COMMAND
#undef GROUP
    {NULL, NULL},
};
enum { ENTRIES = sizeof cli_entries / sizeof *cli_entries };

const char cli_common_help[] =
    "\nOptions of every command:\n"
    "  --threads N      compute threads (default: LAMINA_THREADS, else all CPUs); any number gives the same results\n"
    "  --seed N         seed of whatever is random (default: 0)\n"
    "  --help           this page\n"
    "\nExit status: 0 done, 1 failed (the reason is on stderr), 2 wrong usage, 130 interrupted.\n";

static void help(FILE *to)
{
    fputs("lamina: train, look at and use neural networks\n\n"
          "Usage: lamina COMMAND [options]\n\n"
          "  lamina train net.json --data mnist --epochs 2 --output net.keras\n"
          "  lamina evaluate net.keras --data mnist\n"
          "  lamina predict net.keras --input digit.png\n", to);
    for (const cli_entry *e = cli_entries; e->group || e->command; e++) {
        if (e->group) fprintf(to, "\n%s:\n", e->group);
        else fprintf(to, "  %-11s%s\n", e->command->name, e->command->summary);
    }
    fputs("\nlamina COMMAND --help shows each by example. lamina --version tells version, instruction level,\n"
          "threads, oneDNN and compiler; lamina --man prints the manual page: lamina --man | man -l -\n", to);
}

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static int version(void)
{
    printf("lamina %s (instruction level %s, %d thread%s, oneDNN %s, built by %s)\n", lm_version(), lm_isa(),
           lm_threads(), lm_threads() == 1 ? "" : "s", lm_onednn_version(), COMPILER);
    return CLI_OK;
}

static void write_operands(FILE *to, const cli_command *command)
{
    cli_operand o;
    for (int i = 0; command->operand(i, &o); i++) {
        const char *line = o.about;
        for (const char *name = o.name; line; name = "") {
            size_t length = strcspn(line, "\n");
            fprintf(to, "  %-18s %.*s\n", name, (int)length, line);
            line = line[length] ? line + length + 1 : NULL;
        }
    }
}

void cli_write_help(FILE *to, const cli_command *command)
{
    for (const char *line = command->help; *line;) {
        size_t length = strcspn(line, "\n") + 1;
        if (!strncmp(line, CLI_OPERANDS, strlen(CLI_OPERANDS))) write_operands(to, command);
        else if (!strncmp(line, CLI_NOTES, strlen(CLI_NOTES))) command->notes(to);
        else fprintf(to, "%.*s", (int)length, line);
        line += length;
    }
}

static int command_help(const cli_command *command)
{
    const char *status = strstr(cli_common_help, "\nExit status");
    bool own = strstr(command->help, "\nExit status") != NULL;      /* diff has its own, as diff(1) does */
    cli_write_help(stdout, command);
    printf("%.*s", own ? (int)(status - cli_common_help) : (int)strlen(cli_common_help), cli_common_help);
    return CLI_OK;
}

const cli_command *cli_find(const char *name)
{
    for (const cli_entry *e = cli_entries; e->group || e->command; e++)
        if (e->command && !strcmp(e->command->name, name)) return e->command;
    return NULL;
}

static int unknown(const char *what)
{
    const char *names[ENTRIES + 1] = {0};
    int n = 0;
    for (const cli_entry *e = cli_entries; e->group || e->command; e++)
        if (e->command) names[n++] = e->command->name;
    cli_error("there is no command \"%s\"%s; lamina --help lists them", what, cli_hint(what, names, ""));
    return CLI_USAGE;
}

/* What the environment asks for, and the library passes over because it makes no sense of it, is told. */
static void check_environment(void)
{
    static const char *const levels[] = {"baseline", "v3", "v4", "amx", "neon"};
    const char *threads = getenv("LAMINA_THREADS"), *level = getenv("LAMINA_ISA");
    char *end = NULL;
    long wanted = threads && *threads ? strtol(threads, &end, 10) : 0;
    if (threads && *threads && (*end || wanted < 1 || wanted > 256))
        fprintf(stderr, "lamina: LAMINA_THREADS=%s is no number from 1 to 256; there are %d threads\n", threads,
                lm_threads());
    bool known = !level || !*level;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) known |= !known && !strcmp(level, levels[i]);
    if (!known)
        fprintf(stderr, "lamina: LAMINA_ISA=%s is none of baseline, v3, v4, amx and neon; the level is %s\n", level,
                lm_isa());
}

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        help(stderr);
        return CLI_USAGE;
    }
    if (!strcmp(name, "--version")) return version();
    if (!strcmp(name, "--man")) return man_page();
    bool asks = !strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help");
    if (asks && argc == 2) {
        help(stdout);
        return CLI_OK;
    }
    const cli_command *command = cli_find(asks ? argv[2] : name);
    if (!command) return unknown(asks ? argv[2] : name);
    for (int i = 2; i < argc && strcmp(argv[i], "--"); i++)
        if (asks || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return command_help(command);
    check_environment();
    return command->run(argc - 2, argv + 2);
}

/* Files opened later must not land on the standard descriptors. A closed one is opened the wrong way round, so that
 * using it fails as it would have. */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN);           /* a file limit is then an error of write, with a message */
    int status = run(argc, argv);
    bool lost = ferror(stdout);
    if (fflush(stdout) || lost) return cli_error("could not write to the standard output: %s", strerror(errno));
    return status;
}
