/* cli/answers.c: outputs as answers: which class, how sure, what else. */
#include "predict.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 8, MOST_RUNNERS = 64 };

/* --- what outputs mean ------------------------------------------------------------------------------------------ */

/* "softmax", "sigmoid", …: what the last layer ends with; "" for nothing. */
static void last_activation(const lm_model *model, char *text, size_t bytes)
{
    const lm_layer *layer = lm_model_layer(model, -1);
    const char *class = layer ? lm_layer_class(layer) : "";
    char *config = layer ? lm_layer_config(layer) : NULL;
    json_t *json = config ? json_loads(config, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(json, "activation"));
    snprintf(text, bytes, "%s", !strcmp(class, "Softmax") ? "softmax" : name ? name : "");
    json_decref(json);
    lm_string_free(config);
}

cli_answers cli_answers_of(const lm_model *model)
{
    cli_answers a = {.meaning = CLI_VALUES, .what = "Picture"};
    int64_t dims[LM_MAX_RANK] = {0};
    char last[64];
    int names = 0, rank = lm_model_output(model, NULL, dims);
    a.names = lm_model_classes(model, &names);
    last_activation(model, last, sizeof last);
    if (rank != 2 || dims[1] < 1) return a;
    if (!strcmp(last, "softmax") && dims[1] > 1) a.meaning = CLI_CLASSES;
    else if (!strcmp(last, "sigmoid")) a.meaning = dims[1] == 1 ? CLI_BINARY : CLI_LABELS;
    else if (names == dims[1] && names > 1) a.meaning = CLI_SCORES;
    if (a.meaning != CLI_VALUES) a.classes = a.meaning == CLI_BINARY ? 2 : (int)dims[1];
    if (names != a.classes) a.names = NULL;
    return a;
}

static const char *class_name(const cli_answers *a, int class, char *text, size_t bytes)
{
    if (a->names) return a->names[class];
    snprintf(text, bytes, "class %d", class);
    return text;
}

static size_t row_size(const lm_tensor *y) { return lm_tensor_size(y) / (size_t)lm_tensor_dim(y, 0); }

/* The probability of class k in a row. */
static double probability(const cli_answers *a, const lm_tensor *y, int64_t row, int k)
{
    size_t n = row_size(y), first = (size_t)row * n;
    if (a->meaning == CLI_BINARY) {
        double p = lm_tensor_get(y, first);
        return k ? p : 1 - p;
    }
    double value = lm_tensor_get(y, first + (size_t)k), most = -INFINITY, sum = 0;
    if (a->meaning != CLI_SCORES) return value;
    for (size_t i = 0; i < n; i++) most = fmax(most, lm_tensor_get(y, first + i));
    for (size_t i = 0; i < n; i++) sum += exp(lm_tensor_get(y, first + i) - most);
    return exp(value - most) / sum;
}

/* The classes of a row from the likeliest on, the first of equals first; `most` of them. */
static int ranked(const cli_answers *a, const lm_tensor *y, int64_t row, int most, int *order)
{
    int count = 0;
    for (int k = 0; k < a->classes; k++) {
        double p = probability(a, y, row, k);
        int at = count;
        while (at > 0 && p > probability(a, y, row, order[at - 1])) at--;
        if (at == most) continue;
        if (count < most) count++;
        memmove(order + at + 1, order + at, sizeof *order * (size_t)(count - at - 1));
        order[at] = k;
    }
    return count;
}

static int answer_of(const cli_answers *a, const lm_tensor *y, int64_t row)
{
    int first = 0;
    ranked(a, y, row, 1, &first);
    return first;
}

void cli_answers_caption(const cli_answers *a, const lm_tensor *y, int64_t row, char *text, size_t bytes)
{
    char name[64];
    if (a->meaning == CLI_VALUES) {
        snprintf(text, bytes, "%.4g", lm_tensor_get(y, (size_t)row * row_size(y)));
        return;
    }
    int class = answer_of(a, y, row);
    double p = probability(a, y, row, class);
    snprintf(text, bytes, "%s  %.1f %%", class_name(a, class, name, sizeof name), 100 * p);
}

/* --- the table -------------------------------------------------------------------------------------------------- */

static void print_values(const lm_tensor *y, int64_t row)
{
    size_t n = row_size(y), first = (size_t)row * n;
    for (size_t i = 0; i < n && i < MOST_VALUES; i++) printf("%s%.6g", i ? "  " : "", lm_tensor_get(y, first + i));
    if (n > MOST_VALUES) printf("  … (%zu numbers; --json or --output gives them all)", n);
    putchar('\n');
}

/* Everything that is likelier than not. */
static void print_labels(const cli_answers *a, const lm_tensor *y, int64_t row)
{
    char name[64];
    int said = 0, order[MOST_RUNNERS], n = ranked(a, y, row, MOST_RUNNERS, order);
    for (int i = 0; i < n; i++) {
        double p = probability(a, y, row, order[i]);
        if (p < 0.5) break;
        printf("%s%s (%.1f %%)", said++ ? ", " : "", class_name(a, order[i], name, sizeof name), 100 * p);
    }
    if (!said)
        printf("none (the likeliest: %s, %.1f %%)", class_name(a, order[0], name, sizeof name),
               100 * probability(a, y, row, order[0]));
    putchar('\n');
}

static void print_classes(const cli_answers *a, const lm_tensor *y, int64_t row, int64_t top, int width)
{
    char name[64];
    int order[MOST_RUNNERS] = {0}, n = ranked(a, y, row, top < MOST_RUNNERS ? (int)top : MOST_RUNNERS, order);
    cli_padded(class_name(a, order[0], name, sizeof name), width);
    printf("%9.1f %%", 100 * probability(a, y, row, order[0]));
    for (int i = 1; i < n; i++) {
        printf("%s%s (%.1f %%)", i == 1 ? "  " : ", ", class_name(a, order[i], name, sizeof name),
               100 * probability(a, y, row, order[i]));
    }
    putchar('\n');
}

/* The width of the column of answers. */
static int answer_width(const cli_answers *a, const lm_tensor *y)
{
    char name[64];
    int width = 8;
    for (int64_t i = 0; i < lm_tensor_dim(y, 0); i++) {
        int columns = cli_columns(class_name(a, answer_of(a, y, i), name, sizeof name)) + 2;
        if (columns > width) width = columns;
    }
    return width;
}

void cli_answers_table(const cli_answers *a, const char *const *names, const lm_tensor *y, int64_t top)
{
    bool classes = a->meaning != CLI_VALUES && a->meaning != CLI_LABELS;
    int width = cli_columns(a->what) + 2, answer = classes ? answer_width(a, y) : 0;
    for (int64_t i = 0; i < lm_tensor_dim(y, 0); i++)
        if (cli_columns(names[i]) + 2 > width) width = cli_columns(names[i]) + 2;
    if (top > a->classes) top = a->classes;
    cli_padded(a->what, width);
    if (classes) {
        cli_padded("Answer", answer);
        printf("Probability%s\n", top > 2 ? "  Runners-up" : top > 1 ? "  Runner-up" : "");
    } else puts(a->meaning == CLI_LABELS ? "Answers" : row_size(y) > 1 ? "Outputs" : "Output");
    for (int64_t i = 0; i < lm_tensor_dim(y, 0); i++) {
        cli_padded(names[i], width);
        if (a->meaning == CLI_VALUES) print_values(y, i);
        else if (a->meaning == CLI_LABELS) print_labels(a, y, i);
        else print_classes(a, y, i, top, answer);
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------------- */

static void json_values(const lm_tensor *y, int64_t row)
{
    lm_tensor *one = lm_tensor_slice((lm_tensor *)y, row, row + 1);
    lm_tensor *values = lm_tensor_reshape(one, lm_tensor_rank(y) - 1, lm_tensor_dims(y) + 1);
    cli_json_tensor(stdout, values);
    lm_free(values), lm_free(one);
}

static void json_classes(const cli_answers *a, const lm_tensor *y, int64_t row)
{
    char name[64];
    if (a->meaning == CLI_LABELS) {
        int said = 0;
        printf("\"classes\": [");
        for (int k = 0; k < a->classes; k++) {
            if (probability(a, y, row, k) < 0.5) continue;
            if (said++) printf(", ");
            cli_json_string(stdout, class_name(a, k, name, sizeof name));
        }
        printf("]");
    } else {
        int class = answer_of(a, y, row);
        printf("\"class\": ");
        cli_json_string(stdout, class_name(a, class, name, sizeof name));
        printf(", \"probability\": ");
        cli_json_number(stdout, probability(a, y, row, class), 9);
    }
    printf(", \"probabilities\": [");
    for (int k = 0; k < a->classes; k++) {
        if (k) printf(", ");
        cli_json_number(stdout, probability(a, y, row, k), 9);
    }
    printf("]");
}

void cli_answers_json(const cli_answers *a, const char *const *names, const lm_tensor *y)
{
    puts("[");
    for (int64_t i = 0; i < lm_tensor_dim(y, 0); i++) {
        printf("  {\"%s\": ", !strcmp(a->what, "Picture") ? "file" : "row");
        cli_json_string(stdout, names[i]);
        printf(", ");
        if (a->meaning == CLI_VALUES) printf("\"values\": "), json_values(y, i);
        else json_classes(a, y, i);
        puts(i + 1 < lm_tensor_dim(y, 0) ? "}," : "}");
    }
    puts("]");
}

/* --- files ------------------------------------------------------------------------------------------------------ */

/* A cell of a CSV file: in quotes where it has to be. */
static void cell(FILE *to, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, to);
        return;
    }
    putc('"', to);
    for (; *text; text++) {
        if (*text == '"') putc('"', to);
        putc(*text, to);
    }
    putc('"', to);
}

static void csv_head(FILE *to, const cli_answers *a, const lm_tensor *y)
{
    char name[64];
    fputs(!strcmp(a->what, "Picture") ? "file" : "row", to);
    if (a->meaning == CLI_VALUES)
        for (size_t i = 0; i < row_size(y); i++) fprintf(to, ",output_%zu", i);
    else {
        fputs(a->meaning == CLI_LABELS ? "" : ",class,probability", to);
        for (int k = 0; k < a->classes; k++) putc(',', to), cell(to, class_name(a, k, name, sizeof name));
    }
    putc('\n', to);
}

static void csv_line(FILE *to, const cli_answers *a, const char *name, const lm_tensor *y, int64_t row)
{
    char class[64];
    cell(to, name);
    if (a->meaning == CLI_VALUES)
        for (size_t i = 0; i < row_size(y); i++)
            fprintf(to, ",%.9g", lm_tensor_get(y, (size_t)row * row_size(y) + i));
    else {
        int answer = answer_of(a, y, row);
        if (a->meaning != CLI_LABELS) {
            putc(',', to), cell(to, class_name(a, answer, class, sizeof class));
            fprintf(to, ",%.9g", probability(a, y, row, answer));
        }
        for (int k = 0; k < a->classes; k++) fprintf(to, ",%.9g", probability(a, y, row, k));
    }
    putc('\n', to);
}

static int save_csv(const cli_answers *a, const char *const *names, const lm_tensor *y, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    if (!to) return cli_error("out of memory");
    csv_head(to, a, y);
    for (int64_t i = 0; i < lm_tensor_dim(y, 0); i++) csv_line(to, a, names[i], y, i);
    int status = fclose(to) ? cli_error("out of memory") : cli_write_file(path, text, bytes);
    free(text);
    return status;
}

int cli_answers_save(const cli_answers *a, const char *const *names, const lm_tensor *y, const char *path)
{
    if (cli_ends(path, ".csv")) return save_csv(a, names, y, path);
    return lm_tensor_save(y, path) ? cli_error("%s", lm_last_error()) : CLI_OK;
}

lm_tensor *cli_apply(const cli_request *r, const lm_model *model, lm_tensor *x)
{
    return r->layer ? lm_predict_layer(model, x, r->layer) : lm_predict_array(model, x);
}
