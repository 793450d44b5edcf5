/* plot/chart.h: one panel with axes, series and a legend. */
#ifndef LM_PLOT_CHART_H
#define LM_PLOT_CHART_H

#include "plot/canvas.h"

typedef struct lm__series {
    const char *name;                   /* NULL: not in the legend */
    const double *x, *y;                /* values that are not finite are left out, and lines broken there */
    size_t count;
    lm__colour colour;
    bool points, dashed;                /* dots alone; a dashed line */
    bool crosses;                       /* with points: crosses, not dots */
} lm__series;

/* Where data come to lie on the paper. */
typedef struct lm__axes {
    double x, y, w, h;                  /* the rectangle of the data */
    double low[2], high[2];             /* what its edges are: of x, of y */
} lm__axes;

typedef struct lm__chart {
    const char *title, *x_label, *y_label;  /* NULL: none */
    const lm__series *series;
    int count;
    bool whole_x;                       /* x are whole numbers: so are its ticks */
    double low[2], high[2];             /* of x, of y; low == high: from the data */
    /* Draws beneath the data; or NULL. */
    lm_status (*under)(lm__canvas *canvas, const lm__axes *axes, void *user);
    void *user;
} lm__chart;

/* The range of the finite values of all series along an axis (0 x, 1 y), with room at its ends; false: there are
 * none. */
bool lm__chart_range(const lm__chart *chart, int axis, double *low, double *high);
lm_status lm__chart_draw(lm__canvas *canvas, const lm__chart *chart, double x, double y, double w, double h);

/* Ticks of a range: the first, and the distance between them; `most` at most. Whole: distances of 1 or more. */
void lm__ticks(double low, double high, int most, bool whole, double *first, double *step);
/* A tick's label: as many decimals as the step needs. */
void lm__tick_text(double value, double step, char *text, size_t bytes);

#endif
