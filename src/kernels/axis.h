/* kernels/axis.h: the attribute of ops that work along one axis: softmax, log_softmax, argmax, concatenate,
 * gather, … */
#ifndef LM_KERNELS_AXIS_H
#define LM_KERNELS_AXIS_H

#include <stdint.h>

typedef struct lm__axis {
    int64_t axis;                       /* >= 0 */
} lm__axis;

#endif
