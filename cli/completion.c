/* cli/completion.c: lamina completion: what a shell needs to complete lamina's commands and options, made of the
 * tables that the commands read their options with. */
#include "cli.h"

#include <string.h>

extern const cli_command cli_completion;

static const char help[] =
    "Prints what a shell needs to complete lamina's commands, options and their values.\n\n"
    "Usage: lamina completion bash|zsh|fish\n\n"
    "  eval \"$(lamina completion bash)\"                                     # in ~/.bashrc\n"
    "  eval \"$(lamina completion zsh)\"                                      # in ~/.zshrc, after compinit\n"
    "  lamina completion fish > ~/.config/fish/completions/lamina.fish\n";

/* What stands after an option, where it is one of a few words: "" if it is not. */
static void values_of(const char *option, char *text, size_t bytes)
{
    static const char *const lists[][2] = {{"loss", "loss"}, {"optimizer", "optimizer"}, {"metrics", "metric"}};
    char name[64];
    size_t n = 0;
    text[0] = 0;
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        for (int i = 0; !strcmp(option, lists[k][0]) && lm_name_of(lists[k][1], i, name, sizeof name); i++)
            n += (size_t)snprintf(text + n, n < bytes ? bytes - n : 0, "%s%s", n ? " " : "", name);
    const lm_data_set *set;
    for (int i = 0; !strcmp(option, "data") && (set = lm_data_set_at(i)); i++)
        n += (size_t)snprintf(text + n, n < bytes ? bytes - n : 0, "%s%s", n ? " " : "", set->name);
    if (!strcmp(option, "class-weight")) snprintf(text, bytes, "balanced");
}

/* What a command's first operand may be, where it is one of a few words: "" if it is not. */
static void words_of(const cli_command *command, char *text, size_t bytes)
{
    static const char *const words[][2] = {
        {"datasets", "show download"}, {"examples", "run"}, {"completion", "bash zsh fish"}};
    cli_operand o;
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(command->name, words[i][0])) snprintf(text, bytes, "%s", words[i][1]);
    for (int i = 0; command->operand && command->operand(i, &o); i++)
        n += (size_t)snprintf(text + n, n < bytes ? bytes - n : 0, "%s%s", n ? " " : "", o.name);
}

/* --- bash, and zsh through its bashcompinit --------------------------------------------------------------------- */

static void bash_name(void *user, const cli_option *o)
{
    (void)user;
    printf(" --%s", o->name);
}

static void bash_values(void *user, const cli_option *o)
{
    char values[2048];
    (void)user;
    if (o->kind == CLI_FLAG || o->kind == CLI_MAYBE) return;
    values_of(o->name, values, sizeof values);
    if (*values) printf("        --%s) operands='%s' ;;\n", o->name, values);
    else if (o->kind != CLI_TEXT) printf("        --%s) return ;;\n", o->name);
    else printf("        --%s) ;;\n", o->name);
}

static void bash(void)
{
    char words[2048];
    fputs("_lamina() {\n"
          "    local at=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= operands=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        words='", stdout);
    for (const cli_entry *e = cli_entries; e->group || e->command; e++)
        if (e->command) printf("%s ", e->command->name);
    fputs("help --help --version --man'\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$at\"))\n"
          "        return\n"
          "    fi\n"
          "    case ${COMP_WORDS[1]} in\n", stdout);
    for (const cli_entry *e = cli_entries; e->group || e->command; e++) {
        if (!e->command) continue;
        words_of(e->command, words, sizeof words);
        printf("    %s)\n        case $before in\n", e->command->name);
        cli_describe(e->command, bash_values, NULL);
        printf("        *) operands='%s' words='", words);
        cli_describe(e->command, bash_name, NULL);
        fputs(" --help' ;;\n        esac ;;\n", stdout);
    }
    fputs("    esac\n"
          "    case $at in\n"
          "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$at\")) ;;\n"
          "    *) COMPREPLY=($(compgen -W \"$operands\" -- \"$at\") $(compgen -f -- \"$at\")) ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _lamina lamina\n", stdout);
}

/* --- fish ------------------------------------------------------------------------------------------------------- */

static void fish_option(void *user, const cli_option *o)
{
    const cli_command *command = user;
    char values[2048];
    values_of(o->name, values, sizeof values);
    printf("complete -c lamina -n '__fish_seen_subcommand_from %s' -l %s", command->name, o->name);
    if (*values) printf(" -r -a '%s'", values);
    else if (o->kind == CLI_TEXT) fputs(" -r -F", stdout);
    else if (o->kind == CLI_NUMBER || o->kind == CLI_REAL) fputs(" -x", stdout);
    putchar('\n');
}

static void fish(void)
{
    char words[2048];
    for (const cli_entry *e = cli_entries; e->group || e->command; e++)
        if (e->command)
            printf("complete -c lamina -n __fish_use_subcommand -f -a %s -d '%s'\n", e->command->name,
                   strchr(e->command->summary, '\'') ? "" : e->command->summary);
    for (const cli_entry *e = cli_entries; e->group || e->command; e++) {
        if (!e->command) continue;
        words_of(e->command, words, sizeof words);
        if (*words)
            printf("complete -c lamina -n '__fish_seen_subcommand_from %s' -a '%s'\n", e->command->name, words);
        cli_describe(e->command, fish_option, (void *)(uintptr_t)e->command);
    }
}

static int run(int argc, char **argv)
{
    static const char *const shells[] = {"bash", "zsh", "fish", NULL};
    const char *shell = NULL;
    int count;
    const cli_option options[] = {{.name = NULL}};
    int status = cli_read(&cli_completion, argc, argv, options, 1, &shell, &count);
    if (status) return status;
    if (!shell) return cli_wrong(&cli_completion, "completion for which shell? bash, zsh or fish");
    if (!strcmp(shell, "fish")) fish();
    else if (!strcmp(shell, "bash")) bash();
    else if (!strcmp(shell, "zsh")) {
        puts("autoload -U +X bashcompinit && bashcompinit");
        bash();
    } else
        return cli_wrong(&cli_completion, "there is no completion for \"%s\"%s; there is for bash, zsh and fish",
                         shell, cli_hint(shell, shells, ""));
    return CLI_OK;
}

const cli_command cli_completion = {
    .name = "completion", .summary = "what bash, zsh or fish need to complete all this", .help = help, .run = run};
