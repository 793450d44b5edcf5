/* plot/activations.c: one example on its way through a net: what its layers make of it. */
#include "plot/plot.h"

#include "base/alloc.h"
#include "base/object.h"
#include "base/status.h"
#include "tensor/tensor.h"
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MARGIN = 22,
    WIDTH = 880,
    TILE = 50,
    TILE_GAP = 5,
    PER_ROW = 16,
    MOST_MAPS = 32,
    UNITS_PER_ROW = 64,
    MOST_UNITS = 256,
    MOST_BARS = 20,
    BAR = 17,
    INPUT = 100,
    HEADING = 24,
    SPACE = 22,
    MOST_BANDS = 14,
    MOST_SIDE = 2048
};

typedef enum kind { MAPS, UNITS, BARS, TABLE } kind;

typedef struct band {
    const lm_tensor *t;
    kind kind;
    int shown;     /* maps, units or bars */
    double height; /* of what stands under the heading */
    char heading[240];
} band;

typedef struct way {
    band band[MOST_BANDS + 1]; /* the input first */
    int count;
    lm__names names;
    const char *title;
} way;

/* Layers that only pass on what they get would show the same again. */
static bool passes_on(const lm_layer *layer)
{
    return lm__listed("Rescaling|Normalization|Flatten|Reshape|Dropout|GaussianNoise", layer->base.class->name);
}

/* The layers to show: all that change something, or as many of them, evenly spread, with the last. */
static int choose(const lm_model *model, int chosen[MOST_BANDS])
{
    int all = 0, count = 0;
    for (int i = 0; i < model->nlayers; i++) all += !passes_on(model->layer[i]);
    int seen = 0, wanted = all < MOST_BANDS ? all : MOST_BANDS;
    for (int i = 0; i < model->nlayers; i++) {
        if (passes_on(model->layer[i])) continue;
        seen++;
        if (count < wanted && (int64_t)seen * wanted >= (int64_t)(count + 1) * all) chosen[count++] = i;
    }
    return count;
}

static bool is_share(const lm_tensor *t)
{
    for (size_t i = 0; i < t->size; i++)
        if (!(lm_tensor_get(t, i) >= 0 && lm_tensor_get(t, i) <= 1)) return false;
    return true;
}

static double maps_height(const lm_tensor *t, int shown)
{
    double tile = fmin(fmax((double)TILE * (double)t->dims[1] / (double)t->dims[2], 4), 3 * TILE);
    return (shown + PER_ROW - 1) / PER_ROW * (tile + TILE_GAP) - TILE_GAP;
}

/* What to draw of (1, …); false: nothing of such a shape. */
static bool plan_band(band *b, const lm_tensor *t, bool last)
{
    b->t = t;
    if (!t->size || t->rank < 2) return false;
    if (t->rank == 4 && t->dims[1] <= MOST_SIDE && t->dims[2] <= MOST_SIDE) {
        b->kind = MAPS, b->shown = t->dims[3] < MOST_MAPS ? (int)t->dims[3] : MOST_MAPS;
        b->height = maps_height(t, b->shown);
    } else if (t->rank == 2 && last && t->dims[1] > 1 && t->dims[1] <= MOST_BARS && is_share(t)) {
        b->kind = BARS, b->shown = (int)t->dims[1], b->height = b->shown * BAR;
    } else if (t->rank == 2) {
        double cell = (double)WIDTH / UNITS_PER_ROW;
        b->kind = UNITS, b->shown = t->dims[1] < MOST_UNITS ? (int)t->dims[1] : MOST_UNITS;
        b->height = (b->shown + UNITS_PER_ROW - 1) / UNITS_PER_ROW * cell;
    } else if (t->rank == 3 && t->dims[1] <= MOST_SIDE && t->dims[2] <= MOST_SIDE) {
        b->kind = TABLE, b->shown = 1, b->height = fmin(fmax(3 * (double)t->dims[1], 30), 120);
    } else
        return false;
    return true;
}

static void band_heading(band *b, const lm_layer *layer)
{
    const lm_tensor *t = b->t;
    char shape[128] = "";
    size_t n = 0;
    for (int i = 1; i < t->rank && n < sizeof shape; i++)
        n += (size_t)snprintf(shape + n, sizeof shape - n, i > 1 ? " × %lld" : "%lld", (long long)t->dims[i]);
    bool cut = b->kind == MAPS ? b->shown < t->dims[3] : b->kind == UNITS && b->shown < t->dims[1];
    int at = snprintf(b->heading, sizeof b->heading, "%.60s (%s%s)", layer ? layer->base.name : "input", shape,
                      b->kind == UNITS ? " units" : "");
    if (cut) snprintf(b->heading + at, sizeof b->heading - (size_t)at, ": the first %d", b->shown);
}

/* --- drawing -------------------------------------------------------------------------------------------------------
 */

static lm_status draw_maps(lm__canvas *canvas, const band *b, double y)
{
    const lm_tensor *t = b->t;
    size_t channels = (size_t)t->dims[3];
    double height = fmin(fmax((double)TILE * (double)t->dims[1] / (double)t->dims[2], 4), 3 * TILE);
    lm__pixels p = {.t = t,
                    .stride = channels,
                    .row_stride = (size_t)t->dims[2] * channels,
                    .columns = (int)t->dims[2],
                    .rows = (int)t->dims[1],
                    .shade = LM__SHADE_HEAT};
    /* One scale for all maps, so that a map without an answer stays dark. */
    lm__range(t, 0, t->size, 1, &p.low, &p.high);
    for (int i = 0; i < b->shown; i++) {
        p.first = (size_t)i;
        LM_TRY(lm__plot_pixels(canvas, &p, MARGIN + i % PER_ROW * (TILE + TILE_GAP),
                               y + i / PER_ROW * (height + TILE_GAP), TILE, height));
    }
    return LM_OK;
}

static void draw_units(lm__canvas *canvas, const band *b, double y)
{
    double cell = (double)WIDTH / UNITS_PER_ROW, low, high;
    lm__range(b->t, 0, b->t->size, 1, &low, &high);
    double most = fmax(fabs(low), fabs(high));
    for (int i = 0; i < b->shown; i++) {
        double x = MARGIN + i % UNITS_PER_ROW * cell, top = y + i / UNITS_PER_ROW * cell;
        lm__draw_rect(canvas, x, top, cell - 1.5, cell - 1.5,
                      lm__signed_colour(lm_tensor_get(b->t, (size_t)i) / most));
        lm__draw_frame(canvas, x, top, cell - 1.5, cell - 1.5, 0.7, 0xc3cad2);
    }
}

static void draw_bars(lm__canvas *canvas, const band *b, const lm__names *names, double y)
{
    lm__font font = {.size = 11.5, .colour = LM__INK, .align = 1}, number = {.size = 11, .colour = LM__MUTED};
    double left = 0, full = 360;
    char text[24], percent[24];
    int64_t best = lm__answer(b->t, 0, NULL);
    for (int i = 0; i < b->shown; i++) left = fmax(left, lm__text_width(canvas, lm__name_of(names, i, text), font));
    left = fmin(left, 200);
    for (int i = 0; i < b->shown; i++) {
        double share = lm_tensor_get(b->t, (size_t)i), x = MARGIN + left + 10, top = y + i * BAR;
        font.bold = number.bold = i == best;
        lm__draw_text(canvas, x - 10, top + 11, lm__name_of(names, i, text), font, left + 4);
        lm__draw_rect(canvas, x, top + 2, full, BAR - 5, LM__PALE);
        lm__draw_rect(canvas, x, top + 2, fmax(full * share, 1), BAR - 5, i == best ? LM__RIGHT : 0x9fb3c4u);
        lm__draw_text(canvas, x + full + 8, top + 11, lm__percent(share, percent), number, 0);
    }
}

static lm_status draw_table(lm__canvas *canvas, const band *b, double y)
{
    lm__pixels p = {.t = b->t,
                    .stride = 1,
                    .row_stride = (size_t)b->t->dims[2],
                    .columns = (int)b->t->dims[2],
                    .rows = (int)b->t->dims[1],
                    .shade = LM__SHADE_SIGNED};
    lm__range(b->t, 0, b->t->size, 1, &p.low, &p.high);
    return lm__plot_pixels(canvas, &p, MARGIN, y, fmin(WIDTH, fmax(3.0 * p.columns, 60)), b->height);
}

static lm_status draw_input(lm__canvas *canvas, const band *b, double y)
{
    const lm_tensor *t = b->t;
    if (t->rank != 4 || (t->dims[3] != 1 && t->dims[3] != 3)) {
        if (b->kind == MAPS) return draw_maps(canvas, b, y);
        if (b->kind == TABLE) return draw_table(canvas, b, y);
        draw_units(canvas, b, y);
        return LM_OK;
    }
    size_t channels = (size_t)t->dims[3];
    lm__pixels p = {.t = t,
                    .stride = channels,
                    .row_stride = (size_t)t->dims[2] * channels,
                    .columns = (int)t->dims[2],
                    .rows = (int)t->dims[1],
                    .shade = channels == 3 ? LM__SHADE_RGB : LM__SHADE_GREY};
    lm__range(t, 0, t->size, 1, &p.low, &p.high);
    return lm__plot_pixels(canvas, &p, MARGIN, y, b->height * p.columns / p.rows, b->height);
}

static lm_status draw(lm__canvas *canvas, const way *w)
{
    double y = MARGIN + (w->title ? LM__TITLE_HEIGHT : 0), height = y;
    for (int i = 0; i < w->count; i++) height += HEADING + w->band[i].height + SPACE;
    LM_TRY(lm__canvas_begin(canvas, WIDTH + 2 * MARGIN, height - SPACE + MARGIN));
    lm__plot_title(canvas, w->title, MARGIN);
    for (int i = 0; i < w->count; i++) {
        const band *b = &w->band[i];
        lm__draw_text(canvas, MARGIN, y + 13, b->heading, (lm__font){.size = 12.5, .bold = true, .colour = LM__INK},
                      WIDTH);
        y += HEADING;
        if (!i)
            LM_TRY(draw_input(canvas, b, y));
        else if (b->kind == MAPS)
            LM_TRY(draw_maps(canvas, b, y));
        else if (b->kind == TABLE)
            LM_TRY(draw_table(canvas, b, y));
        else if (b->kind == UNITS)
            draw_units(canvas, b, y);
        else
            draw_bars(canvas, b, &w->names, y);
        y += b->height + SPACE;
    }
    return LM_OK;
}

/* --- what is drawn -------------------------------------------------------------------------------------------------
 */

/* One example as a batch of one. */
static lm_status one_example(const lm_model *model, lm_tensor *x, lm_tensor **out)
{
    int64_t dims[LM_MAX_RANK] = {1};
    char shape[128];
    *out = NULL;
    if (!model->built)
        return lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
    if (x->rank == model->node[0].shape.rank && x->dims[0] != 1)
        return lm__fail(LM_INVALID,
                        "x has shape %s, but one example is drawn; lm_tensor_slice(x, i, i + 1) takes one",
                        lm__shape_text(x->rank, x->dims, shape, sizeof shape));
    if (x->rank + 1 == model->node[0].shape.rank) {
        memcpy(dims + 1, x->dims, (size_t)x->rank * sizeof *dims);
        *out = lm_tensor_reshape(x, x->rank + 1, dims);
    } else
        *out = lm_retain(x);
    return lm__object_check(*out, &lm__tensor_type, "x");
}

static void plan(way *w, const lm_model *model, const lm_tensor *x, int count, const int *layer,
                 lm_tensor *const *outputs)
{
    band *input = &w->band[0];
    if (plan_band(input, x, false)) {
        if (x->rank == 4 && (x->dims[3] == 1 || x->dims[3] == 3))
            input->height = INPUT, input->shown = (int)x->dims[3];
        band_heading(input, NULL);
        w->count = 1;
    }
    for (int k = 0; k < count; k++) {
        band *b = &w->band[w->count];
        if (!plan_band(b, outputs[k], k == count - 1)) continue;
        band_heading(b, model->layer[layer[k]]);
        w->count++;
    }
}

lm_status lm__plot_activations(const lm_model *model, lm_tensor *x, const char *path,
                               const lm_plot_activations_args *args)
{
    lm__canvas canvas;
    lm_tensor *one, *outputs[MOST_BANDS] = {NULL};
    int layer[MOST_BANDS];
    way w = {.title = args->title};
    LM_TRY(lm__names_of(args->classes, args->classes_count, &w.names));
    if (!w.names.count && model->about.classes)
        w.names = (lm__names){(const char *const *)model->about.classes, model->about.nclasses};
    lm_status status = one_example(model, x, &one);
    int count = status ? 0 : choose(model, layer);
    if (!status && !count) status = lm__fail(LM_INVALID, "the model has no layers whose outputs could be drawn");
    if (!status) status = lm__model_predict_layers(model, one, count, layer, outputs);
    if (!status) {
        plan(&w, model, one, count, layer, outputs);
        status = lm__canvas_open(&canvas, path);
        if (!status) status = draw(&canvas, &w);
        status = lm__canvas_close(&canvas, status);
    }
    for (int k = 0; k < count; k++) lm_free(outputs[k]);
    lm_free(one);
    return status;
}
