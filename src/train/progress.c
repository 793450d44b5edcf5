/* train/progress.c: the progress bar, as Keras draws it: live on a terminal, one line when done elsewhere.
 *
 *     1875/1875 ━━━━━━━━━━━━━━━━━━━━ 2s 1ms/step - accuracy: 0.9528 - loss: 0.1585 */
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BAR = 20, LINE = 2048 };

/* Redrawing more often than this costs more than anyone sees. */
static const double redraw_seconds = 0.08;

double lm__now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int lm__progress_verbose(int verbose)
{
    return verbose < 0 ? (lm__show_live() ? 1 : 2) : verbose;
}

typedef struct line {
    char text[LINE];
    int size, columns;                  /* bytes; character cells */
} line;

static void put(line *l, const char *text, int columns)
{
    int n = (int)strlen(text);
    if (l->size + n >= LINE) return;
    memcpy(l->text + l->size, text, (size_t)n);
    l->size += n, l->columns += columns;
}

static void put_text(line *l, const char *text) { put(l, text, (int)strlen(text)); }

/* "95us", "1ms", "2s", "1:05", "1:02:03" */
static void put_time(line *l, double seconds)
{
    char t[32];
    long s = (long)(seconds + 0.5);
    if (seconds >= 3600) snprintf(t, sizeof t, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else if (seconds >= 60) snprintf(t, sizeof t, "%ld:%02ld", s / 60, s % 60);
    else if (seconds >= 1) snprintf(t, sizeof t, "%lds", s);
    else if (seconds >= 1e-3) snprintf(t, sizeof t, "%.0fms", seconds * 1e3);
    else snprintf(t, sizeof t, "%.0fus", seconds * 1e6);
    put_text(l, t);
}

static void put_logs(line *l, const char *prefix, const lm_logs *logs)
{
    char t[96];
    for (int i = 0; logs && i < logs->count; i++) {
        double v = logs->item[i].value;
        int plain = v == 0 || fabs(v) >= 1e-3;
        snprintf(t, sizeof t, plain ? " - %s%s: %.4f" : " - %s%s: %.4e", prefix, logs->item[i].name, v);
        put_text(l, t);
    }
}

static void put_bar(line *l, const lm__progress *p)
{
    int full = p->steps > 0 ? (int)((double)BAR * (double)p->step / (double)p->steps) : 0;
    if (p->steps <= 0) return;
    put_text(l, " ");
    if (p->colour) put(l, "\033[32m", 0);
    for (int i = 0; i < BAR; i++) {
        if (i == full && p->colour) put(l, "\033[37m", 0);
        put(l, "━", 1);
    }
    if (p->colour) put(l, "\033[0m", 0);
}

static void put_steps(line *l, const lm__progress *p)
{
    char t[64];
    int width = p->steps > 0 ? snprintf(t, sizeof t, "%lld", (long long)p->steps) : 1;
    if (p->steps > 0) snprintf(t, sizeof t, "%*lld/%lld", width, (long long)p->step, (long long)p->steps);
    else snprintf(t, sizeof t, "%lld/Unknown", (long long)p->step);
    put_text(l, t);
}

/* Time left, or spent when done; time of a step, the first one, which makes the plan, left out as in Keras. */
static void put_rate(line *l, const lm__progress *p, bool done)
{
    double now = lm__now(), spent = now - p->begun, left = 0;
    double made = (double)(p->step - p->first), each = made > 0 ? spent / made : 0;
    if (made > 1) each = (now - p->warm) / (made - 1);
    left = each * (double)(p->steps - p->step);
    put_text(l, " ");
    if (done || p->steps <= 0) left = spent;
    if (left < 1) put_text(l, "0s");
    else put_time(l, left);
    put_text(l, " ");
    put_time(l, each);
    put_text(l, "/step");
}

/* Cuts the line to the terminal's width: one that wraps could not be drawn over. */
static void cut(line *l, int columns)
{
    while (l->columns > columns && l->size > 0) {
        unsigned char last = (unsigned char)l->text[--l->size];
        if ((last & 0xC0) != 0x80) l->columns--;
    }
}

/* Draws over the line before; what was longer is blanked. Only the text behind the bar can be too wide: terminals are
 * wider than bars. */
static void draw(lm__progress *p, const lm_logs *logs, const lm_logs *validation, bool done)
{
    line l = {.size = 0};
    if (p->live) put(&l, "\r", 0);
    put_steps(&l, p);
    put_bar(&l, p);
    put_rate(&l, p, done);
    put_logs(&l, "", logs);
    put_logs(&l, "val_", validation);
    if (!done && p->columns > 40) cut(&l, p->columns - 1);
    int columns = l.columns;
    while (p->live && l.columns < p->width) put(&l, " ", 1);
    if (done) put(&l, "\n", 0);
    p->width = columns;
    lm__show(l.text, (size_t)l.size);
}

static bool colourful(void)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(none && *none) && !(term && !strcmp(term, "dumb"));
}

void lm__progress_begin(lm__progress *p, int verbose, int64_t first, int64_t steps)
{
    *p = (lm__progress){.verbose = verbose, .step = first, .first = first, .steps = steps, .begun = lm__now()};
    p->live = verbose == 1 && lm__show_live();
    p->colour = p->live && colourful();
    p->columns = p->live ? lm__show_columns() : 0;
}

void lm__progress_step(lm__progress *p, const lm_model *model)
{
    if (++p->step == p->first + 1) p->warm = lm__now();
    if (!p->live) return;
    double now = lm__now();
    if (now - p->drawn < redraw_seconds) return;
    p->drawn = now;
    if (!model) {
        draw(p, NULL, NULL, false);
        return;
    }
    lm_logs logs = lm__model_logs(model);
    draw(p, &logs, NULL, false);
}

void lm__progress_end(lm__progress *p, const lm_logs *logs, const lm_logs *validation)
{
    if (p->verbose) draw(p, logs, validation, true);
}
