/* plot/canvas.c: see canvas.h. */
#include "plot/canvas.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/status.h"
#include "plot/cairo.h"
#include "plot/png.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Two dots a pixel, as screens have today; the most that cairo can, and that a picture should have. */
enum { DOTS = 2, MOST_DOTS = 32000, MOST_AREA = 200000000 };

const lm__colour lm__series_colour[LM__SERIES_COLOURS] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                                          0xe69f00, 0x56b4e9, 0x5b6774, 0x000000};

lm__colour lm__mix(lm__colour a, lm__colour b, double t)
{
    lm__colour mixed = 0;
    if (!(t > 0)) t = 0;
    if (t > 1) t = 1;
    for (int shift = 0; shift < 32; shift += 8) {
        double from = (double)(a >> shift & 255), to = (double)(b >> shift & 255);
        mixed |= (lm__colour)lround(from + (to - from) * t) << shift;
    }
    return mixed;
}

lm__colour lm__signed_colour(double value)
{
    if (isnan(value)) return 0xb0b0b0;
    return value < 0 ? lm__mix(0xf7f7f7, 0xb8500a, -value) : lm__mix(0xf7f7f7, 0x10528c, value);
}

/* --- the file ------------------------------------------------------------------------------------------------------
 */

static void failed(lm__canvas *canvas, lm_status status)
{
    if (canvas->status || !status) return;
    canvas->status = status;
    snprintf(canvas->message, sizeof canvas->message, "%s", lm_last_error());
}

static void cairo_failed(lm__canvas *canvas, cairo_status_t status)
{
    if (!status) return;
    bool memory = status == CAIRO_STATUS_NO_MEMORY;
    failed(canvas, lm__fail(memory ? LM_NO_MEMORY : LM_INTERNAL, "drawing '%s' failed: %s", canvas->path,
                            lm__cairo.cairo_status_to_string(status)));
}

static cairo_status_t write_some(void *user, const unsigned char *data, unsigned bytes)
{
    lm__canvas *canvas = user;
    if (!canvas->status) failed(canvas, lm__file_write(canvas->file, data, bytes));
    return canvas->status ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static const char *ending(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot + 1 : "";
}

lm_status lm__canvas_open(lm__canvas *canvas, const char *path)
{
    *canvas = (lm__canvas){.path = path, .scale = 1};
    if (!path || !*path) return lm__fail(LM_INVALID, "the name of the picture to write is empty");
    const char *kind = ending(path);
    if (strcasecmp(kind, "png") && strcasecmp(kind, "svg") && strcasecmp(kind, "pdf"))
        return lm__fail(LM_INVALID,
                        "'%s': its ending does not say what kind of picture to draw; .png, .svg and .pdf "
                        "are known",
                        path);
    LM_TRY(lm__library_open(&lm__cairo_library));
    canvas->surface = lm__cairo.cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    canvas->cr = lm__cairo.cairo_create(canvas->surface);
    cairo_failed(canvas, lm__cairo.cairo_status(canvas->cr));
    return canvas->status;
}

static void drop_surface(lm__canvas *canvas)
{
    if (canvas->cr) lm__cairo.cairo_destroy(canvas->cr);
    if (canvas->surface) lm__cairo.cairo_surface_destroy(canvas->surface);
    canvas->cr = canvas->surface = NULL;
}

static cairo_surface_t *new_surface(lm__canvas *canvas)
{
    const char *kind = ending(canvas->path);
    double w = canvas->width, h = canvas->height;
    if (!strcasecmp(kind, "svg")) {
        cairo_surface_t *svg = lm__cairo.cairo_svg_surface_create_for_stream(write_some, canvas, w, h);
        lm__cairo.cairo_svg_surface_set_document_unit(svg, CAIRO_SVG_UNIT_PX);
        return svg;
    }
    if (!strcasecmp(kind, "pdf")) return lm__cairo.cairo_pdf_surface_create_for_stream(write_some, canvas, w, h);
    canvas->scale = DOTS;
    return lm__cairo.cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(w * DOTS), (int)(h * DOTS));
}

lm_status lm__canvas_begin(lm__canvas *canvas, double width, double height)
{
    canvas->width = ceil(width), canvas->height = ceil(height);
    double wide = canvas->width * DOTS, high = canvas->height * DOTS;
    if (wide > MOST_DOTS || high > MOST_DOTS || wide * high > MOST_AREA)
        return lm__fail(LM_UNSUPPORTED, "the picture '%s' would have %.0f x %.0f dots, which is too many",
                        canvas->path, wide, high);
    LM_TRY(lm__file_create(canvas->path, &canvas->file));
    drop_surface(canvas);
    canvas->surface = new_surface(canvas);
    canvas->cr = lm__cairo.cairo_create(canvas->surface);
    lm__cairo.cairo_scale(canvas->cr, canvas->scale, canvas->scale);
    lm__draw_rect(canvas, 0, 0, canvas->width, canvas->height, LM__PAPER);
    cairo_failed(canvas, lm__cairo.cairo_status(canvas->cr));
    return canvas->status;
}

/* What is left to write; vector formats write as they end. */
static void finish(lm__canvas *canvas)
{
    cairo_failed(canvas, lm__cairo.cairo_status(canvas->cr));
    if (canvas->status) return;
    if (!strcasecmp(ending(canvas->path), "png")) {
        lm__cairo.cairo_surface_flush(canvas->surface);
        failed(canvas, lm__png_write(canvas->file, (int)canvas->width * DOTS, (int)canvas->height * DOTS,
                                     lm__cairo.cairo_image_surface_get_data(canvas->surface),
                                     lm__cairo.cairo_image_surface_get_stride(canvas->surface)));
    }
    lm__cairo.cairo_surface_finish(canvas->surface);
    cairo_failed(canvas, lm__cairo.cairo_surface_status(canvas->surface));
}

lm_status lm__canvas_close(lm__canvas *canvas, lm_status status)
{
    failed(canvas, status);
    if (canvas->file) finish(canvas);
    drop_surface(canvas);
    if (canvas->file && !canvas->status)
        failed(canvas, lm__file_commit(canvas->file));
    else if (canvas->file)
        lm__file_abort(canvas->file);
    canvas->file = NULL;
    return canvas->status ? lm__fail(canvas->status, "%s", canvas->message) : LM_OK;
}

/* --- shapes --------------------------------------------------------------------------------------------------------
 */

static void use_colour(lm__canvas *canvas, lm__colour colour)
{
    lm__cairo.cairo_set_source_rgba(canvas->cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                                    (colour & 255) / 255.0, 1 - (colour >> 24) / 255.0);
}

void lm__draw_rect(lm__canvas *canvas, double x, double y, double w, double h, lm__colour fill)
{
    use_colour(canvas, fill);
    lm__cairo.cairo_rectangle(canvas->cr, x, y, w, h);
    lm__cairo.cairo_fill(canvas->cr);
}

static void stroke(lm__canvas *canvas, double width, lm__colour colour)
{
    use_colour(canvas, colour);
    lm__cairo.cairo_set_line_width(canvas->cr, width);
    lm__cairo.cairo_stroke(canvas->cr);
}

void lm__draw_frame(lm__canvas *canvas, double x, double y, double w, double h, double width, lm__colour outline)
{
    lm__cairo.cairo_rectangle(canvas->cr, x, y, w, h);
    stroke(canvas, width, outline);
}

static void fill_and_stroke(lm__canvas *canvas, lm__colour fill, double width, lm__colour outline)
{
    use_colour(canvas, fill);
    if (width > 0) {
        lm__cairo.cairo_fill_preserve(canvas->cr);
        stroke(canvas, width, outline);
    } else {
        lm__cairo.cairo_fill(canvas->cr);
    }
}

void lm__draw_box(lm__canvas *canvas, double x, double y, double w, double h, double r, lm__colour fill, double width,
                  lm__colour outline)
{
    const double corner[4][2] = {{x + w - r, y + r}, {x + w - r, y + h - r}, {x + r, y + h - r}, {x + r, y + r}};
    lm__cairo.cairo_new_path(canvas->cr);
    for (int i = 0; i < 4; i++)
        lm__cairo.cairo_arc(canvas->cr, corner[i][0], corner[i][1], r, (i - 1) * M_PI / 2, i * M_PI / 2);
    lm__cairo.cairo_close_path(canvas->cr);
    fill_and_stroke(canvas, fill, width, outline);
}

void lm__draw_dot(lm__canvas *canvas, double x, double y, double r, lm__colour fill, double width, lm__colour outline)
{
    lm__cairo.cairo_new_path(canvas->cr);
    lm__cairo.cairo_arc(canvas->cr, x, y, r, 0, 2 * M_PI);
    fill_and_stroke(canvas, fill, width, outline);
}

void lm__draw_line(lm__canvas *canvas, size_t count, const lm__point *points, double width, lm__colour colour,
                   bool dashed)
{
    const double dash[2] = {3 * width, 2.2 * width};
    lm__cairo.cairo_new_path(canvas->cr);
    for (size_t i = 0; i < count; i++) lm__cairo.cairo_line_to(canvas->cr, points[i].x, points[i].y);
    lm__cairo.cairo_set_dash(canvas->cr, dash, dashed ? 2 : 0, 0);
    lm__cairo.cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_ROUND);
    stroke(canvas, width, colour);
    lm__cairo.cairo_set_dash(canvas->cr, dash, 0, 0);
}

void lm__draw_arrow(lm__canvas *canvas, size_t count, const lm__point *points, double width, lm__colour colour)
{
    lm__point end = points[count - 1], before = points[count - 2];
    double dx = end.x - before.x, dy = end.y - before.y, length = sqrt(dx * dx + dy * dy), head = 5 + width;
    lm__draw_line(canvas, count, points, width, colour, false);
    if (!(length > 0)) return;
    dx *= head / length, dy *= head / length;
    use_colour(canvas, colour);
    lm__cairo.cairo_new_path(canvas->cr);
    lm__cairo.cairo_line_to(canvas->cr, end.x, end.y);
    lm__cairo.cairo_line_to(canvas->cr, end.x - dx - dy / 2, end.y - dy + dx / 2);
    lm__cairo.cairo_line_to(canvas->cr, end.x - dx + dy / 2, end.y - dy - dx / 2);
    lm__cairo.cairo_fill(canvas->cr);
}

void lm__clip(lm__canvas *canvas, double x, double y, double w, double h)
{
    lm__cairo.cairo_save(canvas->cr);
    lm__cairo.cairo_rectangle(canvas->cr, x, y, w, h);
    lm__cairo.cairo_clip(canvas->cr);
}

void lm__unclip(lm__canvas *canvas) { lm__cairo.cairo_restore(canvas->cr); }

/* Programs that show SVG and PDF smooth pixels as they enlarge them: they get each one as a square of several. */
static int enlarged(const lm__canvas *canvas, int columns, int rows)
{
    int factor = canvas->scale > 1 ? 1 : 8;
    while (factor > 1 && (int64_t)columns * rows * factor * factor > 1 << 18) factor /= 2;
    return factor;
}

lm_status lm__draw_pixels(lm__canvas *canvas, double x, double y, double w, double h, int columns, int rows,
                          const lm__colour *pixels)
{
    int factor = enlarged(canvas, columns, rows), wide = columns * factor, high = rows * factor;
    if (columns < 1 || rows < 1) return LM_OK;
    uint32_t *copy = lm__alloc(lm__mul_size((size_t)wide * (size_t)high, sizeof *copy));
    if (!copy) return lm__no_memory((size_t)wide * (size_t)high * sizeof *copy);
    for (int r = 0; r < high; r++)
        for (int c = 0; c < wide; c++)
            copy[(size_t)r * (size_t)wide + (size_t)c] =
                pixels[(size_t)(r / factor) * (size_t)columns + (size_t)(c / factor)] & 0xffffff;
    cairo_surface_t *image = lm__cairo.cairo_image_surface_create_for_data((unsigned char *)copy, CAIRO_FORMAT_RGB24,
                                                                           wide, high, wide * 4);
    lm__cairo.cairo_save(canvas->cr);
    lm__cairo.cairo_rectangle(canvas->cr, x, y, w, h);
    lm__cairo.cairo_clip(canvas->cr);
    lm__cairo.cairo_translate(canvas->cr, x, y);
    lm__cairo.cairo_scale(canvas->cr, w / wide, h / high);
    lm__cairo.cairo_set_source_surface(canvas->cr, image, 0, 0);
    lm__cairo.cairo_pattern_set_filter(lm__cairo.cairo_get_source(canvas->cr), CAIRO_FILTER_NEAREST);
    lm__cairo.cairo_paint(canvas->cr);
    lm__cairo.cairo_restore(canvas->cr);
    /* Vector formats read the pixels when they end: cairo then keeps a copy of its own. */
    lm__cairo.cairo_surface_finish(image);
    lm__cairo.cairo_surface_destroy(image);
    lm__free(copy);
    return LM_OK;
}

/* --- text ----------------------------------------------------------------------------------------------------------
 */

enum { TEXT_BYTES = 512 };

/* Bytes of the character that begins here. */
static size_t character(const char *text)
{
    size_t n = 1;
    while ((text[n] & 0xc0) == 0x80) n++;
    return n;
}

/* A copy that cairo takes: UTF-8, cut at a character. */
static void clean(const char *text, char out[TEXT_BYTES])
{
    bool good = lm__is_utf8(text);
    size_t n = 0;
    while (text[n]) {
        size_t step = good ? character(text + n) : 1;
        if (n + step >= TEXT_BYTES) break;
        memcpy(out + n, text + n, step);
        if ((unsigned char)text[n] < 32 || text[n] == 127 || (!good && (unsigned char)text[n] > 127)) out[n] = '?';
        n += step;
    }
    out[n] = 0;
}

static double advance(lm__canvas *canvas, const char *text)
{
    cairo_text_extents_t extents;
    lm__cairo.cairo_text_extents(canvas->cr, text, &extents);
    return extents.x_advance;
}

static void use_font(lm__canvas *canvas, lm__font font)
{
    lm__cairo.cairo_select_font_face(canvas->cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                                     font.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    lm__cairo.cairo_set_font_size(canvas->cr, font.size);
}

double lm__text_width(lm__canvas *canvas, const char *text, lm__font font)
{
    char copy[TEXT_BYTES];
    clean(text, copy);
    use_font(canvas, font);
    return advance(canvas, copy);
}

/* Takes characters from the end until it fits with "…" behind. */
static void shorten(lm__canvas *canvas, char *text, double room)
{
    size_t n = strlen(text);
    if (room <= 0 || advance(canvas, text) <= room) return;
    if (n > TEXT_BYTES - 4) n = TEXT_BYTES - 4;
    while (n) {
        do n--;
        while (n && (text[n] & 0xc0) == 0x80);
        if (n && text[n - 1] == ' ') continue;
        memcpy(text + n, "…", 4);
        if (advance(canvas, text) <= room) return;
    }
}

void lm__draw_text(lm__canvas *canvas, double x, double y, const char *text, lm__font font, double room)
{
    char copy[TEXT_BYTES];
    clean(text, copy);
    use_font(canvas, font);
    shorten(canvas, copy, room);
    use_colour(canvas, font.colour);
    lm__cairo.cairo_save(canvas->cr);
    lm__cairo.cairo_translate(canvas->cr, x, y);
    if (font.turn != 0) lm__cairo.cairo_rotate(canvas->cr, font.turn * M_PI / 180);
    lm__cairo.cairo_move_to(canvas->cr, font.align > 0 ? -font.align * advance(canvas, copy) : 0, 0);
    lm__cairo.cairo_show_text(canvas->cr, copy);
    lm__cairo.cairo_restore(canvas->cr);
}
