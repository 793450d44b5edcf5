/* plot/cairo.h: cairo's functions, found when the first picture is drawn. */
#ifndef LM_PLOT_CAIRO_H
#define LM_PLOT_CAIRO_H

#include "base/library.h"
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <cairo.h>

/* clang-format off */
#define LM__CAIRO(X)                                                                                             \
    X(cairo_arc) X(cairo_clip) X(cairo_close_path) X(cairo_create) X(cairo_destroy) X(cairo_fill)                \
    X(cairo_fill_preserve) X(cairo_get_source) X(cairo_image_surface_create)                                     \
    X(cairo_image_surface_create_for_data) X(cairo_image_surface_get_data) X(cairo_image_surface_get_stride)     \
    X(cairo_line_to) X(cairo_move_to) X(cairo_new_path) X(cairo_paint) X(cairo_pattern_set_filter)               \
    X(cairo_pdf_surface_create_for_stream) X(cairo_rectangle) X(cairo_restore) X(cairo_rotate) X(cairo_save)     \
    X(cairo_scale) X(cairo_select_font_face) X(cairo_set_dash) X(cairo_set_font_size) X(cairo_set_line_join)     \
    X(cairo_set_line_width) X(cairo_set_source_rgba) X(cairo_set_source_surface) X(cairo_show_text)              \
    X(cairo_status) X(cairo_status_to_string) X(cairo_stroke) X(cairo_surface_destroy) X(cairo_surface_finish)   \
    X(cairo_surface_flush) X(cairo_surface_status) X(cairo_svg_surface_create_for_stream)                        \
    X(cairo_svg_surface_set_document_unit) X(cairo_text_extents) X(cairo_translate)

/* clang-format on */
typedef struct lm__cairo_functions {
    LM__CAIRO(LM__LIBRARY_MEMBER)
} lm__cairo_functions;
extern lm__cairo_functions lm__cairo;
extern lm__library lm__cairo_library;

#endif
