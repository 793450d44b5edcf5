/* cli/manual.c: the manual page lamina(1), made of the same text as --help, in roff. */
#include "manual.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* One line of text, with what roff would take for its own made plain. */
static void put_line(const char *text, size_t length)
{
    if (length && (text[0] == '.' || text[0] == '\'')) fputs("\\&", stdout);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\') fputs("\\e", stdout);
        else if (text[i] == '-') fputs("\\-", stdout);
        else putchar(text[i]);
    }
    putchar('\n');
}

/* Help text keeps its lines: it is laid out for a terminal already. */
static void put_text(const char *text)
{
    puts(".nf");
    while (*text) {
        size_t length = strcspn(text, "\n");
        put_line(text, length);
        text += length + (text[length] == '\n');
    }
    puts(".fi");
}

static int put_help(const cli_command *command)
{
    char *text = NULL;
    size_t bytes;
    FILE *to = open_memstream(&text, &bytes);
    if (to) cli_write_help(to, command);
    bool bad = !to || fclose(to);
    if (!bad) put_text(text);
    free(text);
    return bad ? cli_error("out of memory") : CLI_OK;
}

static void put_commands(void)
{
    for (const cli_entry *e = cli_entries; e->group || e->command; e++) {
        if (e->group) {
            printf(".SS %s\n", e->group);
            continue;
        }
        printf(".TP\n\\fBlamina %s\\fR\n", e->command->name);
        put_line(e->command->summary, strlen(e->command->summary));
    }
}

int man_page(void)
{
    printf(".TH LAMINA 1 \"\" \"Lamina %s\" \"User Commands\"\n", lm_version());
    puts(".SH NAME\nlamina \\- train, look at and use neural networks\n"
         ".SH SYNOPSIS\n\\fBlamina\\fR \\fICOMMAND\\fR [options]\n"
         ".SH DESCRIPTION\n"
         "Builds, trains, tests and applies neural networks, and reads and writes the files of Keras.\n"
         ".SH COMMANDS");
    put_commands();
    for (const cli_entry *e = cli_entries; e->group || e->command; e++) {
        if (!e->command) continue;
        printf(".SH LAMINA %s\n", e->command->name);
        if (put_help(e->command)) return CLI_FAILED;
    }
    puts(".SH OPTIONS OF EVERY COMMAND");
    put_text(strchr(cli_common_help + 1, '\n') + 1);
    puts(".SH ENVIRONMENT\n"
         ".TP\nLAMINA_DATA\nA folder that is searched for the built-in datasets first.\n"
         ".TP\nLAMINA_THREADS\nThe number of compute threads where \\-\\-threads does not say.\n"
         ".TP\nLAMINA_ISA\nThe highest instruction level to use: baseline, v3, v4, amx.\n"
         ".TP\nNO_COLOR\nIf set, nothing is coloured.");
    return CLI_OK;
}
