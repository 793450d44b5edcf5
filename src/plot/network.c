/* plot/network.c: a small dense net with its weights as lines. */
#include "plot/plot.h"

#include "base/status.h"
#include "tensor/tensor.h"
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_UNITS = 16, MOST_COLUMNS = 8, MARGIN = 26, ACROSS = 190, RADIUS = 19, FEW_LINES = 24 };

typedef struct net {
    int columns, units[MOST_COLUMNS], highest, lines;
    const lm_layer *layer[MOST_COLUMNS]; /* of column k > 0 */
    double most;                         /* the largest weight */
    double top, down;                    /* where columns begin; from unit to unit */
} net;

static lm_status add_layer(net *n, const lm_layer *layer)
{
    const char *class = layer->base.class->name;
    if (!layer->nweights && lm__listed("Flatten|Dropout|Rescaling|Activation|GaussianNoise", class)) return LM_OK;
    if (!strcmp(class, "Normalization")) return LM_OK;          /* has figures, but joins no units */
    if (strcmp(class, "Dense"))
        return lm__fail(LM_UNSUPPORTED,
                        "layer \"%s\" is a %s, but only nets of dense layers are drawn with their "
                        "weights; lm_plot_model draws any",
                        layer->base.name, class);
    const lm_tensor *kernel = layer->weight[0]->value;
    int64_t in = kernel->dims[0], out = kernel->dims[1], wide = in > out ? in : out;
    if (wide > MOST_UNITS)
        return lm__fail(LM_UNSUPPORTED, "layer \"%s\" has %lld units at one side; %d are the most that can be drawn",
                        layer->base.name, (long long)wide, MOST_UNITS);
    if (n->columns + 1 > MOST_COLUMNS - !n->columns)
        return lm__fail(LM_UNSUPPORTED, "%d dense layers are the most that can be drawn with their weights",
                        MOST_COLUMNS - 1);
    if (!n->columns) n->units[n->columns++] = (int)in;
    n->layer[n->columns] = layer;
    n->units[n->columns++] = (int)out;
    n->highest = wide > n->highest ? (int)wide : n->highest;
    n->lines += (int)(in * out);
    for (size_t i = 0; i < kernel->size; i++) {
        double value = fabs(lm_tensor_get(kernel, i));
        if (isfinite(value)) n->most = fmax(n->most, value);
    }
    return LM_OK;
}

static lm__point place(const net *n, int column, int unit)
{
    return (lm__point){MARGIN + 70 + column * ACROSS,
                       n->top + (n->highest - n->units[column]) * n->down / 2.0 + unit * n->down + n->down / 2.0};
}

static void number(lm__canvas *canvas, double x, double y, double value, lm__font font, bool on_line)
{
    char text[48];
    snprintf(text, sizeof text,
             fabs(value) >= 1e6   ? "%s%.1e"
             : fabs(value) >= 100 ? "%s%.0f"
                                  : "%s%.2f",
             value < 0 ? "−" : "", fabs(value));
    double half = lm__text_width(canvas, text, font) / 2;
    if (on_line) lm__draw_box(canvas, x - half - 3, y - font.size, 2 * half + 6, font.size * 1.4, 3, LM__PAPER, 0, 0);
    lm__draw_text(canvas, x, y, text, font, 0);
}

static void draw_lines(lm__canvas *canvas, const net *n, int column, bool numbers)
{
    const lm_tensor *kernel = n->layer[column]->weight[0]->value;
    for (int i = 0; i < n->units[column - 1]; i++)
        for (int j = 0; j < n->units[column]; j++) {
            lm__point a = place(n, column - 1, i), b = place(n, column, j);
            double value = lm_tensor_get(kernel, (size_t)(i * n->units[column] + j)), share = fabs(value) / n->most;
            lm__font font = {.size = 10, .colour = LM__INK, .align = 0.5};
            /* Numbers a third of the way along, where lines to different units are apart. */
            double t = 0.36;
            if (!numbers) {
                lm__colour colour = value < 0 ? LM__WRONG : LM__RIGHT;
                if (!isfinite(value)) colour = 0x888888, share = 0.2;
                if (n->lines > 100) colour |= (lm__colour)(0xc0 * (1 - share)) << 24;
                lm__draw_line(canvas, 2, (lm__point[]){a, b}, 0.6 + 5.4 * share, colour, false);
            } else
                number(canvas, a.x + t * (b.x - a.x), a.y + t * (b.y - a.y) + 3.5, value, font, true);
        }
}

static void draw_units(lm__canvas *canvas, const net *n, int column)
{
    const lm_layer *layer = n->layer[column];
    char text[64];
    lm__font font = {.size = 11.5, .colour = LM__INK, .align = 0.5};
    for (int i = 0; i < n->units[column]; i++) {
        lm__point p = place(n, column, i);
        lm__draw_dot(canvas, p.x, p.y, RADIUS, column ? 0xe6f1f9u : LM__PAPER, 1.4, column ? 0x4f93c2u : LM__MUTED);
        if (!column) {
            snprintf(text, sizeof text, "x%d", i + 1);
            lm__draw_text(canvas, p.x, p.y + 4, text, font, 0);
        } else if (layer->nweights > 1) {
            lm__font bias = {.size = 10, .colour = LM__MUTED, .align = 0.5};
            number(canvas, p.x, p.y + 3.5, lm_tensor_get(layer->weight[1]->value, (size_t)i), bias, false);
        }
    }
}

static void draw_heading(lm__canvas *canvas, const net *n, int column)
{
    const lm_layer *layer = n->layer[column];
    lm__font name = {.size = 12, .bold = true, .colour = LM__INK, .align = 0.5};
    lm__font second = {.size = 11, .colour = LM__MUTED, .align = 0.5};
    double x = place(n, column, 0).x, y = n->top - 22;
    lm__draw_text(canvas, x, y, column ? layer->base.name : "input", name, ACROSS - 12);
    if (!column) return;
    const lm__field *f = layer->base.class->fields;
    while (f->name && strcmp(f->name, "activation")) f++;
    const char *activation = f->name ? *(const char *const *)((const char *)layer->base.args + f->offset) : NULL;
    lm__draw_text(canvas, x, y + 15, activation ? activation : "linear", second, ACROSS - 12);
}

static lm_status draw(lm__canvas *canvas, net *n, const char *title)
{
    lm__font font = {.size = 11, .colour = LM__MUTED};
    n->down = n->highest <= 6 ? 74 : 50;
    n->top = MARGIN + (title ? LM__TITLE_HEIGHT : 0) + 44;
    double width = fmax(2 * MARGIN + 140 + (n->columns - 1) * ACROSS, 430);
    LM_TRY(lm__canvas_begin(canvas, width, n->top + n->highest * n->down + 36 + MARGIN - 10));
    lm__plot_title(canvas, title, MARGIN);
    for (int k = 1; k < n->columns; k++) draw_lines(canvas, n, k, false);
    for (int k = 1; k < n->columns && n->lines <= FEW_LINES; k++) draw_lines(canvas, n, k, true);
    for (int k = 0; k < n->columns; k++) draw_units(canvas, n, k), draw_heading(canvas, n, k);
    double y = canvas->height - MARGIN;
    lm__draw_line(canvas, 2, (lm__point[]){{MARGIN, y - 4}, {MARGIN + 24, y - 4}}, 4, LM__RIGHT, false);
    lm__draw_text(canvas, MARGIN + 30, y, "positive weight", font, 0);
    lm__draw_line(canvas, 2, (lm__point[]){{MARGIN + 136, y - 4}, {MARGIN + 160, y - 4}}, 4, LM__WRONG, false);
    lm__draw_text(canvas, MARGIN + 166, y, "negative weight", font, 0);
    lm__draw_text(canvas, MARGIN + 276, y, "in circles: biases", font, 0);
    return LM_OK;
}

lm_status lm__plot_network(const lm_model *model, const char *path, const lm_plot_args *args)
{
    lm__canvas canvas = {0};
    net n = {0};
    lm_status status = LM_OK;
    lm__model_look(model);
    if (!model->built) status = lm__fail(LM_INVALID, "the model is not built: it has no weights yet");
    for (int i = 0; i < model->nlayers && !status; i++) status = add_layer(&n, model->layer[i]);
    if (!status && n.columns < 2) status = lm__fail(LM_INVALID, "the model has no dense layer to draw");
    if (!(n.most > 0)) n.most = 1;
    if (!status) {
        status = lm__canvas_open(&canvas, path);
        if (!status) status = draw(&canvas, &n, args->title);
    }
    lm__model_looked(model);
    return lm__canvas_close(&canvas, status);
}
