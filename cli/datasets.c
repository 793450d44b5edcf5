/* cli/datasets.c: lamina datasets: what there is by name, a look at it, and how to get it. */
#include "inspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const cli_command cli_datasets;

static const char help[] =
    "Lists the datasets that are known by name, shows some of their examples, downloads them.\n\n"
    "Usage: lamina datasets [--json]\n"
    "       lamina datasets show NAME|FILE|FOLDER [--target COL] [--skip COL,…] [--count N]\n"
    "       lamina datasets download NAME\n\n"
    "  lamina datasets\n"
    "  lamina datasets show mnist\n"
    "  lamina datasets show weather.csv --target temp_max --skip date\n"
    "  lamina datasets download fashion_mnist\n\n"
    "  --json         the list as JSON, an object a line\n"
    "  --target COL   of a .csv: the column that is to be predicted\n"
    "  --skip COL,…   of a .csv: columns that are no input, such as a date\n"
    "  --count N      examples to show (default: 5)\n"
    "\nA set is looked for in the folder that LAMINA_DATA names, in the sources' data/, in /usr/share/datasets\n"
    "and in ~/.cache/lamina, where download puts it after comparing its SHA-256.\n";

typedef struct request {
    const char *target, *skip;
    int64_t count;
    bool json;
} request;

/* --- the list ------------------------------------------------------------------------------------------------- */

static void print_set(const lm_data_set *set, const char *folder)
{
    lm_dataset *train, *test;
    char a[32], b[32];
    printf("%s\n  %s\n", set->name, set->title);
    if (folder && !lm_data_load(set->name, &train, &test)) {
        cli_count(lm_data_count(train), a, sizeof a);
        cli_count(lm_data_count(test), b, sizeof b);
        printf("  examples  %s for training, %s for testing\n", a, b);
        lm_free(train), lm_free(test);
    }
    printf("  source    %s\n  licence   %s\n", set->source, set->licence);
    if (folder) printf("  found in  %s\n", folder);
    else printf("  not here  lamina datasets download %s\n", set->name);
}

static void print_json(const lm_data_set *set, const char *folder)
{
    const char *const keys[] = {"name", "title", "source", "licence", "folder"};
    const char *const values[] = {set->name, set->title, set->source, set->licence, folder};
    putchar('{');
    for (int i = 0; i < 5; i++) {
        printf("%s\"%s\": ", i ? ", " : "", keys[i]);
        if (values[i]) cli_json_string(stdout, values[i]);
        else fputs("null", stdout);
    }
    puts("}");
}

static int list(const request *r)
{
    const lm_data_set *set;
    for (int i = 0; (set = lm_data_set_at(i)); i++) {
        char *folder = lm_data_set_folder(set->name);
        if (i && !r->json) putchar('\n');
        (r->json ? print_json : print_set)(set, folder);
        lm_string_free(folder);
    }
    if (!r->json)
        puts("\nYour own data need no name: a folder with one sub-folder of pictures a class, a .csv with\n"
             "--target, an .npz with x and y.");
    return CLI_OK;
}

/* --- download ------------------------------------------------------------------------------------------------- */

static bool progress(void *user, const char *file, int64_t done, int64_t total, double seconds_left)
{
    const bool *live = user;
    if (*live && total > 0)
        fprintf(stderr, "\r%-28s %5.1f of %.1f MB, %3.0f s left ", file, (double)done / 1e6, (double)total / 1e6,
                seconds_left > 0 ? seconds_left : 0);
    else if (*live) fprintf(stderr, "\r%-28s %5.1f MB ", file, (double)done / 1e6);
    return !cli_interrupted();
}

static int download(const char *name)
{
    bool live = isatty(STDERR_FILENO);
    char *here = lm_data_set_folder(name);
    if (here) {
        printf("%s is here already, in %s\n", name, here);
        lm_string_free(here);
        return CLI_OK;
    }
    cli_catch_interrupt();
    lm_status status = lm_data_download(name, progress, &live);
    if (live) fputs("\r\033[K", stderr);
    if (status == LM_STOPPED) {
        fprintf(stderr, "lamina: interrupted; the same command goes on from here\n");
        return CLI_INTERRUPTED;
    }
    if (status) return cli_error("%s", lm_last_error());
    char *folder = lm_data_set_folder(name);
    printf("%s is in %s\n", name, folder ? folder : "the user's cache");
    lm_string_free(folder);
    return CLI_OK;
}

/* --- a look --------------------------------------------------------------------------------------------------- */

/* How dark the cell is in which (row, column) of a picture falls, 0 to 1. */
static double shade(const lm_tensor *x, int64_t row, int64_t column, int64_t rows, int64_t columns)
{
    int64_t h = lm_tensor_dim(x, 0), w = lm_tensor_dim(x, 1), c = lm_tensor_rank(x) == 3 ? lm_tensor_dim(x, 2) : 1;
    int64_t top = row * h / rows, end = (row + 1) * h / rows;
    int64_t left = column * w / columns, right = (column + 1) * w / columns;
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = top; i < (end > top ? end : top + 1); i++)
        for (int64_t k = left * c; k < (right > left ? right : left + 1) * c; k++, n++)
            sum += lm_tensor_get(x, (size_t)(i * w * c + k));
    return sum / (double)n / (lm_tensor_dtype(x) == LM_U8 ? 255 : 1);
}

/* A line has half a character's two rows of cells in each of its places. */
static void draw(const lm_tensor *x)
{
    static const char *const cells[] = {" ", "░", "▒", "▓", "█"};
    int64_t columns = lm_tensor_dim(x, 1) < 28 ? lm_tensor_dim(x, 1) : 28, rows = columns / 2;
    rows = rows * lm_tensor_dim(x, 0) / lm_tensor_dim(x, 1);
    for (int64_t r = 0; r < (rows ? rows : 1); r++) {
        fputs("  ", stdout);
        for (int64_t c = 0; c < columns; c++) {
            double s = shade(x, r, c, rows ? rows : 1, columns);
            fputs(isnan(s) ? "?" : cells[s >= 1 ? 4 : s <= 0 ? 0 : (int)(s * 5)], stdout);
        }
        putchar('\n');
    }
}

static void print_example(const lm_dataset *ds, lm_tensor *const *element, int n)
{
    int count, rank = lm_tensor_rank(element[0]);
    const char *const *classes = lm_data_classes(ds, &count);
    int64_t channels = rank == 3 ? lm_tensor_dim(element[0], 2) : 1;
    bool picture = (rank == 2 || (rank == 3 && (channels == 1 || channels == 3))) && lm_tensor_size(element[0]);
    if (picture) draw(element[0]);
    for (size_t i = 0; !picture && i < lm_tensor_size(element[0]) && i < 8; i++)
        printf("  %.6g", lm_tensor_get(element[0], i));
    if (!picture && lm_tensor_size(element[0]) > 8) fputs("  …", stdout);
    if (n > 1 && lm_tensor_size(element[1]) == 1) {
        double y = lm_tensor_get(element[1], 0);
        if (classes && y >= 0 && y < count) printf("  -> %s\n\n", classes[(int)y]);
        else printf("  -> %.6g\n", y);
    } else putchar('\n');
}

static void print_kind(const char *what, const lm_dataset *train, const lm_dataset *test)
{
    static const char *const names[] = {"x", "y"};
    char text[160], number[32];
    printf("%s: %s examples for training, ", what, cli_count(lm_data_count(train), number, sizeof number));
    printf("%s for testing\n", cli_count(lm_data_count(test), number, sizeof number));
    for (int i = 0; i < lm_data_tensors(train) && i < 2; i++) {
        int64_t dims[LM_MAX_RANK];
        lm_dtype dtype;
        int rank = lm_data_shape(train, i, &dtype, dims);
        printf("  %s  %s %s\n", names[i], lm_dtype_name(dtype),
               rank ? cli_shape(rank, dims, text, sizeof text) : "number");
    }
    int count;
    const char *const *classes = lm_data_classes(train, &count);
    for (int i = 0; classes && i < count && i < 20; i++) printf("%s%s", i ? ", " : "  classes: ", classes[i]);
    if (classes) puts(count > 20 ? ", …" : "");
    putchar('\n');
}

static int show(const request *r, const char *what)
{
    lm_dataset *train, *test;
    char said[512];
    lm_tensor *element[LM_DATA_MAX_TENSORS];
    lm_data_open_args args = lm_data_open_defaults();
    args.target = r->target, args.said = said, args.said_size = sizeof said;
    char *copy = NULL;
    if (r->skip && cli_words("skip", r->skip, args.skip, LM_DATA_MAX_SKIP, &copy) < 0) return free(copy), CLI_FAILED;
    lm_status opened = lm_data_open(what, &args, &train, &test);
    free(copy);
    if (opened) return cli_error("%s", lm_last_error());
    print_kind(what, train, test);
    if (*said) printf("%s\n\n", said);
    lm_iterator *it = lm_data_iterate(train, 0, 0);
    int status = cli_failed(it), n = 1;
    for (int64_t i = 0; !status && i < r->count && (n = lm_iterator_next(it, element)) > 0; i++)
        print_example(train, element, n);
    if (!status && n < 0) status = cli_failed(it);
    lm_free(it), lm_free(train), lm_free(test);
    return status;
}

static int run(int argc, char **argv)
{
    request r = {.count = 5};
    const char *word[2] = {0};
    int count;
    const cli_option options[] = {{"json", CLI_FLAG, &r.json, 0, 0},
                                  {"target", CLI_TEXT, &r.target, 0, 0},
                                  {"skip", CLI_TEXT, &r.skip, 0, 0},
                                  {"count", CLI_NUMBER, &r.count, 1, INT32_MAX},
                                  {.name = NULL}};
    static const char *const known[] = {"show", "download", NULL};
    int status = cli_read(&cli_datasets, argc, argv, options, 2, word, &count);
    if (status) return status;
    if (!count) return list(&r);
    bool shows = !strcmp(word[0], "show"), downloads = !strcmp(word[0], "download");
    if (!shows && !downloads)
        return cli_wrong(&cli_datasets, "\"%s\" is nothing that datasets can do%s; there are show and download",
                         word[0], cli_hint(word[0], known, ""));
    if (count < 2) return cli_wrong(&cli_datasets, "%s what? As in: lamina datasets %s mnist", word[0], word[0]);
    return shows ? show(&r, word[1]) : download(word[1]);
}

const cli_command cli_datasets = {
    .name = "datasets", .summary = "data known by name: list, look, download", .help = help, .run = run};
