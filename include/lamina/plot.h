/* lamina/plot.h: pictures of a training, of data, and of models: PNG, SVG or PDF by the name's ending.
 *
 * Drawn by cairo, which is opened when the first picture is; where it is missing, LM_UNSUPPORTED names the package.
 * A PNG has two dots for each of the pixels that sizes are given in. Files are written whole or not at all. Names and
 * titles are UTF-8; what is too long for its place ends in "…". Colours are told apart by colour-blind people, and
 * mistakes carry a sign beside their colour. Errors are the thread's (lm_last_error), also for models. Any thread. */
#ifndef LAMINA_PLOT_H
#define LAMINA_PLOT_H

#include <lamina/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every picture takes: lm_plot_history(history, "curves.png", .title = "Digits"). NULL: no title. */
typedef struct lm_plot_args {
    size_t size;
    const char *title;
} lm_plot_args;
#define LM__PLOT(type, call, ...) LM__WITH(type, LM__LIST(.title = NULL), call, __VA_ARGS__)

/* Training curves: the loss and each metric in a panel of its own, by epoch, with validation dashed beside training.
 */
lm_status lm_plot_history_with(const lm_history *history, const char *path, const lm_plot_args *args);
#define lm_plot_history(history, path, ...)                                                                      \
    LM__PLOT(lm_plot_args, lm_plot_history_with((history), (path), &lm__a), __VA_ARGS__)

/* The model's layers as boxes, top to bottom in columns, with shapes and parameters. Of a graph that is no
 * chain: a box for each call, and lines beside them to those that take what it gives. */
lm_status lm_plot_model_with(const lm_model *model, const char *path, const lm_plot_args *args);
#define lm_plot_model(model, path, ...)                                                                          \
    LM__PLOT(lm_plot_args, lm_plot_model_with((model), (path), &lm__a), __VA_ARGS__)

/* A net of a few dense layers, at most 16 units each, drawn with its weights: blue lines are positive, orange ones
 * negative, wider ones larger. LM_UNSUPPORTED for other layers and wider ones. */
lm_status lm_plot_network_with(const lm_model *model, const char *path, const lm_plot_args *args);
#define lm_plot_network(model, path, ...)                                                                        \
    LM__PLOT(lm_plot_args, lm_plot_network_with((model), (path), &lm__a), __VA_ARGS__)

/* The kernels of a convolution, one tile a filter: the named layer's, or those of the first that has such. Kernels on
 * three channels are shown in colour, those on one as negative (orange) to positive (blue), others averaged over
 * their channels. */
typedef struct lm_plot_filters_args {
    size_t size;
    const char *title;
    const char *layer;
} lm_plot_filters_args;
lm_status lm_plot_filters_with(const lm_model *model, const char *path, const lm_plot_filters_args *args);
#define lm_plot_filters(model, path, ...)                                                                        \
    LM__PLOT(lm_plot_filters_args, lm_plot_filters_with((model), (path), &lm__a), __VA_ARGS__)

/* One example on its way through the net: what each layer makes of x, (…) or (1, …): feature maps, units as cells,
 * the answers as bars. */
typedef struct lm_plot_activations_args {
    size_t size;
    const char *title;
    const char *const *classes;         /* of the outputs; NULL: the model's own names, else numbers */
    int classes_count;
} lm_plot_activations_args;
lm_status lm_plot_activations_with(const lm_model *model, lm_tensor *x, const char *path,
                                   const lm_plot_activations_args *args);
#define lm_plot_activations(model, x, path, ...)                                                                 \
    LM__PLOT(lm_plot_activations_args, lm_plot_activations_with((model), (x), (path), &lm__a), __VA_ARGS__)

/* Pictures (N, height, width) or (N, height, width, 1 or 3) in a grid, u8 or floats from their lowest to their
 * highest value. With labels and predictions the captions tell answer and probability; a wrong answer is framed, and
 * marked by a cross and what would have been right. */
typedef struct lm_plot_images_args {
    size_t size;
    const char *title;
    lm_tensor *labels;                  /* classes (N,) or (N, 1); or NULL */
    lm_tensor *predictions;             /* probabilities (N, classes), of two classes also (N, 1); or classes (N,) */
    const char *const *classes;         /* names; NULL: numbers */
    int classes_count;
    const char *const *captions;        /* instead: a line for each picture; or NULL */
    int columns, most;                  /* 0: as fits; at most so many pictures (0: 100) */
} lm_plot_images_args;
lm_status lm_plot_images_with(const lm_tensor *images, const char *path, const lm_plot_images_args *args);
#define lm_plot_images(images, path, ...)                                                                        \
    LM__PLOT(lm_plot_images_args, lm_plot_images_with((images), (path), &lm__a), __VA_ARGS__)

/* How often each class (rows) was taken for which (columns): counts, and shades by the share of the row; the share of
 * each class that was found stands at its right. At most 100 classes. */
typedef struct lm_plot_confusion_args {
    size_t size;
    const char *title;
    const char *const *classes;         /* names; NULL: numbers */
    int classes_count;
} lm_plot_confusion_args;
lm_status lm_plot_confusion_with(const lm_tensor *labels, const lm_tensor *predictions, const char *path,
                                 const lm_plot_confusion_args *args);
#define lm_plot_confusion(labels, predictions, path, ...)                                                        \
    LM__PLOT(lm_plot_confusion_args, lm_plot_confusion_with((labels), (predictions), (path), &lm__a), __VA_ARGS__)

/* The numbers of that picture: int64 (classes, classes), rows the labels, columns the predictions (probabilities or
 * classes, as in lm_plot_images). classes 0: as many as there are. New reference, poisoned on failure. */
lm_tensor *lm_confusion_matrix(const lm_tensor *labels, const lm_tensor *predictions, int classes);

/* A chart of lines or points. Values are those of the tensors in row-major order, x and y equally many. */
enum { LM_PLOT_MAX_SERIES = 16 };
typedef struct lm_plot_series {
    const char *name;                   /* in the legend; NULL: not there */
    const lm_tensor *x, *y;             /* x NULL: 1, 2, 3, … */
    bool points, dashed;                /* dots alone; a dashed line */
} lm_plot_series;
typedef struct lm_plot_lines_args {
    size_t size;
    const char *title;
    const char *x_label, *y_label;
    lm_plot_series series[LM_PLOT_MAX_SERIES]; /* up to the first without y */
    double x_range[2], y_range[2];      /* what to show; {0, 0}: all */
    double width, height;               /* 0: 560 x 360 */
} lm_plot_lines_args;
lm_status lm_plot_lines_with(const char *path, const lm_plot_lines_args *args);
#define lm_plot_lines(path, ...)                                                                                 \
    LM__PLOT(lm_plot_lines_args, lm_plot_lines_with((path), &lm__a), __VA_ARGS__)

/* Points in the plane, (N, 2), coloured by their classes; with a model of two inputs the plane is shaded by what it
 * answers there, paler where it is less sure. */
typedef struct lm_plot_points_args {
    size_t size;
    const char *title;
    const char *x_label, *y_label;
    const lm_tensor *labels;            /* classes (N,), at most 8; NULL: one colour */
    const char *const *classes;         /* names for the legend; NULL: none */
    int classes_count;
    const lm_model *model;              /* or NULL */
    double width, height;               /* 0: 460 x 440 */
} lm_plot_points_args;
lm_status lm_plot_points_with(const lm_tensor *points, const char *path, const lm_plot_points_args *args);
#define lm_plot_points(points, path, ...)                                                                        \
    LM__PLOT(lm_plot_points_args, lm_plot_points_with((points), (path), &lm__a), __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
