/* cli/evaluate.c: lamina evaluate: loss and metrics of a model on the test part of data. */
#include "data.h"

#include "inspect.h"

#include <string.h>
#include <unistd.h>

extern const cli_command cli_evaluate;

static const char help[] =
    "Tests a model: its loss and metrics on the test part of data.\n\n"
    "Usage: lamina evaluate MODEL --data D [--json] [--batch-size N] [--target COL]\n"
    "       [--skip COL,…] [--ordered]\n\n"
    "  lamina evaluate net.keras --data mnist\n"
    "  lamina evaluate net.keras --data pictures/ --json\n"
    "  lamina evaluate weather.keras --data weather.csv --target temp_max\n\n"
    "  --data D         a built-in name (lamina datasets lists them), an .npz with x_test and y_test, a .csv,\n"
    "                   or a folder with one sub-folder of pictures a class. Data that have no test part of\n"
    "                   their own give a fifth, always the same, which train leaves alone\n"
    "  --target COL     the column of a .csv that is to be predicted\n"
    "  --skip COL,…     columns of a .csv that are no input, such as a date\n"
    "  --ordered        the test part is the last fifth instead of one drawn at random: for series\n"
    "  --json           print {\"loss\": …, \"accuracy\": …} and nothing else; what was done goes to stderr\n"
    "  --batch-size N   examples at a time (default: 32)\n"
    "\nThe model's file says in which range it wants pixels; evaluate brings them there, and says so.\n";

typedef struct request {
    cli_data_request data;
    bool json;
    int64_t batch;
} request;

static void print_json(const lm_logs *logs)
{
    putchar('{');
    for (int i = 0; i < logs->count; i++) {
        if (i) fputs(", ", stdout);
        cli_json_string(stdout, logs->item[i].name);
        fputs(": ", stdout);
        cli_json_number(stdout, logs->item[i].value, 9);
    }
    puts("}");
}

/* The loss first, then the metrics. */
static void sort(lm_logs *logs)
{
    for (int i = 1; i < logs->count; i++) {
        if (strcmp(logs->item[i].name, "loss") != 0) continue;
        __typeof__(logs->item[0]) loss = logs->item[i];
        memmove(&logs->item[1], &logs->item[0], sizeof loss * (size_t)i);
        logs->item[0] = loss;
    }
}

static int evaluate(const request *r, lm_model *model)
{
    cli_data data;
    char loss[64];
    if (!lm_compiled_name(model, "loss", 0, loss, sizeof loss))
        return cli_error("%s says no loss, so there is nothing to measure by: train it with lamina train --loss …, "
                         "or compile it before it is saved", r->data.model_path);
    int status = cli_data_open(&r->data, model, &data);
    if (!status) {
        lm_logs logs = lm_evaluate(model, data.test, .batch_size = r->batch, .verbose = r->json ? 0 : -1);
        status = cli_failed(model);
        sort(&logs);
        if (!status && r->json) print_json(&logs);
        for (int i = 0; !status && !r->json && i < logs.count; i++)
            printf("%s %.6g\n", logs.item[i].name, logs.item[i].value);
    }
    cli_data_close(&data);
    return status;
}

static int run(int argc, char **argv)
{
    request r = {.batch = 32, .data.notes = stdout};
    int count;
    const cli_option options[] = {{"data", CLI_TEXT, &r.data.what, 0, 0},
                                  {"target", CLI_TEXT, &r.data.target, 0, 0},
                                  {"skip", CLI_TEXT, &r.data.skip, 0, 0},
                                  {"ordered", CLI_FLAG, &r.data.ordered, 0, 0},
                                  {"json", CLI_FLAG, &r.json, 0, 0},
                                  {"batch-size", CLI_NUMBER, &r.batch, 1, INT32_MAX},
                                  {.name = NULL}};
    int status = cli_read(&cli_evaluate, argc, argv, options, 1, &r.data.model_path, &count);
    if (status) return status;
    if (!count)
        return cli_wrong(&cli_evaluate, "evaluate needs a model, as in: lamina evaluate net.keras --data mnist");
    if (!r.data.what) return cli_wrong(&cli_evaluate, "evaluate needs --data, as in: lamina evaluate %s --data mnist",
                                       r.data.model_path);
    status = cli_data_check(&cli_evaluate, &r.data);
    if (status) return status;
    if (r.json) r.data.notes = stderr;
    status = cli_needs_weights(r.data.model_path);
    if (status) return status;
    lm_model *model = lm_load(r.data.model_path);
    status = cli_failed(model);
    if (!status) status = cli_one_to_one(model, r.data.model_path, "evaluate");
    if (!status) status = evaluate(&r, model);
    lm_free(model);
    return status;
}

const cli_command cli_evaluate = {
    .name = "evaluate", .summary = "a model's loss and metrics on test data", .help = help, .run = run};
