/* plot/history.c: training curves: one panel for the loss and for each metric. */
#include "plot/plot.h"

#include "base/alloc.h"
#include "base/status.h"
#include "plot/chart.h"

#include <stdio.h>
#include <string.h>

enum { PANEL_WIDTH = 400, PANEL_HEIGHT = 290, GAP = 32, MARGIN = 22, MOST_PANELS = 17 };

/* Columns beside the loss that are no val_ of another, the loss first. Returns their number. */
static int panels_of(const lm_history *history, const char *panel[MOST_PANELS])
{
    int count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int c = 0; c < lm_history_columns(history) && count < MOST_PANELS; c++) {
            const char *name = lm_history_name(history, c);
            if (!strncmp(name, "val_", 4)) continue;
            if (!strcmp(name, "loss") == !pass) panel[count++] = name;
        }
    return count;
}

/* "mean_squared_error" as a heading: "Mean squared error". */
static void heading(const char *name, char text[64])
{
    snprintf(text, 64, "%s", name);
    for (char *c = text; *c; c++)
        if (*c == '_') *c = ' ';
    if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
}

static bool has_column(const lm_history *history, const char *name)
{
    for (int c = 0; c < lm_history_columns(history); c++)
        if (!strcmp(lm_history_name(history, c), name)) return true;
    return false;
}

/* values: room for the epochs' numbers, then two columns. */
static lm_status draw_panel(lm__canvas *canvas, const lm_history *history, const char *name, double *values, double x,
                            double y)
{
    int epochs = lm_history_epochs(history);
    char title[64], other[64], legend[2][64];
    lm__series series[2] = {{.colour = lm__series_colour[0]}, {.colour = lm__series_colour[1], .dashed = true}};
    lm__chart chart = {.title = title, .x_label = "epoch", .series = series, .whole_x = true};
    heading(name, title);
    snprintf(other, sizeof other, "val_%s", name);
    for (int k = 0; k < 2; k++) {
        double *column = values + (k + 1) * (size_t)epochs;
        if (k && !has_column(history, other)) break;
        for (int e = 0; e < epochs; e++) column[e] = lm_history_get(history, k ? other : name, e);
        snprintf(legend[k], sizeof *legend, "%s %.4g", k ? "validation" : "training", column[epochs - 1]);
        series[k].name = legend[k], series[k].x = values, series[k].y = column, series[k].count = (size_t)epochs;
        chart.count++;
    }
    return lm__chart_draw(canvas, &chart, x, y, PANEL_WIDTH, PANEL_HEIGHT);
}

static lm_status draw(lm__canvas *canvas, const lm_history *history, const char *title, double *values)
{
    const char *panel[MOST_PANELS];
    int count = panels_of(history, panel), columns = count < 3 ? count : count == 4 ? 2 : 3;
    int rows = (count + columns - 1) / columns;
    double top = title ? 34 : 0;
    LM_TRY(lm__canvas_begin(canvas, columns * (PANEL_WIDTH + GAP) - GAP + 2 * MARGIN,
                            rows * (PANEL_HEIGHT + GAP) - GAP + 2 * MARGIN + top));
    lm__plot_title(canvas, title, MARGIN);
    for (int i = 0; i < count; i++)
        LM_TRY(draw_panel(canvas, history, panel[i], values, MARGIN + i % columns * (PANEL_WIDTH + GAP),
                          MARGIN + top + i / columns * (PANEL_HEIGHT + GAP)));
    return LM_OK;
}

lm_status lm__plot_history(const lm_history *history, const char *path, const lm_plot_args *args)
{
    lm__canvas canvas;
    int epochs = lm_history_epochs(history);
    if (epochs < 1 || lm_history_columns(history) < 1)
        return lm__fail(LM_INVALID, "the history has no epochs; lm_fit returns one after training");
    size_t bytes = lm__mul_size(3 * (size_t)epochs, sizeof(double));
    double *values = lm__alloc(bytes);
    if (!values) return lm__no_memory(bytes);
    for (int e = 0; e < epochs; e++) values[e] = e + 1;
    lm_status status = lm__canvas_open(&canvas, path);
    if (!status) status = draw(&canvas, history, args->title, values);
    lm__free(values);
    return lm__canvas_close(&canvas, status);
}
