/* cli/cli.h: what the sub-commands of lamina share: options, messages, output, Ctrl-C.
 *
 * Exit status: 0 done; 1 failed, with "lamina: error: …" on stderr; 2 wrong usage; 130 interrupted. */
#ifndef LAMINA_CLI_H
#define LAMINA_CLI_H

#include <lamina/lamina.h>
#include <stdio.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130 };

/* A word that a command's operand may be. `about`: its lines in the help, without a newline at the end. */
typedef struct cli_operand {
    const char *name, *about;
} cli_operand;

/* A sub-command: one file, one line in commands.def. `help` has usage and examples; the options that every command
 * has are added to it, and what its operands may be where it has the line CLI_OPERANDS. */
typedef struct cli_command {
    const char *name, *summary, *help;
    int (*run)(int argc, char **argv);          /* without the command's own name; returns the exit status */
    bool (*operand)(int index, cli_operand *out);       /* false after the last; NULL: they are not a few words */
    void (*notes)(FILE *to);                            /* what the help has at its line CLI_NOTES */
} cli_command;
#define CLI_OPERANDS "@OPERANDS@\n"
#define CLI_NOTES "@NOTES@\n"
/* The command's help, whole but for the options of every command. */
void cli_write_help(FILE *to, const cli_command *command);

/* All of them, in the order of the help; a group's title has no command. */
typedef struct cli_entry {
    const char *group;
    const cli_command *command;
} cli_entry;
extern const cli_entry cli_entries[];           /* ends with neither */
extern const char cli_common_help[];            /* the options of every command, and the exit status */
const cli_command *cli_find(const char *name);  /* or NULL */

/* An option: --name VALUE or --name=VALUE; a flag takes no value. CLI_MAYBE is a number that may be left out, and
 * comes only behind "=": then CLI_ALONE is stored. */
typedef enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_NUMBER, CLI_MAYBE, CLI_REAL } cli_kind;
typedef struct cli_option {
    const char *name;
    cli_kind kind;
    void *to;                                   /* bool, const char *, int64_t, int64_t or double */
    int64_t least, most;                        /* of a number */
} cli_option;
#define CLI_ALONE INT64_MIN

/* Reads options and operands of a command, and obeys --threads and --seed. Options end with an entry without a
 * name. At most `most` operands are put into `operands`; *count receives how many. Returns 0, or 2 after a message.
 * --help is not seen here: main answers it. */
int cli_read(const cli_command *command, int argc, char **argv, const cli_option *options, int most,
             const char **operands, int *count);

/* The words between an option's commas, at most `most`; they point into *copy, which is released with free, always.
 * How many there are, or -1 after a message. */
int cli_words(const char *option, const char *list, const char **words, int most, char **copy);
/* Whether a picture can have that name (or NULL), before work is done for it: 0, or 2 after a message. */
int cli_picture_name(const cli_command *command, const char *option, const char *path);

/* --tune FILE: plans are tuned from here on (cli_tune) to there (cli_tuned, which is given the status so far). NULL
 * does nothing. Both return the status, after a message if that changes it. */
int cli_tune(const char *path);
int cli_tuned(const char *path, int status);

/* What --seed was. */
int64_t cli_seed(void);
/* The options of a command, those of every command too, without running it: a command calls cli_read first, and ends
 * where that returns a status. */
void cli_describe(const cli_command *command, void (*visit)(void *user, const cli_option *option), void *user);

/* "lamina: error: …" on stderr; the _usage form adds where help is and returns 2, the other returns 1. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_wrong(const cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The error of an object (or the last one) as cli_error; 0 if it is sound. */
int cli_failed(const void *object);
/* cli_error unless the model takes one input and gives one output, which is all that the command works with. */
int cli_one_to_one(const lm_model *model, const char *path, const char *command);
/* " (did you mean X?)" or "", in static memory. */
const char *cli_hint(const char *name, const char *const *known, const char *prefix);

/* Seconds, from some moment on that stays the same. */
double cli_now(void);
/* Tells a terminal how far a piece of work is and how long it will take, once it has taken a second: call it with
 * 0 done at the beginning, then as it goes; the line goes away with the last, or with cli_wait_hide. */
void cli_wait(const char *what, int64_t done, int64_t all);
void cli_wait_hide(void);

/* One string or number as JSON; numbers that are not finite become null, as JSON has no others. */
void cli_json_string(FILE *to, const char *text);
void cli_json_number(FILE *to, double value, int digits);
/* A word as a shell takes it back: in quotes if need be. */
void cli_shell_word(FILE *to, const char *text);
/* A tensor as nested lists. */
void cli_json_tensor(FILE *to, const lm_tensor *t);

/* From now on the first Ctrl-C, or SIGTERM as kill sends it, only makes cli_interrupted true; a second one kills.
 * cli_stop_on_interrupt: it also asks the model to stop after its batch. */
void cli_catch_interrupt(void);
void cli_stop_on_interrupt(lm_model *model);
bool cli_interrupted(void);

#endif
