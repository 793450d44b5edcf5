/* plot/filters.c: the kernels of a convolution. */
#include "plot/plot.h"

#include "base/object.h"
#include "base/status.h"
#include "tensor/tensor.h"
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TILE = 60, GAP = 12, MARGIN = 22, MOST = 64, COLUMNS = 8, MOST_KERNEL = 64 };

/* The kernel (height, width, channels, filters) of a layer, or NULL. */
static const lm_tensor *kernel_of(const lm_layer *layer)
{
    const lm_tensor *value = layer->nweights ? layer->weight[0]->value : NULL;
    bool kernel = value && value->rank == 4 && value->dims[0] <= MOST_KERNEL && value->dims[1] <= MOST_KERNEL;
    return kernel && value->size ? value : NULL;
}

static lm_status find_kernel(const lm_model *model, const char *name, const lm_layer **layer)
{
    int wanted = name ? lm__model_find_layer(model, name) : -1;
    if (name && wanted < 0) return lm_last_status();
    if (!model->built) return lm__fail(LM_INVALID, "the model is not built: it has no kernels yet");
    for (int i = name ? wanted : 0; i < model->nlayers; i++) {
        *layer = model->layer[i];
        if (kernel_of(*layer)) return LM_OK;
        if (name)
            return lm__fail(LM_INVALID,
                            "layer \"%s\" (%s) has no kernel of height, width, channels and filters to "
                            "draw",
                            name, (*layer)->base.class->name);
    }
    return lm__fail(LM_INVALID, "the model has no convolution, so that there are no filters to draw");
}

/* A copy to draw from: the mean over channels where there are neither one nor three. */
static lm_tensor *flattened(const lm_tensor *kernel)
{
    int64_t channels = kernel->dims[2], filters = kernel->dims[3];
    if (channels == 1 || channels == 3) return lm_tensor_cast(kernel, LM_F32);
    lm_tensor *mean = lm_tensor_new(LM_F32, 4, (int64_t[]){kernel->dims[0], kernel->dims[1], 1, filters});
    float *out = lm_tensor_data(mean);
    for (size_t i = 0; out && i < lm_tensor_size(mean); i++) {
        double sum = 0;
        for (int64_t c = 0; c < channels; c++)
            sum += lm_tensor_get(kernel, ((i / (size_t)filters) * (size_t)channels + (size_t)c) * (size_t)filters +
                                             i % (size_t)filters);
        out[i] = (float)(sum / (double)channels);
    }
    return mean;
}

/* Channels stand before filters in the kernel, so that RGB needs them gathered side by side. */
static lm_tensor *filters_first(const lm_tensor *kernel)
{
    int64_t channels = kernel->dims[2], filters = kernel->dims[3], area = kernel->dims[0] * kernel->dims[1];
    lm_tensor *out = lm_tensor_new(LM_F32, 4, (int64_t[]){filters, kernel->dims[0], kernel->dims[1], channels});
    float *to = lm_tensor_data(out);
    for (int64_t f = 0; to && f < filters; f++)
        for (int64_t i = 0; i < area * channels; i++)
            to[f * area * channels + i] = (float)lm_tensor_get(kernel, (size_t)(i * filters + f));
    return out;
}

/* What the colours mean. */
static void scale_bar(lm__canvas *canvas, const lm__pixels *p, double x, double y)
{
    lm__font font = {.size = 11, .colour = LM__MUTED};
    char text[40];
    double most = fmax(fabs(p->low), fabs(p->high));
    if (p->shade == LM__SHADE_RGB) {
        lm__draw_text(canvas, x, y + 9, "weights of red, green, blue; grey: none of them", font, 0);
        return;
    }
    snprintf(text, sizeof text, "−%.2g", most);
    lm__draw_text(canvas, x, y + 9, text, font, 0);
    x += lm__text_width(canvas, text, font) + 6;
    for (int i = 0; i < 60; i++) lm__draw_rect(canvas, x + 2 * i, y, 2.2, 10, lm__signed_colour(i / 29.5 - 1));
    snprintf(text, sizeof text, "+%.2g", most);
    lm__draw_text(canvas, x + 126, y + 9, text, font, 0);
}

static lm_status draw(lm__canvas *canvas, const lm_layer *layer, const lm_tensor *t, const char *title)
{
    const lm_tensor *kernel = kernel_of(layer);
    int64_t total = kernel->dims[3], channels = kernel->dims[2];
    int count = total < MOST ? (int)total : MOST, columns = count < COLUMNS ? count : COLUMNS;
    int wide = (int)t->dims[2], high = (int)t->dims[1];
    double tile_height = fmin(fmax((double)TILE * high / wide, 6), 4 * TILE), top = MARGIN;
    char text[200], number[40];
    lm__pixels p = {.t = t,
                    .stride = (size_t)t->dims[3],
                    .row_stride = (size_t)(wide * t->dims[3]),
                    .columns = wide,
                    .rows = high,
                    .shade = channels == 3 ? LM__SHADE_RGB : LM__SHADE_SIGNED};
    lm__range(t, 0, t->size, 1, &p.low, &p.high);
    if (p.shade == LM__SHADE_RGB) p.high = fmax(fabs(p.low), fabs(p.high)), p.low = -p.high;
    int rows = (count + columns - 1) / columns, n = snprintf(text, sizeof text, "%.80s: ", layer->base.name);
    n += snprintf(text + n, sizeof text - (size_t)n, count < total ? "the first %d of %s filters" : "%d filters",
                  count, lm__thousands(total, number));
    snprintf(text + n, sizeof text - (size_t)n, " of %lld × %lld%s", (long long)kernel->dims[0],
             (long long)kernel->dims[1], channels == 1 || channels == 3 ? "" : ", averaged over their channels");
    double width = fmax(columns * (TILE + GAP) - GAP, 420);
    if (title) top += LM__TITLE_HEIGHT;
    LM_TRY(lm__canvas_begin(canvas, width + 2 * MARGIN, top + 48 + rows * (tile_height + GAP) - GAP + MARGIN));
    lm__plot_title(canvas, title, MARGIN);
    lm__draw_text(canvas, MARGIN, top + 12, text, (lm__font){.size = 13, .bold = true, .colour = LM__INK}, width);
    scale_bar(canvas, &p, MARGIN, top + 22);
    for (int i = 0; i < count; i++) {
        double x = MARGIN + i % columns * (TILE + GAP), y = top + 48 + i / columns * (tile_height + GAP);
        p.first = (size_t)i * (size_t)(wide * high) * p.stride;
        LM_TRY(lm__plot_pixels(canvas, &p, x, y, TILE, tile_height));
        lm__draw_frame(canvas, x - 0.5, y - 0.5, TILE + 1, tile_height + 1, 1, 0xb8c0c8);
    }
    return LM_OK;
}

lm_status lm__plot_filters(const lm_model *model, const char *path, const lm_plot_filters_args *args)
{
    lm__canvas canvas;
    const lm_layer *layer = NULL;
    LM_TRY(find_kernel(model, args->layer, &layer));
    lm__model_look(model);
    lm_tensor *flat = flattened(kernel_of(layer));
    lm__model_looked(model);
    lm_tensor *t = lm_failed(flat) ? lm_retain(flat) : filters_first(flat);
    lm_status status = lm__object_check(t, &lm__tensor_type, "kernel");
    if (!status) {
        status = lm__canvas_open(&canvas, path);
        if (!status) status = draw(&canvas, layer, t, args->title);
        status = lm__canvas_close(&canvas, status);
    }
    lm_free(t), lm_free(flat);
    return status;
}
