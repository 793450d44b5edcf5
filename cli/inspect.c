/* cli/inspect.c: see inspect.h. */
#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int cli_weights(const lm_model *model, const lm_layer *layer, cli_weight *weights, int most)
{
    const char *name = lm_layer_name(layer);
    size_t length = strlen(name);
    int count = 0;
    for (int i = 0; i < lm_weights(model); i++) {
        lm_variable *variable = lm_weight(model, i);
        const char *path = lm_variable_name(variable);
        if (strncmp(path, name, length) != 0 || path[length] != '/') continue;
        if (count < most) weights[count] = (cli_weight){path + length + 1, lm_variable_value(variable)};
        count++;
    }
    return count < most ? count : most;
}

lm_layer *cli_layer(const lm_model *model, const char *name, size_t length)
{
    for (int i = 0; i < lm_model_layers(model); i++) {
        lm_layer *layer = lm_model_layer(model, i);
        if (strlen(lm_layer_name(layer)) == length && !memcmp(lm_layer_name(layer), name, length)) return layer;
    }
    return NULL;
}

cli_figures cli_figures_of(const lm_tensor *t)
{
    cli_figures f = {.least = INFINITY, .most = -INFINITY};
    size_t n = lm_tensor_size(t), finite = 0, zeros = 0;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double value = lm_tensor_get(t, i);
        if (!isfinite(value)) continue;
        finite++, zeros += value == 0, sum += value;
        f.least = fmin(f.least, value), f.most = fmax(f.most, value);
    }
    f.odd = n - finite;
    if (!finite) return (cli_figures){.odd = f.odd};
    f.mean = sum / (double)finite;
    for (size_t i = 0; i < n; i++) {
        double value = lm_tensor_get(t, i);
        if (isfinite(value)) squares += (value - f.mean) * (value - f.mean);
    }
    f.deviation = sqrt(squares / (double)finite);
    f.zeros = (double)zeros / (double)n;
    return f;
}

const char *cli_shape(int rank, const int64_t *dims, char *text, size_t bytes)
{
    size_t n = (size_t)snprintf(text, bytes, "(");
    for (int i = 0; i < rank && n < bytes; i++) {
        const char *comma = i ? ", " : "";
        if (dims[i] == LM_ANY) n += (size_t)snprintf(text + n, bytes - n, "%sN", comma);
        else n += (size_t)snprintf(text + n, bytes - n, "%s%" PRId64, comma, dims[i]);
    }
    if (n < bytes) snprintf(text + n, bytes - n, rank == 1 ? ",)" : ")");
    return text;
}

const char *cli_tensor_shape(const lm_tensor *t, char *text, size_t bytes)
{
    return cli_shape(lm_tensor_rank(t), lm_tensor_dims(t), text, bytes);
}

const char *cli_count(int64_t n, char *text, size_t bytes)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRId64, n);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < bytes; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

int cli_columns(const char *text)
{
    int columns = 0;
    for (const char *c = text; *c; c++) columns += (*c & 0xC0) != 0x80;
    return columns;
}

void cli_padded(const char *text, int columns)
{
    printf("%s%*s", text, columns > cli_columns(text) ? columns - cli_columns(text) : 0, "");
}

bool cli_ends(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcasecmp(path + n - m, ending);
}

bool cli_is_table(const char *path)
{
    return cli_ends(path, ".csv") || cli_ends(path, ".tsv") || cli_ends(path, ".csv.gz") || cli_ends(path, ".tsv.gz");
}

int cli_needs_weights(const char *path)
{
    char start[64] = "";
    struct stat kind;                           /* a pipe's first bytes would be gone */
    FILE *file = !stat(path, &kind) && S_ISREG(kind.st_mode) ? fopen(path, "rb") : NULL;
    size_t n = file ? fread(start, 1, sizeof start - 1, file) : 0;
    if (file) fclose(file);
    start[n] = 0;
    if (start[strspn(start, " \t\r\n")] != '{') return CLI_OK;
    return cli_error("%s is a configuration: it has no weights yet. Train it (lamina train --help), or bring its "
                     "weights: lamina convert %s net.keras --weights FILE", path, path);
}

/* A file made by mkstemp is its owner's alone; this one gets what any new file gets. */
static void usual_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    (void)!fchmod(fd, 0666 & ~mask);
}

static bool write_all(int fd, const char *text, size_t bytes)
{
    while (bytes) {
        ssize_t n = write(fd, text, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text += n, bytes -= (size_t)n;
    }
    return true;
}

/* Devices and pipes are written to, never replaced. */
static int write_directly(const char *path, const char *text, size_t bytes)
{
    int fd = open(path, O_WRONLY);
    bool done = fd >= 0 && write_all(fd, text, bytes);
    int reason = errno;
    if (fd >= 0 && close(fd) && done) done = false, reason = errno;
    return done ? CLI_OK : cli_error("%s: it cannot be written: %s", path, strerror(reason));
}

int cli_write_file(const char *path, const char *text, size_t bytes)
{
    struct stat kind;
    if (!stat(path, &kind) && !S_ISREG(kind.st_mode)) return write_directly(path, text, bytes);
    char *scratch = malloc(strlen(path) + 12);
    if (!scratch) return cli_error("out of memory");
    sprintf(scratch, "%s.XXXXXX", path);
    int fd = mkstemp(scratch), status = CLI_OK;
    bool done = fd >= 0 && write_all(fd, text, bytes);
    if (done) usual_mode(fd), done = !fsync(fd);
    int reason = errno;
    if (fd >= 0 && close(fd) && done) done = false, reason = errno;
    if (done && rename(scratch, path)) done = false, reason = errno;
    if (!done) {
        status = cli_error("%s: it cannot be written: %s", path, strerror(reason));
        if (fd >= 0) unlink(scratch);
    }
    free(scratch);
    return status;
}
