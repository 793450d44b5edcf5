/* plot/model.c: a model's layers as boxes: stacks in columns, other graphs one call below the other, with lines
 * beside them for what goes further than to the next. */
#include "plot/plot.h"

#include "base/alloc.h"
#include "base/status.h"
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MARGIN = 24, BOX = 50, GAP = 22, GUTTER = 46, LEAST_WIDTH = 220, MOST_WIDTH = 380, MOST_LAYERS = 400 };
/* Between lanes; where lines leave a box at its side, and where they come in. */
enum { LANE = 16, OUT = 15, IN = 35 };

static const lm__font name_font = {.size = 12.5, .bold = true, .colour = LM__INK};
static const lm__font class_font = {.size = 11, .colour = LM__MUTED, .align = 1};
static const lm__font shape_font = {.size = 11.5, .colour = LM__INK};

typedef struct box {
    char name[128], class[128], shape[128], parameters[64];
    int64_t count; /* of its weights' elements */
    bool input, next; /* comes from outside; the box below takes what this one gives */
    int last, lane;   /* the last box that takes it; how far from the boxes, -1: it goes to the next one alone */
} box;

typedef struct diagram {
    box *box;
    int count, rows, columns, lanes;
    bool chain;
    double width; /* of a box */
    int64_t most; /* parameters of the layer that has most */
    char heading[200];
} diagram;

static void shape_of(const lm__shape *shape, bool built, char *text, size_t bytes)
{
    int64_t dims[LM_MAX_RANK];
    for (int i = 0; i < shape->rank; i++) dims[i] = lm__dim_known(shape->dim[i]) ? shape->dim[i] : LM_ANY;
    if (built)
        lm__shape_text(shape->rank, dims, text, bytes);
    else
        snprintf(text, bytes, "shape unknown: not built");
}

/* What of a layer's arguments says most in few letters: "3 × 3, relu". */
static void details(const lm_layer *layer, char *text, size_t bytes)
{
    static const char *const shown = "kernel_size|pool_size|rate|activation";
    size_t n = 0;
    for (const lm__field *f = layer->base.class->fields; f->name && n < bytes; f++) {
        const char *at = (const char *)layer->base.args + f->offset;
        char value[64] = "";
        if (!lm__listed(shown, f->name)) continue;
        if (f->kind == LM__FIELD_INTS && *(const int64_t *)at)
            for (int i = 0; i < f->count; i++) {
                size_t used = strlen(value);
                snprintf(value + used, sizeof value - used, i ? " × %lld" : "%lld",
                         (long long)((const int64_t *)at)[i]);
            }
        else if (f->kind == LM__FIELD_FLOAT)
            snprintf(value, sizeof value, "%g", *(const double *)at);
        else if ((f->kind == LM__FIELD_ACTIVATION || f->kind == LM__FIELD_STRING) && *(const char *const *)at)
            snprintf(value, sizeof value, "%s", *(const char *const *)at);
        if (*value && strcmp(value, "linear")) n += (size_t)snprintf(text + n, bytes - n, ", %s", value);
    }
}

static void fill_box(box *b, const lm_model *model, const lm__model_node *node)
{
    const lm_layer *layer = lm__model_made_by(model, node);
    bool input = node->layer < 0;
    char more[96] = "", number[40], again[24] = "";
    if (node->number) snprintf(again, sizeof again, "[%d]", node->number);
    snprintf(b->name, sizeof b->name, "%.100s%s", model->functional || !input ? layer->base.name : "input", again);
    shape_of(&node->shape, input ? model->built : layer->built || node->shape.rank, b->shape, sizeof b->shape);
    if (input) {
        snprintf(b->class, sizeof b->class, "%s", model->built ? lm_dtype_name(node->dtype) : "");
        return;
    }
    details(layer, more, sizeof more);
    snprintf(b->class, sizeof b->class, "%s%s", layer->base.class->name, more);
    for (int i = 0; i < layer->nweights; i++) b->count += (int64_t)layer->weight[i]->value->size;
    if (b->count && node->number) snprintf(b->parameters, sizeof b->parameters, "shared parameters");
    else if (b->count)
        snprintf(b->parameters, sizeof b->parameters, "%s parameter%s", lm__thousands(b->count, number),
                 b->count == 1 ? "" : "s");
}

/* Whether no box above box j needs that lane down to there or further. */
static bool lane_free(const diagram *d, int lane, int j)
{
    for (int i = 0; i < j; i++)
        if (d->box[i].lane == lane && d->box[i].last >= j) return false;
    return true;
}

/* What a box gives to others than the next goes there in a lane beside the boxes. */
static void give_lanes(diagram *d)
{
    for (int j = 0; j < d->count; j++) {
        box *b = &d->box[j];
        b->lane = -1;
        if (b->last <= j + 1) continue;
        for (b->lane = 0; !lane_free(d, b->lane, j);) b->lane++;
        d->lanes = b->lane >= d->lanes ? b->lane + 1 : d->lanes;
    }
}

/* Who takes what each gives. */
static void find_takers(diagram *d, const lm_model *model)
{
    for (int i = 0; i < d->count; i++) {
        d->box[i].input = model->node[i].layer < 0;
        for (int k = 0; k < model->node[i].nin; k++) {
            box *from = &d->box[model->node[i].in[k]];
            from->last = i;
            if (from + 1 == &d->box[i]) from->next = true;
        }
    }
}

static void fill_boxes(diagram *d, const lm_model *model)
{
    char number[40];
    int64_t all = lm__model_parameters(model, false);
    d->chain = lm__model_is_chain(model);
    for (int i = 0; i < d->count; i++) {
        fill_box(&d->box[i], model, &model->node[i]);
        d->most = d->box[i].count > d->most ? d->box[i].count : d->most;
    }
    find_takers(d, model);
    if (!d->chain) give_lanes(d);
    snprintf(d->heading, sizeof d->heading, "%.100s: %d layer%s, %s parameters", model->name ? model->name : "model",
             model->nlayers, model->nlayers == 1 ? "" : "s", lm__thousands(all, number));
}

/* Columns about as high as the picture is wide. */
static void arrange(lm__canvas *canvas, diagram *d)
{
    d->width = LEAST_WIDTH;
    for (int i = 0; i < d->count; i++) {
        const box *b = &d->box[i];
        double above = lm__text_width(canvas, b->name, name_font) + lm__text_width(canvas, b->class, class_font);
        double below =
            lm__text_width(canvas, b->shape, shape_font) + lm__text_width(canvas, b->parameters, class_font);
        d->width = fmax(d->width, fmax(above, below) + 46);
    }
    d->width = ceil(fmin(d->width, MOST_WIDTH));
    d->columns = (int)ceil(sqrt(d->count * (BOX + GAP) / (0.8 * (d->width + GUTTER))) - 0.35);
    if (!d->chain || d->count <= 12) d->columns = 1;
    if (d->columns < 1) d->columns = 1;
    d->rows = (d->count + d->columns - 1) / d->columns;
    d->columns = (d->count + d->rows - 1) / d->rows;
}

static void draw_box(lm__canvas *canvas, const diagram *d, const box *b, double x, double y)
{
    double inner = d->width - 24;
    lm__draw_box(canvas, x, y, d->width, BOX, 6,
                 b->input   ? LM__PAPER
                 : b->count ? 0xe6f1f9u
                            : LM__PALE,
                 1.2, b->count ? 0x7fb2d6u : 0xc3cad2u);
    double name = fmin(lm__text_width(canvas, b->name, name_font), 0.62 * inner);
    lm__draw_text(canvas, x + 12, y + 20, b->name, name_font, name + 1);
    lm__draw_text(canvas, x + 12 + inner, y + 20, b->class, class_font, inner - name - 10);
    double parameters = lm__text_width(canvas, b->parameters, class_font);
    lm__draw_text(canvas, x + 12, y + 38, b->shape, shape_font, inner - parameters - 10);
    lm__draw_text(canvas, x + 12 + inner, y + 38, b->parameters, class_font, 0);
    if (!b->count || !d->most) return;
    lm__draw_rect(canvas, x + 12, y + BOX - 6, inner, 2, 0xcfe1eeu);
    lm__draw_rect(canvas, x + 12, y + BOX - 6, inner * (double)b->count / (double)d->most, 2, LM__RIGHT);
}

/* To the box below, or from the foot of a column to the head of the next. */
static void connect(lm__canvas *canvas, const diagram *d, int i, double x, double y, double top)
{
    double middle = x + d->width / 2, right = x + d->width + GUTTER / 2.0, next = middle + d->width + GUTTER;
    if ((i + 1) % d->rows) {
        lm__draw_arrow(canvas, 2, (lm__point[]){{middle, y + BOX}, {middle, y + BOX + GAP - 1}}, 1.4, 0x7b8794);
        return;
    }
    lm__draw_arrow(canvas, 6,
                   (lm__point[]){{middle, y + BOX},
                                 {middle, y + BOX + GAP / 2.0},
                                 {right, y + BOX + GAP / 2.0},
                                 {right, top - GAP / 2.0 - 3},
                                 {next, top - GAP / 2.0 - 3},
                                 {next, top - 1}},
                   1.4, 0x7b8794);
}

/* From box j down its lane and into those that take what it gives, all but the next. The colours tell lanes apart
 * where lines cross. */
static void draw_lane(lm__canvas *canvas, const diagram *d, const lm_model *model, int j, double x, double top)
{
    const box *b = &d->box[j];
    double side = x + d->width, lane = side + (b->lane + 1) * LANE, y = top + j * (BOX + GAP) + OUT;
    lm__colour colour = lm__series_colour[b->lane % LM__SERIES_COLOURS];
    double foot = top + b->last * (BOX + GAP) + IN;
    lm__draw_line(canvas, 3, (lm__point[]){{side, y}, {lane, y}, {lane, foot}}, 1.4, colour, false);
    for (int i = j + 2; i <= b->last; i++) {
        bool takes = false;
        for (int k = 0; k < model->node[i].nin; k++) takes |= model->node[i].in[k] == j;
        y = top + i * (BOX + GAP) + IN;
        if (takes) lm__draw_arrow(canvas, 2, (lm__point[]){{lane, y}, {side + 1, y}}, 1.4, colour);
    }
}

static lm_status draw(lm__canvas *canvas, diagram *d, const lm_model *model, const char *title)
{
    arrange(canvas, d);
    double top = MARGIN + (title ? LM__TITLE_HEIGHT : 0) + 40, across = d->width + GUTTER;
    double foot = d->columns > 1 ? GAP / 2.0 : 0;
    lm__font font = {.size = 13, .bold = true, .colour = LM__INK};
    double width = fmax(d->columns * across - GUTTER + d->lanes * LANE,
                        fmin(lm__text_width(canvas, d->heading, font) + 4, MOST_WIDTH));
    LM_TRY(lm__canvas_begin(canvas, 2 * MARGIN + width, top + d->rows * (BOX + GAP) - GAP + foot + MARGIN));
    lm__plot_title(canvas, title, MARGIN);
    lm__draw_text(canvas, MARGIN, top - 28, d->heading, font, canvas->width - 2 * MARGIN);
    for (int i = 0; i < d->count; i++) {
        double x = MARGIN + i / d->rows * across, y = top + i % d->rows * (BOX + GAP);
        if (d->box[i].next) connect(canvas, d, i, x, y, top);
        if (d->box[i].lane >= 0 && !d->chain) draw_lane(canvas, d, model, i, x, top);
        draw_box(canvas, d, &d->box[i], x, y);
    }
    return LM_OK;
}

lm_status lm__plot_model(const lm_model *model, const char *path, const lm_plot_args *args)
{
    lm__canvas canvas;
    lm__model_look(model);
    diagram d = {.count = model->nnodes};
    lm_status status = LM_OK;
    if (d.count > MOST_LAYERS + model->ninputs)
        status = lm__fail(LM_UNSUPPORTED, "the model has %d calls of layers; %d are the most that one picture shows",
                          d.count - model->ninputs, MOST_LAYERS);
    if (!status && !(d.box = lm__calloc((size_t)d.count, sizeof *d.box)))
        status = lm__no_memory((size_t)d.count * sizeof *d.box);
    if (!status) fill_boxes(&d, model);
    if (!status) {
        status = lm__canvas_open(&canvas, path);
        if (!status) status = draw(&canvas, &d, model, args->title);
        status = lm__canvas_close(&canvas, status);
    }
    lm__model_looked(model);
    lm__free(d.box);
    return status;
}
