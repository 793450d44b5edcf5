/* cli/summary.c: lamina summary: a model's layers, shapes and parameters, and the memory that a step takes. */
#include "cli.h"

static const char help[] =
    "Shows the layers of a model, their shapes and parameters.\n\n"
    "Usage: lamina summary MODEL [--memory] [--batch-size N] [--plot FILE]\n\n"
    "  lamina summary mnist.keras\n"
    "  lamina summary mnist.keras --memory --batch-size 256\n"
    "  lamina summary mnist.keras --plot mnist.svg\n\n"
    "  --memory         also the plan of a training step (of prediction, if the model is not compiled): every step\n"
    "                   with its kernel, every buffer with its life, and the total\n"
    "  --batch-size N   examples in a step (default: 32)\n"
    "  --plot FILE      also draws the layers as boxes; .png, .svg or .pdf by the name's ending\n";

extern const cli_command cli_summary;

static int run(int argc, char **argv)
{
    const char *path = NULL, *picture = NULL;
    bool memory = false;
    int64_t batch = 32;
    int count;
    const cli_option options[] = {{"memory", CLI_FLAG, &memory, 0, 0},
                                  {"batch-size", CLI_NUMBER, &batch, 1, INT64_MAX},
                                  {"plot", CLI_TEXT, &picture, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_summary, argc, argv, options, 1, &path, &count);
    if (status) return status;
    if (!path) return cli_wrong(&cli_summary, "summary needs a model: lamina summary MODEL.keras");
    status = cli_picture_name(&cli_summary, "plot", picture);
    if (status) return status;
    lm_model *model = lm_load(path);
    status = cli_failed(model);
    if (!status && lm_summary(model, .memory = memory, .batch_size = batch))
        status = cli_error("%s: %s", path, lm_error(model));
    if (!status && picture && lm_plot_model(model, picture)) status = cli_error("%s", lm_last_error());
    lm_free(model);
    return status;
}

const cli_command cli_summary = {
    .name = "summary", .summary = "a model's layers, shapes, parameters, memory", .help = help, .run = run};
