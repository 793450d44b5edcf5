/* cli/output.c: messages, JSON, Ctrl-C. */
#include "cli.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

static void complain(const char *format, va_list args)
{
    fflush(stdout);
    cli_wait_hide();
    fputs("lamina: error: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    return CLI_FAILED;
}

int cli_wrong(const cli_command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    fprintf(stderr, "See: lamina %s --help\n", command->name);
    return CLI_USAGE;
}

int cli_failed(const void *object)
{
    if (!lm_failed(object)) return CLI_OK;
    return cli_error("%s", object ? lm_error(object) : lm_last_error());
}

int cli_one_to_one(const lm_model *model, const char *path, const char *command)
{
    int in = lm_model_inputs(model), out = lm_model_outputs(model);
    if (in <= 1 && out <= 1) return CLI_OK;
    return cli_error("%s takes %d input%s and gives %d output%s, but lamina %s works with models of one input and "
                     "one output; a program of yours can use it (lm_predict_outputs in lamina/model.h)",
                     path, in, in == 1 ? "" : "s", out, out == 1 ? "" : "s", command);
}

void cli_shell_word(FILE *to, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+@%";
    if (*text && strspn(text, plain) == strlen(text)) {
        fputs(text, to);
        return;
    }
    fputc('\'', to);
    for (const char *c = text; *c; c++) {
        if (*c == '\'') fputs("'\\''", to);
        else fputc(*c, to);
    }
    fputc('\'', to);
}

/* Bytes of the character beyond ASCII that begins here; 0 if it is none of UTF-8: names of files may be anything. */
static int utf8_length(const unsigned char *c)
{
    static const unsigned char second[] = {[0xE0 - 0xC2] = 0xA0, [0xF0 - 0xC2] = 0x90};
    int more = *c < 0xC2 ? 0 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : *c < 0xF5 ? 3 : 0;
    if (!more || (*c < 0xF1 && c[1] < second[*c - 0xC2])) return 0;             /* overlong forms */
    if ((*c == 0xED && c[1] > 0x9F) || (*c == 0xF4 && c[1] > 0x8F)) return 0;   /* surrogates; beyond U+10FFFF */
    for (int i = 1; i <= more; i++)
        if ((c[i] & 0xC0) != 0x80) return 0;
    return more + 1;
}

void cli_json_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        int length = *c < 0x80 ? 1 : utf8_length(c);
        if (*c == '"' || *c == '\\') fprintf(to, "\\%c", *c);
        else if (*c < 0x20) fprintf(to, "\\u%04x", *c);
        else if (!length) fputs("\\ufffd", to);
        else fwrite(c, 1, (size_t)length, to), c += length - 1;
    }
    fputc('"', to);
}

void cli_json_number(FILE *to, double value, int digits)
{
    if (isfinite(value)) fprintf(to, "%.*g", digits, value);
    else fputs("null", to);
}

static void json_axis(FILE *to, const lm_tensor *t, int axis, size_t *at)
{
    if (axis == lm_tensor_rank(t)) {
        cli_json_number(to, lm_tensor_get(t, (*at)++), lm_tensor_dtype(t) == LM_F64 ? 17 : 9);
        return;
    }
    putc('[', to);
    for (int64_t i = 0; i < lm_tensor_dim(t, axis); i++) {
        if (i) fputs(", ", to);
        json_axis(to, t, axis + 1, at);
    }
    putc(']', to);
}

void cli_json_tensor(FILE *to, const lm_tensor *t)
{
    size_t at = 0;
    json_axis(to, t, 0, &at);
}

static volatile sig_atomic_t interrupted;
static lm_model *to_stop;

static void on_interrupt(int number)
{
    interrupted = 1;
    if (to_stop) lm_request_stop(to_stop);
    signal(number, SIG_DFL);
}

/* Without SA_RESTART: a call that waits must end. */
void cli_catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void cli_stop_on_interrupt(lm_model *model)
{
    to_stop = model;
    cli_catch_interrupt();
}

bool cli_interrupted(void) { return interrupted; }
