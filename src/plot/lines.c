/* plot/lines.c: charts of lines and points, and the plane with a model's answers. */
#include "plot/plot.h"

#include "base/alloc.h"
#include "base/object.h"
#include "base/status.h"
#include "plot/chart.h"
#include "tensor/tensor.h"
#include "train/model.h"

#include <math.h>

enum { MARGIN = 20, CELLS = 150, LEAST = 120, MOST = 8000 };

static lm_status check_size(double width, double height)
{
    if (width >= LEAST && width <= MOST && height >= LEAST && height <= MOST) return LM_OK;
    return lm__fail(LM_INVALID, ".width = %g and .height = %g must be between %d and %d", width, height, LEAST, MOST);
}

/* --- lines ---------------------------------------------------------------------------------------------------------
 */

static lm_status check_series(const lm_plot_series *s, int i)
{
    LM_TRY(lm__object_check(s->y, &lm__tensor_type, "y"));
    if (!s->x) return LM_OK;
    LM_TRY(lm__object_check(s->x, &lm__tensor_type, "x"));
    if (s->x->size == s->y->size) return LM_OK;
    return lm__fail(LM_INVALID, "series %d has %zu values of x, but %zu of y", i, s->x->size, s->y->size);
}

/* Copies the values as doubles; `values` has room for all. */
static void take_series(const lm_plot_lines_args *args, int count, double *values, lm__series *series)
{
    for (int k = 0; k < count; k++) {
        const lm_plot_series *from = &args->series[k];
        size_t n = from->y->size;
        double *x = values, *y = values + n;
        if (from->x)
            lm__load_many(from->x->dtype, from->x->data, 0, n, x);
        else
            for (size_t i = 0; i < n; i++) x[i] = (double)(i + 1);
        lm__load_many(from->y->dtype, from->y->data, 0, n, y);
        series[k] = (lm__series){.name = from->name,
                                 .x = x,
                                 .y = y,
                                 .count = n,
                                 .points = from->points,
                                 .dashed = from->dashed,
                                 .colour = lm__series_colour[k % LM__SERIES_COLOURS]};
        values += 2 * n;
    }
}

static lm_status draw_lines(lm__canvas *canvas, const lm_plot_lines_args *args, const lm__series *series, int count)
{
    double width = args->width > 0 ? args->width : 560, height = args->height > 0 ? args->height : 360;
    bool whole = true;
    for (int k = 0; k < count; k++) whole &= !args->series[k].x;
    lm__chart chart = {.title = args->title,
                       .x_label = args->x_label,
                       .y_label = args->y_label,
                       .series = series,
                       .count = count,
                       .whole_x = whole,
                       .low = {args->x_range[0], args->y_range[0]},
                       .high = {args->x_range[1], args->y_range[1]}};
    LM_TRY(check_size(width, height));
    LM_TRY(lm__canvas_begin(canvas, width, height));
    return lm__chart_draw(canvas, &chart, MARGIN, MARGIN, canvas->width - 2 * MARGIN, canvas->height - 2 * MARGIN);
}

static lm_status check_range(const char *name, const double range[2])
{
    if (isfinite(range[0]) && isfinite(range[1]) && (range[0] < range[1] || (!range[0] && !range[1]))) return LM_OK;
    return lm__fail(LM_INVALID, "%s = {%g, %g}, but it must be finite, the lower end first; {0, 0} shows all", name,
                    range[0], range[1]);
}

lm_status lm__plot_lines(const char *path, const lm_plot_lines_args *args)
{
    lm__canvas canvas;
    lm__series series[LM_PLOT_MAX_SERIES];
    int count = 0;
    size_t total = 0;
    for (; count < LM_PLOT_MAX_SERIES && args->series[count].y; count++) {
        LM_TRY(check_series(&args->series[count], count));
        total += args->series[count].y->size;
    }
    if (!count)
        return lm__fail(LM_INVALID, "there is nothing to draw: .series = {{.name = …, .x = …, .y = …}} is "
                                    "wanted");
    LM_TRY(check_range(".x_range", args->x_range));
    LM_TRY(check_range(".y_range", args->y_range));
    size_t bytes = lm__mul_size(total, 2 * sizeof(double));
    double *values = lm__alloc(bytes);
    if (!values) return lm__no_memory(bytes);
    take_series(args, count, values, series);
    lm_status status = lm__canvas_open(&canvas, path);
    if (!status) status = draw_lines(&canvas, args, series, count);
    lm__free(values);
    return lm__canvas_close(&canvas, status);
}

/* --- points, and the plane behind them -----------------------------------------------------------------------------
 */

/* What the model answers in the middle of each cell of the plane. */
static lm_status ask(const lm_model *model, const lm__axes *axes, lm_tensor **out)
{
    lm_tensor *grid = lm_tensor_new(LM_F32, 2, (int64_t[]){CELLS * CELLS, 2});
    float *to = lm_tensor_data(grid);
    for (int i = 0; to && i < CELLS * CELLS; i++) {
        double x = (i % CELLS + 0.5) / CELLS, y = 1 - (i / CELLS + 0.5) / CELLS;
        to[2 * i] = (float)(axes->low[0] + x * (axes->high[0] - axes->low[0]));
        to[2 * i + 1] = (float)(axes->low[1] + y * (axes->high[1] - axes->low[1]));
    }
    lm_tensor *answers = lm_predict_array(model, grid);
    lm_status status = lm__object_check(answers, &lm__tensor_type, "predictions");
    if (!status) status = lm__check_predictions(answers, CELLS * CELLS);
    lm_free(grid);
    if (status)
        lm_free(answers);
    else
        *out = answers;
    return status;
}

static lm_status shade(lm__canvas *canvas, const lm__axes *axes, void *model)
{
    lm_tensor *answers;
    LM_TRY(ask(model, axes, &answers));
    lm__colour *colours = lm__alloc(CELLS * CELLS * sizeof *colours);
    lm_status status = colours ? LM_OK : lm__no_memory(CELLS * CELLS * sizeof *colours);
    int64_t classes = lm_tensor_dim(answers, 1) > 1 ? lm_tensor_dim(answers, 1) : 2;
    for (int64_t i = 0; !status && i < CELLS * CELLS; i++) {
        double sure, least = 1.0 / (double)classes;
        int64_t answer = lm__answer(answers, i, &sure);
        lm__colour full = answer < 0 ? 0x888888 : lm__series_colour[answer % LM__SERIES_COLOURS];
        double depth = 0.08 + 0.36 * (sure - least) / (1 - least);
        colours[i] = lm__mix(LM__PAPER, full, isnan(depth) ? 0.3 : depth);
    }
    if (!status) status = lm__draw_pixels(canvas, axes->x, axes->y, axes->w, axes->h, CELLS, CELLS, colours);
    lm__free(colours), lm_free(answers);
    return status;
}

/* One series for each class, over values sorted by class: x, then y. */
static int split(const lm_tensor *points, const lm_plot_points_args *args, const lm__names *names, double *values,
                 lm__series series[LM__SERIES_COLOURS])
{
    size_t n = (size_t)points->dims[0];
    double *x = values, *y = values + n;
    int count = args->labels ? LM__SERIES_COLOURS : 1, used = 0;
    for (int class = 0; class < count; class ++) {
        size_t found = 0;
        for (size_t i = 0; i < n; i++) {
            if (args->labels && lm__label(args->labels, (int64_t)i) != class) continue;
            x[found] = lm_tensor_get(points, 2 * i), y[found++] = lm_tensor_get(points, 2 * i + 1);
        }
        if (!found) continue;
        series[used++] = (lm__series){.name = class < names->count ? names->name[class] : NULL,
                                      .x = x,
                                      .y = y,
                                      .count = found,
                                      .points = true,
                                      .colour = lm__series_colour[class],
                                      .crosses = class % 2};
        x += found, y += found;
    }
    return used;
}

static lm_status check_points(const lm_tensor *points, const lm_plot_points_args *args)
{
    char shape[128];
    int64_t labels;
    LM_TRY(lm__object_check(points, &lm__tensor_type, "points"));
    if (points->rank != 2 || points->dims[1] != 2)
        return lm__fail(LM_INVALID, "the points have shape %s, but (N, 2) is wanted",
                        lm__shape_text(points->rank, points->dims, shape, sizeof shape));
    if (args->model) LM_TRY(lm__object_check(args->model, &lm__model_type, "model"));
    if (!args->labels) return LM_OK;
    LM_TRY(lm__check_labels(args->labels, &labels));
    if (labels != points->dims[0])
        return lm__fail(LM_INVALID, "there are %lld points, but %lld labels", (long long)points->dims[0],
                        (long long)labels);
    for (int64_t i = 0; i < labels; i++)
        if (lm__label(args->labels, i) < 0 || lm__label(args->labels, i) >= LM__SERIES_COLOURS)
            return lm__fail(LM_INVALID, "label %lld is %g; classes 0 … %d can be drawn", (long long)i,
                            lm_tensor_get(args->labels, (size_t)i), LM__SERIES_COLOURS - 1);
    return LM_OK;
}

static lm_status draw_points(lm__canvas *canvas, const lm_plot_points_args *args, const lm__series *series, int count)
{
    double width = args->width > 0 ? args->width : 460, height = args->height > 0 ? args->height : 440;
    lm__chart chart = {.title = args->title,
                       .x_label = args->x_label,
                       .y_label = args->y_label,
                       .series = series,
                       .count = count,
                       .under = args->model ? shade : NULL,
                       .user = (void *)args->model};
    LM_TRY(check_size(width, height));
    LM_TRY(lm__canvas_begin(canvas, width, height));
    return lm__chart_draw(canvas, &chart, MARGIN, MARGIN, canvas->width - 2 * MARGIN, canvas->height - 2 * MARGIN);
}

lm_status lm__plot_points(const lm_tensor *points, const char *path, const lm_plot_points_args *args)
{
    lm__canvas canvas;
    lm__series series[LM__SERIES_COLOURS];
    lm__names names;
    LM_TRY(check_points(points, args));
    LM_TRY(lm__names_of(args->classes, args->classes_count, &names));
    size_t bytes = lm__mul_size((size_t)points->dims[0], 2 * sizeof(double));
    double *values = lm__alloc(bytes);
    if (!values) return lm__no_memory(bytes);
    int count = split(points, args, &names, values, series);
    lm_status status = lm__canvas_open(&canvas, path);
    if (!status) status = draw_points(&canvas, args, series, count);
    lm__free(values);
    return lm__canvas_close(&canvas, status);
}
