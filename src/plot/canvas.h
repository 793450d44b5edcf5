/* plot/canvas.h: a picture being drawn: shapes, text, pixels, and the file that comes of it. The only part that knows
 * cairo, which is opened when the first picture is.
 *
 * Lengths are CSS pixels; a PNG has two dots for each. Drawing never fails visibly: what went wrong is told by
 * lm__canvas_close, so that drawing code needs no checks. */
#ifndef LM_PLOT_CANVAS_H
#define LM_PLOT_CANVAS_H

#include "base/file.h"
#include "base/library.h"
#include <lamina/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0xTTRRGGBB: transparency (0 opaque), red, green, blue. */
typedef uint32_t lm__colour;

/* One look for all pictures. The series' colours are Okabe and Ito's, which colour-blind people tell apart too. */
enum { LM__SERIES_COLOURS = 8 };
extern const lm__colour lm__series_colour[LM__SERIES_COLOURS];
#define LM__PAPER 0xffffffu
#define LM__INK 0x1f2933u
#define LM__MUTED 0x5b6774u
#define LM__RULE 0xdfe4e9u
#define LM__PALE 0xf3f5f7u
#define LM__RIGHT 0x0072b2u
#define LM__WRONG 0xc14a00u
/* t of the way from a to b. */
lm__colour lm__mix(lm__colour a, lm__colour b, double t);
/* -1 … 1 as orange, white, blue; NaN grey. */
lm__colour lm__signed_colour(double value);

typedef struct lm__canvas {
    const char *path;
    double width, height, scale;
    void *cr, *surface;                 /* cairo's; a surface of one dot until begin */
    lm__file_writer *file;
    lm_status status;
    char message[256];                  /* of status */
} lm__canvas;

/* Checks the name's ending (.png, .svg, .pdf) and opens the library; from here on text can be measured. */
lm_status lm__canvas_open(lm__canvas *canvas, const char *path);
/* Makes the paper; drawing may begin. */
lm_status lm__canvas_begin(lm__canvas *canvas, double width, double height);
/* Writes the file whole, or, where `status` or the drawing failed, leaves what was there. Returns the status. */
lm_status lm__canvas_close(lm__canvas *canvas, lm_status status);

/* Shapes. Corners of radius r; stroke 0: no outline. */
void lm__draw_rect(lm__canvas *canvas, double x, double y, double w, double h, lm__colour fill);
void lm__draw_box(lm__canvas *canvas, double x, double y, double w, double h, double r, lm__colour fill,
                  double stroke, lm__colour outline);
void lm__draw_frame(lm__canvas *canvas, double x, double y, double w, double h, double stroke, lm__colour outline);
void lm__draw_dot(lm__canvas *canvas, double x, double y, double r, lm__colour fill, double stroke,
                  lm__colour outline);
typedef struct lm__point {
    double x, y;
} lm__point;
void lm__draw_line(lm__canvas *canvas, size_t count, const lm__point *points, double width, lm__colour colour,
                   bool dashed);
/* A line with a head at its end. */
void lm__draw_arrow(lm__canvas *canvas, size_t count, const lm__point *points, double width, lm__colour colour);
void lm__clip(lm__canvas *canvas, double x, double y, double w, double h);
void lm__unclip(lm__canvas *canvas);
/* columns x rows colours over a rectangle, each a sharp square. */
lm_status lm__draw_pixels(lm__canvas *canvas, double x, double y, double w, double h, int columns, int rows,
                          const lm__colour *pixels);

/* Text. What is no UTF-8 and control characters become "?". */
typedef struct lm__font {
    double size;
    bool bold;
    lm__colour colour;
    double align;                       /* 0 begins at x, 0.5 is centred on it, 1 ends there */
    double turn;                        /* degrees, clockwise, about (x, y) */
} lm__font;
/* y is the baseline. Longer than `room` (0: any): ends in "…". */
void lm__draw_text(lm__canvas *canvas, double x, double y, const char *text, lm__font font, double room);
double lm__text_width(lm__canvas *canvas, const char *text, lm__font font);

#endif
