/* cli/predict.c: lamina predict: a saved model on pictures, arrays and tables. */
#include "predict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unistd.h>

static const char help[] =
    "Asks a saved model: about pictures, arrays or tables.\n\n"
    "Usage: lamina predict MODEL FILE… [options]\n\n"
    "  lamina predict mnist.keras digit.png                 what is it? a table of answers\n"
    "  lamina predict mnist.keras scans/ --top 3            every picture of a folder, three answers each\n"
    "  lamina predict mnist.keras scans/*.jpg --json        one JSON list instead of a table\n"
    "  lamina predict mnist.keras scans/ --picture a.png    a picture of the pictures with the answers\n"
    "  curl -s URL | lamina predict mnist.keras -           a picture (or .npy) from the standard input\n"
    "  lamina predict iris.keras flowers.csv --skip kind    the rows of a table, without a column\n"
    "  lamina predict mnist.keras --input digits.npy --output probabilities.npy\n\n"
    "Pictures are PNG or JPEG files of any size; the model's file says how they become its input (digits are made\n"
    "light on dark, scaled and centred as MNIST's were), and what was done is told on stderr. A picture that cannot\n"
    "be read is named, the others are answered, and the exit status is 1. Of a folder the files that end in .png,\n"
    ".jpg or .jpeg are taken, in the order of their names, without those in folders inside it.\n\n"
    "  --input FILE,…   the same as operands. An array is a .npy file (numpy.save writes it) or an IDX file, plain\n"
    "                   or gzip: its first dimension counts the examples; it needs --output, --json or --top\n"
    "  --output FILE    the model's outputs in order, as .npy, or .csv with names and answers; whole or not at all\n"
    "  --json           print JSON. Pictures: [{\"file\": …, \"class\": …, \"probability\": …,\n"
    "                   \"probabilities\": […]}, …], with \"classes\" where several may hold at once, and with\n"
    "                   \"values\" where the outputs are plain numbers. Arrays and tables:\n"
    "                   {\"shape\": […], \"dtype\": …, \"predictions\": [[…], …]}\n"
    "  --top K          answers in the table: the likeliest and the next ones (default: 2)\n"
    "  --picture FILE   draw the first 100 pictures with their answers, as .png, .svg or .pdf\n"
    "  --layer NAME     what that layer puts out, instead of the model; needs --output or --json\n"
    "  --skip COL,…     of a table: columns that are no input, by name or number\n"
    "  --batch-size N   examples at a time (default: 32)\n"
    "  --tune FILE      choose kernels by times measured here, once; FILE keeps what won (made if missing)\n"
    "  --quiet          do not tell what was done to pictures\n";

/* --- what is asked ---------------------------------------------------------------------------------------------- */

/* The files of --input: a list, unless a file has that very name. Splits `list`, which the inputs then point into. */
static void split_list(cli_request *r, char *list)
{
    if (!access(list, F_OK)) {
        r->inputs[r->count++] = list;
        return;
    }
    for (char *next; list; list = next) {
        next = strchr(list, ',');
        if (next) *next++ = 0;
        if (*list) r->inputs[r->count++] = list;
    }
}

static int check_request(const cli_request *r, bool pictures, bool table)
{
    if (r->output && !strcmp(r->output, "-"))
        return cli_wrong(&cli_predict, "--output -: predictions go to a file; --json prints them");
    if (r->picture && !pictures) return cli_wrong(&cli_predict, "--picture needs pictures as its input");
    if (cli_picture_name(&cli_predict, "picture", r->picture)) return CLI_USAGE;
    if (r->skip && !table) return cli_wrong(&cli_predict, "--skip needs a table (.csv or .tsv) as its input");
    if (r->layer && !r->output && !r->json)
        return cli_wrong(&cli_predict, "--layer gives many numbers; it needs --output Y.npy, or --json to print");
    if (!pictures && !table && !r->output && !r->json && !r->top)
        return cli_wrong(&cli_predict, "predict needs --output Y.npy, or --json to print, or --top K for a table");
    return CLI_OK;
}

/* A mistyped name is told of before anything is made of it; of pictures, which do not stop at one that is missing,
 * later. */
static int check_existence(const cli_request *r)
{
    for (int i = 0; i < r->count; i++)
        if (!cli_is_picture(r->inputs[i]) && strcmp(r->inputs[i], "-") != 0 && access(r->inputs[i], F_OK))
            return cli_error("there is no file '%s', and no folder: %s", r->inputs[i], strerror(errno));
    return CLI_OK;
}

/* Pictures all, or none. */
static int sort_of_input(const cli_request *r, bool *pictures)
{
    int count = 0;
    const char *first = NULL, *other = NULL;
    for (int i = 0; i < r->count; i++) {
        bool is = cli_is_picture(r->inputs[i]);
        count += is;
        if (is) first = r->inputs[i];
        else other = r->inputs[i];
    }
    *pictures = count > 0;
    if (!count || count == r->count) return CLI_OK;
    return cli_wrong(&cli_predict, "%s is a picture and %s is none; ask about one kind at a time", first, other);
}

static int predict(const cli_request *r)
{
    bool pictures = false, table = false;
    int status = check_existence(r);
    if (!status) status = sort_of_input(r, &pictures);
    for (int i = 0; i < r->count; i++) table |= cli_is_table(r->inputs[i]);
    if (!status) status = check_request(r, pictures, table);
    if (status) return status;
    cli_catch_interrupt();
    status = cli_needs_weights(r->model);
    if (status) return status;
    lm_model *model = lm_load(r->model, .compile = false);
    status = cli_failed(model);
    if (!status) status = cli_one_to_one(model, r->model, "predict");
    if (!status) status = pictures ? cli_predict_pictures(r, model) : cli_predict_array(r, model);
    lm_free(model);
    return status;
}

static int run(int argc, char **argv)
{
    cli_request r = {.batch = 32};
    const char *input = NULL;
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    int count = 0;
    const cli_option options[] = {
        {"input", CLI_TEXT, &input, 0, 0},      {"output", CLI_TEXT, &r.output, 0, 0},
        {"json", CLI_FLAG, &r.json, 0, 0},      {"batch-size", CLI_NUMBER, &r.batch, 1, INT64_MAX},
        {"top", CLI_NUMBER, &r.top, 1, 1000},   {"picture", CLI_TEXT, &r.picture, 0, 0},
        {"layer", CLI_TEXT, &r.layer, 0, 0},    {"skip", CLI_TEXT, &r.skip, 0, 0},
        {"quiet", CLI_FLAG, &r.quiet, 0, 0},    {"tune", CLI_TEXT, &r.tune, 0, 0},
        {.name = NULL}};
    if (!operands) return cli_error("out of memory");
    int status = cli_read(&cli_predict, argc, argv, options, argc, operands, &count);
    char *list = input ? strdup(input) : NULL;
    size_t most = (size_t)count + 1;
    for (const char *c = list; c && *c; c++) most += *c == ',';
    r.inputs = calloc(most, sizeof *r.inputs);
    if (!status && (!r.inputs || (input && !list))) status = cli_error("out of memory");
    if (!status) {
        r.model = operands[0];
        for (int i = 1; i < count; i++) r.inputs[r.count++] = operands[i];
        if (list) split_list(&r, list);
        if (!r.model) status = cli_wrong(&cli_predict, "predict needs a model: lamina predict mnist.keras 7.png");
        else if (!r.count) status = cli_wrong(&cli_predict, "predict needs --input X.npy, or pictures");
    }
    if (!status) status = cli_tune(r.tune);
    if (!status) status = cli_tuned(r.tune, predict(&r));
    free(list), free(r.inputs), free(operands);
    return status;
}

const cli_command cli_predict = {
    .name = "predict", .summary = "a model's answers about pictures, arrays, tables", .help = help, .run = run};
