/* plot/plot.h: the pictures, and what they share. */
#ifndef LM_PLOT_PLOT_H
#define LM_PLOT_PLOT_H

#include "plot/canvas.h"
#include <lamina/plot.h>

lm_status lm__plot_history(const lm_history *history, const char *path, const lm_plot_args *args);
lm_status lm__plot_model(const lm_model *model, const char *path, const lm_plot_args *args);
lm_status lm__plot_network(const lm_model *model, const char *path, const lm_plot_args *args);
lm_status lm__plot_filters(const lm_model *model, const char *path, const lm_plot_filters_args *args);
lm_status lm__plot_activations(const lm_model *model, lm_tensor *x, const char *path,
                               const lm_plot_activations_args *args);
lm_status lm__plot_images(const lm_tensor *images, const char *path, const lm_plot_images_args *args);
lm_status lm__plot_confusion(const lm_tensor *labels, const lm_tensor *predictions, const char *path,
                             const lm_plot_confusion_args *args);
lm_status lm__plot_lines(const char *path, const lm_plot_lines_args *args);
lm_status lm__plot_points(const lm_tensor *points, const char *path, const lm_plot_points_args *args);
lm_status lm__confusion_matrix(const lm_tensor *labels, const lm_tensor *predictions, int classes, lm_tensor **out);

/* A picture's own title (NULL: none) at its top left; it takes LM__TITLE_HEIGHT. */
enum { LM__TITLE_HEIGHT = 34 };
void lm__plot_title(lm__canvas *canvas, const char *title, double margin);

/* --- answers (answers.c) --- */
/* Classes by their names, or by their numbers where those are unknown. */
typedef struct lm__names {
    const char *const *name;
    int count;
} lm__names;
lm_status lm__names_of(const char *const *name, int count, lm__names *out);
const char *lm__name_of(const lm__names *names, int64_t class, char text[24]);

/* Labels and predictions as classes: of (N,) or (N, 1). */
lm_status lm__check_labels(const lm_tensor *labels, int64_t *examples);
/* Rows of probabilities, one probability of class 1, or classes; LM_INVALID unless there are `examples` of them. */
lm_status lm__check_predictions(const lm_tensor *predictions, int64_t examples);
/* The likeliest class of example i, -1 for NaN; *probability (may be NULL) is NaN where only the class is known. */
int64_t lm__answer(const lm_tensor *predictions, int64_t i, double *probability);
int64_t lm__label(const lm_tensor *labels, int64_t i);
/* "99.8 %", never rounded to 100 where it is less. */
const char *lm__percent(double share, char text[24]);
const char *lm__thousands(int64_t n, char text[40]);

/* --- values as pixels (pixels.c) --- */
/* rows x columns values of a stride as colours. RGB: three values each, of 0 … 1 after scaling. */
typedef enum lm__shade { LM__SHADE_GREY, LM__SHADE_RGB, LM__SHADE_SIGNED, LM__SHADE_HEAT } lm__shade;
typedef struct lm__pixels {
    const lm_tensor *t;
    size_t first, stride, row_stride;   /* elements; RGB reads first, first + 1, first + 2 */
    int columns, rows;
    lm__shade shade;
    double low, high;
} lm__pixels;
lm_status lm__plot_pixels(lm__canvas *canvas, const lm__pixels *pixels, double x, double y, double w, double h);
/* The finite values' range; 0 … 1 where there are none, and never empty. */
void lm__range(const lm_tensor *t, size_t first, size_t count, size_t stride, double *low, double *high);

#endif
