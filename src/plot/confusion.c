/* plot/confusion.c: the confusion matrix as a table of shaded counts. */
#include "plot/plot.h"

#include "base/object.h"
#include "base/status.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>

enum { MARGIN = 22, MOST_CLASSES = 100, RECALL = 76, MOST_NAME = 170 };

typedef struct table {
    const lm_tensor *matrix;
    lm__names names;
    int classes;
    double x, y, cell, size, left, bottom; /* of the squares; of the font; room for names */
    bool turned;                           /* names of columns stand upright */
} table;

static const lm__font axis_font = {.size = 12, .colour = LM__MUTED, .align = 0.5};

static int64_t at(const table *t, int row, int column)
{
    return ((const int64_t *)lm_tensor_read(t->matrix))[row * t->classes + column];
}

static int64_t row_sum(const table *t, int row)
{
    int64_t sum = 0;
    for (int c = 0; c < t->classes; c++) sum += at(t, row, c);
    return sum;
}

static lm__font name_font(const table *t, double align)
{
    return (lm__font){.size = fmin(t->size, 12), .colour = LM__INK, .align = align};
}

/* Sizes from the names' widths and the number of classes. */
static void measure(lm__canvas *canvas, table *t)
{
    double widest = 0;
    char text[24];
    t->cell = t->classes <= 4 ? 84 : t->classes <= 12 ? 50 : fmax(17, 600.0 / t->classes);
    t->size = t->cell >= 40 ? 12.5 : fmax(7, t->cell * 0.32);
    for (int i = 0; i < t->classes; i++)
        widest = fmax(widest, lm__text_width(canvas, lm__name_of(&t->names, i, text), name_font(t, 0)));
    widest = fmin(widest, MOST_NAME);
    t->turned = widest > t->cell - 6;
    t->left = 26 + widest + 10;
    t->bottom = (t->turned ? widest : 12) + 36;
}

static void draw_cell(lm__canvas *canvas, const table *t, int row, int column)
{
    char text[40];
    int64_t count = at(t, row, column), sum = row_sum(t, row);
    double share = sum ? (double)count / (double)sum : 0, x = t->x + column * t->cell, y = t->y + row * t->cell;
    /* Mistakes are rare: the root makes them visible beside what is right. */
    double depth = row == column ? share : sqrt(share);
    lm__colour full = row == column ? 0x0b5f9e : 0xc14a00;
    lm__draw_rect(canvas, x, y, t->cell - 1, t->cell - 1, count ? lm__mix(0xf6f8fa, full, depth) : 0xf6f8fa);
    if (!count || t->cell < 17) return;
    lm__font font = {
        .size = t->size, .bold = row == column, .colour = depth > 0.55 ? LM__PAPER : LM__INK, .align = 0.5};
    double wide = lm__text_width(canvas, lm__thousands(count, text), font), room = t->cell - 5;
    if (wide > room) font.size *= room / wide;
    lm__draw_text(canvas, x + t->cell / 2, y + t->cell / 2 + font.size * 0.36, text, font, 0);
}

static void draw_names(lm__canvas *canvas, const table *t, int i)
{
    char text[40], percent[24];
    const char *name = lm__name_of(&t->names, i, text);
    double middle = t->y + (i + 0.5) * t->cell + 4, x = t->x + (i + 0.5) * t->cell, end = t->y + t->classes * t->cell;
    lm__draw_text(canvas, t->x - 8, middle, name, name_font(t, 1), MOST_NAME);
    lm__font below = name_font(t, t->turned ? 1 : 0.5);
    below.turn = t->turned ? -90 : 0;
    lm__draw_text(canvas, t->turned ? x + 4 : x, end + (t->turned ? 8 : 18), name, below, MOST_NAME);
    int64_t sum = row_sum(t, i);
    lm__percent(sum ? (double)at(t, i, i) / (double)sum : NAN, percent);
    lm__draw_text(canvas, t->x + t->classes * t->cell + RECALL - 8, middle, percent, name_font(t, 1), 0);
}

static void headings(lm__canvas *canvas, const table *t, double top)
{
    char text[120], right_text[40], all_text[40];
    int64_t right = 0, all = 0;
    double side = t->classes * t->cell;
    for (int i = 0; i < t->classes; i++) right += at(t, i, i), all += row_sum(t, i);
    snprintf(text, sizeof text, "%.2f %% right: %s of %s", all ? 100 * (double)right / (double)all : 0.0,
             lm__thousands(right, right_text), lm__thousands(all, all_text));
    lm__draw_text(canvas, MARGIN, top + 12, text, (lm__font){.size = 13, .bold = true, .colour = LM__INK},
                  canvas->width - 2 * MARGIN);
    lm__font font = axis_font;
    lm__draw_text(canvas, t->x + side / 2, t->y + side + t->bottom - 12, "predicted", font, 0);
    font.align = 1;
    lm__draw_text(canvas, t->x + side + RECALL - 8, t->y - 8, "recall", font, 0);
    font.align = 0.5, font.turn = -90;
    lm__draw_text(canvas, MARGIN + 12, t->y + side / 2, "true class", font, side);
}

static lm_status draw(lm__canvas *canvas, table *t, const char *title)
{
    measure(canvas, t);
    double top = MARGIN + (title ? LM__TITLE_HEIGHT : 0), side = t->classes * t->cell;
    t->x = MARGIN + t->left, t->y = top + 44;
    double width = fmax(t->x + side + RECALL + MARGIN, 320);
    LM_TRY(lm__canvas_begin(canvas, width, t->y + side + t->bottom + MARGIN - 8));
    lm__plot_title(canvas, title, MARGIN);
    for (int r = 0; r < t->classes; r++) {
        for (int c = 0; c < t->classes; c++) draw_cell(canvas, t, r, c);
        draw_names(canvas, t, r);
    }
    headings(canvas, t, top);
    return LM_OK;
}

lm_status lm__plot_confusion(const lm_tensor *labels, const lm_tensor *predictions, const char *path,
                             const lm_plot_confusion_args *args)
{
    lm__canvas canvas;
    lm_tensor *matrix;
    table t = {0};
    LM_TRY(lm__names_of(args->classes, args->classes_count, &t.names));
    LM_TRY(lm__confusion_matrix(labels, predictions, t.names.count, &matrix));
    t.matrix = matrix, t.classes = (int)lm_tensor_dim(matrix, 0);
    lm_status status = LM_OK;
    if (!lm_tensor_dim(labels, 0))
        status = lm__fail(LM_INVALID, "there are no examples: the labels' first dimension is 0");
    else if (t.classes > MOST_CLASSES)
        status = lm__fail(LM_UNSUPPORTED,
                          "%d classes are too many for one picture; %d are the most, and "
                          "lm_confusion_matrix gives the numbers",
                          t.classes, MOST_CLASSES);
    if (!status) {
        status = lm__canvas_open(&canvas, path);
        if (!status) status = draw(&canvas, &t, args->title);
        status = lm__canvas_close(&canvas, status);
    }
    lm_free(matrix);
    return status;
}
