/* ops/map.h: the attribute of the op "map": a chain of map ops over one shape. Made by plan passes only. */
#ifndef LM_OPS_MAP_H
#define LM_OPS_MAP_H

#include "graph/op.h"

typedef struct lm__map_attr {
    lm__map map;                        /* first: kernels take the attribute as an lm__map */
    lm__shape shape;                    /* of all results */
    /* What each instruction was made from; valid as long as the graph that the pass worked on. */
    const lm__op *op[LM__MAP_MAX_STEPS];
    const void *attr[LM__MAP_MAX_STEPS];
    lm__shape sum_shape[LM__MAP_MAX_SUMS];
    const lm__op *sum_op[LM__MAP_MAX_SUMS];     /* sum or mean, likewise */
    const void *sum_attr[LM__MAP_MAX_SUMS];
} lm__map_attr;

#endif
