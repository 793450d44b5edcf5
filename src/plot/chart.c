/* plot/chart.c: see chart.h. */
#include "plot/chart.h"

#include "base/alloc.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>

enum { FEW = 40 }; /* up to so many values of a line are marked with dots too */

static const lm__font tick_font = {.size = 11, .colour = LM__MUTED};
static const lm__font label_font = {.size = 11.5, .colour = LM__INK, .align = 0.5};
static const lm__font title_font = {.size = 14, .bold = true, .colour = LM__INK};
static const lm__font legend_font = {.size = 11.5, .colour = LM__INK};

void lm__ticks(double low, double high, int most, bool whole, double *first, double *step)
{
    static const double nice[] = {1, 2, 2.5, 5, 10};
    double rough = (high - low) / (most > 1 ? most : 1), power = pow(10, floor(log10(rough)));
    int k = 0;
    while (k < 4 && nice[k] * power < rough * (1 - 1e-9)) k++;
    *step = nice[k] * power;
    if (whole) *step = *step < 1 ? 1 : ceil(*step - 1e-9);
    *first = ceil(low / *step - 1e-9) * *step;
}

/* "5.5e+06" as "5.5e6". */
static void short_exponent(double value, char *text, size_t bytes)
{
    int exponent = value != 0 ? (int)floor(log10(fabs(value)) + 1e-9) : 0;
    if (exponent) snprintf(text, bytes, "%.4ge%d", value / pow(10, exponent), exponent);
    else snprintf(text, bytes, "%.4g", value);
}

void lm__tick_text(double value, double step, char *text, size_t bytes)
{
    int decimals = 0;
    double size = fabs(step);
    if (fabs(value) < 1e-9 * size) value = 0;
    while (decimals < 7 && fabs(size * pow(10, decimals) - round(size * pow(10, decimals))) > 1e-6) decimals++;
    const char *sign = value < 0 ? "−" : "";
    size_t n = (size_t)snprintf(text, bytes, "%s", sign);
    if (decimals > 5 || fabs(value) >= 1e6) short_exponent(fabs(value), text + n, bytes - n);
    else snprintf(text + n, bytes - n, "%.*f", decimals, fabs(value));
}

/* --- ranges --------------------------------------------------------------------------------------------------------
 */

static bool finite_at(const lm__series *s, size_t i) { return isfinite(s->x[i]) && isfinite(s->y[i]); }

static void pad(double *low, double *high)
{
    double span = *high - *low;
    if (*low > 0 && *low < 0.3 * *high) *low = 0, span = *high; /* begins at nought where that is near */
    if (!(span > 1e-9 * fmax(fabs(*low), fabs(*high)))) span = *low != 0 ? fabs(*low) : 1;
    bool share = *low >= 0 && *high <= 1;
    if (*low != 0) *low = share ? fmax(*low - 0.05 * span, -0.02 * span) : *low - 0.05 * span;
    *high = share ? fmin(*high + 0.05 * span, 1 + 0.02 * span) : *high + 0.05 * span;
}

bool lm__chart_range(const lm__chart *chart, int axis, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (int k = 0; k < chart->count; k++) {
        const lm__series *s = &chart->series[k];
        for (size_t i = 0; i < s->count; i++) {
            double value = axis ? s->y[i] : s->x[i];
            if (finite_at(s, i)) *low = fmin(*low, value), *high = fmax(*high, value);
        }
    }
    if (!(*low <= *high)) return false;
    if (axis)
        pad(low, high);
    else {
        double room = chart->whole_x ? fmax(0.3, 0.03 * (*high - *low)) : 0.03 * (*high - *low);
        if (!(room > 0)) room = *low != 0 ? 0.1 * fabs(*low) : 1;
        *low -= room, *high += room;
    }
    return true;
}

/* --- parts ---------------------------------------------------------------------------------------------------------
 */

static lm__point at(const lm__axes *a, double x, double y)
{
    return (lm__point){a->x + a->w * (x - a->low[0]) / (a->high[0] - a->low[0]),
                       a->y + a->h * (a->high[1] - y) / (a->high[1] - a->low[1])};
}

/* The width that labels of the y axis need. */
static double y_label_width(lm__canvas *canvas, const lm__axes *a, int most)
{
    double first, step, width = 0;
    char text[40];
    lm__ticks(a->low[1], a->high[1], most, false, &first, &step);
    for (int i = 0; i < 100 && first + i * step <= a->high[1]; i++) {
        lm__tick_text(first + i * step, step, text, sizeof text);
        width = fmax(width, lm__text_width(canvas, text, tick_font));
    }
    return width;
}

static void draw_axes(lm__canvas *canvas, const lm__axes *a, bool whole_x, int most_x, int most_y)
{
    double first, step;
    char text[40];
    lm__font font = tick_font;
    font.align = 1;
    lm__ticks(a->low[1], a->high[1], most_y, false, &first, &step);
    for (int i = 0; i < 100 && first + i * step <= a->high[1] + 1e-9 * step; i++) {
        double y = at(a, a->low[0], first + i * step).y;
        lm__draw_line(canvas, 2, (lm__point[]){{a->x, y}, {a->x + a->w, y}}, 1, LM__RULE, false);
        lm__tick_text(first + i * step, step, text, sizeof text);
        lm__draw_text(canvas, a->x - 7, y + 4, text, font, 0);
    }
    font.align = 0.5;
    lm__ticks(a->low[0], a->high[0], most_x, whole_x, &first, &step);
    for (int i = 0; i < 100 && first + i * step <= a->high[0] + 1e-9 * step; i++) {
        double x = at(a, first + i * step, a->low[1]).x, y = a->y + a->h;
        lm__draw_line(canvas, 2, (lm__point[]){{x, y}, {x, y + 4}}, 1, LM__MUTED, false);
        lm__tick_text(first + i * step, step, text, sizeof text);
        lm__draw_text(canvas, x, y + 17, text, font, 0);
    }
    lm__draw_line(canvas, 2, (lm__point[]){{a->x, a->y + a->h}, {a->x + a->w, a->y + a->h}}, 1, LM__MUTED, false);
}

static void draw_mark(lm__canvas *canvas, const lm__series *s, lm__point p)
{
    if (!s->crosses) {
        lm__draw_dot(canvas, p.x, p.y, s->points ? 3.2 : 3, s->colour, 0.8, LM__PAPER);
        return;
    }
    for (int k = -1; k <= 1; k += 2)
        lm__draw_line(canvas, 2, (lm__point[]){{p.x - 3, p.y - 3 * k}, {p.x + 3, p.y + 3 * k}}, 1.6, s->colour,
                      false);
}

/* Lines between neighbours that are finite; then dots. */
static lm_status draw_series(lm__canvas *canvas, const lm__axes *a, const lm__series *s)
{
    lm__point *run = lm__alloc(lm__mul_size(s->count + 1, sizeof *run));
    size_t n = 0, finite = 0;
    if (!run) return lm__no_memory(lm__mul_size(s->count + 1, sizeof *run));
    for (size_t i = 0; i <= s->count; i++) {
        if (i < s->count && finite_at(s, i)) {
            run[n++] = at(a, s->x[i], s->y[i]);
            finite++;
            continue;
        }
        if (n > 1 && !s->points) lm__draw_line(canvas, n, run, 2, s->colour, s->dashed);
        n = 0;
    }
    for (size_t i = 0; (s->points || s->count <= FEW) && i < s->count; i++)
        if (finite_at(s, i)) draw_mark(canvas, s, at(a, s->x[i], s->y[i]));
    lm__free(run);
    return LM_OK;
}

/* The names in rows beneath the title; returns the height they took. With draw false nothing is drawn. */
static double legend(lm__canvas *canvas, const lm__chart *chart, double x, double y, double w, bool draw)
{
    double at_x = x, height = 0;
    for (int k = 0; k < chart->count; k++) {
        const lm__series *s = &chart->series[k];
        if (!s->name) continue;
        double room = fmin(lm__text_width(canvas, s->name, legend_font), w - 28);
        if (at_x > x && at_x + room + 28 > x + w) at_x = x, y += 17, height += 17;
        if (!height) height = 20;
        if (draw) {
            if (s->points)
                draw_mark(canvas, s, (lm__point){at_x + 11, y + 8});
            else
                lm__draw_line(canvas, 2, (lm__point[]){{at_x, y + 8}, {at_x + 20, y + 8}}, 2, s->colour, s->dashed);
            lm__draw_text(canvas, at_x + 25, y + 12, s->name, legend_font, room + 1);
        }
        at_x += room + 44;
    }
    return height;
}

/* The ranges, and the rectangle that labels leave. */
static bool place_axes(lm__canvas *canvas, const lm__chart *chart, lm__axes *a, double bottom)
{
    for (int axis = 0; axis < 2; axis++) {
        a->low[axis] = chart->low[axis], a->high[axis] = chart->high[axis];
        if (chart->low[axis] == chart->high[axis] && !lm__chart_range(chart, axis, &a->low[axis], &a->high[axis]))
            return false;
    }
    a->h = bottom - (chart->x_label ? 40 : 24) - a->y;
    double left = y_label_width(canvas, a, (int)(a->h / 28)) + 9 + (chart->y_label ? 18 : 0);
    a->x += left, a->w -= left + 8;
    return a->w > 20 && a->h > 20;
}

lm_status lm__chart_draw(lm__canvas *canvas, const lm__chart *chart, double x, double y, double w, double h)
{
    double top = y;
    if (chart->title) lm__draw_text(canvas, x, y + 14, chart->title, title_font, w), top += 24;
    top += legend(canvas, chart, x, top, w, true) + 6;
    lm__axes a = {.x = x, .y = top, .w = w};
    if (!place_axes(canvas, chart, &a, y + h)) {
        lm__font font = label_font;
        font.colour = LM__MUTED;
        lm__draw_rect(canvas, x, top, w, y + h - top, LM__PALE);
        lm__draw_text(canvas, x + w / 2, (top + y + h) / 2, "no finite values", font, w);
        return LM_OK;
    }
    if (chart->under) LM_TRY(chart->under(canvas, &a, chart->user));
    draw_axes(canvas, &a, chart->whole_x, (int)(a.w / 55), (int)(a.h / 28));
    lm__clip(canvas, a.x - 5, a.y - 5, a.w + 10, a.h + 10);
    lm_status status = LM_OK;
    for (int k = 0; k < chart->count && !status; k++) status = draw_series(canvas, &a, &chart->series[k]);
    lm__unclip(canvas);
    if (chart->x_label) lm__draw_text(canvas, a.x + a.w / 2, y + h - 4, chart->x_label, label_font, a.w);
    lm__font turned = label_font;
    turned.turn = -90;
    if (chart->y_label) lm__draw_text(canvas, x + 11, a.y + a.h / 2, chart->y_label, turned, a.h);
    return status;
}
