/* examples/classifier.c: see classifier.h. */
#include "classifier.h"

#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 16, MISTAKES = 8, PAIRS = 8 };

/* The test data and what the model says about them. */
typedef struct answers {
    lm_tensor *x, *y, *p; /* pictures, classes, probabilities (N, classes) */
    int64_t count, classes, wrong;
    const char *const *name; /* NULL: classes have numbers */
    int names;
} answers;

static int64_t likeliest(const answers *a, int64_t i)
{
    int64_t best = 0;
    for (int64_t c = 1; c < a->classes; c++)
        if (lm_tensor_get(a->p, (size_t)(i * a->classes + c)) > lm_tensor_get(a->p, (size_t)(i * a->classes + best)))
            best = c;
    return best;
}

static double sureness(const answers *a, int64_t i)
{
    return lm_tensor_get(a->p, (size_t)(i * a->classes + likeliest(a, i)));
}

static bool is_wrong(const answers *a, int64_t i)
{
    return likeliest(a, i) != (int64_t)lm_tensor_get(a->y, (size_t)i);
}

static const char *name_of(const answers *a, int64_t class, char text[24])
{
    snprintf(text, 24, "%" PRId64, class);
    return class < a->names ? a->name[class] : text;
}

/* The first examples, then the mistakes beyond them that the model was surest of. */
static int choose(const answers *a, int64_t row[FIRST + MISTAKES])
{
    int count = 0, first = a->count < FIRST ? (int)a->count : FIRST;
    for (; count < first; count++) row[count] = count;
    for (int64_t i = first; i < a->count; i++) {
        if (!is_wrong(a, i)) continue;
        int at = count < FIRST + MISTAKES ? count++ : count;
        if (at == FIRST + MISTAKES && sureness(a, row[at - 1]) >= sureness(a, i)) continue;
        if (at == FIRST + MISTAKES) at--;
        for (; at > first && sureness(a, row[at - 1]) < sureness(a, i); at--) row[at] = row[at - 1];
        row[at] = i;
    }
    return count;
}

/* The rows as an array of their own. */
static lm_tensor *rows_of(const lm_tensor *t, int count, const int64_t *row)
{
    int64_t dims[LM_MAX_RANK];
    size_t bytes = lm_tensor_bytes(t) / (size_t)lm_tensor_dim(t, 0);
    memcpy(dims, lm_tensor_dims(t), (size_t)lm_tensor_rank(t) * sizeof *dims);
    dims[0] = count;
    lm_tensor *some = lm_tensor_new(lm_tensor_dtype(t), lm_tensor_rank(t), dims);
    for (int i = 0; !lm_failed(some) && i < count; i++)
        memcpy((char *)lm_tensor_data(some) + (size_t)i * bytes,
               (const char *)lm_tensor_read(t) + (size_t)row[i] * bytes, bytes);
    return some;
}

static void samples(report *page, const example *run, const answers *a)
{
    int64_t row[FIRST + MISTAKES];
    char sentence[240], wrong[32], all[32];
    int count = choose(a, row);
    lm_tensor *x = rows_of(a->x, count, row), *y = rows_of(a->y, count, row), *p = rows_of(a->p, count, row);
    snprintf(sentence, sizeof sentence,
             "The first of the test pictures, then the mistakes that the model was surest of, out of %s in %s "
             "pictures. Mistakes are framed and carry a cross.",
             report_count(a->wrong, wrong), report_count(a->count, all));
    report_section(page, "Answers", sentence);
    lm_status drawn = lm_plot_images(x, example_path(run, "samples.png"), .labels = y, .predictions = p,
                                     .classes = a->name, .classes_count = a->names);
    report_picture(page, drawn, "samples.png", "Test pictures with the model's answers and their probabilities");
    lm_free(x), lm_free(y), lm_free(p);
}

/* A table of what is taken for what most often. */
static void pairs(report *page, const answers *a, const lm_tensor *matrix)
{
    const char *cells[3 * (PAIRS + 1)] = {"is", "taken for", "times"};
    char text[PAIRS][3][24];
    int rows = 1;
    int64_t last = INT64_MAX, last_at = -1;
    for (; rows <= PAIRS; rows++) { /* the next after the last one, by count, then by place */
        int64_t best = 0, best_at = -1;
        for (int64_t i = 0; i < a->classes * a->classes; i++) {
            int64_t n = (int64_t)lm_tensor_get(matrix, (size_t)i);
            if (i / a->classes == i % a->classes || n <= best) continue;
            if (n < last || (n == last && i > last_at)) best = n, best_at = i;
        }
        if (!best) break;
        last = best, last_at = best_at;
        cells[3 * rows] = name_of(a, best_at / a->classes, text[rows - 1][0]);
        cells[3 * rows + 1] = name_of(a, best_at % a->classes, text[rows - 1][1]);
        snprintf(text[rows - 1][2], sizeof text[0][2], "%" PRId64, best);
        cells[3 * rows + 2] = text[rows - 1][2];
    }
    if (rows > 1) report_table(page, rows, 3, cells);
}

static void confusion(report *page, const example *run, const answers *a)
{
    lm_tensor *matrix = lm_confusion_matrix(a->y, a->p, (int)a->classes);
    report_section(page, "What is taken for what",
                   "Rows are what the test pictures show, columns what the model answers; at the right, the share of "
                   "each class that it found. Below, the pairs it mixes up most.");
    lm_status drawn = lm_plot_confusion(a->y, a->p, example_path(run, "confusion.png"), .classes = a->name,
                                        .classes_count = a->names);
    report_picture(page, drawn, "confusion.png", "Confusion matrix of the test data");
    if (!lm_failed(matrix)) pairs(page, a, matrix);
    lm_free(matrix);
}

static void inside(report *page, const example *run, lm_model *model, const answers *a)
{
    lm_tensor *one = lm_tensor_slice(a->x, 0, 1);
    report_section(
        page, "What the first layer looks for",
        "Each tile is one filter's kernel. It answers where the picture is bright under blue and dark under "
        "orange.");
    report_picture(page, lm_plot_filters(model, example_path(run, "filters.png")), "filters.png",
                   "Kernels of the first convolution");
    report_section(
        page, "One picture on its way through the net",
        "What each layer makes of the first test picture. Bright is a strong answer; layers that only pass "
        "on what they get are left out.");
    report_picture(page,
                   lm_plot_activations(model, one, example_path(run, "activations.png"), .classes = a->name,
                                       .classes_count = a->names),
                   "activations.png", "Outputs of each layer for one test picture");
    report_section(page, "The model",
                   "Its layers with the shapes of their outputs; None is the number of pictures at a time. The bars "
                   "compare their parameters.");
    report_picture(page, lm_plot_model(model, example_path(run, "model.png")), "model.png",
                   "The model's layers as boxes");
    report_summary(page, model);
    lm_free(one);
}

static void how_to_go_on(report *page, const example *run, const char *file)
{
    char text[4096];
    const char *out = run->out;
    report_section(page, "Using it", "The shell, a C program, and Keras read the same file.");
    snprintf(text, sizeof text,
             "lamina predict %s/%s picture.png\nlamina summary %s/%s --memory\n\n"
             "lm_model *m = lm_load(\"%s/%s\");\n\n"
             "model = keras.models.load_model(\"%s/%s\")",
             out, file, out, file, out, file, out, file);
    report_text(page, text);
    report_section(page, "Files", "");
    snprintf(text, sizeof text,
             "%s      the model\nmetrics.json     the figures above, for programs\n"
             "history.csv      every epoch",
             file);
    report_text(page, text);
}

static void figures(report *page, const example *run, lm_model *model, const lm_history *history,
                    const lm_logs *result, const answers *a)
{
    char wrong[32], all[32];
    double seconds = 0, steps = 0;
    for (int e = 0; e < lm_history_epochs(history); e++)
        seconds += lm_history_seconds(history, e), steps += (double)lm_history_steps(history, e);
    report_figure(page, "Test accuracy", "%.2f %%", 100 * lm_get(*result, "accuracy"));
    report_figure(page, "Mistakes", "%s of %s", report_count(a->wrong, wrong), report_count(a->count, all));
    report_figure(page, "Test loss", "%.4f", lm_get(*result, "loss"));
    report_figure(page, "Training", "%.2f s", seconds);
    report_figure(page, "A step", "%.2f ms", 1e3 * seconds / steps);
    report_figure(page, "Parameters", "%s", report_count(lm_parameters(model, false), all));
    report_section(page, "Training", "Loss and metrics after each pass over the data.");
    report_picture(page, lm_plot_history(history, example_path(run, "curves.png")), "curves.png",
                   "Loss and metrics by epoch");
    report_history(page, history);
}

int classifier_page(const example *run, lm_model *model, lm_dataset *test, const lm_history *history,
                    const lm_logs *result, const char *title, const char *file)
{
    char sentence[200];
    answers a = {.x = lm_data_array(test, 0), .y = lm_data_array(test, 1), .p = lm_predict(model, test)};
    int status = example_failed(run, 3, (const void *[]){a.x, a.y, a.p});
    a.name = lm_data_classes(test, &a.names);
    if (!a.name) a.names = 0;
    a.count = lm_tensor_dim(a.p, 0), a.classes = lm_tensor_dim(a.p, 1);
    for (int64_t i = 0; i < a.count; i++) a.wrong += is_wrong(&a, i);
    if (!status) {
        snprintf(sentence, sizeof sentence, "A run of the example %s on the data set %s.", run->name, run->data);
        report *page = report_begin(run, title, sentence);
        figures(page, run, model, history, result, &a);
        samples(page, run, &a);
        confusion(page, run, &a);
        inside(page, run, model, &a);
        how_to_go_on(page, run, file);
        status = report_end(page);
    }
    lm_free(a.x), lm_free(a.y), lm_free(a.p);
    return status;
}
