/* plot/images.c: a grid of pictures with what they are taken for. */
#include "plot/plot.h"

#include "base/object.h"
#include "base/status.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>

enum { TILE = 104, GAP = 18, MARGIN = 22, MOST_SIDE = 4096 };

static const lm__font first_line = {.size = 12.5, .bold = true, .colour = LM__INK, .align = 0.5};
static const lm__font second_line = {.size = 11, .colour = LM__MUTED, .align = 0.5};

typedef struct grid {
    const lm_tensor *images;
    const lm_plot_images_args *args;
    lm__names names;
    int count, columns, rows, wide, high, channels;
    double tile_height, line_height, low, high_value;
} grid;

static lm_status look_at_images(grid *g, const lm_tensor *t)
{
    char shape[128];
    LM_TRY(lm__object_check(t, &lm__tensor_type, "images"));
    g->channels = t->rank == 4 ? (int)t->dims[3] : 1;
    bool fits = t->rank == 3 || (t->rank == 4 && (t->dims[3] == 1 || t->dims[3] == 3));
    if (!fits || !t->dims[1] || !t->dims[2])
        return lm__fail(LM_INVALID,
                        "the pictures have shape %s; (N, height, width) or (N, height, width, 1 or 3) is "
                        "wanted",
                        lm__shape_text(t->rank, t->dims, shape, sizeof shape));
    if (t->dims[1] > MOST_SIDE || t->dims[2] > MOST_SIDE)
        return lm__fail(LM_UNSUPPORTED, "the pictures have shape %s; sides of %d are the most",
                        lm__shape_text(t->rank, t->dims, shape, sizeof shape), MOST_SIDE);
    if (!t->dims[0]) return lm__fail(LM_INVALID, "there are no pictures to draw: the first dimension is 0");
    g->images = t, g->high = (int)t->dims[1], g->wide = (int)t->dims[2];
    return LM_OK;
}

static lm_status look_at_answers(const grid *g, const lm_plot_images_args *args)
{
    int64_t n;
    if (args->labels) {
        LM_TRY(lm__check_labels(args->labels, &n));
        if (n != g->images->dims[0])
            return lm__fail(LM_INVALID, "there are %lld pictures, but %lld labels", (long long)g->images->dims[0],
                            (long long)n);
    }
    if (args->predictions) LM_TRY(lm__check_predictions(args->predictions, g->images->dims[0]));
    if (args->columns < 0 || args->most < 0)
        return lm__fail(LM_INVALID, ".columns = %d and .most = %d must not be negative", args->columns, args->most);
    return LM_OK;
}

static void arrange(grid *g, const lm_plot_images_args *args)
{
    int most = args->most ? args->most : 100;
    g->args = args;
    g->count = g->images->dims[0] < most ? (int)g->images->dims[0] : most;
    g->columns = args->columns ? args->columns : g->count <= 6 ? g->count : g->count <= 40 ? 8 : 12;
    if (!args->columns && g->count > 6 && g->count <= 10) g->columns = (g->count + 1) / 2;
    if (g->columns > g->count) g->columns = g->count;
    g->rows = (g->count + g->columns - 1) / g->columns;
    g->tile_height = fmin(fmax((double)TILE * g->high / g->wide, 8), 3 * TILE);
    bool both = args->predictions && !args->captions;
    g->line_height = args->captions || args->labels || args->predictions ? both ? 36 : 20 : 0;
    lm__range(g->images, 0, g->images->size, 1, &g->low, &g->high_value);
    if (g->images->dtype == LM_U8) g->low = 0, g->high_value = 255;
}

/* The answer and its probability; of a wrong one what it is. */
static void caption(lm__canvas *canvas, const grid *g, int i, double x, double y)
{
    const lm_plot_images_args *a = g->args;
    char one[24], other[24], percent[24], line[400];
    double probability;
    if (a->captions) {
        if (a->captions[i]) lm__draw_text(canvas, x, y, a->captions[i], first_line, TILE + GAP - 6);
        return;
    }
    if (!a->predictions) {
        if (a->labels)
            lm__draw_text(canvas, x, y, lm__name_of(&g->names, lm__label(a->labels, i), one), first_line,
                          TILE + GAP - 6);
        return;
    }
    int64_t answer = lm__answer(a->predictions, i, &probability),
            label = a->labels ? lm__label(a->labels, i) : answer;
    const char *name = lm__name_of(&g->names, answer, one), *right = lm__name_of(&g->names, label, other);
    lm__font font = first_line;
    if (answer != label) font.colour = LM__WRONG;
    snprintf(line, sizeof line, "%s%s", answer != label ? "✗ " : "", name);
    lm__draw_text(canvas, x, y, line, font, TILE + GAP - 6);
    *percent = 0;
    if (!isnan(probability)) lm__percent(probability, percent);
    if (answer == label)
        snprintf(line, sizeof line, "%s", percent);
    else
        snprintf(line, sizeof line, "%s%sis %s", percent, *percent ? " · " : "", right);
    lm__draw_text(canvas, x, y + 15, line, second_line, TILE + GAP - 4);
}

static lm_status tile(lm__canvas *canvas, const grid *g, int i, double x, double y)
{
    const lm_plot_images_args *a = g->args;
    size_t channels = (size_t)g->channels, each = (size_t)g->wide * (size_t)g->high * channels;
    lm__pixels pixels = {.t = g->images,
                         .first = (size_t)i * each,
                         .stride = channels,
                         .row_stride = (size_t)g->wide * channels,
                         .columns = g->wide,
                         .rows = g->high,
                         .shade = g->channels == 3 ? LM__SHADE_RGB : LM__SHADE_GREY,
                         .low = g->low,
                         .high = g->high_value};
    LM_TRY(lm__plot_pixels(canvas, &pixels, x, y, TILE, g->tile_height));
    bool wrong = a->labels && a->predictions && lm__answer(a->predictions, i, NULL) != lm__label(a->labels, i);
    if (wrong)
        lm__draw_frame(canvas, x - 3, y - 3, TILE + 6, g->tile_height + 6, 3, LM__WRONG);
    else
        lm__draw_frame(canvas, x - 0.5, y - 0.5, TILE + 1, g->tile_height + 1, 1, LM__RULE);
    caption(canvas, g, i, x + TILE / 2.0, y + g->tile_height + 18);
    return LM_OK;
}

static lm_status draw(lm__canvas *canvas, const grid *g)
{
    double top = g->args->title ? LM__TITLE_HEIGHT : 0, cell = g->tile_height + g->line_height + GAP;
    LM_TRY(lm__canvas_begin(canvas, 2 * MARGIN + g->columns * (TILE + GAP) - GAP,
                            2 * MARGIN + top + g->rows * cell - GAP));
    lm__plot_title(canvas, g->args->title, MARGIN);
    for (int i = 0; i < g->count; i++)
        LM_TRY(tile(canvas, g, i, MARGIN + i % g->columns * (TILE + GAP), MARGIN + top + i / g->columns * cell));
    return LM_OK;
}

lm_status lm__plot_images(const lm_tensor *images, const char *path, const lm_plot_images_args *args)
{
    lm__canvas canvas;
    grid g = {0};
    LM_TRY(look_at_images(&g, images));
    LM_TRY(look_at_answers(&g, args));
    LM_TRY(lm__names_of(args->classes, args->classes_count, &g.names));
    arrange(&g, args);
    lm_status status = lm__canvas_open(&canvas, path);
    if (!status) status = draw(&canvas, &g);
    return lm__canvas_close(&canvas, status);
}
