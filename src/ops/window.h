/* ops/window.h: what convolutions and pooling share when they are built: keyword arguments, and how many windows
 * fit. */
#ifndef LM_OPS_WINDOW_H
#define LM_OPS_WINDOW_H

#include "kernels/window.h"
#include "ops/plain.h"

/* {0, 0} gives `unset` twice, {3, 0} is {3, 3}; negative numbers are refused by name. */
lm_status lm__window_pair(const char *op, const char *what, const int64_t given[2], int64_t unset, int64_t out[2]);

/* "valid" (also NULL), "same", or "explicit", which is implied where a pad is not 0. */
lm_status lm__window_padding(const char *op, const char *name, const int64_t pads[4], int64_t *padding);

/* How the windows lie along one dimension. */
typedef struct lm__window_axis {
    const char *name;                   /* "height", for messages */
    lm__dim size, window;
    int64_t stride, dilation, padding, before, after;
} lm__window_axis;

/* The number of windows; refuses a window that is larger than the padded image. */
lm_status lm__window_count(const lm__infer *infer, const lm__window_axis *axis, lm__dim *out);

#endif
