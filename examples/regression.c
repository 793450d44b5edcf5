/* examples/regression.c: tomorrow's highest temperature from today's weather: a table of numbers, inputs that are
 * normalised within the model, and the error beside two simpler ways of saying the same. */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 6, SMALL_INPUTS = 2, LINE = 256 };
#define DATA "timeseries/seattle-weather.csv"

/* --- the table -------------------------------------------------------------------------------------------------- */

typedef struct day {
    char date[12];                      /* 2012/01/31 */
    double high, low, rain, wind;       /* °C, °C, mm, m/s */
    double season;                      /* 0…2π over the year */
} day;

typedef struct table {
    day *day;
    int64_t days;
} table;

static bool leap(int year) { return (year % 4 == 0 && year % 100) || year % 400 == 0; }

/* A line "2012/01/31,rain,high,low,wind,word"; false if it is none. */
static bool read_day(const char *line, day *d)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int year, month, date, end = 0;
    if (sscanf(line, "%4d/%2d/%2d,%lf,%lf,%lf,%lf%n", &year, &month, &date, &d->rain, &d->high, &d->low, &d->wind,
               &end) != 7 || month < 1 || month > 12 || date < 1 || date > 31)
        return false;
    if (line[end] && !strchr(",\r\n", line[end])) return false;
    int of_year = before[month - 1] + date - 1 + (month > 2 && leap(year));
    d->season = 2 * M_PI * of_year / (leap(year) ? 366 : 365);
    snprintf(d->date, sizeof d->date, "%04d/%02d/%02d", year, month, date);
    return isfinite(d->rain + d->high + d->low + d->wind);
}

/* Reads a file with the header "date,precipitation,temp_max,temp_min,wind"; returns 0, or 1 after a message. */
static int read_table(const example *run, const char *path, table *t)
{
    char line[LINE];
    int64_t room = 0, number = 1;
    FILE *f = path ? fopen(path, "r") : NULL;
    *t = (table){0};
    if (!f) {
        fprintf(stderr, "%s: error: cannot read %s\n", run->name, path ? path : lm_last_error());
        return 1;
    }
    bool good = fgets(line, sizeof line, f) && !strncmp(line, "date,precipitation,temp_max,temp_min,wind", 41);
    while (good && fgets(line, sizeof line, f)) {
        number++;
        if (t->days == room) {
            day *more = realloc(t->day, (size_t)(room = 2 * room + 256) * sizeof *more);
            if (!more) break;
            t->day = more;
        }
        good = read_day(line, &t->day[t->days++]);
    }
    bool whole = feof(f);
    fclose(f);
    if (good && whole && t->days) return 0;
    fprintf(stderr, "%s: error: %s, line %lld: expected date,precipitation,temp_max,temp_min,wind, such as "
            "2012/01/31,1.5,7.2,2.8,4.3\n", run->name, path, (long long)number);
    free(t->day);
    return 1;
}

/* What a model is told of a day, as it stands in the table: the models bring it to one scale themselves. */
static void inputs(const day *d, float *x)
{
    x[0] = (float)d->high, x[1] = (float)d->low, x[2] = (float)d->rain, x[3] = (float)d->wind;
    x[4] = (float)sin(d->season), x[5] = (float)cos(d->season);
}

/* Rows [first, first + count) as inputs: the first `columns` of them. */
static lm_tensor *rows(const table *t, int64_t first, int64_t count, int columns)
{
    float x[INPUTS];
    lm_tensor *all = lm_tensor_new(LM_F32, 2, (int64_t[]){count, columns});
    for (int64_t i = 0; i < count && !lm_failed(all); i++) {
        inputs(&t->day[first + i], x);
        memcpy((float *)lm_tensor_data(all) + i * columns, x, (size_t)columns * sizeof *x);
    }
    return all;
}

/* The highest temperature of the day after each of those rows. */
static lm_tensor *next_days(const table *t, int64_t first, int64_t count)
{
    lm_tensor *y = lm_tensor_new(LM_F32, 2, (int64_t[]){count, 1});
    for (int64_t i = 0; i < count && !lm_failed(y); i++)
        ((float *)lm_tensor_data(y))[i] = (float)t->day[first + i + 1].high;
    return y;
}

/* --- the simpler ways ------------------------------------------------------------------------------------------- */

/* Solves a·w = b for a small symmetric system by elimination with row exchange. */
static void solve(int n, double a[INPUTS + 1][INPUTS + 2], double *w)
{
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i][k]) > fabs(a[best][k])) best = i;
        for (int j = 0; j <= n; j++) {
            double kept = a[k][j];
            a[k][j] = a[best][j], a[best][j] = kept;
        }
        for (int i = k + 1; i < n; i++)
            for (int j = n; j >= k; j--) a[i][j] -= a[i][k] / a[k][k] * a[k][j];
    }
    for (int k = n; k-- > 0;) {
        w[k] = a[k][n];
        for (int j = k + 1; j < n; j++) w[k] -= a[k][j] * w[j];
        w[k] /= a[k][k];
    }
}

/* Linear regression in closed form on the first `train` rows, all of them: least squares by the normal equations.
 * Returns its mean absolute error on the `test` rows behind. */
static double linear_regression(const table *t, int64_t train, int64_t test)
{
    double a[INPUTS + 1][INPUTS + 2] = {{0}}, w[INPUTS + 1], error = 0;
    for (int64_t r = 0; r < train + test; r++) {
        float x[INPUTS + 1];
        inputs(&t->day[r], x), x[INPUTS] = 1;
        double y = t->day[r + 1].high, guess = 0;
        for (int i = 0; r < train && i <= INPUTS; i++) {
            for (int j = 0; j <= INPUTS; j++) a[i][j] += (double)x[i] * x[j];
            a[i][INPUTS + 1] += x[i] * y;
        }
        if (r + 1 == train) solve(INPUTS + 1, a, w);
        for (int i = 0; r >= train && i <= INPUTS; i++) guess += w[i] * x[i];
        if (r >= train) error += fabs(guess - y) / (double)test;
    }
    return error;
}

/* "As today." */
static double persistence(const table *t, int64_t train, int64_t test)
{
    double error = 0;
    for (int64_t r = train; r < train + test; r++) error += fabs(t->day[r].high - t->day[r + 1].high) / (double)test;
    return error;
}

/* --- the nets --------------------------------------------------------------------------------------------------- */

/* The scale of each input is learnt from the training days alone, and is a layer of the model. */
static lm_layer *normalized(const table *t, int64_t train, int columns)
{
    lm_layer *layer = lm_normalization();
    lm_tensor *x = rows(t, 0, train, columns);
    lm_adapt_array(layer, x);
    lm_free(x);
    return layer;
}

static lm_model *net(const table *t, int64_t train)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {INPUTS}),
        normalized(t, train, INPUTS),
        lm_dense(.units = 32, .activation = "relu"),
        lm_dense(.units = 16, .activation = "relu"),
        lm_dense(.units = 1));
    lm_compile(m, .optimizer = lm_adam(), .loss = "mae");
    return m;
}

/* Two inputs, two nodes, one output: small enough to be drawn with every weight. */
static lm_model *small_net(const table *t, int64_t train)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {SMALL_INPUTS}),
        normalized(t, train, SMALL_INPUTS),
        lm_dense(.units = 2, .activation = "tanh"),
        lm_dense(.units = 1));
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.01), .loss = "mae");
    return m;
}

/* Trains on the first `train` rows, of which the last fifth only watches and decides when to stop, and which weights
 * are kept; *mae receives the error on the rows behind. */
static const lm_history *learn(const example *run, lm_model *m, const table *t, int64_t train, int64_t test,
                               double *mae)
{
    int64_t shape[LM_MAX_RANK] = {0};
    lm_model_input(m, NULL, shape);
    int columns = (int)shape[1];
    lm_tensor *x = rows(t, 0, train, columns), *y = next_days(t, 0, train);
    lm_tensor *new_x = rows(t, train, test, columns), *new_y = next_days(t, train, test);
    lm_dataset *behind = lm_data_from_arrays(new_x, new_y);
    example_interrupt(m);
    const lm_history *history =
        lm_fit_arrays(m, x, y, .epochs = run->epochs, .validation_split = 0.2, .verbose = 0,
                      .callbacks = {lm_callback_early_stopping(.patience = 100, .restore_best_weights = true)});
    *mae = lm_get(lm_evaluate(m, behind, .verbose = 0), "loss");
    lm_free(x), lm_free(y), lm_free(new_x), lm_free(new_y), lm_free(behind);
    return history;
}

static void show_history(const lm_history *history)
{
    int epochs = lm_history_epochs(history), every = epochs > 10 ? epochs / 10 : 1;
    printf("\n epoch   training  validation   (mean absolute error, C)\n");
    for (int e = 0; e < epochs; e++)
        if (e == 0 || (e + 1) % every == 0)
            printf("%6d %10.3f %11.3f\n", e + 1, lm_history_get(history, "loss", e),
                   lm_history_get(history, "val_loss", e));
}

/* The training's curves, the small net with its weights, and the last 60 days as they were and as they were said. */
static int draw(const example *run, const lm_history *history, const lm_model *m, const lm_model *small,
                const table *t)
{
    int64_t days = t->days < 61 ? t->days - 1 : 60, first = t->days - 1 - days;
    lm_tensor *x = rows(t, first, days, INPUTS), *said = lm_predict_array(m, x), *was = next_days(t, first, days);
    int status = example_failed(run, 3, (const void *[]){x, said, was});
    if (!status)
        status = example_drawn(run, lm_plot_history(history, example_path(run, "curves.png")), "curves.png");
    if (!status)
        status = example_drawn(run, lm_plot_network(small, example_path(run, "network.png")), "network.png");
    if (!status)
        status = example_drawn(run,
                               lm_plot_lines(example_path(run, "days.png"), .x_label = "day",
                                             .y_label = "highest temperature, °C",
                                             .series = {{.name = "as it was", .y = was},
                                                        {.name = "said the day before", .y = said, .dashed = true}}),
                               "days.png");
    lm_free(x), lm_free(said), lm_free(was);
    return status;
}

static long long weights_of(const lm_model *m) { return (long long)lm_parameters(m, true); }

/* --apply: a table of the same columns; for each day the next one's highest temperature, "date,temp_max_tomorrow". */
static int apply(const example *run)
{
    table t;
    if (read_table(run, run->apply, &t)) return 1;
    lm_model *m = lm_load(example_path(run, "regression.keras"));
    lm_tensor *x = rows(&t, 0, t.days, INPUTS), *y = lm_predict_array(m, x);
    int status = example_failed(run, 3, (const void *[]){m, x, y});
    size_t n = 0, room = 64 * (size_t)t.days + 64;
    char *text = malloc(room);
    if (!status && !text) perror(run->name), status = 1;
    if (!status) n = (size_t)snprintf(text, room, "date,temp_max_tomorrow\n");
    for (int64_t i = 0; !status && i < t.days; i++)
        n += (size_t)snprintf(text + n, room - n, "%s,%.2f\n", t.day[i].date, lm_tensor_get(y, (size_t)i));
    if (!status) status = example_write(run, run->output, text);
    free(text), free(t.day), lm_free(m), lm_free(x), lm_free(y);
    return status;
}

int main(int argc, char **argv)
{
    table t;
    example run = example_begin(argc, argv,
                                (example){.name = "regression", .data = "seattle-weather.csv", .epochs = 1000},
                                "tomorrow's highest temperature from a table of the weather (--data FILE.csv)");
    if (run.apply) return apply(&run);
    bool own = strcmp(run.data, "seattle-weather.csv") != 0;
    char *found = own ? NULL : lm_data_find(DATA);
    int status = read_table(&run, own ? run.data : found, &t);
    lm_string_free(found);
    if (status) return 1;
    if (t.days < 50) {
        fprintf(stderr, "regression: error: %lld days are too few to learn and to test from\n", (long long)t.days);
        free(t.day);
        return 1;
    }
    if (run.quick) run.epochs = 10;

    /* No shuffling here: what lies ahead must not be among what is learnt. */
    int64_t train = t.days * 4 / 5 - 1, test = t.days - 1 - train;
    printf("%lld days from %s to %s: the first %lld predict their tomorrow in training, the last %lld in the test.\n",
           (long long)t.days, t.day[0].date, t.day[t.days - 1].date, (long long)train, (long long)test);
    lm_model *m = net(&t, train), *small = small_net(&t, train);
    double mae = 0, small_mae = 0, line = linear_regression(&t, train, test), same = persistence(&t, train, test);
    status = example_failed(&run, 2, (const void *[]){m, small});
    const lm_history *history = status ? NULL : learn(&run, m, &t, train, test, &mae);
    if (!status && !example_interrupted()) learn(&run, small, &t, train, test, &small_mae);
    if (!status) status = example_failed(&run, 2, (const void *[]){m, small});
    if (!status) {
        show_history(history);
        printf("\n mean absolute error in the test, C\n");
        printf("%8.3f  as today (persistence)\n", same);
        printf("%8.3f  linear regression, in closed form, on all training days\n", line);
        printf("%8.3f  net 2-2-1 (%lld weights), on four fifths of them\n", small_mae, weights_of(small));
        printf("%8.3f  net 6-32-16-1 (%lld weights), on four fifths of them\n", mae, weights_of(m));
        status = example_save(&run, m, "regression.keras");
    }
    if (!status) status = example_save(&run, small, "regression_small.keras");
    if (!status) status = example_save_history(&run, history);
    if (!status) status = draw(&run, history, m, small, &t);
    status = example_end(&run, status, 7,
                         (example_metric[]){{"test_mae", mae},
                                            {"linear_mae", line},
                                            {"persistence_mae", same},
                                            {"small_test_mae", small_mae},
                                            {"train_mae", status ? 0 : lm_history_get(history, "loss", -1)},
                                            {"train_days", (double)train},
                                            {"test_days", (double)test}});
    free(t.day), lm_free(m), lm_free(small);
    return status;
}
