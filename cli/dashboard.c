/* cli/dashboard.c: what the page of a running training shows: gathered by a callback on fit's thread, told by the web
 * server's. */
#include "dashboard.h"

#include "cli.h"
#include "web.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* POINTS of a curve within epochs: when they are used up, every other one goes and half as many come. */
enum { CURVES = 6, POINTS = 600, COLUMNS = 2 * LM_MAX_METRICS + 2, SAMPLES = 16, RIGHT_AWAY_MS = 700 };
static const double samples_every = 2;          /* seconds between two looks at the samples */

typedef struct curve {
    char name[48];
    int count;
    double x[POINTS], y[POINTS];
} curve;

/* A column of the history: a number for each epoch. */
typedef struct column {
    char name[56];
    double *value;
} column;

struct dashboard {
    dashboard_run run;
    web_server *server;
    lm_tensor *pictures, *truth;                /* of the samples; NULL: none */
    pthread_mutex_t lock;                       /* for all that follows */
    const char *state;
    bool told;                                  /* a page has seen the end */
    int epoch, epochs;
    int64_t step, steps, made, stride;
    double begun, epoch_begun, rate, rate_time, sampled;
    int64_t rate_made, sample_round;
    lm_logs logs;
    curve curves[CURVES];
    int ncurves;
    column columns[COLUMNS];
    int ncolumns, rows, room;
};

extern const char dashboard_page[];

/* --- gathering, on fit's thread --------------------------------------------------------------------------------- */

static void thin_out(dashboard *b)
{
    for (int c = 0; c < b->ncurves; c++) {
        curve *v = &b->curves[c];
        for (int i = 0; i < v->count / 2; i++) v->x[i] = v->x[2 * i + 1], v->y[i] = v->y[2 * i + 1];
        v->count /= 2;
    }
    b->stride *= 2;
}

static void add_point(dashboard *b, const char *name, double x, double y)
{
    int c = 0;
    while (c < b->ncurves && strcmp(b->curves[c].name, name)) c++;
    if (c == CURVES || !isfinite(y)) return;
    if (c == b->ncurves) snprintf(b->curves[b->ncurves++].name, sizeof b->curves[c].name, "%s", name);
    curve *v = &b->curves[c];
    if (v->count < POINTS) v->x[v->count] = x, v->y[v->count++] = y;
}

/* Steps a second, over the last half second at least. */
static void count_rate(dashboard *b, double time)
{
    if (time - b->rate_time < 0.5) return;
    b->rate = (double)(b->made - b->rate_made) / (time - b->rate_time);
    b->rate_time = time, b->rate_made = b->made;
}

static bool grow_columns(dashboard *b)
{
    if (b->rows < b->room) return true;
    int room = b->room ? 2 * b->room : 64;
    for (int i = 0; i < COLUMNS; i++) {
        double *value = realloc(b->columns[i].value, (size_t)room * sizeof *value);
        if (!value) return false;
        b->columns[i].value = value;
    }
    b->room = room;
    return true;
}

static void add_row(dashboard *b, const lm_logs *logs)
{
    if (!grow_columns(b)) return;                       /* the page lacks a row; training goes on */
    for (int i = 0; i < COLUMNS; i++) b->columns[i].value[b->rows] = NAN;
    for (int k = 0; k < logs->count; k++) {
        int i = 0;
        while (i < b->ncolumns && strcmp(b->columns[i].name, logs->item[k].name)) i++;
        if (i == COLUMNS) break;
        if (i == b->ncolumns) {
            snprintf(b->columns[i].name, sizeof b->columns[i].name, "%s", logs->item[k].name);
            for (int row = 0; row < b->rows; row++) b->columns[i].value[row] = NAN;
            b->ncolumns++;
        }
        b->columns[i].value[b->rows] = logs->item[k].value;
    }
    b->rows++;
}

static bool over(const dashboard *b)
{
    return !strcmp(b->state, "done") || !strcmp(b->state, "stopped") || !strcmp(b->state, "failed");
}

/* A stop that was asked for stays until the end, and the end stays. */
static void move_on(dashboard *b, const char *state)
{
    if (strcmp(b->state, "stopping") && !over(b)) b->state = state;
}

static lm_status on_epoch_begin(void *user, const lm_moment *at)
{
    dashboard *b = user;
    double time = cli_now();
    pthread_mutex_lock(&b->lock);
    if (!b->made) b->begun = b->rate_time = time;
    b->epoch_begun = time;
    b->epoch = at->epoch, b->epochs = at->epochs, b->step = 0, b->steps = at->steps;
    move_on(b, "training");
    pthread_mutex_unlock(&b->lock);
    return LM_OK;
}

static lm_status on_batch_end(void *user, const lm_moment *at)
{
    dashboard *b = user;
    pthread_mutex_lock(&b->lock);
    b->step = at->step, b->made++;
    move_on(b, "training");
    if (b->made % b->stride == 0) {
        double share = at->steps > 0 ? (double)at->step / (double)at->steps : 0;
        b->logs = *at->logs;
        for (int i = 0; i < at->logs->count; i++)
            add_point(b, at->logs->item[i].name, at->epoch + share, at->logs->item[i].value);
        if (b->ncurves && b->curves[0].count == POINTS) thin_out(b);
    }
    count_rate(b, cli_now());
    pthread_mutex_unlock(&b->lock);
    return LM_OK;
}

static lm_status on_validation(void *user, const lm_moment *at)
{
    dashboard *b = user;
    (void)at;
    pthread_mutex_lock(&b->lock);
    move_on(b, "validating");
    pthread_mutex_unlock(&b->lock);
    return LM_OK;
}

static lm_status on_epoch_end(void *user, const lm_moment *at)
{
    dashboard *b = user;
    pthread_mutex_lock(&b->lock);
    b->logs = *at->logs;
    add_row(b, at->logs);
    pthread_mutex_unlock(&b->lock);
    return LM_OK;
}

lm_callback *dashboard_callback(dashboard *b)
{
    return lm_callback_lambda(.user = b, .on_epoch_begin = on_epoch_begin, .on_train_batch_end = on_batch_end,
                              .on_test_begin = on_validation, .on_epoch_end = on_epoch_end);
}

/* --- telling, on the server's thread ---------------------------------------------------------------------------- */

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*s %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void field(FILE *to, const char *name, double value, int digits)
{
    fprintf(to, ",\"%s\":", name);
    cli_json_number(to, value, digits);
}

static void tell_logs(FILE *to, const dashboard *b)
{
    fputs(",\"logs\":{", to);
    for (int i = 0; i < b->logs.count; i++) {
        if (i) fputc(',', to);
        cli_json_string(to, b->logs.item[i].name);
        fputc(':', to);
        cli_json_number(to, b->logs.item[i].value, 6);
    }
    fputc('}', to);
}

static void tell_curves(FILE *to, const dashboard *b)
{
    fputs(",\"steps_made\":{", to);
    for (int c = 0; c < b->ncurves; c++) {
        if (c) fputc(',', to);
        cli_json_string(to, b->curves[c].name);
        fputs(":[", to);
        for (int i = 0; i < b->curves[c].count; i++)
            fprintf(to, "%s[%.6g,%.6g]", i ? "," : "", b->curves[c].x[i], b->curves[c].y[i]);
        fputc(']', to);
    }
    fputs("},\"history\":{", to);
    for (int i = 0; i < b->ncolumns; i++) {
        if (i) fputc(',', to);
        cli_json_string(to, b->columns[i].name);
        fputs(":[", to);
        for (int row = 0; row < b->rows; row++) {
            if (row) fputc(',', to);
            cli_json_number(to, b->columns[i].value[row], 6);
        }
        fputc(']', to);
    }
    fputc('}', to);
}

/* Steps of all epochs, and how many of them are made. NaN where an epoch's length is unknown. */
static double share_made(const dashboard *b)
{
    if (b->steps <= 0 || b->epochs <= 0) return 0;
    return ((double)b->epoch + (double)b->step / (double)b->steps) / (double)b->epochs;
}

static void tell_run(FILE *to, dashboard *b)
{
    double time = cli_now(), share = share_made(b), left = NAN;
    double steps_left = b->steps > 0 ? (double)b->steps * b->epochs * (1 - share) : NAN;
    if (b->rate > 0) left = steps_left / b->rate;
    if (time - b->sampled > samples_every || !b->sample_round) b->sample_round++, b->sampled = time;
    fputs("{\"title\":", to);
    cli_json_string(to, b->run.title);
    fputs(",\"output\":", to);
    cli_json_string(to, b->run.output);
    fputs(",\"state\":", to);
    cli_json_string(to, b->state);
    field(to, "epoch", b->epoch, 9), field(to, "epochs", b->epochs, 9);
    field(to, "step", (double)b->step, 12), field(to, "steps", (double)b->steps, 12);
    field(to, "share", share, 6), field(to, "seconds_left", left, 6);
    field(to, "steps_per_second", b->rate, 6);
    field(to, "examples_per_second", b->rate * (double)b->run.batch_size, 6);
    field(to, "resident_bytes", resident_bytes(), 12);
    field(to, "sample_round", b->pictures ? (double)b->sample_round : 0, 9);
    tell_logs(to, b);
    tell_curves(to, b);
    fputc('}', to);
    if (over(b)) b->told = true;
}

static void write_base64(FILE *to, const unsigned char *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        unsigned a = data[i], b = i + 1 < bytes ? data[i + 1] : 0, c = i + 2 < bytes ? data[i + 2] : 0;
        fputc(digits[a >> 2], to), fputc(digits[(a & 3) << 4 | b >> 4], to);
        fputc(i + 1 < bytes ? digits[(b & 15) << 2 | c >> 6] : '=', to);
        fputc(i + 2 < bytes ? digits[c & 63] : '=', to);
    }
}

static void tell_class(FILE *to, const dashboard *b, int64_t class)
{
    int count = 0;
    char number[24];
    const char *const *names = lm_data_classes(b->run.samples, &count);
    snprintf(number, sizeof number, "%lld", (long long)class);
    cli_json_string(to, names && class < count ? names[class] : number);
}

/* Sample i with its pixels brought to 0…255, and the likeliest class of row i of p. */
static void tell_sample(FILE *to, const dashboard *b, const lm_tensor *p, int64_t i)
{
    int64_t classes = lm_tensor_dim(p, 1), best = 0, channels = lm_tensor_dim(b->pictures, 3);
    int64_t height = lm_tensor_dim(b->pictures, 1), width = lm_tensor_dim(b->pictures, 2);
    size_t pixels = (size_t)(height * width * channels), from = (size_t)i * pixels;
    for (int64_t c = 1; c < classes; c++)
        if (lm_tensor_get(p, (size_t)(i * classes + c)) > lm_tensor_get(p, (size_t)(i * classes + best))) best = c;
    double most = 1e-9;
    unsigned char *bytes = malloc(pixels);
    for (size_t k = 0; k < pixels; k++) most = fmax(most, lm_tensor_get(b->pictures, from + k));
    double scale = most <= 1.5 ? 255 : 1;
    for (size_t k = 0; bytes && k < pixels; k++)
        bytes[k] = (unsigned char)fmin(255, fmax(0, scale * lm_tensor_get(b->pictures, from + k)));
    fprintf(to, "%s{\"width\":%lld,\"height\":%lld,\"channels\":%lld,\"pixels\":\"", i ? "," : "", (long long)width,
            (long long)height, (long long)channels);
    if (bytes) write_base64(to, bytes, pixels);
    fputs("\",\"answer\":", to);
    tell_class(to, b, best);
    fputs(",\"truth\":", to);
    if (b->truth) tell_class(to, b, (int64_t)lm_tensor_get(b->truth, (size_t)i));
    else fputs("null", to);
    field(to, "probability", lm_tensor_get(p, (size_t)(i * classes + best)), 6);
    fputc('}', to);
    free(bytes);
}

static void tell_samples(FILE *to, const dashboard *b)
{
    lm_tensor *p = b->pictures ? lm_predict_array(b->run.model, b->pictures) : NULL;
    fputs("{\"samples\":[", to);
    if (p && !lm_failed(p) && lm_tensor_rank(p) == 2)
        for (int64_t i = 0; i < lm_tensor_dim(p, 0); i++) tell_sample(to, b, p, i);
    fputs("]}", to);
    lm_free(p);
}

static void stop(dashboard *b)
{
    lm_request_stop(b->run.model);
    pthread_mutex_lock(&b->lock);
    move_on(b, "stopping");
    pthread_mutex_unlock(&b->lock);
}

static void answer(void *user, const char *method, const char *path, web_reply *reply)
{
    dashboard *b = user;
    FILE *to = open_memstream(&reply->body, &reply->bytes);
    if (!to) return;
    if (!strcmp(path, "/")) {
        reply->type = "text/html; charset=utf-8";
        fputs(dashboard_page, to);
    } else if (!strcmp(path, "/run.json")) {
        pthread_mutex_lock(&b->lock);
        tell_run(to, b);
        pthread_mutex_unlock(&b->lock);
    } else if (!strcmp(path, "/samples.json")) {
        tell_samples(to, b);
    } else if (!strcmp(path, "/stop") && !strcmp(method, "POST")) {
        stop(b);
        fputs("{}", to);
    } else {
        reply->status = 404;
        fputs("{\"error\":\"there is /, /run.json, /samples.json and POST /stop\"}", to);
    }
    fclose(to);
}

/* --- the board -------------------------------------------------------------------------------------------------- */

/* The first examples, if they are pictures. */
static void take_samples(dashboard *b)
{
    int64_t dims[LM_MAX_RANK], classes[LM_MAX_RANK];
    lm_dataset *data = b->run.samples;
    if (!data || lm_failed(data) || lm_data_batch_size(data)) return;
    int rank = lm_data_shape(data, 0, NULL, dims);
    if (rank != 3 || (dims[2] != 1 && dims[2] != 3) || lm_model_output(b->run.model, NULL, classes) != 2) return;
    lm_dataset *few = lm_data_take(lm_retain(data), SAMPLES);
    b->pictures = lm_data_array(few, 0);
    if (lm_data_tensors(few) > 1) b->truth = lm_data_array(few, 1);
    if (b->truth && (lm_failed(b->truth) || lm_tensor_size(b->truth) != (size_t)lm_tensor_dim(b->truth, 0)))
        lm_free(b->truth), b->truth = NULL;
    if (lm_failed(b->pictures)) lm_free(b->pictures), b->pictures = NULL;
    lm_free(few);
}

dashboard *dashboard_new(int port, const dashboard_run *run)
{
    char error[256] = "out of memory";
    dashboard *b = calloc(1, sizeof *b);
    if (b) {
        b->run = *run, b->state = "waiting", b->stride = 1;
        pthread_mutex_init(&b->lock, NULL);
        take_samples(b);
        b->server = web_start(port, answer, b, error, sizeof error);
    }
    if (b && b->server) return b;
    cli_error("--dashboard: %s", error);
    dashboard_free(b);
    return NULL;
}

int dashboard_port(const dashboard *board) { return web_port(board->server); }

void dashboard_end(dashboard *b, const char *how)
{
    pthread_mutex_lock(&b->lock);
    b->state = how, b->told = false;
    pthread_mutex_unlock(&b->lock);
    for (int waited = 0; waited < RIGHT_AWAY_MS; waited += 20) {
        pthread_mutex_lock(&b->lock);
        bool told = b->told;
        pthread_mutex_unlock(&b->lock);
        if (told) break;
        usleep(20000);
    }
}

void dashboard_free(dashboard *b)
{
    if (!b) return;
    web_stop(b->server);
    for (int i = 0; i < COLUMNS; i++) free(b->columns[i].value);
    lm_free(b->pictures), lm_free(b->truth);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
