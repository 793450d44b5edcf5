/* cli/diff.c: lamina diff: what two models differ in. */
#include "inspect.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const cli_command cli_diff;

static const char help[] =
    "Compares two models, layer by layer: their arguments, then their weights. The files' formats may differ.\n\n"
    "Usage: lamina diff A B [--tolerance X] [--weights-only] [--quiet]\n\n"
    "  lamina diff before.keras after.keras       what training has changed\n"
    "  lamina diff mnist.h5 mnist.keras           whether a conversion has kept everything\n\n"
    "Layers are compared in order, then how they are connected. Of each weight the largest difference is told, as\n"
    "it is and relative to the larger of the two numbers, and how many numbers differ. The names of the models\n"
    "themselves are not compared.\n\n"
    "  --tolerance X    numbers that differ by at most X count as equal (default: 0)\n"
    "  --weights-only   compare neither arguments nor how the models are compiled\n"
    "  --quiet          print nothing; the exit status tells\n\n"
    "Exit status, as that of diff: 0 the models are the same, 1 they differ, 2 they could not be compared.\n";

enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2 };

typedef struct comparison {
    const char *path[2];
    const lm_model *model[2];
    double tolerance;
    bool weights_only, quiet;
    int differences;
    const char *title;                          /* printed before the first difference of a layer */
} comparison;

/* --- saying ---------------------------------------------------------------------------------------------------- */

static void say(comparison *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(comparison *c, const char *format, ...)
{
    va_list args;
    c->differences++;
    if (c->quiet) return;
    if (c->title) puts(c->title);
    c->title = NULL;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* A value on one line, cut where it is long. */
static const char *value_text(const json_t *value, char *text, size_t bytes)
{
    if (!value) snprintf(text, bytes, "-");
    else {
        size_t n = json_dumpb(value, text, bytes - 1, JSON_ENCODE_ANY | JSON_COMPACT);
        text[n < bytes ? n : 0] = 0;
        if (n >= bytes) snprintf(text, bytes, "(long)");
    }
    return text;
}

/* --- arguments ------------------------------------------------------------------------------------------------- */

static bool equal(const comparison *c, const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) {
        double x = json_number_value(a), y = json_number_value(b);
        return x == y || fabs(x - y) <= c->tolerance;
    }
    return json_equal(a, b);
}

/* Where two trees of arguments differ; `path` is what leads there. Missing is null, Keras's None. */
static void compare_json(comparison *c, const char *path, const json_t *a, const json_t *b)
{
    char left[160], right[160], inner[512];
    const char *key;
    json_t *value;
    if (!json_is_object(a) || !json_is_object(b)) {
        bool none = (!a || json_is_null(a)) && (!b || json_is_null(b));
        if (!none && !(a && b && equal(c, a, b)))
            say(c, "  %s: %s | %s", path, value_text(a, left, sizeof left), value_text(b, right, sizeof right));
        return;
    }
    json_object_foreach((json_t *)a, key, value)
    {
        snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", key);
        compare_json(c, inner, value, json_object_get(b, key));
    }
    json_object_foreach((json_t *)b, key, value)
    {
        snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", key);
        if (!json_object_get(a, key)) compare_json(c, inner, NULL, value);
    }
}

static json_t *layer_json(const lm_layer *layer)
{
    char *text = lm_layer_config(layer);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    lm_string_free(text);
    return json;
}

static void compare_arguments(comparison *c, const lm_layer *a, const lm_layer *b)
{
    json_t *left = layer_json(a), *right = layer_json(b);
    compare_json(c, "", left, right);
    json_decref(left), json_decref(right);
}

/* --- weights --------------------------------------------------------------------------------------------------- */

static void compare_numbers(comparison *c, const char *name, const lm_tensor *a, const lm_tensor *b)
{
    double largest = 0, relative = 0;
    size_t differing = 0, n = lm_tensor_size(a);
    for (size_t i = 0; i < n; i++) {
        double x = lm_tensor_get(a, i), y = lm_tensor_get(b, i), apart = fabs(x - y);
        if (x == y || (isnan(x) && isnan(y)) || apart <= c->tolerance) continue;
        double larger = fmax(fabs(x), fabs(y)), share = apart / larger;
        differing++;
        if (!(apart <= largest)) largest = apart;
        if (!(share <= relative)) relative = share;
    }
    char count[40], all[40];
    if (differing)
        say(c, "  %s: %s of %s numbers differ, by up to %.4g (relatively %.4g)", name,
            cli_count((int64_t)differing, count, sizeof count), cli_count((int64_t)n, all, sizeof all), largest,
            relative);
}

static bool same_shape(const lm_tensor *a, const lm_tensor *b)
{
    bool same = lm_tensor_rank(a) == lm_tensor_rank(b);
    for (int i = 0; same && i < lm_tensor_rank(a); i++) same = lm_tensor_dim(a, i) == lm_tensor_dim(b, i);
    return same;
}

static void compare_weight(comparison *c, const cli_weight *a, const cli_weight *b)
{
    char left[160], right[160];
    lm_dtype x = lm_tensor_dtype(a->value), y = lm_tensor_dtype(b->value);
    if (!same_shape(a->value, b->value))
        say(c, "  %s: shape %s | %s", a->name, cli_tensor_shape(a->value, left, sizeof left),
            cli_tensor_shape(b->value, right, sizeof right));
    else {
        if (x != y) say(c, "  %s: type %s | %s", a->name, lm_dtype_name(x), lm_dtype_name(y));
        compare_numbers(c, a->name, a->value, b->value);
    }
}

static const cli_weight *find(const cli_weight *weights, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(weights[i].name, name)) return &weights[i];
    return NULL;
}

static void compare_weights(comparison *c, const lm_layer *a, const lm_layer *b)
{
    cli_weight left[CLI_WEIGHTS], right[CLI_WEIGHTS];
    int n = cli_weights(c->model[0], a, left, CLI_WEIGHTS), m = cli_weights(c->model[1], b, right, CLI_WEIGHTS);
    for (int i = 0; i < n; i++) {
        const cli_weight *other = find(right, m, left[i].name);
        if (other) compare_weight(c, &left[i], other);
        else say(c, "  %s: only in %s", left[i].name, c->path[0]);
    }
    for (int i = 0; i < m; i++)
        if (!find(left, n, right[i].name)) say(c, "  %s: only in %s", right[i].name, c->path[1]);
}

/* --- layers ---------------------------------------------------------------------------------------------------- */

static void compare_layers(comparison *c, const lm_layer *a, const lm_layer *b)
{
    char title[400];
    if (strcmp(lm_layer_name(a), lm_layer_name(b)) != 0)
        snprintf(title, sizeof title, "%s | %s (%s)", lm_layer_name(a), lm_layer_name(b), lm_layer_class(a));
    else snprintf(title, sizeof title, "%s (%s)", lm_layer_name(a), lm_layer_class(a));
    c->title = title;
    if (!c->weights_only) compare_arguments(c, a, b);
    compare_weights(c, a, b);
    c->title = NULL;
}

static void only_in(comparison *c, int which, int layer)
{
    const lm_layer *l = lm_model_layer(c->model[which], layer);
    say(c, "%s (%s): only in %s", lm_layer_name(l), lm_layer_class(l), c->path[which]);
}

static bool alike(const comparison *c, int i, int k)
{
    return !strcmp(lm_layer_class(lm_model_layer(c->model[0], i)), lm_layer_class(lm_model_layer(c->model[1], k)));
}

/* Layers pair up so that as many as possible have a partner of their class, in order: a longest common subsequence,
 * between the beginnings and ends that agree. */
static int pair_up(comparison *c)
{
    int n = lm_model_layers(c->model[0]), m = lm_model_layers(c->model[1]), i = 0, k = 0;
    size_t width = (size_t)m + 1;
    if ((size_t)n > (SIZE_MAX >> 8) / width || (size_t)n * width > 1u << 26)
        return cli_error("the models have too many layers to compare them");
    int *longest = calloc(((size_t)n + 1) * width, sizeof *longest);
    if (!longest) return cli_error("out of memory");
    for (int a = n - 1; a >= 0; a--)
        for (int b = m - 1; b >= 0; b--) {
            int *here = longest + (size_t)a * width + (size_t)b, best = here[1] > here[width] ? here[1] : here[width];
            int both = alike(c, a, b) ? here[width + 1] + 1 : 0;
            *here = both > best ? both : best;
        }
    while (i < n && k < m) {
        int here = longest[(size_t)i * width + (size_t)k];
        if (alike(c, i, k) && here == longest[((size_t)i + 1) * width + (size_t)k + 1] + 1) {
            compare_layers(c, lm_model_layer(c->model[0], i), lm_model_layer(c->model[1], k));
            i++, k++;
        } else if (here == longest[((size_t)i + 1) * width + (size_t)k]) only_in(c, 0, i++);
        else only_in(c, 1, k++);
    }
    while (i < n) only_in(c, 0, i++);
    while (k < m) only_in(c, 1, k++);
    free(longest);
    return 0;
}

/* --- models ---------------------------------------------------------------------------------------------------- */

static void compare_input(comparison *c)
{
    int64_t a[LM_MAX_RANK], b[LM_MAX_RANK];
    char left[160], right[160];
    int n = lm_model_input(c->model[0], NULL, a), m = lm_model_input(c->model[1], NULL, b);
    bool same = n == m;
    for (int i = 0; same && i < n; i++) same = a[i] == b[i];
    if (!same)
        say(c, "input: %s | %s", n < 0 ? "not known" : cli_shape(n, a, left, sizeof left),
            m < 0 ? "not known" : cli_shape(m, b, right, sizeof right));
}

/* The number of the layer of that name; how many there are where none is. */
static size_t numbered(const json_t *layers, const json_t *name)
{
    size_t i = 0;
    while (i < json_array_size(layers) && !json_equal(name, json_object_get(json_array_get(layers, i), "name"))) i++;
    return i;
}

/* The [layer, call, output] in a tree of arguments: by names, or by the layers' numbers. */
static void put_places(FILE *to, const json_t *layers, const json_t *at, bool names)
{
    const json_t *history = json_object_get(json_object_get(at, "config"), "keras_history");
    const json_t *place = history ? history : at, *of = json_array_get(place, 0);
    if (!json_is_string(of)) {
        for (size_t i = 0; i < json_array_size(at); i++) put_places(to, layers, json_array_get(at, i), names);
        return;
    }
    if (names) fprintf(to, " %s", json_string_value(of));
    else fprintf(to, " %zu", numbered(layers, of));
    json_int_t call = json_integer_value(json_array_get(place, 1));
    if (call) fprintf(to, "[%lld]", (long long)call);
}

/* What `at`, the calls of a layer or a list of places, takes; to be freed. NULL: no memory. */
static char *places_text(const json_t *layers, const json_t *at, bool names)
{
    char *text = NULL;
    size_t bytes;
    FILE *to = open_memstream(&text, &bytes);
    if (!to) return NULL;
    bool calls = json_is_object(json_array_get(at, 0));
    if (!calls) put_places(to, layers, at, names);
    for (size_t i = 0; calls && i < json_array_size(at); i++) {
        const json_t *call = json_array_get(at, i), *options = json_object_get(call, "kwargs");
        if (i) fputs(";", to);
        put_places(to, layers, json_object_get(call, "args"), names);
        if (!json_object_size(options)) continue;
        fputc(' ', to);
        json_dumpf(options, to, JSON_COMPACT | JSON_SORT_KEYS);
    }
    if (!fclose(to)) return text;
    free(text);
    return NULL;
}

/* Layers of the same names are told by these, since an order has many; others by their numbers. */
static bool same_names(json_t *const layers[2])
{
    size_t n = json_array_size(layers[0]);
    bool same = n == json_array_size(layers[1]);
    for (size_t i = 0; same && i < n; i++)
        same = numbered(layers[1], json_object_get(json_array_get(layers[0], i), "name")) < n;
    return same;
}

static void compare_places(comparison *c, const char *what, json_t *const layers[2], const json_t *a, const json_t *b)
{
    char *text[4];
    bool named = same_names(layers);
    for (int i = 0; i < 4; i++) text[i] = places_text(layers[i % 2], i % 2 ? b : a, named || i > 1);
    if (!text[0] || !text[1] || !text[2] || !text[3]) say(c, "%s: not compared, out of memory", what);
    else if (strcmp(text[0], text[1]) != 0) say(c, "%s:%s |%s", what, text[2], text[3]);
    for (int i = 0; i < 4; i++) free(text[i]);
}

/* How the layers are connected. */
static void compare_graphs(comparison *c, const json_t *a, const json_t *b)
{
    const char *left = json_string_value(json_object_get(a, "class_name"));
    const char *right = json_string_value(json_object_get(b, "class_name"));
    if (left && right && strcmp(left, right) != 0) say(c, "model: %s | %s", left, right);
    a = json_object_get(a, "config"), b = json_object_get(b, "config");
    json_t *const layers[2] = {json_object_get(a, "layers"), json_object_get(b, "layers")};
    bool named = same_names(layers);
    for (size_t i = 0; i < json_array_size(layers[0]) && i < json_array_size(layers[1]); i++) {
        const json_t *one = json_array_get(layers[0], i), *title = json_object_get(one, "name");
        const json_t *other = json_array_get(layers[1], named ? numbered(layers[1], title) : i);
        char what[160];
        const char *name = json_string_value(title);
        snprintf(what, sizeof what, "what %.120s takes", name ? name : "a layer");
        compare_places(c, what, layers, json_object_get(one, "inbound_nodes"),
                       json_object_get(other, "inbound_nodes"));
    }
    compare_places(c, "the model's inputs", layers, json_object_get(a, "input_layers"),
                   json_object_get(b, "input_layers"));
    compare_places(c, "the model's outputs", layers, json_object_get(a, "output_layers"),
                   json_object_get(b, "output_layers"));
}

static json_t *whole_json(const lm_model *model)
{
    char *text = lm_model_to_json(model);
    json_t *all = text ? json_loads(text, 0, NULL) : NULL;
    lm_string_free(text);
    return all;
}

static void compare_configs(comparison *c)
{
    json_t *left = whole_json(c->model[0]), *right = whole_json(c->model[1]);
    json_t *a = json_object_get(left, "compile_config"), *b = json_object_get(right, "compile_config");
    compare_graphs(c, left, right);
    c->title = "compiled with";
    if (!a != !b) say(c, "  only %s is compiled", c->path[!a]);
    else if (a) compare_json(c, "", a, b);
    c->title = NULL;
    json_decref(left), json_decref(right);
}

static int compare(comparison *c)
{
    if (!c->weights_only) compare_input(c);
    if (pair_up(c)) return TROUBLE;
    if (!c->weights_only) compare_configs(c);
    return c->differences ? DIFFERENT : SAME;
}

static int run(int argc, char **argv)
{
    comparison c = {0};
    const char *tolerance = NULL;
    int count;
    const cli_option options[] = {{"tolerance", CLI_TEXT, &tolerance, 0, 0},
                                  {"weights-only", CLI_FLAG, &c.weights_only, 0, 0},
                                  {"quiet", CLI_FLAG, &c.quiet, 0, 0},
                                  {.name = NULL}};
    int status = cli_read(&cli_diff, argc, argv, options, 2, c.path, &count);
    if (status) return status;
    if (count < 2) return cli_wrong(&cli_diff, "diff needs two models: lamina diff A.keras B.keras");
    char *end = NULL;
    if (tolerance) c.tolerance = strtod(tolerance, &end);
    if (tolerance && (*end || end == tolerance || !(c.tolerance >= 0)))
        return cli_wrong(&cli_diff, "--tolerance %s: expected a number, 0 or more", tolerance);
    lm_model *models[2] = {lm_load(c.path[0]), NULL};
    if (!lm_failed(models[0])) models[1] = lm_load(c.path[1]);
    c.model[0] = models[0], c.model[1] = models[1];
    status = cli_failed(models[0]) || cli_failed(models[1]) ? TROUBLE : compare(&c);
    lm_free(models[0]), lm_free(models[1]);
    return status;
}

const cli_command cli_diff = {.name = "diff", .summary = "what two models differ in", .help = help, .run = run};
