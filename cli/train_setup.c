/* cli/train_setup.c: lamina train before its first step: how the model is compiled, what classes weigh, which
 * examples are put aside. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64 };

/* --- compiling -------------------------------------------------------------------------------------------------- */

static int no_loss(const train_request *r)
{
    char all[1024] = "", name[NAME];
    size_t n = 0;
    for (int i = 0; lm_name_of("loss", i, name, sizeof name) && n + NAME < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", name);
    return cli_wrong(&cli_train, "%s says no loss, so --loss must. Classes as numbers want "
                     "sparse_categorical_crossentropy, measured numbers mean_squared_error. There are: %s",
                     r->model, all);
}

/* The words between commas, in a copy that stays. */
static int split_list(const char *list, char words[LM_MAX_METRICS][NAME])
{
    int count = 0;
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ",");
        if (n && n < NAME) {
            if (count == LM_MAX_METRICS) return -1;
            snprintf(words[count++], NAME, "%.*s", (int)n, at);
        }
        at += n + (at[n] == ',');
    }
    return count;
}

/* The model's own metrics, with their arguments where they have any. */
static void keep_metrics(const lm_model *model, lm_compile_args *args, char words[LM_MAX_METRICS][NAME])
{
    int named = 0, objects = 0;
    for (int i = 0; i < LM_MAX_METRICS && lm_compiled_name(model, "metric", i, words[named], NAME); i++) {
        lm_metric *metric = lm_compiled_metric(model, i);
        if (metric) args->metric_objects[objects++] = metric;
        else args->metrics[named] = words[named], named++;
    }
}

static int name_metrics(const train_request *r, lm_compile_args *args, char words[LM_MAX_METRICS][NAME])
{
    int count = split_list(r->metrics, words);
    if (count < 0) return cli_wrong(&cli_train, "--metrics: at most %d", LM_MAX_METRICS);
    if (!count) return cli_wrong(&cli_train, "--metrics %s: expected names, as in accuracy", r->metrics);
    for (int i = 0; i < count; i++) args->metrics[i] = words[i];
    return CLI_OK;
}

/* What is not said stays as the model has it, with its arguments; a model that has nothing gets Adam, and the metric
 * that fits its loss. */
static int recompile(const train_request *r, lm_model *model, bool compiled)
{
    char words[LM_MAX_METRICS][NAME];
    lm_compile_args args = lm_compile_defaults();
    if (r->metrics) {
        int status = name_metrics(r, &args, words);
        if (status) return status;
    } else if (compiled) keep_metrics(model, &args, words);
    else args.metrics[0] = strstr(r->loss, "crossentropy") ? "accuracy" : "mae";
    args.loss = r->loss, args.optimizer_name = r->optimizer ? r->optimizer : "adam";
    if (!r->loss) args.loss_object = lm_compiled_loss(model);
    if (!r->optimizer && compiled) args.optimizer = lm_compiled_optimizer(model);
    return lm_compile_with(model, &args) ? cli_wrong(&cli_train, "%s", lm_error(model)) : CLI_OK;
}

int train_compile(const train_request *r, lm_model *model)
{
    char loss[NAME];
    bool compiled = lm_compiled_name(model, "loss", 0, loss, sizeof loss);
    int status = CLI_OK;
    if (!compiled && !r->loss) return no_loss(r);
    if (!compiled || r->loss || r->optimizer || r->metrics) status = recompile(r, model, compiled);
    if (!status && r->rate > 0) lm_set_learning_rate(model, r->rate);
    return status ? status : cli_failed(model);
}

/* --- what classes weigh ----------------------------------------------------------------------------------------- */

/* The class of an answer: its number, or the place of the largest of several. */
static int64_t class_of(const lm_tensor *y)
{
    size_t n = lm_tensor_size(y), best = 0;
    if (n == 1) return llround(lm_tensor_get(y, 0));
    for (size_t i = 1; i < n; i++)
        if (lm_tensor_get(y, i) > lm_tensor_get(y, best)) best = i;
    return (int64_t)best;
}

static int count_classes(const train_request *r, const cli_data *data, int classes, double *counts)
{
    lm_tensor *element[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(data->source, 0, 0);
    int status = cli_failed(it);
    while (!status && lm_iterator_next(it, element) > 0) {
        int64_t c = class_of(element[1]);
        if (c < 0 || c >= classes)
            status = cli_error("--class-weight: %s has an answer of class %lld, but the model has classes 0 to %d",
                               r->data.what, (long long)c, classes - 1);
        else counts[c]++;
    }
    if (!status) status = cli_failed(it);
    lm_free(it);
    return status;
}

/* Each class counts as much as every other one: factor = examples / (classes · examples of the class). */
static int balance(const train_request *r, const cli_data *data, int classes, double *weights)
{
    double all = 0, there = 0;
    int status = count_classes(r, data, classes, weights);
    for (int i = 0; i < classes; i++) all += weights[i], there += weights[i] > 0;
    for (int i = 0; !status && i < classes; i++) weights[i] = weights[i] > 0 ? all / (there * weights[i]) : 1;
    return status;
}

/* A class by its number or its name; -1 if there is none. */
static int class_named(const cli_data *data, const char *text, size_t length, int classes)
{
    int count;
    const char *const *names = lm_data_classes(data->source, &count);
    for (int i = 0; names && i < count; i++)
        if (strlen(names[i]) == length && !memcmp(names[i], text, length)) return i;
    char *end;
    long number = strtol(text, &end, 10);
    return end == text + length && number >= 0 && number < classes ? (int)number : -1;
}

static int read_weights(const train_request *r, const cli_data *data, int classes, double *weights)
{
    for (int i = 0; i < classes; i++) weights[i] = 1;
    for (const char *at = r->class_weight; *at;) {
        size_t n = strcspn(at, ","), colon = strcspn(at, ":,");
        int class = at[colon] == ':' ? class_named(data, at, colon, classes) : -1;
        char *end = NULL;
        double factor = class >= 0 ? strtod(at + colon + 1, &end) : -1;
        if (class < 0 || end != at + n || end == at + colon + 1 || !(factor >= 0) || isinf(factor))
            return cli_wrong(&cli_train, "--class-weight %s: \"%.*s\" is no class and factor; expected \"balanced\", "
                             "or factors as in 0:1,1:5, each 0 or more; the classes are 0 to %d, or their names",
                             r->class_weight, (int)n, at, classes - 1);
        weights[class] = factor;
        at += n + (at[n] == ',');
    }
    return CLI_OK;
}

int train_class_weights(const train_request *r, const cli_data *data, const lm_model *model, double **weights,
                        int *classes)
{
    int64_t dims[LM_MAX_RANK];
    *weights = NULL, *classes = 0;
    if (!r->class_weight) return CLI_OK;
    int rank = lm_model_output(model, NULL, dims);
    int64_t last = rank > 0 ? dims[rank - 1] : 0;
    *classes = last == 1 ? 2 : (int)last;
    if (*classes < 2) return cli_error("--class-weight needs a model that tells classes apart");
    *weights = calloc((size_t)*classes, sizeof **weights);
    if (!*weights) return cli_error("out of memory");
    if (!strcmp(r->class_weight, "balanced")) return balance(r, data, *classes, *weights);
    return read_weights(r, data, *classes, *weights);
}

/* --- validation ------------------------------------------------------------------------------------------------- */

static uint64_t scramble(uint64_t x)            /* splitmix64 */
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Always the same for the same number of examples, whatever the seed. */
static void draw(int64_t *order, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t k = (int64_t)(scramble((uint64_t)i) % (uint64_t)(i + 1));
        order[i] = order[k];
        order[k] = i;
    }
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

int train_split(const train_request *r, cli_data *data, lm_dataset **validation)
{
    int64_t count = lm_data_count(data->train), aside = (int64_t)((double)count * r->validation);
    *validation = NULL;
    if (!(r->validation > 0)) return CLI_OK;
    if (aside < 1 || aside >= count)
        return cli_error("--validation-split %g: of %lld examples that puts %lld aside and leaves %lld to train on; "
                         "both need one at least", r->validation, (long long)count, (long long)aside,
                         (long long)(count - aside));
    if (r->data.ordered) {
        *validation = lm_data_skip(lm_retain(data->train), count - aside);
        data->train = lm_data_take(data->train, count - aside);
    } else {
        int64_t *order = malloc((size_t)count * sizeof *order);
        if (!order) return cli_error("out of memory");
        draw(order, count);
        qsort(order, (size_t)aside, sizeof *order, by_number);
        qsort(order + aside, (size_t)(count - aside), sizeof *order, by_number);
        *validation = lm_data_pick(lm_retain(data->train), aside, order);
        data->train = lm_data_pick(data->train, count - aside, order + aside);
        free(order);
    }
    fprintf(r->data.notes, "%s: %lld of %lld examples, %s, are for validation\n", r->data.what, (long long)aside,
            (long long)count, r->data.ordered ? "the last" : "drawn at random (always the same)");
    int status = cli_failed(data->train);
    return status ? status : cli_failed(*validation);
}
