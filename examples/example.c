/* examples/example.c: see example.h. */
#include "example.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void usage(FILE *to, const example *run, const char *what)
{
    fprintf(to,
            "%s: %s\n\n"
            "Usage: %s [options]\n"
            "  --out DIR       where results go (default: %s)\n"
            "  --data NAME     data set (default: %s)\n"
            "  --epochs N      passes over the data (default: %d)\n"
            "  --seed N        of weights, shuffling, dropout (default: 0)\n"
            "  --threads N     compute threads (default: all)\n"
            "  --quick         a short run that writes every file\n"
            "  --model DIR --apply IN --output OUT\n"
            "                  use the model in DIR on new data instead of training\n",
            run->name, what, run->name, run->out, run->data ? run->data : "none", run->epochs);
}

static void wrong(const example *run, const char *option, const char *value, const char *want)
{
    const char *gap = value ? " " : "";
    fprintf(stderr, "%s: error: %s%s%s: %s (see --help)\n", run->name, option, gap, value ? value : "", want);
    exit(2);
}

static void unknown(const example *run, const char *option)
{
    static const char *const known[] = {"--out",   "--data",  "--epochs", "--seed",   "--threads",
                                        "--quick", "--model", "--apply",  "--output", "--help", NULL};
    const char *near = lm_nearest(option, known);
    char text[64] = "unknown option";
    if (near) snprintf(text, sizeof text, "unknown option (did you mean %s?)", near);
    wrong(run, option, NULL, text);
}

static int64_t number(const example *run, const char *option, const char *value, int64_t low, int64_t high)
{
    char text[80];
    char *end;
    errno = 0;
    long long n = value ? strtoll(value, &end, 10) : 0;
    if (!value || end == value || *end || n < low) {
        snprintf(text, sizeof text, "expected a whole number, %lld or more", (long long)low);
        wrong(run, option, value, text);
    }
    if (errno || n > high) {
        snprintf(text, sizeof text, "expected a whole number, %lld at most", (long long)high);
        wrong(run, option, value, text);
    }
    return n;
}

static void read_option(example *run, const char *what, char **argv, int *i)
{
    const char *o = argv[*i], *value = argv[*i + 1];
    const struct {
        const char *name, **to;
    } texts[] = {{"--out", &run->out},     {"--data", &run->data},     {"--model", &run->model},
                 {"--apply", &run->apply}, {"--output", &run->output}};
    if (!strcmp(o, "--help") || !strcmp(o, "-h")) {
        usage(stdout, run, what);
        exit(0);
    }
    if (!strcmp(o, "--quick")) {
        run->quick = true;
        return;
    }
    ++*i;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        if (!strcmp(o, texts[k].name)) {
            if (!value || !*value) wrong(run, o, NULL, "a value is missing");
            *texts[k].to = value;
            return;
        }
    if (!strcmp(o, "--epochs")) run->epochs = (int)number(run, o, value, 1, INT32_MAX);
    else if (!strcmp(o, "--threads")) run->threads = (int)number(run, o, value, 1, INT32_MAX);
    else if (!strcmp(o, "--seed")) run->seed = (uint64_t)number(run, o, value, 0, INT64_MAX);
    else unknown(run, o);
}

static void make_folders(const example *run)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", run->out);
    for (char *c = path + 1;; c++) {
        if (*c && *c != '/') continue;
        char kept = *c;
        *c = 0;
        if (mkdir(path, 0777) && errno != EEXIST) {
            fprintf(stderr, "%s: error: cannot make the folder %s: %s\n", run->name, path, strerror(errno));
            exit(1);
        }
        if (!(*c = kept)) break;
    }
    /* Better now than after the training. */
    struct stat kind;
    int here = !stat(path, &kind);
    if (here && !S_ISDIR(kind.st_mode)) here = 0, errno = ENOTDIR;
    if (here && !access(path, W_OK | X_OK)) return;
    fprintf(stderr, "%s: error: cannot write into the folder %s: %s\n", run->name, path, strerror(errno));
    exit(1);
}

/* Files opened later must not land on standard descriptors that somebody closed. */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

/* Adds a word as the shell reads it back: in quotes, where it is not plain. */
static size_t add_word(char *text, size_t n, size_t room, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    const char *quote = *word && !word[strspn(word, plain)] ? "" : "'";
    n += (size_t)snprintf(text + n, room - n, "%s%s", n ? " " : "", quote);
    for (; *word && n + 8 < room; word++)
        n += (size_t)snprintf(text + n, room - n, *word == '\'' ? "'\\''" : "%c", *word);
    return n + (size_t)snprintf(text + n, room - n, "%s", quote);
}

static const char *command_line(int argc, char **argv)
{
    static char text[4096];
    size_t n = 0;
    for (int i = 0; i < argc && n + 16 < sizeof text; i++) n = add_word(text, n, sizeof text, argv[i]);
    return text;
}

example example_begin(int argc, char **argv, example defaults, const char *what)
{
    static char out[256];
    example run = defaults;
    fill_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN);           /* a file limit is then an error of write, with a message */
    snprintf(out, sizeof out, "runs/%s", run.name);
    run.out = out;
    run.begun = now();
    run.command = command_line(argc, argv);
    for (int i = 1; i < argc; i++) read_option(&run, what, argv, &i);
    if (run.apply && (!run.output || !run.model))
        wrong(&run, "--apply", run.apply, "needs --model DIR and --output OUT too");
    if (run.threads && lm_set_threads(run.threads)) wrong(&run, "--threads", NULL, lm_last_error());
    if (!run.apply) make_folders(&run);
    lm_set_seed(run.seed);
    return run;
}

const char *example_path(const example *run, const char *file)
{
    static char path[4][4096];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", run->apply ? run->model : run->out, file);
    return path[turn];
}

static lm_model *to_stop;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = 1;
    if (to_stop) lm_request_stop(to_stop);
    signal(number, SIG_DFL);
}

void example_interrupt(lm_model *model)
{
    to_stop = model;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
}

bool example_interrupted(void) { return interrupted; }

/* --- what a run leaves ------------------------------------------------------------------------------------------ */

/* The names of what was left, for the last line. */
static char left[512];

static void remember(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = strlen(left);
    snprintf(left + n, sizeof left - n, "%s%s", n ? ", " : "", slash ? slash + 1 : path);
}

int example_write(const example *run, const char *path, const char *text)
{
    char temporary[4200];
    snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    FILE *f = fopen(temporary, "w");
    int bad = !f || fputs(text, f) == EOF || fflush(f) || fsync(fileno(f));
    if (f && fclose(f)) bad = 1;
    if (!bad && rename(temporary, path)) bad = 1;
    if (!bad) {
        remember(path);
        return 0;
    }
    fprintf(stderr, "%s: error: cannot write %s: %s\n", run->name, path, strerror(errno));
    unlink(temporary);
    return 1;
}

int example_save_history(const example *run, const lm_history *history)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    int columns = lm_history_columns(history);
    if (to) fputs("epoch", to);
    for (int c = 0; to && c < columns; c++) fprintf(to, ",%s", lm_history_name(history, c));
    for (int e = 0; to && e < lm_history_epochs(history); e++) {
        fprintf(to, "\n%d", e + 1);
        for (int c = 0; c < columns; c++)
            fprintf(to, ",%.9g", lm_history_get(history, lm_history_name(history, c), e));
    }
    if (to) fputs("\n", to);
    int status = !to || fclose(to);
    if (status) fprintf(stderr, "%s: error: out of memory for history.csv\n", run->name);
    else status = example_write(run, example_path(run, "history.csv"), text);
    free(text);
    return status;
}

static int save_metrics(const example *run, int count, const example_metric *metrics)
{
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, "{");
    for (int i = 0; i < count; i++) {
        if (!isfinite(metrics[i].value)) {
            fprintf(stderr, "%s: error: %s is %g\n", run->name, metrics[i].name, metrics[i].value);
            return 1;
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "\"%s\": %.9g, ", metrics[i].name, metrics[i].value);
    }
    snprintf(text + n, sizeof text - n, "\"seed\": %" PRIu64 ", \"threads\": %d, \"wall_seconds\": %.3f}\n",
             run->seed, lm_threads(), now() - run->begun);
    return example_write(run, example_path(run, "metrics.json"), text);
}

int example_failed(const example *run, int count, const void *const *objects)
{
    for (int i = 0; i < count; i++)
        if (lm_failed(objects[i])) {
            fprintf(stderr, "%s: error: %s\n", run->name, objects[i] ? lm_error(objects[i]) : lm_last_error());
            return 1;
        }
    return 0;
}

int example_save(const example *run, lm_model *model, const char *file)
{
    if (!lm_failed(model) && !lm_save(model, example_path(run, file))) remember(file);
    return example_failed(run, 1, (const void *[]){model});
}

int example_save_image(const example *run, const lm_tensor *image, const char *file)
{
    if (lm_image_save(image, example_path(run, file))) {
        fprintf(stderr, "%s: error: %s\n", run->name, lm_last_error());
        return 1;
    }
    remember(file);
    return 0;
}

int example_drawn(const example *run, lm_status drawn, const char *file)
{
    if (!drawn) remember(file);
    else if (drawn == LM_UNSUPPORTED) fprintf(stderr, "%s: %s is left out: %s\n", run->name, file, lm_last_error());
    else fprintf(stderr, "%s: error: %s\n", run->name, lm_last_error());
    return drawn && drawn != LM_UNSUPPORTED;
}

int example_end(const example *run, int status, int count, const example_metric *metrics)
{
    if (status) return status;
    if (interrupted) {
        remove(example_path(run, "metrics.json"));      /* an earlier run's, not of the model that lies there now */
        fprintf(stderr, "%s: interrupted; what there is so far is in %s\n", run->name, run->out);
        return 130;
    }
    if (save_metrics(run, count, metrics)) return 1;
    printf("\nLeft in %s: %s\n", run->out, left);
    bool lost = ferror(stdout);
    if (!fflush(stdout) && !lost) return 0;
    fprintf(stderr, "%s: error: could not write to the standard output: %s\n", run->name, strerror(errno));
    return 1;
}

/* --- pictures in text ------------------------------------------------------------------------------------------- */

enum { SIDE = 28, CELL = SIDE / 2 };

/* Half a character: is the square of 2 x 2 pixels bright? */
static bool bright(const lm_tensor *images, int picture, int row, int column)
{
    double sum = 0;
    for (int k = 0; k < 4; k++)
        sum += lm_tensor_get(images, (size_t)(picture * SIDE * SIDE + (2 * row + k / 2) * SIDE + 2 * column + k % 2));
    return sum > 4 * 90;
}

void example_pictures(const lm_tensor *images, int count, int lines, const char *const *captions)
{
    for (int row = 0; row < CELL; row += 2) {
        for (int i = 0; i < count; i++) {
            printf("  ");
            for (int column = 0; column < CELL; column++) {
                int above = bright(images, i, row, column), below = bright(images, i, row + 1, column);
                fputs((const char *[]){" ", "▄", "▀", "█"}[2 * above + below], stdout);
            }
        }
        printf("\n");
    }
    for (int line = 0; line < lines; line++) {
        for (int i = 0; i < count; i++) printf("  %-*.*s", CELL, CELL, captions[line * count + i]);
        printf("\n");
    }
}
