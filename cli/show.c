/* cli/show.c: lamina show: the weights of a model, and the numbers of one. */
#include "inspect.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const cli_command cli_show;

static const char help[] =
    "Shows the weights of a model: figures of each, or the numbers of one.\n\n"
    "Usage: lamina show MODEL [LAYER | LAYER/WEIGHT] [--json] [--output W.npy]\n\n"
    "  lamina show mnist.keras                  every layer and weight: shape, mean, deviation, range, zeros\n"
    "  lamina show mnist.keras conv2d           one layer: its arguments and weights\n"
    "  lamina show mnist.keras conv2d/kernel    one weight: its numbers, and how they are distributed\n"
    "  lamina show mnist.keras conv2d/kernel --output kernel.npy     the numbers for NumPy\n\n"
    "  --json           one JSON object instead: layers with their weights' figures; of one weight, the values too\n"
    "  --output W.npy   write the weight as a .npy file, which numpy.load reads\n";

typedef struct request {
    const char *model, *what, *output;
    bool json;
} request;

enum { ARGUMENT = 22, FIGURE_WIDTH = 11, BINS = 15, BAR = 40 };

/* --- as text --------------------------------------------------------------------------------------------------- */

/* Six significant digits at most, without the noise of numbers that are nearly 0. */
static void figure(double value) { printf("%*.4g", FIGURE_WIDTH, value); }

static void figures_head(int left, int shape)
{
    static const char *const names[] = {"mean", "deviation", "least", "most", "zeros"};
    cli_padded("Layer, weight", left);
    cli_padded("shape", shape);
    for (int i = 0; i < 5; i++) printf("%*s", i == 4 ? 8 : FIGURE_WIDTH, names[i]);
    putchar('\n');
}

static void figures_line(const cli_weight *weight, int left, int shape_width)
{
    char shape[160];
    cli_figures f = cli_figures_of(weight->value);
    fputs("  ", stdout);
    cli_padded(weight->name, left - 2);
    cli_padded(cli_tensor_shape(weight->value, shape, sizeof shape), shape_width);
    figure(f.mean), figure(f.deviation), figure(f.least), figure(f.most);
    printf("%7.1f%%", 100 * f.zeros);
    if (f.odd) printf("  %zu not finite", f.odd);
    putchar('\n');
}

/* The widths of the first two columns. */
static void measure(const lm_model *model, int *left, int *shape_width)
{
    char shape[160], title[256];
    cli_weight weights[CLI_WEIGHTS];
    *left = 15, *shape_width = 7;
    for (int i = 0; i < lm_model_layers(model); i++) {
        const lm_layer *layer = lm_model_layer(model, i);
        snprintf(title, sizeof title, "%s (%s)", lm_layer_name(layer), lm_layer_class(layer));
        int n = cli_weights(model, layer, weights, CLI_WEIGHTS);
        for (int k = 0; k < n; k++) {
            int name = cli_columns(weights[k].name) + 4;
            int columns = cli_columns(cli_tensor_shape(weights[k].value, shape, sizeof shape)) + 1;
            if (name > *left) *left = name;
            if (columns > *shape_width) *shape_width = columns;
        }
        if (!n && cli_columns(title) + 2 > *left) *left = cli_columns(title) + 2;
    }
}

static void show_layer(const lm_model *model, const lm_layer *layer, int left, int shape_width)
{
    char title[256];
    cli_weight weights[CLI_WEIGHTS];
    int n = cli_weights(model, layer, weights, CLI_WEIGHTS);
    snprintf(title, sizeof title, "%s (%s)", lm_layer_name(layer), lm_layer_class(layer));
    if (n) puts(title);
    else cli_padded(title, left), puts("no weights");
    for (int k = 0; k < n; k++) figures_line(&weights[k], left, shape_width);
}

static void show_model(const request *r, const lm_model *model)
{
    char count[40];
    int left, shape_width, layers = lm_model_layers(model);
    measure(model, &left, &shape_width);
    printf("%s: %d layer%s, %s parameters\n\n", r->model, layers, layers == 1 ? "" : "s",
           cli_count(lm_parameters(model, false), count, sizeof count));
    figures_head(left, shape_width);
    for (int i = 0; i < layers; i++) show_layer(model, lm_model_layer(model, i), left, shape_width);
}

/* An object is told by its class, with what its configuration adds: "Constant {"value":0.1}". */
static void argument(const char *name, const json_t *value)
{
    const json_t *config = json_object_get(value, "config");
    const char *class = json_string_value(json_object_get(value, "class_name"));
    const json_t *rest = class ? config : value;
    bool says = !class || json_object_size(config);
    char *text = says ? json_dumps(rest, JSON_ENCODE_ANY) : NULL;
    printf("  %-*s%s%s%s\n", ARGUMENT, name, class ? class : "", class && text ? " " : "", text ? text : "");
    free(text);
}

static void show_arguments(const lm_layer *layer)
{
    char *text = lm_layer_config(layer);
    json_t *config = text ? json_loads(text, 0, NULL) : NULL, *value;
    const char *key;
    puts("Arguments");
    json_object_foreach(config, key, value) argument(key, value);
    json_decref(config);
    lm_string_free(text);
}

static void show_one_layer(const lm_model *model, const lm_layer *layer)
{
    int left, shape_width;
    measure(model, &left, &shape_width);
    figures_head(left, shape_width);
    show_layer(model, layer, left, shape_width);
    putchar('\n');
    show_arguments(layer);
}

/* How many numbers lie in each of BINS equal parts of the range. */
static void histogram(const lm_tensor *t, const cli_figures *f)
{
    size_t bin[BINS] = {0}, most = 0, n = lm_tensor_size(t);
    double width = (f->most - f->least) / BINS;
    for (size_t i = 0; i < n; i++) {
        double value = lm_tensor_get(t, i);
        if (!isfinite(value)) continue;
        int k = (int)((value - f->least) / width);
        k = k < 0 ? 0 : k >= BINS ? BINS - 1 : k;
        if (++bin[k] > most) most = bin[k];
    }
    for (int k = 0; k < BINS; k++) {
        char count[40];
        printf("%*.4g …%*.4g %9s ", FIGURE_WIDTH, f->least + k * width, FIGURE_WIDTH, f->least + (k + 1) * width,
               cli_count((int64_t)bin[k], count, sizeof count));
        size_t bar = (bin[k] * BAR + most - 1) / most;
        for (size_t i = 0; i < bar; i++) fputs("█", stdout);
        putchar('\n');
    }
}

static void show_weight(const char *name, lm_tensor *t)
{
    char shape[160], count[40];
    cli_figures f = cli_figures_of(t);
    printf("%s: %s, %s, %s number%s\n", name, cli_tensor_shape(t, shape, sizeof shape),
           lm_dtype_name(lm_tensor_dtype(t)), cli_count((int64_t)lm_tensor_size(t), count, sizeof count),
           lm_tensor_size(t) == 1 ? "" : "s");
    printf("mean %.6g, deviation %.6g, least %.6g, most %.6g, zeros %.1f%%\n", f.mean, f.deviation, f.least, f.most,
           100 * f.zeros);
    if (f.odd) printf("%zu of them are not finite\n", f.odd);
    putchar('\n');
    fflush(stdout);
    lm_print(t, .rows = lm_tensor_rank(t) > 1 ? 12 : 0);
    putchar('\n');
    if (f.most > f.least) histogram(t, &f);
    else if (lm_tensor_size(t) > f.odd) printf("All of them are %.6g.\n", f.least);
}

/* --- as JSON --------------------------------------------------------------------------------------------------- */

static void json_figures(const lm_tensor *t)
{
    cli_figures f = cli_figures_of(t);
    const struct {
        const char *name;
        double value;
    } all[] = {{"mean", f.mean}, {"std", f.deviation}, {"min", f.least}, {"max", f.most}, {"zeros", f.zeros}};
    printf("\"shape\": [");
    for (int i = 0; i < lm_tensor_rank(t); i++) printf("%s%lld", i ? ", " : "", (long long)lm_tensor_dim(t, i));
    printf("], \"dtype\": \"%s\"", lm_dtype_name(lm_tensor_dtype(t)));
    for (int i = 0; i < 5; i++) {
        printf(", \"%s\": ", all[i].name);
        cli_json_number(stdout, all[i].value, 9);
    }
    printf(", \"not_finite\": %zu", f.odd);
}

static void json_layer(const lm_model *model, const lm_layer *layer)
{
    cli_weight weights[CLI_WEIGHTS];
    int n = cli_weights(model, layer, weights, CLI_WEIGHTS);
    char *config = lm_layer_config(layer);
    printf("{\"name\": ");
    cli_json_string(stdout, lm_layer_name(layer));
    printf(", \"class\": \"%s\", \"config\": %s, \"weights\": [", lm_layer_class(layer), config ? config : "null");
    for (int k = 0; k < n; k++) {
        printf("%s{\"name\": ", k ? ", " : "");
        cli_json_string(stdout, weights[k].name);
        printf(", "), json_figures(weights[k].value), putchar('}');
    }
    printf("]}");
    lm_string_free(config);
}

static void json_model(const lm_model *model)
{
    printf("{\"name\": ");
    cli_json_string(stdout, lm_model_name(model));
    printf(", \"parameters\": %lld, \"layers\": [", (long long)lm_parameters(model, false));
    for (int i = 0; i < lm_model_layers(model); i++) {
        if (i) printf(",\n ");
        json_layer(model, lm_model_layer(model, i));
    }
    puts("]}");
}

static void json_weight(const char *name, const lm_tensor *t)
{
    printf("{\"name\": ");
    cli_json_string(stdout, name);
    printf(", "), json_figures(t), printf(", \"values\": ");
    cli_json_tensor(stdout, t);
    puts("}");
}

/* --- finding what is asked for --------------------------------------------------------------------------------- */

static int no_layer(const request *r, const lm_model *model, const char *name)
{
    int n = lm_model_layers(model);
    const char **names = calloc((size_t)n + 1, sizeof *names);
    for (int i = 0; names && i < n; i++) names[i] = lm_layer_name(lm_model_layer(model, i));
    int status = cli_error("%s has no layer \"%s\"%s; lamina show %s lists them", r->model, name,
                           names ? cli_hint(name, names, "") : "", r->model);
    free(names);
    return status;
}

static int no_weight(const lm_layer *layer, const cli_weight *weights, int n, const char *name)
{
    const char *names[CLI_WEIGHTS + 1] = {NULL};
    char all[256] = "none";
    size_t used = 0;
    for (int i = 0; i < n && used < sizeof all; i++) {
        names[i] = weights[i].name;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", weights[i].name);
    }
    return cli_error("layer %s (%s) has no weight \"%s\"%s; it has: %s", lm_layer_name(layer), lm_layer_class(layer),
                     name, cli_hint(name, names, ""), all);
}

static int one_weight(const request *r, const lm_model *model, const lm_layer *layer, const char *name)
{
    cli_weight weights[CLI_WEIGHTS];
    int n = cli_weights(model, layer, weights, CLI_WEIGHTS), found = -1;
    for (int i = 0; i < n; i++)
        if (!strcmp(weights[i].name, name)) found = i;
    if (found < 0) return no_weight(layer, weights, n, name);
    if (r->output && lm_tensor_save(weights[found].value, r->output)) return cli_error("%s", lm_last_error());
    if (r->json) json_weight(r->what, weights[found].value);
    else if (!r->output) show_weight(r->what, weights[found].value);
    return CLI_OK;
}

static int show(const request *r, const lm_model *model)
{
    const char *slash = r->what ? strchr(r->what, '/') : NULL;
    if (r->output && !slash)
        return cli_wrong(&cli_show, "--output writes one weight: lamina show %s LAYER/WEIGHT --output %s", r->model,
                         r->output);
    if (!r->what) {
        if (r->json) json_model(model);
        else show_model(r, model);
        return CLI_OK;
    }
    size_t length = slash ? (size_t)(slash - r->what) : strlen(r->what);
    const lm_layer *layer = cli_layer(model, r->what, length);
    if (!layer) {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)length, r->what);
        return no_layer(r, model, name);
    }
    if (slash) return one_weight(r, model, layer, slash + 1);
    if (r->json) json_layer(model, layer), putchar('\n');
    else show_one_layer(model, layer);
    return CLI_OK;
}

static int run(int argc, char **argv)
{
    request r = {0};
    const char *operands[2] = {NULL};
    int count;
    const cli_option options[] = {{"json", CLI_FLAG, &r.json, 0, 0},
                                  {"output", CLI_TEXT, &r.output, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_show, argc, argv, options, 2, operands, &count);
    if (status) return status;
    r.model = operands[0], r.what = operands[1];
    if (!r.model) return cli_wrong(&cli_show, "show needs a model: lamina show MODEL.keras [LAYER/WEIGHT]");
    lm_model *model = lm_load(r.model, .compile = false);
    status = cli_failed(model);
    if (!status) status = show(&r, model);
    lm_free(model);
    return status;
}

const cli_command cli_show = {
    .name = "show", .summary = "a model's weights: figures of each, numbers of one", .help = help, .run = run};
