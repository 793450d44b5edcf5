/* cli/cli.h: what the sub-commands of lamina share: options, messages, output, Ctrl-C.
 *
 * Exit status: 0 done; 1 failed, with "lamina: error: …" on stderr; 2 wrong usage; 130 interrupted. */
#ifndef LAMINA_CLI_H
#define LAMINA_CLI_H

#include <lamina/lamina.h>
#include <stdio.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130 };

/* A sub-command: one file, one line in commands.def. `help` has usage and examples; the options that every command
 * has are added to it. */
typedef struct cli_command {
    const char *name, *summary, *help;
    int (*run)(int argc, char **argv);          /* without the command's own name; returns the exit status */
} cli_command;

/* An option: --name VALUE or --name=VALUE; a flag takes no value. */
typedef enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_NUMBER } cli_kind;
typedef struct cli_option {
    const char *name;
    cli_kind kind;
    void *to;                                   /* bool, const char * or int64_t */
    int64_t least, most;                        /* of a number */
} cli_option;

/* Reads options and operands of a command, and obeys --threads and --seed. Options end with an entry without a
 * name. At most `most` operands are put into `operands`; *count receives how many. Returns 0, or 2 after a message.
 * --help is not seen here: main answers it. */
int cli_read(const cli_command *command, int argc, char **argv, const cli_option *options, int most,
             const char **operands, int *count);

/* "lamina: error: …" on stderr; the _usage form adds where help is and returns 2, the other returns 1. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_wrong(const cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The error of an object (or the last one) as cli_error; 0 if it is sound. */
int cli_failed(const void *object);
/* " (did you mean X?)" or "", in static memory. */
const char *cli_hint(const char *name, const char *const *known, const char *prefix);

/* One string or number as JSON; numbers that are not finite become null, as JSON has no others. */
void cli_json_string(FILE *to, const char *text);
void cli_json_number(FILE *to, double value, int digits);
/* A tensor as nested lists. */
void cli_json_tensor(FILE *to, const lm_tensor *t);

/* From now on the first Ctrl-C only makes cli_interrupted true; a second one kills. */
void cli_catch_interrupt(void);
bool cli_interrupted(void);

#endif
