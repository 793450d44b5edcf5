/* cli/convert.c: lamina convert: a model from one kind of file to another. */
#include "inspect.h"

#include <stdlib.h>
#include <string.h>

extern const cli_command cli_convert;

static const char help[] =
    "Writes a model in another format. The ending of OUT says which; IN is told by its content.\n\n"
    "Usage: lamina convert IN OUT [--weights FILE]\n\n"
    "  lamina convert model.h5 model.keras           an old Keras file becomes a new one\n"
    "  lamina convert model.keras main.c             the C program that builds the model\n"
    "  lamina convert model.keras model.json         the configuration, as model.to_json() prints it\n"
    "  lamina convert model.keras model.weights.h5   the weights alone, for load_weights\n"
    "  lamina convert model.json model.keras --weights model.weights.h5\n"
    "                                                configuration and weights together again\n\n"
    "Endings: .keras and .h5 hold all of a model (.h5 is Keras's older format), .weights.h5 the weights,\n"
    ".json the configuration, .c a program. What a format cannot hold is said on stderr.\n\n"
    "  --weights FILE   weights to put into the model first (.weights.h5, .keras or .h5)\n"
    "  --quiet          say nothing but errors\n";

typedef enum kind { KERAS, H5, WEIGHTS, JSON, PROGRAM, KINDS } kind;
static const struct {
    const char *ending, *what, *lost;
} kinds[KINDS] = {
    [WEIGHTS] = {".weights.h5", "weights", "the configuration is not part of it"},
    [KERAS] = {".keras", "model", NULL},
    [H5] = {".h5", "model", NULL},
    [JSON] = {".json", "configuration", "the weights are not part of it"},
    [PROGRAM] = {".c", "program", "its model begins with fresh weights"},
};

static kind kind_of(const char *path)
{
    static const kind order[] = {WEIGHTS, KERAS, H5, JSON, PROGRAM};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (cli_ends(path, kinds[order[i]].ending)) return order[i];
    return KINDS;
}

static int write_text(char *text, const char *path)
{
    int status = text ? cli_write_file(path, text, strlen(text)) : cli_error("%s", lm_last_error());
    lm_string_free(text);
    return status;
}

static int write_model(lm_model *model, kind to, const char *path)
{
    switch (to) {
    case JSON: return write_text(lm_model_to_json(model), path);
    case PROGRAM: return write_text(lm_model_to_c(model), path);
    case WEIGHTS: return lm_save_weights(model, path) ? cli_error("%s", lm_last_error()) : CLI_OK;
    default: return lm_save(model, path) ? cli_error("%s", lm_last_error()) : CLI_OK;
    }
}

/* Inputs that hold no model. */
static int refuse(const char *in, const char *out)
{
    if (kind_of(in) == WEIGHTS)
        return cli_error("%s holds weights, but no layers to put them in; with the model's configuration: "
                         "lamina convert MODEL.json %s --weights %s", in, out, in);
    if (kind_of(in) == PROGRAM)
        return cli_error("%s is a program: a compiler reads it. Let it call lm_save(model, \"%s\")", in, out);
    return CLI_OK;
}

static void tell(const lm_model *model, const char *in, const char *out, kind to, bool fresh)
{
    char count[40];
    int layers = lm_model_layers(model);
    fprintf(stderr, "%s: the %s of %s, %d layer%s, %s parameters", out, kinds[to].what, in, layers,
            layers == 1 ? "" : "s", cli_count(lm_parameters(model, false), count, sizeof count));
    if (fresh && (to == KERAS || to == H5 || to == WEIGHTS))
        fprintf(stderr, "; a configuration has no weights, so these are fresh ones (--weights FILE brings some)");
    else if (kinds[to].lost && !(fresh && to == JSON)) fprintf(stderr, "; %s", kinds[to].lost);
    fputc('\n', stderr);
}

/* A model that was loaded without its optimizer, loss or metrics says so in the last error. */
static int convert(const char *in, const char *out, const char *weights, bool quiet)
{
    kind to = kind_of(out);
    lm_model *model = lm_load(in);
    int status = cli_failed(model);
    if (!status && !quiet && *lm_last_error()) fprintf(stderr, "lamina: note: %s\n", lm_last_error());
    if (!status && weights && lm_load_weights(model, weights)) status = cli_error("%s", lm_last_error());
    if (!status) status = write_model(model, to, out);
    if (!status && !quiet) tell(model, in, out, to, cli_ends(in, ".json") && !weights);
    lm_free(model);
    return status;
}

static int run(int argc, char **argv)
{
    const char *operands[2] = {NULL}, *weights = NULL;
    bool quiet = false;
    int count;
    const cli_option options[] = {{"weights", CLI_TEXT, &weights, 0, 0},
                                  {"quiet", CLI_FLAG, &quiet, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_convert, argc, argv, options, 2, operands, &count);
    if (status) return status;
    if (count < 2) return cli_wrong(&cli_convert, "convert needs two files: lamina convert model.h5 model.keras");
    if (kind_of(operands[1]) == KINDS)
        return cli_wrong(&cli_convert, "%s: the ending says what is wanted: .keras, .h5, .weights.h5, .json or .c",
                         operands[1]);
    status = refuse(operands[0], operands[1]);
    return status ? status : convert(operands[0], operands[1], weights, quiet);
}

const cli_command cli_convert = {
    .name = "convert", .summary = "a model in another format: .keras, .h5, .json, C", .help = help, .run = run};
